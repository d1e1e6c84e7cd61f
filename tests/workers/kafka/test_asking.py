"""How the API is asked for what a command wants: what is passed on, what is waited for, and what is given up."""

import asyncio
import json
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import Any

import aiohttp
import pytest
from aiohttp import web
from kafka.consumer.fetcher import ConsumerRecord
from structlog.testing import capture_logs

from tests.servers import free_port
from workers.kafka import asking
from workers.kafka.asking import FAILURES_MAX, Asker, Outcome
from workers.kafka.inbox import Answered, told

TOKEN = "Bot 920.very-secret"
BODY = b'{"method":"PUT","path":"/book/bots/@me/stats","body":{"total_guilds":9007199254740993}}'

Answering = Callable[[web.Request, int], web.Response]


@pytest.fixture(autouse=True)
def short_pauses(monkeypatch: pytest.MonkeyPatch) -> None:
    """Ask again at once."""
    monkeypatch.setattr(asking, "PAUSE_SECONDS", 0.001)
    monkeypatch.setattr(asking, "PAUSE_SECONDS_MAX", 0.01)


def record(value: bytes | None = BODY, key: bytes | None = b"k-1", **headers: str) -> ConsumerRecord:
    """Make a record as a consumer is given it."""
    named = [(name, text.encode()) for name, text in {"authorization": TOKEN, **headers}.items()]
    return ConsumerRecord("commands", 0, 0, 7, 0, 0, key, value, named, None, 0, 0, 0)


class Api:
    """An API that answers as a test says; it counts, and remembers what it was asked."""

    def __init__(self, answering: Answering) -> None:
        self.asked: list[tuple[web.Request, bytes]] = []
        self.url = ""
        self._answering = answering

    async def answer(self, request: web.Request) -> web.Response:
        if request.path == "/health/live":
            return web.Response()
        self.asked.append((request, await request.read()))
        return self._answering(request, len(self.asked))


@asynccontextmanager
async def served(answering: Answering) -> AsyncIterator[Api]:
    """Serve such an API."""
    api, app, port = Api(answering), web.Application(), free_port()
    app.router.add_route("*", "/{path:.*}", api.answer)
    runner = web.AppRunner(app, access_log=None)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", port).start()
    api.url = f"http://127.0.0.1:{port}"
    try:
        yield api
    finally:
        await runner.cleanup()


async def outcome(api_url: str, asked: ConsumerRecord) -> Outcome:
    async with aiohttp.ClientSession() as session:
        return await Asker(session, api_url, 4).outcome(asked)


def saying(status: int, body: Any = None, **headers: str) -> web.Response:  # noqa: ANN401
    named = {name.replace("_", "-"): text for name, text in headers.items()}
    return web.Response(status=status, body=json.dumps(body).encode(), headers=named)


async def test_the_token_the_key_and_the_body_are_passed_on_as_they_are() -> None:
    async with served(lambda _request, _count: saying(200, Guildbook_Position="8812")) as api:
        done = await outcome(api.url, record(traceparent="00-0a-0b-01", Cookie="session=1"))
        [(request, body)] = api.asked
    assert done == Outcome(is_done=True, status=200, position=8812)
    assert (request.method, request.raw_path) == ("PUT", "/book/bots/@me/stats")
    assert body == b'{"total_guilds":9007199254740993}'
    assert request.headers["Authorization"] == TOKEN
    assert request.headers["Idempotency-Key"] == "k-1"
    assert request.headers["traceparent"] == "00-0a-0b-01"
    assert "Cookie" not in request.headers


@pytest.mark.parametrize(
    "later",
    [
        (503, {}),
        (502, {}),
        (504, {}),
        (408, {}),
        (429, {"Retry_After": "0"}),
        (409, {"Retry_After": "0"}),
        (500, {}),
    ],
    ids=str,
)
async def test_what_may_be_better_later_is_asked_for_again(later: tuple[int, dict[str, str]]) -> None:
    status, headers = later
    async with served(lambda _request, count: saying(200) if count > 3 else saying(status, **headers)) as api:
        assert (await outcome(api.url, record())).is_done
        assert len({request.headers["Idempotency-Key"] for request, _ in api.asked}) == 1


async def test_an_api_that_is_away_is_waited_for() -> None:
    port_of_nobody = free_port()
    with pytest.raises(TimeoutError):
        async with asyncio.timeout(0.5):
            await outcome(f"http://127.0.0.1:{port_of_nobody}", record())


async def test_as_long_as_the_api_says_is_waited(monkeypatch: pytest.MonkeyPatch) -> None:
    waited: list[float] = []

    async def remember(seconds: float) -> None:
        waited.append(seconds)

    monkeypatch.setattr(asking.asyncio, "sleep", remember)
    async with served(lambda _request, count: saying(200) if count > 1 else saying(429, Retry_After="17")) as api:
        assert (await outcome(api.url, record())).is_done
    assert max(waited) == 17


