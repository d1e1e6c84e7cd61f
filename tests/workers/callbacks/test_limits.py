"""Receivers that answer slowly, or without end: nothing takes longer, or more memory, than it may."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager, suppress

import pytest

from projections.deliveries import Delivery, recent_deliveries
from tests.books import until
from tests.workers.callbacks.hooks import Hooks, fanning
from tests.workers.callbacks.receivers import Clock, sending

OK = b"HTTP/1.1 200 OK\r\n"
Answer = Callable[[asyncio.StreamWriter], Awaitable[None]]


async def says_nothing(writer: asyncio.StreamWriter) -> None:
    await writer.drain()
    await asyncio.Event().wait()


async def drips_headers(writer: asyncio.StreamWriter) -> None:
    writer.write(OK)
    while True:
        writer.write(b"X-Drip: drop\r\n")
        await writer.drain()
        await asyncio.sleep(0.05)


async def pours_headers(writer: asyncio.StreamWriter) -> None:
    writer.write(OK)
    while True:
        writer.write(b"X-Pour: " + b"x" * 1000 + b"\r\n")
        await writer.drain()


async def pours_one_header(writer: asyncio.StreamWriter) -> None:
    writer.write(OK + b"X-Long: ")
    while True:
        writer.write(b"x" * 65_536)
        await writer.drain()


async def pours_interim_answers(writer: asyncio.StreamWriter) -> None:
    while True:
        writer.write(b"HTTP/1.1 103 Early Hints\r\n\r\n" * 100)
        await writer.drain()


async def pours_a_body(writer: asyncio.StreamWriter) -> None:
    writer.write(OK + b"Content-Length: 99999999999\r\n\r\n")
    while True:
        writer.write(b"y" * 65_536)
        await writer.drain()


async def pours_chunks(writer: asyncio.StreamWriter) -> None:
    writer.write(OK + b"Transfer-Encoding: chunked\r\n\r\n")
    while True:
        writer.write(b"1000\r\n" + b"y" * 4096 + b"\r\n")
        await writer.drain()


async def drips_a_body(writer: asyncio.StreamWriter) -> None:
    writer.write(OK + b"Transfer-Encoding: chunked\r\n\r\n")
    while True:
        writer.write(b"1\r\ny\r\n")
        await writer.drain()
        await asyncio.sleep(0.05)


async def is_no_http(writer: asyncio.StreamWriter) -> None:
    writer.write(b"SSH-2.0-OpenSSH_9.9\r\n" * 10)
    await writer.drain()


FAILING = (says_nothing, drips_headers, pours_headers, pours_one_header, pours_interim_answers, is_no_http)
SUCCEEDING = (pours_a_body, pours_chunks, drips_a_body)


@asynccontextmanager
async def answering(answer: Answer) -> AsyncIterator[str]:
    """Answer every request in some odd way."""
    serving = set[asyncio.Task[None]]()

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        with suppress(ConnectionError, asyncio.CancelledError):
            await answer(writer)
        writer.transport.abort()

    def accept(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        serving.add(asyncio.ensure_future(serve(reader, writer)))

    server = await asyncio.start_server(accept, "127.0.0.1", 0)
    try:
        yield f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}/"
    finally:
        server.close()
        for task in serving:
            task.cancel()
        await asyncio.gather(*serving, return_exceptions=True)


async def attempted(hooks: Hooks, answer: Answer, clock: Clock, url: str) -> Delivery:
    """Tell such a receiver of something, and return the delivery after its first attempt."""

    async def attempts() -> list[int]:
        return [one.attempts for one in await recent_deliveries(hooks.community.connection) if one.attempts]

    await hooks.bot()
    async with answering(answer) as place, fanning(url), sending(url, clock, callback_timeout_seconds=2):
        await hooks.add(place, types=("guilds.RoleCreated",))
        await hooks.say(1)
        await until(attempts)
    return (await recent_deliveries(hooks.community.connection))[0]


@pytest.mark.parametrize("answer", FAILING)
async def test_an_answer_that_does_not_begin_properly_in_time_is_a_failure(
    answer: Answer, hooks: Hooks, clock: Clock, database_url: str
) -> None:
    delivery = await attempted(hooks, answer, clock, database_url)
    [attempt] = delivery.log
    assert (delivery.state, attempt.status) == ("pending", None)
    assert attempt.duration_ms < 60_000


@pytest.mark.parametrize("answer", SUCCEEDING)
async def test_of_an_answer_without_end_the_beginning_is_kept_and_its_status_counts(
    answer: Answer, hooks: Hooks, clock: Clock, database_url: str
) -> None:
    delivery = await attempted(hooks, answer, clock, database_url)
    [attempt] = delivery.log
    assert (delivery.state, attempt.status) == ("delivered", 200)
    assert attempt.duration_ms < 60_000
    assert 0 < len((attempt.response or "").strip("y")) + len(attempt.response or "") <= 1024
