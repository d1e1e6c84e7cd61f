"""Listeners: counted, looked after, and sent away for a reason."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable

import psycopg
import pytest
from structlog.testing import capture_logs

from api.listeners import LISTENERS_MAX, Ending, Listener, Listeners, TooManyListenersError


async def is_allowed() -> bool:
    return True


async def is_not_allowed() -> bool:
    return False


async def nobody_can_say() -> bool:
    raise psycopg.OperationalError


async def looked_at(listener: Listener, times: int, seconds_max: float = 60) -> Ending | None:
    for _ in range(times):
        await listener.look(seconds_max)
    return listener.ended.result() if listener.ended.done() else None


async def test_who_may_not_listen_any_more_is_sent_away_at_the_second_look() -> None:
    listener = Listener("apps-1", is_not_allowed)
    assert await looked_at(listener, 1) is None
    assert await looked_at(listener, 1) == Ending.REVOKED


@pytest.mark.parametrize("allowed", [is_allowed, nobody_can_say])
async def test_who_may_or_might_stays(allowed: Callable[[], Awaitable[bool]]) -> None:
    assert await looked_at(Listener("apps-1", allowed), 5) is None


async def test_who_takes_nothing_is_sent_away_and_who_is_slow_is_not() -> None:
    stuck, slow, idle = (Listener(f"apps-{n}", is_allowed) for n in range(3))
    stuck.sending = slow.sending = asyncio.get_running_loop().create_future()
    for _ in range(5):
        slow.sent += 1
        assert await looked_at(slow, 1, 0.05) is None
        await looked_at(stuck, 1, 0.05)
        await asyncio.sleep(0.02)
    assert await looked_at(stuck, 1, 0.05) == Ending.TOO_SLOW
    assert await looked_at(idle, 2, 0.05) is None


async def test_only_so_many_listen_with_one_token() -> None:
    listeners = Listeners(60)
    joined = [listeners.join("apps-1", is_allowed) for _ in range(LISTENERS_MAX)]
    with pytest.raises(TooManyListenersError):
        listeners.join("apps-1", is_allowed)
    listeners.join("apps-2", is_allowed)
    listeners.leave(joined[3])
    listeners.join("apps-1", is_allowed)


async def test_a_server_that_stops_sends_everybody_away_and_waits_until_they_are_gone() -> None:
    listeners = Listeners(60)
    early = listeners.join("apps-1", is_allowed)
    closing = asyncio.create_task(listeners.close())
    assert await early.ended == Ending.SERVER_STOPS
    late = listeners.join("apps-2", is_allowed)
    assert await late.ended == Ending.SERVER_STOPS
    listeners.leave(early)
    assert not closing.done()
    listeners.leave(late)
    await closing


async def test_a_stream_that_breaks_is_written_down_and_its_listener_sent_away() -> None:
    async def frames() -> AsyncIterator[str]:
        yield "one"
        raise KeyError("two")

    async def send(frame: str) -> None:
        heard.append(frame)

    heard = list[str]()
    listener = Listener("apps-1", is_allowed)
    with capture_logs() as logs:
        await listener.tell(frames(), send)
    assert (heard, listener.sent, listener.ended.result()) == (["one"], 1, Ending.BROKEN)
    assert [(line["event"], line["log_level"]) for line in logs] == [("A stream broke", "error")]


async def test_who_has_a_frame_on_its_way_takes_no_other_and_who_lost_one_never_does() -> None:
    async def frames() -> AsyncIterator[str]:
        yield "one"
        await gone

    def send(frame: str) -> asyncio.Future[None]:
        sent.append(frame)
        return arrived

    sent = list[str]()
    arrived, gone = (asyncio.get_running_loop().create_future() for _ in range(2))
    listener = Listener("apps-1", is_allowed)
    assert not listener.offer("too early")
    telling = asyncio.create_task(listener.tell(frames(), send))
    await asyncio.sleep(0)
    assert not listener.offer("too soon")
    arrived.set_result(None)
    assert listener.offer("two")
    assert (sent, listener.sent) == (["one", "two"], 2)
    listener.sending = lost = asyncio.get_running_loop().create_future()
    lost.set_exception(ConnectionError())
    assert not listener.offer("after a lost one")
    assert sent == ["one", "two"]
    telling.cancel()