@pytest.mark.parametrize("status", [400, 401, 403, 404, 405, 409, 413, 422, 302])
async def test_a_refusal_is_final_and_told_as_it_is(status: int) -> None:
    async with served(lambda _request, _count: saying(status, {"detail": "no"})) as api:
        assert await outcome(api.url, record()) == Outcome(is_done=False, status=status, problem={"detail": "no"})
        assert len(api.asked) == 1


async def test_a_command_that_fails_again_and_again_is_given_up() -> None:
    async with served(lambda _request, _count: saying(500, {"detail": "oh"})) as api:
        assert await outcome(api.url, record()) == Outcome(is_done=False, status=500, problem={"detail": "oh"})
        assert len(api.asked) >= FAILURES_MAX


async def test_a_command_that_is_never_answered_is_given_up_while_the_api_answers_others() -> None:
    def hang_up(request: web.Request, _count: int) -> web.Response:
        assert request.transport is not None
        request.transport.close()
        return web.Response()

    async with served(hang_up) as api:
        assert await outcome(api.url, record()) == Outcome(is_done=False)
        assert len(api.asked) >= FAILURES_MAX


MALFORMED = [
    (b"", b"k"),
    (None, b"k"),
    (b"\xff", b"k"),
    (b"[1]", b"k"),
    (b"{}", b"k"),
    (b"[" * 100_000, b"k"),
    (b'{"method":"PUT","path":"/book/x","body":' + b"[" * 100_000, b"k"),
    (b'{"method":"GET","path":"/book/events"}', b"k"),
    (b'{"method":"TRACE","path":"/book/x"}', b"k"),
    (b'{"method":"PUT","path":"/accounts/new"}', b"k"),
    (b'{"method":"PUT","path":"//elsewhere/book/x"}', b"k"),
    (b'{"method":"PUT","path":"http://elsewhere/book/x"}', b"k"),
    (b'{"method":"PUT","path":"/book/../accounts"}', b"k"),
    (b'{"method":"PUT","path":"/book/%2e%2e/accounts"}', b"k"),
    (b'{"method":"PUT","path":"/book/..?x=1"}', b"k"),
    (b'{"method":"PUT","path":"/book/a b"}', b"k"),
    (b'{"method":"PUT","path":"/book/a\\r\\nX: y"}', b"k"),
    (b'{"method":"PUT","path":"/book/a#b"}', b"k"),
    (b'{"method":"PUT","path":"/book/\\u00e9"}', b"k"),
    (BODY, None),
    (BODY, b""),
    (BODY, b"a b"),
    (BODY, b"a\r\nX: y"),
    (BODY, b"k" * 256),
    (BODY, b"\xff"),
]


@pytest.mark.parametrize(("value", "key"), MALFORMED, ids=lambda part: repr(part)[:40])
async def test_what_is_no_command_is_not_asked_for(value: bytes | None, key: bytes | None) -> None:
    async with served(lambda _request, _count: saying(200)) as api:
        told = await outcome(api.url, record(value, key))
        assert api.asked == []
    assert (told.is_done, told.status) == (False, None)
    assert told.problem["detail"]


async def test_a_token_is_neither_told_nor_logged() -> None:
    with capture_logs() as logs:
        async with served(lambda _request, count: saying(500 if count % 2 else 401, {"detail": "no"})) as api:
            told = [await outcome(api.url, record()), await outcome(api.url, record(authorization="a\r\nb: secret"))]
        told.append(await outcome(api.url, record(b"{}")))
    assert "secret" not in repr(told)
    assert "secret" not in repr(logs)


@pytest.mark.parametrize(
    ("value", "key", "problem"),
    [
        (b'{"path":"' + b"x" * 2_000_000 + b'"}', b"k", {"detail": "no"}),
        (b"\x00" * 2_000_000, b"k", {"detail": "no"}),
        (b"[" * 1_000_000, b"k", {"detail": "no"}),
        (b"{}", b"k" * 2_000_000, {"detail": "no"}),
        (b"{}", b"k", {"errors": ["wrong"] * 500_000}),
    ],
    ids=["value", "no text", "depth", "key", "problem"],
)
def test_what_is_told_of_a_dead_command_fits_into_a_record(value: bytes, key: bytes, problem: object) -> None:
    answered = Answered(record(value, key), Outcome(is_done=False, status=422, problem=problem))
    said = told("commands", answered)
    assert said["topic"] == "commands.dead"
    assert len(said["value"]) + len(said["key"]) < 1_000_000
    assert json.loads(said["value"])["status"] == 422


def test_a_dead_command_is_told_as_it_came() -> None:
    answered = Answered(record(), Outcome(is_done=False, status=403, problem={"detail": "no"}))
    said = json.loads(told("commands", answered)["value"])
    assert said == {"status": 403, "problem": {"detail": "no"}, "key": "k-1", "value": json.loads(BODY)}
