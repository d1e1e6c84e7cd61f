"""One attempt at a delivery: an HTTP POST, and what came of it."""

import asyncio
import time
from contextlib import suppress
from datetime import datetime
from functools import lru_cache

import aiohttp
import msgspec
from yarl import URL

from domain.callbacks.aggregate import Callback
from workers.callbacks.addresses import AddressRefusedError, public_socket
from workers.callbacks.outbox import Due
from workers.callbacks.schedule import seconds_asked
from workers.callbacks.signature import headers_of

RESPONSE_BYTES_MAX = 1024  # of an answer, kept for the log
RESPONSE_SECONDS_MAX = 1.0  # patience with it: the status has said all that counts
ERROR_CHARACTERS_MAX = 500
URLS_MAX = 1024
CONSTANT_HEADERS = {"User-Agent": "Guildbook", "Accept-Encoding": "identity"}


class Attempt(msgspec.Struct, frozen=True, kw_only=True):
    """What came of an attempt: a status or an error. `refused`: this URL is not one that may be sent to."""

    started_at: datetime
    duration_ms: int
    status: int | None = None
    error: str | None = None
    response: str | None = None
    asked_seconds: float = 0
    refused: bool = False

    def is_success(self) -> bool:
        """Tell whether the delivery has arrived."""
        return self.status is not None and self.status // 100 == 2  # noqa: PLR2004 - 2xx


def open_session(*, allow_private: bool) -> aiohttp.ClientSession:
    """Make the client of all attempts. It keeps connections, no cookies, and follows no proxy settings."""
    connector = aiohttp.TCPConnector(limit=0, socket_factory=None if allow_private else public_socket)
    return aiohttp.ClientSession(
        connector=connector,
        cookie_jar=aiohttp.DummyCookieJar(),
        timeout=aiohttp.ClientTimeout(total=None),
        auto_decompress=False,
        headers=CONSTANT_HEADERS,
    )


async def attempt(
    session: aiohttp.ClientSession, due: Due, callback: Callback, *, now: datetime, seconds_max: float
) -> Attempt:
    """Send once. Whatever goes wrong is the receiver's and is written down, not raised."""
    start = time.perf_counter()
    try:
        async with asyncio.timeout(seconds_max):
            status, response, asked_seconds = await _post(session, due, callback, now)
    except Exception as error:  # noqa: BLE001 - a URL of theirs can fail in any way
        return Attempt(started_at=now, duration_ms=_since(start), error=_text(error), refused=_is_refused(error))
    error = None if status // 100 == 2 else f"HTTP {status}"  # noqa: PLR2004 - 2xx
    return Attempt(
        started_at=now,
        duration_ms=_since(start),
        status=status,
        error=error,
        response=response,
        asked_seconds=asked_seconds,
    )


async def _post(session: aiohttp.ClientSession, due: Due, callback: Callback, now: datetime) -> tuple[int, str, float]:
    headers = headers_of(callback, due.id, due.body, now)
    if due.headers is not None:
        headers |= msgspec.json.decode(due.headers, type=dict[str, str])
    url = _url_of(callback.url)
    async with session.post(url, data=due.body, headers=headers, allow_redirects=False) as answer:
        asked_seconds = seconds_asked(answer.headers.get("Retry-After"), now)
        return answer.status, await _beginning(answer), asked_seconds


@lru_cache(URLS_MAX)
def _url_of(url: str) -> URL:
    return URL(url).with_user(None)  # a name in the URL would claim the Authorization header


async def _beginning(answer: aiohttp.ClientResponse) -> str:
    if answer.content.at_eof():
        return ""
    beginning = bytearray()
    with suppress(TimeoutError, aiohttp.ClientError):
        async with asyncio.timeout(RESPONSE_SECONDS_MAX):
            while len(beginning) < RESPONSE_BYTES_MAX and not answer.content.at_eof():
                beginning += await answer.content.readany()
    return bytes(beginning[:RESPONSE_BYTES_MAX]).decode(errors="ignore").replace("\0", "")


def _since(start: float) -> int:
    return round((time.perf_counter() - start) * 1000)


def _text(error: Exception) -> str:
    match error:
        case TimeoutError():
            text = "no answer in time"
        case aiohttp.ClientConnectorError(os_error=AddressRefusedError(args=(address, *_))):
            text = f"{address} is not a public address"
        case _:
            text = f"{type(error).__name__}: {error}"
    return text.replace("\0", "")[:ERROR_CHARACTERS_MAX]


def _is_refused(error: Exception) -> bool:
    match error:
        case aiohttp.ClientConnectorError(os_error=AddressRefusedError()) | aiohttp.InvalidURL():
            return True  # the second is how a client takes an address that is spelt as a number
        case _:
            return False
