"""Two thousand bots listen to one process: each hears of every load, in order, and misses nothing when it is cut."""

import asyncio
import json
import resource
from collections.abc import Iterator
from itertools import pairwise

import pytest
from websockets.asyncio.client import ClientConnection, connect

from tests.api.xenon.callers import Program, program
from tests.api.xenon.listeners import PATHS, url_of
from tests.api.xenon.loads import Load
from tests.world import World

pytestmark = pytest.mark.alone

LISTENERS = 2_000
OF_A_TOKEN = 10
LOADS = 20
AT_ONCE = 50
CUT_EVERY = 40
FILES = 3 * LISTENERS


@pytest.fixture(scope="module", autouse=True)
def files() -> Iterator[None]:
    """Let this process, and those that it starts, have as many sockets as that takes."""
    before = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (max(FILES, before[0]), max(FILES, before[1])))
    yield
    resource.setrlimit(resource.RLIMIT_NOFILE, before)


class Ear:
    """A connection that is opened again where it was cut."""

    def __init__(self, bot: Program, cuts: frozenset[int]) -> None:
        self.bot = bot
        self.cuts = cuts
        self.heard: list[tuple[str, str, int]] = []

    async def open(self, after: int) -> ClientConnection:
        url = url_of(self.bot.http, PATHS[0], {"after": after})
        headers = {"Authorization": self.bot.token or ""}
        return await connect(url, additional_headers=headers, proxy=None, compression=None, open_timeout=60)

    async def listen(self, socket: ClientConnection) -> None:
        """Listen until all loads are done."""
        while len(self.heard) < 2 * LOADS:
            frame = json.loads(await socket.recv())
            self.heard.append((frame["event"], frame["data"]["load_id"], frame["data"]["position"]))
            if len(self.heard) in self.cuts:
                socket.transport.abort()
                socket = await self.open(self.heard[-1][2])
        await socket.close()


async def test_two_thousand_listeners_hear_of_every_load_in_order(world: World) -> None:
    loads = [Load(world) for _ in range(LOADS)]
    head = await Load(world).end()
    bots = [program(await world.bot()) for _ in range(LISTENERS // OF_A_TOKEN)]
    ears = [Ear(bots[number % len(bots)], _cuts(number)) for number in range(LISTENERS)]
    doors = asyncio.Semaphore(AT_ONCE)

    async def opened(ear: Ear) -> ClientConnection:
        async with doors:
            return await ear.open(head)

    sockets = await asyncio.gather(*map(opened, ears))
    listening = [asyncio.create_task(ear.listen(socket)) for ear, socket in zip(ears, sockets, strict=True)]
    for load in loads:
        await load.start()
    for load in loads:
        await load.end()
    async with asyncio.timeout(120):
        await asyncio.gather(*listening)
    wanted = [(event, load.id) for event in ("start", "done") for load in loads]
    for ear in ears:
        assert [(event, load) for event, load, _ in ear.heard] == wanted
        assert all(before[2] < after[2] for before, after in pairwise(ear.heard))


def _cuts(number: int) -> frozenset[int]:
    """Return after how many frames a connection is cut: every so manieth one is, three times."""
    return frozenset({7, 20, 33}) if number % CUT_EVERY == 0 else frozenset()
