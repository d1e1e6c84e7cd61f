"""Streams of slow clients, of clients that are gone, and of servers that stop."""

import asyncio
import signal
import subprocess
import time
from collections.abc import AsyncIterator, Iterator
from typing import NamedTuple

import pytest
from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed

from tests.api.streams.clients import close_code, heard, listening, new_home, rename, streaming, url_of
from tests.fake_discord import FakeDiscord, settings_for
from tests.servers import free_port, spawn, stop, wait_until_ready
from tests.world import Bot, World, open_world

TEXT = "x" * 20_000
MUCH = 600  # of these are more than the buffers between a server and its client hold
PATIENCE_SECONDS = 60.0
STOP_SECONDS_MAX = 8.0
LEAVE_SECONDS = 0.1
TAKES_NOTHING_SECONDS = 6.0  # it is looked at every 1.5 s, and sent away at the second look after the buffers are full


class Impatient(NamedTuple):
    """A server that waits a second for slow clients."""

    process: subprocess.Popen[bytes]
    world: World


@pytest.fixture
def url(base_url: str, shared_database_url: str, discord: FakeDiscord) -> Iterator[tuple[str, subprocess.Popen[bytes]]]:
    """Run the server; the projector is the first one's."""
    del base_url
    port = str(free_port())
    settings = {**settings_for(discord), "GUILDBOOK_STREAM_SECONDS_MAX": "1"}
    process = spawn("serve", "--port", port, url=shared_database_url, settings=settings)
    wait_until_ready(f"http://127.0.0.1:{port}")
    yield f"http://127.0.0.1:{port}", process
    if process.poll() is None:
        stop(process)


@pytest.fixture
async def impatient(url: tuple[str, subprocess.Popen[bytes]], shared_database_url: str) -> AsyncIterator[Impatient]:
    """Meet it."""
    async with open_world(url[0], shared_database_url) as met:
        yield Impatient(url[1], met)


def idle(bot: Bot) -> connect:
    """Listen with hardly any room for what is not yet read."""
    headers = {"Authorization": bot.token}
    seconds = LEAVE_SECONDS  # who takes nothing would not hear a goodbye
    return connect(url_of(bot.http), additional_headers=headers, max_queue=1, proxy=None, close_timeout=seconds)


async def drained(socket: ClientConnection) -> tuple[list[int], int]:
    """Read what is there, and why it ends."""
    positions = list[int]()
    async with asyncio.timeout(PATIENCE_SECONDS):
        try:
            while True:
                positions.append((await heard(socket))["position"])
        except ConnectionClosed as closed:
            return positions, closed.rcvd.code if closed.rcvd else 1006


async def test_a_slow_client_falls_behind_and_loses_nothing(world: World) -> None:
    bot = await world.bot()
    guild = await new_home(bot)
    async with idle(bot) as slow, listening(bot) as quick:
        end = await rename(world, guild, MUCH, TEXT)
        while (await heard(quick))["position"] < end:
            pass
        expected = range(end - MUCH + 1, end + 1)
        assert [(await heard(slow))["position"] for _ in expected] == list(expected)


async def test_a_client_that_takes_nothing_is_sent_away_and_resumes(impatient: Impatient) -> None:
    world = impatient.world
    bot = await world.bot()
    guild = await new_home(bot)
    async with idle(bot) as slow:
        end = await rename(world, guild, MUCH, TEXT)
        await asyncio.sleep(TAKES_NOTHING_SECONDS)  # which is what it does
        positions, code = await drained(slow)
    assert code in {1013, 1006}  # what it has not taken may stand before the word of goodbye
    assert 0 < len(positions) < MUCH
    async with listening(bot, after=positions[-1]) as again:
        while positions[-1] < end:
            positions.append((await heard(again))["position"])
    assert positions == list(range(end - MUCH + 1, end + 1))


async def test_a_stopping_server_says_so(impatient: Impatient) -> None:
    bot = await impatient.world.bot()
    guild = await new_home(bot)
    async with listening(bot) as socket, streaming(bot) as events, idle(bot):
        end = await rename(impatient.world, guild, 1)
        assert (await heard(socket))["position"] == (await anext(events))["position"] == end
        started = time.monotonic()
        impatient.process.send_signal(signal.SIGTERM)
        assert await close_code(socket) == 1012
        assert [event async for event in events] == []  # it ends as an answer ends, not as a lost connection
    assert await asyncio.to_thread(impatient.process.wait, PATIENCE_SECONDS) == 0
    assert time.monotonic() - started < STOP_SECONDS_MAX


async def test_a_client_that_takes_nothing_does_not_hold_up_a_stopping_server(impatient: Impatient) -> None:
    bot = await impatient.world.bot()
    guild = await new_home(bot)
    async with idle(bot), idle(bot), listening(bot) as quick:
        await rename(impatient.world, guild, MUCH, TEXT)
        await heard(quick)
        impatient.process.send_signal(signal.SIGTERM)
        assert await asyncio.to_thread(impatient.process.wait, PATIENCE_SECONDS) == 0
