"""Talks to a Discord-compatible identity provider: whose token this is, tokens for a code, and somebody's guilds."""

import asyncio
import math
import re
import time
from collections.abc import Mapping
from typing import TYPE_CHECKING, Annotated, Any, TypeVar

import msgspec

from domain.accounts.aggregate import Profile
from domain.accounts.events import ListedGuild
from schemas.settings import Settings
from store.logins import Grant

if TYPE_CHECKING:
    import aiohttp

T = TypeVar("T")

ANSWER_BYTES_MAX = 65_536
GUILDS_BYTES_MAX = 1_048_576
SEEN_BYTES_MAX = 16_777_216  # a guild of 500 channels, all of which say and allow much
UNSAID_SECONDS = 60.0  # how long a 429 that does not say it may last
NAME_CHARACTERS_MAX = 255
REASON_CHARACTERS_MAX = 200
DEFAULT_AVATARS = 5
UNSIGNED_MAX = 2**64 - 1
BUSY = 429

Name = Annotated[str, msgspec.Meta(pattern="^[^\0]*$")]
ImageHash = Annotated[str, msgspec.Meta(pattern="^[^\0]{0,128}$")]
Token = Annotated[str, msgspec.Meta(pattern=r"\A[!-~]{1,4096}\Z")]


class BadTokenError(Exception):
    """The token is not valid, or does not have the scope `identify`."""


class DiscordUnreachableError(Exception):
    """Discord could not be reached, was too slow, or did not answer as Discord does."""


class DiscordBusyError(DiscordUnreachableError):
    """Discord asks to be left alone for longer than anybody here waits."""

    def __init__(self, seconds: float) -> None:
        super().__init__(seconds)
        self.seconds = math.ceil(seconds)

    def __str__(self) -> str:
        return f"Discord asks to be left alone for {self.seconds} seconds."


class BadAnswerError(DiscordUnreachableError):
    """Discord did not answer as Discord does."""


class NotThereError(Exception):
    """Discord has no such thing, or does not let the bot see it."""


class GrantRefusedError(Exception):
    """Discord gives no token for this, and says why."""


class User(msgspec.Struct, frozen=True):
    """Whose token it is. `avatar` is a hash, `discriminator` "0" for names of the newer kind."""

    id: Annotated[int, msgspec.Meta(ge=1, le=2**63 - 1)]
    username: Name
    discriminator: Annotated[str, msgspec.Meta(pattern="^[0-9]{1,9}$")] | None = None
    avatar: ImageHash | None = None
    global_name: Name | None = None


class Authorization(msgspec.Struct, frozen=True):
    """What a token is good for; without the scope `identify` there is no user."""

    user: User | None = None


class TokenAnswer(msgspec.Struct, frozen=True):
    """The tokens for a code; `scope` names what was granted, separated by blanks."""

    access_token: Token
    refresh_token: Token | None = None
    scope: str = ""


class PartialGuild(msgspec.Struct, frozen=True):
    """A guild of somebody's."""

    id: Annotated[int, msgspec.Meta(ge=1)]
    name: Name
    icon: ImageHash | None = None
    permissions: Annotated[int, msgspec.Meta(ge=0)] = 0


class Busy(msgspec.Struct, frozen=True):
    """The body of a 429."""

    retry_after: Annotated[float, msgspec.Meta(ge=0)] = UNSAID_SECONDS


class Refusal(msgspec.Struct, frozen=True):
    """Why a token was not given, in one of the ways to say it."""

    error_description: str = ""
    error: str = ""
    message: str = ""


