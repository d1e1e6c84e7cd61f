"""Asks a Discord-compatible API whose token it was shown."""

from typing import Annotated

import aiohttp
import msgspec

from domain.accounts.aggregate import Profile
from schemas.settings import Settings

ANSWER_BYTES_MAX = 65_536
NAME_CHARACTERS_MAX = 255
DEFAULT_AVATARS = 5
BUSY = 429


class BadTokenError(Exception):
    """The token is not valid, or does not have the scope `identify`."""


class DiscordUnreachableError(Exception):
    """Discord could not be reached, was too slow, or did not answer as Discord does."""


class User(msgspec.Struct, frozen=True):
    """Whose token it is. `avatar` is a hash, `discriminator` "0" for names of the newer kind."""

    id: Annotated[int, msgspec.Meta(ge=1, le=2**63 - 1)]
    username: Annotated[str, msgspec.Meta(pattern="^[^\0]*$")]
    discriminator: Annotated[str, msgspec.Meta(pattern="^[0-9]{1,9}$")] | None = None
    avatar: Annotated[str, msgspec.Meta(pattern="^[^\0]{0,128}$")] | None = None


class Authorization(msgspec.Struct, frozen=True):
    """What a token is good for; without the scope `identify` there is no user."""

    user: User | None = None


_authorization = msgspec.json.Decoder(Authorization, strict=False)  # ids are digits in text


class Discord:
    """A client of the identity provider; opened with the process, closed with it."""

    def __init__(self, settings: Settings) -> None:
        self._api_url = settings.discord_api_url.rstrip("/")
        self._cdn_url = settings.discord_cdn_url.rstrip("/")
        self._timeout = aiohttp.ClientTimeout(total=settings.discord_timeout_seconds)
        self._session: aiohttp.ClientSession | None = None

    async def open(self) -> None:
        """Make the client ready."""
        self._session = aiohttp.ClientSession(timeout=self._timeout)

    async def close(self) -> None:
        """Close its connections."""
        if self._session is not None:
            await self._session.close()

    async def profile_of(self, token: str) -> Profile:
        """Return whose token this is. Errors: BadTokenError, DiscordUnreachableError."""
        if not (token.isascii() and token.isprintable()):
            raise BadTokenError
        status, content = await self._ask(token)
        user = _user(status, content)
        discriminator = user.discriminator or "0"
        default = f"embed/avatars/{int(discriminator) % DEFAULT_AVATARS}.png"
        avatar = f"avatars/{user.id}/{user.avatar}.png" if user.avatar else default
        return Profile(user.id, user.username[:NAME_CHARACTERS_MAX], discriminator, f"{self._cdn_url}/{avatar}")

    async def _ask(self, token: str) -> tuple[int, bytes]:
        assert self._session is not None
        url, headers = f"{self._api_url}/oauth2/@me", {"Authorization": f"Bearer {token}"}
        try:
            async with self._session.get(url, headers=headers, allow_redirects=False) as response:
                content = bytearray()
                async for part in response.content.iter_any():
                    content += part
                    if len(content) > ANSWER_BYTES_MAX:
                        raise DiscordUnreachableError
                return response.status, bytes(content)
        except (TimeoutError, aiohttp.ClientError, OSError) as error:
            raise DiscordUnreachableError from error


def _user(status: int, content: bytes) -> User:
    if status in (401, 403):
        raise BadTokenError
    if status >= 500 or status == BUSY:  # noqa: PLR2004 - where server errors begin
        raise DiscordUnreachableError
    try:
        user = _authorization.decode(content).user
    except (ValueError, RecursionError) as error:
        raise DiscordUnreachableError from error
    if user is None:
        raise BadTokenError
    return user
