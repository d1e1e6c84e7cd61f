"""The callbacks' worker, fan-out and sender, is killed with -9 under load: nothing is lost, and order is kept."""

import asyncio
import json
from collections import defaultdict
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager, suppress
from itertools import count, groupby

import pytest

from tests import servers
from tests.books import ask, until
from tests.workers.callbacks.community import open_community
from tests.workers.callbacks.hooks import HOME, Hooks
from tests.workers.callbacks.receivers import Receiver, open_receiver

pytestmark = [pytest.mark.faults, pytest.mark.xdist_group("faults")]

KILLS = 6
RECEIVED_BEFORE_KILL = 40
ROLES = 8
AHEAD = 60  # events
PATHS = ("/one", "/two", "/three")
SETTINGS = {"GUILDBOOK_CALLBACKS_ALLOW_PRIVATE": "1", "GUILDBOOK_CALLBACK_PENDING_MAX": "50"}
WAIT_SECONDS_MAX = 60.0


@asynccontextmanager
async def talking(hooks: Hooks, receiver: Receiver) -> AsyncIterator[None]:
    """Let things happen all the while, to one role after the other, so that there is always something to send."""
    may_speak = asyncio.Lock()

    async def talk() -> None:
        for number in count():
            await receiver.came((number - AHEAD) * len(PATHS), WAIT_SECONDS_MAX)
            async with may_speak:
                await hooks.say(number % ROLES + 1)

    task = asyncio.create_task(talk())
    yield
    async with may_speak:  # what is being said is in the log before anybody looks there
        task.cancel()
    with suppress(asyncio.CancelledError):
        await task


@contextmanager
def working(url: str) -> Iterator[None]:
    """Run a worker, and kill it."""
    worker = servers.spawn("work", "callbacks", url=url, settings=SETTINGS)
    try:
        yield
    finally:
        worker.kill()
        worker.wait()


def lanes(receiver: Receiver) -> dict[tuple[str, str], list[int]]:
    """Return the positions that came, by path and entity, in the order of arrival."""
    found: dict[tuple[str, str], list[int]] = defaultdict(list)
    for received in receiver.received:
        event = json.loads(received.body)
        found[received.path, event["subject"]].append(int(event["id"]))
    return found


def expected(url: str) -> dict[str, list[int]]:
    """Return what the log says of each role."""
    found: dict[str, list[int]] = defaultdict(list)
    query = "SELECT stream, position FROM book.log WHERE type = 'guilds.RoleCreated' ORDER BY position"
    for stream, position in ask(url, query):
        found[str(stream)].append(int(str(position)))
    return found


async def test_every_event_reaches_every_endpoint_in_order_however_often_the_worker_is_killed(
    database_url: str,
) -> None:
    async with open_community(database_url) as community, open_receiver() as receiver:
        hooks = Hooks(community)
        await hooks.bot()
        for path in PATHS:
            await hooks.add(receiver.url.replace("/hook", path), contexts=("guilds",), guilds=(HOME,))
        async with talking(hooks, receiver):
            for _ in range(KILLS):
                with working(database_url):
                    await receiver.came(len(receiver.received) + RECEIVED_BEFORE_KILL, WAIT_SECONDS_MAX)
        told = expected(database_url)
        wanted = sum(map(len, told.values())) * len(PATHS)
        with working(database_url):
            await until(lambda: len(distinct(receiver)) >= wanted, WAIT_SECONDS_MAX)
    assert len(receiver.received) > wanted  # some came twice: kills did hit something
    in_order = {lane: [position for position, _ in groupby(positions)] for lane, positions in lanes(receiver).items()}
    assert in_order == {(path, stream): positions for path in PATHS for stream, positions in told.items()}


def distinct(receiver: Receiver) -> set[str]:
    """Return the ids that came."""
    return {received.headers["webhook-id"] for received in receiver.received}
