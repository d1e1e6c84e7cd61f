"""Asks a Discord-compatible API whose token it was shown."""

import asyncio
import json
from typing import Any

import aiohttp

from domain.accounts.aggregate import Profile
from schemas.settings import Settings

ANSWER_BYTES_MAX = 65_536
SNOWFLAKE_MAX = 2**63 - 1
TEXT_CHARACTERS_MAX = 255
DEFAULT_AVATARS = 5


class BadTokenError(Exception):
    """The token is not valid, or does not have the scope `identify`."""


class DiscordUnreachableError(Exception):
    """Discord could not be reached, was too slow, or did not answer as Discord does."""


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
        user = (await self._ask(token)).get("user")
        if not isinstance(user, dict):
            raise BadTokenError
        return self._profile(user)

    async def _ask(self, token: str) -> dict[str, Any]:
        assert self._session is not None
        headers = {"Authorization": f"Bearer {token}"}
        try:
            async with self._session.get(
                f"{self._api_url}/oauth2/@me", headers=headers, allow_redirects=False
            ) as response:
                status, text = response.status, await response.content.read(ANSWER_BYTES_MAX)
        except (aiohttp.ClientError, asyncio.TimeoutError, OSError) as error:
            raise DiscordUnreachableError from error
        return _read(status, text)

    def _profile(self, user: dict[str, Any]) -> Profile:
        try:
            number, discriminator = int(user["id"]), str(user.get("discriminator") or "0")
            name, default = str(user["username"]), int(discriminator) % DEFAULT_AVATARS
        except (KeyError, TypeError, ValueError) as error:
            raise DiscordUnreachableError from error
        if not 1 <= number <= SNOWFLAKE_MAX:
            raise DiscordUnreachableError
        avatar = user.get("avatar")
        path = f"avatars/{number}/{avatar}.png" if avatar else f"embed/avatars/{default}.png"
        return Profile(number, name[:TEXT_CHARACTERS_MAX], discriminator[:TEXT_CHARACTERS_MAX], f"{self._cdn_url}/{path}")


def _read(status: int, text: bytes) -> dict[str, Any]:
    if status in (401, 403):
        raise BadTokenError
    try:
        answer = json.loads(text) if status == 200 else None  # noqa: PLR2004 - it is the one that means success
    except ValueError:
        answer = None
    if not isinstance(answer, dict):
        raise DiscordUnreachableError
    return answer