class Discord:
    """A client of the identity provider; closed with the process."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._api_url = settings.discord_api_url.rstrip("/")
        self._cdn_url = settings.discord_cdn_url.rstrip("/")
        self._timeout_seconds = settings.discord_timeout_seconds
        self._session: aiohttp.ClientSession | None = None

    def _opened(self) -> "aiohttp.ClientSession":
        """Return the session, opened when Discord is asked first: its library would double the time to start."""
        import aiohttp  # noqa: PLC0415 - late, to start sooner

        if self._session is None:
            self._session = aiohttp.ClientSession(timeout=aiohttp.ClientTimeout(total=self._timeout_seconds))
        return self._session

    async def close(self) -> None:
        """Close its connections."""
        if self._session is not None:
            await self._session.close()

    async def profile_of(self, token: str) -> Profile:
        """Return whose token this is. Errors: BadTokenError, DiscordUnreachableError."""
        user = (await self._get("/oauth2/@me", token, Authorization)).user
        if user is None:
            raise BadTokenError
        return self.profile(user)

    def profile(self, user: User) -> Profile:
        """Return the user as an account knows itself."""
        discriminator = user.discriminator or "0"
        default = f"embed/avatars/{int(discriminator) % DEFAULT_AVATARS}.png"
        avatar = f"avatars/{user.id}/{user.avatar}.png" if user.avatar else default
        return Profile(user.id, user.username[:NAME_CHARACTERS_MAX], discriminator, f"{self._cdn_url}/{avatar}")

    async def grant_for_code(self, code: str, redirect_uri: str, code_verifier: str | None) -> tuple[Grant, set[str]]:
        """Return the tokens for a code, and the scopes that they have.

        Errors: GrantRefusedError, DiscordUnreachableError.
        """
        wishes = {"grant_type": "authorization_code", "code": code, "redirect_uri": redirect_uri}
        return await self._grant(wishes if code_verifier is None else {**wishes, "code_verifier": code_verifier})

    async def renewed(self, refresh_token: str) -> Grant:
        """Return new tokens for old ones. Errors: GrantRefusedError, DiscordUnreachableError."""
        grant, _ = await self._grant({"grant_type": "refresh_token", "refresh_token": refresh_token})
        return msgspec.structs.replace(grant, refresh_token=grant.refresh_token or refresh_token)

    async def user_of(self, token: str) -> User:
        """Return whose token this is. Errors: BadTokenError, DiscordUnreachableError."""
        return await self._get("/users/@me", token, User)

    async def guilds_of(self, token: str) -> tuple[ListedGuild, ...]:
        """Return the guilds of whose token this is. Errors: BadTokenError, DiscordUnreachableError."""
        found = await self._get("/users/@me/guilds", token, tuple[PartialGuild, ...], GUILDS_BYTES_MAX)
        if any(max(each.id, each.permissions) > UNSIGNED_MAX for each in found):
            raise BadAnswerError
        return tuple(ListedGuild(each.id, each.name, each.icon, each.permissions) for each in found)

    async def seen_by_bot(self, path: str, shape: type[T]) -> T:
        """Return what the bot that loads into guilds sees there. A Discord that is busy is waited for, not for long.

        Errors: NotThereError, DiscordBusyError, DiscordUnreachableError.
        """
        token = {"Authorization": f"Bot {self._settings.discord_bot_token.strip()}"}
        deadline = time.monotonic() + self._timeout_seconds
        while True:
            status, content = await self._ask("GET", path, SEEN_BYTES_MAX, headers=token)
            if status != BUSY:
                break
            seconds = _seconds_left(content)
            if time.monotonic() + seconds > deadline:
                raise DiscordBusyError(seconds)
            await asyncio.sleep(seconds)
        if status in (403, 404):
            raise NotThereError
        return _decode(status, content, shape)

    async def _grant(self, wishes: Mapping[str, str]) -> tuple[Grant, set[str]]:
        settings = self._settings
        client = {"client_id": str(settings.antiraid_client_id), "client_secret": settings.oauth_client_secret}
        status, content = await self._ask("POST", "/oauth2/token", ANSWER_BYTES_MAX, data={**client, **wishes})
        if _is_refusal(status):
            raise GrantRefusedError(_reason(status, content))
        answer = _decode(status, content, TokenAnswer)
        return Grant(answer.access_token, answer.refresh_token), set(answer.scope.split())

    async def _get(self, path: str, token: str, shape: type[T], bytes_max: int = ANSWER_BYTES_MAX) -> T:
        if not (token.isascii() and token.isprintable()):
            raise BadTokenError
        status, content = await self._ask("GET", path, bytes_max, headers={"Authorization": f"Bearer {token}"})
        if status in (401, 403):
            raise BadTokenError
        return _decode(status, content, shape)

    async def _ask(self, method: str, path: str, bytes_max: int, **options: Any) -> tuple[int, bytes]:  # noqa: ANN401
        from aiohttp import ClientError  # noqa: PLC0415 - likewise

        url = f"{self._api_url}{path}"
        try:
            async with self._opened().request(method, url, allow_redirects=False, **options) as response:
                content = bytearray()
                async for part in response.content.iter_any():
                    content += part
                    if len(content) > bytes_max:
                        raise BadAnswerError
                return response.status, bytes(content)
        except (TimeoutError, ClientError, OSError) as error:
            raise DiscordUnreachableError from error


def _is_refusal(status: int) -> bool:
    return 400 <= status < 500 and status != BUSY  # noqa: PLR2004 - where errors of the asker begin and end


def _decode(status: int, content: bytes, shape: type[T]) -> T:
    if status >= 500 or status == BUSY:  # noqa: PLR2004 - where server errors begin
        raise DiscordUnreachableError
    try:
        return msgspec.json.decode(content, type=shape, strict=False)  # ids are digits in text
    except (ValueError, RecursionError) as error:
        raise BadAnswerError from error


def _seconds_left(content: bytes) -> float:
    """Return how long Discord is busy."""
    try:
        return msgspec.json.decode(content, type=Busy).retry_after
    except (ValueError, RecursionError):
        return UNSAID_SECONDS


def _reason(status: int, content: bytes) -> str:
    """Return the provider's words for people, cut to what can be shown."""
    try:
        refusal = msgspec.json.decode(content, type=Refusal)
    except (ValueError, RecursionError):
        refusal = Refusal()
    reason = refusal.error_description or refusal.error or refusal.message
    plain = re.sub(r"[^ -~]+", " ", reason).strip()
    return plain[:REASON_CHARACTERS_MAX] or f"status {status}"
