"""Asks a Discord-compatible API as a bot: limits and `Retry-After` are waited out, what may be repeated is."""

import time
from base64 import b64encode
from collections.abc import Awaitable, Callable
from typing import Any, TypeVar
from urllib.parse import quote

import aiohttp
import msgspec

from schemas.settings import Settings
from workers.loader.limits import RateLimits, route_of

T = TypeVar("T")
Pause = Callable[[float], Awaitable[None]]
"""Waits so many seconds; it may refuse to."""

TRIES_MAX = 12
RETRY_SECONDS = 0.5
RETRY_SECONDS_MAX = 60.0
ANSWER_BYTES_MAX = 16_777_216
REASON_CHARACTERS_MAX = 512
MESSAGE_CHARACTERS_MAX = 500
USER_AGENT = "DiscordBot (guildbook, 1)"
PICTURES = ("image/png", "image/jpeg", "image/gif", "image/webp")
OK, UNAUTHORIZED, BUSY, SERVER_ERROR = 200, 401, 429, 500


class GatewayError(Exception):
    """Discord did not do it."""

    def __str__(self) -> str:
        return " ".join((self.__doc__ or "", *map(str, self.args)))


class CredentialsLostError(GatewayError):
    """Discord does not accept the bot's token."""


class SilentError(GatewayError):
    """Discord gave no useful answer, however often it was asked."""


class InDoubtError(GatewayError):
    """Nobody knows whether Discord did it: the answer was lost, or an error of its own."""


class RefusedError(GatewayError):
    """Discord refuses it."""

    def __init__(self, status: int, code: int, message: str) -> None:
        super().__init__(message or f"status {status}")
        self.status = status
        self.code = code


class Ask(msgspec.Struct, frozen=True):
    """A request. `reason` is what the guild's audit log says of it."""

    method: str
    path: str
    body: Any = None
    reason: str = ""


class _Answer(msgspec.Struct, frozen=True):
    status: int
    headers: Any
    content: bytes


class _Refusal(msgspec.Struct, frozen=True):
    code: int = 0
    message: str = ""
    errors: Any = None


def open_session() -> aiohttp.ClientSession:
    """Make the client of all requests. It keeps connections and no cookies."""
    return aiohttp.ClientSession(cookie_jar=aiohttp.DummyCookieJar())


class Rest:
    """The client of one process; all its loads share what is known of the limits."""

    def __init__(self, session: aiohttp.ClientSession, settings: Settings) -> None:
        self._session = session
        self._url = settings.discord_api_url.rstrip("/")
        self._headers = {
            "Authorization": f"Bot {settings.discord_bot_token.strip()}",
            "User-Agent": USER_AGENT,
        }
        self._cdn_url = settings.discord_cdn_url.rstrip("/")
        self._timeout = aiohttp.ClientTimeout(total=settings.discord_timeout_seconds)
        self._limits = RateLimits()

    async def ask(self, ask: Ask, shape: type[T], pause: Pause) -> T:
        """Return the answer. A POST is not repeated when it may have been done: InDoubtError.

        Errors: RefusedError, CredentialsLostError, SilentError, InDoubtError, and those of `pause`.
        """
        failures = 0
        while True:
            answer = await self._answer(ask, pause)
            if answer and answer.status < SERVER_ERROR:
                return _decoded(answer, shape)
            if ask.method == "POST":
                raise InDoubtError(ask.path)
            failures += 1
            await pause_after(failures, pause)

    async def _answer(self, ask: Ask, pause: Pause) -> _Answer | None:
        """Return an answer that is not 429, None when there was none."""
        route = route_of(ask.method, ask.path)
        while True:
            while seconds := self._limits.seconds_left(route, time.monotonic()):
                await pause(seconds)
            self._limits.spend(route)
            try:
                answer = await self._send(ask)
            except (TimeoutError, aiohttp.ClientError, OSError):
                return None
            if answer.status != BUSY:
                self._limits.learn(route, answer.headers, time.monotonic())
                return answer
            self._limits.refuse(route, answer.headers, answer.content, time.monotonic())

    async def _send(self, ask: Ask) -> _Answer:
        headers = dict(self._headers)
        if ask.reason:
            headers["X-Audit-Log-Reason"] = quote(ask.reason[:REASON_CHARACTERS_MAX], safe=" :,_-")
        content = None if ask.body is None else msgspec.json.encode(ask.body)
        if content is not None:
            headers["Content-Type"] = "application/json"
        request = self._session.request(
            *(ask.method, f"{self._url}{ask.path}"),
            data=content,
            headers=headers,
            timeout=self._timeout,
            allow_redirects=False,
        )
        async with request as response:
            return _Answer(response.status, response.headers, await _content(response))

    async def picture(self, path: str) -> str | None:
        """Return a picture that Discord shows, as it takes one itself: a data URI. None when it is not to be had."""
        url, timeout = f"{self._cdn_url}{path}", self._timeout
        try:
            async with self._session.get(url, timeout=timeout, allow_redirects=False) as response:
                content, kind = await _content(response), response.content_type
        except (TimeoutError, aiohttp.ClientError, OSError):
            return None
        is_picture = response.status == OK and kind in PICTURES
        return f"data:{kind};base64,{b64encode(content).decode()}" if is_picture else None


async def pause_after(failures: int, pause: Pause) -> None:
    """Wait before the next try, longer each time. Errors: SilentError when there were too many."""
    if failures >= TRIES_MAX:
        raise SilentError
    await pause(min(RETRY_SECONDS * 2 ** (failures - 1), RETRY_SECONDS_MAX))


async def _content(response: aiohttp.ClientResponse) -> bytes:
    content = bytearray()
    async for part in response.content.iter_any():
        content += part
        if len(content) > ANSWER_BYTES_MAX:
            raise aiohttp.ClientPayloadError
    return bytes(content)


def _decoded(answer: _Answer, shape: type[T]) -> T:
    if answer.status == UNAUTHORIZED:
        raise CredentialsLostError
    if not 200 <= answer.status < 300:  # noqa: PLR2004 - 2xx
        raise _refused(answer)
    try:
        return msgspec.json.decode(answer.content or b"null", type=shape, strict=False)  # ids are digits in text
    except (ValueError, RecursionError) as error:
        raise InDoubtError("an answer that is none of Discord's") from error


def _refused(answer: _Answer) -> RefusedError:
    try:
        refusal = msgspec.json.decode(answer.content, type=_Refusal)
    except (ValueError, RecursionError):
        refusal = _Refusal()
    more = msgspec.json.encode(refusal.errors).decode() if refusal.errors else ""
    return RefusedError(answer.status, refusal.code, f"{refusal.message} {more}".strip()[:MESSAGE_CHARACTERS_MAX])
