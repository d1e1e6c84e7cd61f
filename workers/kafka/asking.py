"""Asks the API for what a command from Kafka asks for; the rules, the rights and the limits are the API's.

ask ─┬─ 2xx ─────────────────────────────────────────────▶ done
 ▲   ├─ any other answer; or it is no command ───────────▶ dead
 │   ├─ too many requests, still under way, unavailable ─▶ later
 └───┴─ failed ──────────────────────────────────────────▶ later; dead, when that is so again and again
"""

import asyncio
import random
import re
from collections.abc import Mapping
from http import HTTPStatus
from typing import Any, NamedTuple
from urllib.parse import unquote

import aiohttp
import msgspec
import structlog
from kafka.consumer.fetcher import ConsumerRecord
from yarl import URL

from schemas.kafka import Command
from store.connections import described

KEY = re.compile(rb"[\x21\x23-\x7e]{1,255}")  # as the API takes an Idempotency-Key
TOKEN = re.compile(rb"[\x20-\x7e]{1,4096}")
PATH = re.compile(r"/book/[\x21\x22\x24-\x7e]*")  # without a fragment
PASSED_ON = ("authorization", "traceparent")
LATER = frozenset({408, 425, 429, 502, 503, 504})
ATTEMPT_SECONDS_MAX = 60
ALIVE_SECONDS_MAX = 2
PAUSE_SECONDS = 0.1
PAUSE_SECONDS_MAX = 5.0
ASKED_SECONDS_MAX = 60.0
FAILURES_MAX = 5
NO_COMMAND = "No command"

_logger = structlog.get_logger()


class Asked(NamedTuple):
    """A command as a request."""

    method: str
    path: str
    body: bytes | None
    headers: dict[str, str]


class Outcome(msgspec.Struct, frozen=True):
    """What became of a command: it was done, or else `problem` says why not. There is no status without an answer."""

    is_done: bool
    status: int | None = None
    position: int | None = None
    problem: Any = None


class Answer(NamedTuple):
    """What the API says."""

    status: int
    headers: Mapping[str, str]
    body: bytes


class MalformedError(Exception):
    """The record is not a command."""


class _Verbatim(Command, frozen=True):
    body: msgspec.Raw = msgspec.Raw()


_decoder = msgspec.json.Decoder(_Verbatim)


def read_command(record: ConsumerRecord) -> Asked:
    """Return what a record asks for. Errors: MalformedError."""
    headers = {"Idempotency-Key": _matching(KEY, record.key, "The key must be 1 to 255 visible characters.")}
    for name, value in record.headers:
        if name.lower() in PASSED_ON:
            headers[name.lower()] = _matching(TOKEN, value, f"The header {name.lower()} must be plain text.")
    try:
        command = _decoder.decode(record.value or b"")
    except (msgspec.MsgspecError, UnicodeDecodeError) as error:
        raise MalformedError(str(error)) from None
    if not PATH.fullmatch(command.path) or {".", ".."} & set(re.split("[/?]", unquote(command.path))):
        message = "The path must be one below /book/, percent-encoded and without dots in between."
        raise MalformedError(message)
    body = bytes(command.body)
    if body in {b"", b"null"}:
        return Asked(command.method, command.path, None, headers)
    return Asked(command.method, command.path, body, {**headers, "Content-Type": "application/json"})


def _matching(pattern: re.Pattern[bytes], value: bytes | None, message: str) -> str:
    if not pattern.fullmatch(value or b""):
        raise MalformedError(message)
    return (value or b"").decode()


class Asker:
    """Asks one API, so many commands at once."""

    def __init__(self, session: aiohttp.ClientSession, api_url: str, concurrency_max: int) -> None:
        self._session = session
        self._api_url = api_url.rstrip("/")
        self._room = asyncio.Semaphore(concurrency_max)

    async def outcome(self, record: ConsumerRecord) -> Outcome:
        """Return what became of a command, however long that takes; nothing that it holds can fail us."""
        try:
            return await self._outcome(read_command(record))
        except MalformedError as error:
            return Outcome(is_done=False, problem={"title": NO_COMMAND, "detail": str(error)})
        except Exception as error:  # noqa: BLE001 - one bad record must not keep the others waiting
            _logger.error("command not asked for", error=described(error))  # noqa: TRY400 - no values, as in a traceback
            return Outcome(is_done=False, problem={"title": "Not asked for", "detail": type(error).__name__})

    async def _outcome(self, asked: Asked) -> Outcome:
        failures, pause_seconds = 0, PAUSE_SECONDS
        while True:
            answer = await self._ask(asked)
            if answer and not _is_for_later(answer):
                if answer.status // 100 != 5:  # noqa: PLR2004 - 5xx
                    return _final(answer)
                failures += 1
            elif not answer and await self._is_alive():
                failures += 1
            if failures == FAILURES_MAX:
                return _final(answer or Answer(0, {}, b""))
            await asyncio.sleep(_wanted_seconds(answer) or pause_seconds * random.uniform(0.5, 1))  # noqa: S311
            pause_seconds = min(2 * pause_seconds, PAUSE_SECONDS_MAX)

    async def _ask(self, asked: Asked) -> Answer | None:
        url, headers = URL(self._api_url + asked.path, encoded=True), asked.headers
        timeout = aiohttp.ClientTimeout(total=ATTEMPT_SECONDS_MAX)
        asking = self._session.request(
            asked.method, url, data=asked.body, headers=headers, allow_redirects=False, timeout=timeout
        )
        try:
            async with self._room, asking as answer:
                return Answer(answer.status, answer.headers, await answer.read())
        except (aiohttp.ClientError, TimeoutError, OSError) as error:
            _logger.warning("no answer to a command, it is asked for again", error=type(error).__name__)
            return None

    async def _is_alive(self) -> bool:
        """Tell whether the API answers, so that it is the command that it does not answer."""
        timeout = aiohttp.ClientTimeout(total=ALIVE_SECONDS_MAX)
        try:
            async with self._session.get(f"{self._api_url}/health/live", timeout=timeout) as answer:
                return answer.status == HTTPStatus.OK
        except (aiohttp.ClientError, TimeoutError, OSError):
            return False


def _is_for_later(answer: Answer) -> bool:
    is_under_way = answer.status == HTTPStatus.CONFLICT and "Retry-After" in answer.headers
    return answer.status in LATER or is_under_way


def _wanted_seconds(answer: Answer | None) -> float:
    text = answer.headers.get("Retry-After", "") if answer else ""
    return min(float(text), ASKED_SECONDS_MAX) if re.fullmatch("[0-9]{1,9}", text) else 0


def _final(answer: Answer) -> Outcome:
    if answer.status // 100 == 2:  # noqa: PLR2004 - 2xx
        position = answer.headers.get("Guildbook-Position", "")
        return Outcome(True, answer.status, int(position) if position.isdigit() else None)  # noqa: FBT003
    return Outcome(is_done=False, status=answer.status or None, problem=_problem(answer.body))


def _problem(body: bytes) -> Any:  # noqa: ANN401 - any JSON
    try:
        return msgspec.json.decode(body)
    except (msgspec.MsgspecError, UnicodeDecodeError):
        return body.decode(errors="replace")[:1000] or None
