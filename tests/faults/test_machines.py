"""Two servers and two of each worker on one database: whoever leads is killed under load, and the other takes over."""

import asyncio
import json
from collections.abc import AsyncIterator, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from typing import NamedTuple

import httpx
import pytest

from store.event_store import EventStore
from tests.books import ask, opened, until
from tests.faults.machines import WORKERS, Machines, machines
from tests.servers import wait_until_ready
from tests.workers.callbacks.receivers import Received, Receiver, open_receiver
from tests.workers.loader.town import ask_for_load, back_up, ended, make_source, make_target
from tests.world import Caller, World, new_number, open_world

pytestmark = [pytest.mark.faults, pytest.mark.xdist_group("faults")]

WRITERS = 6
TAKE_OVER_SECONDS_MAX = 5.0  # it takes half a second on average; the machine of a test run may be busy
LOADED_SECONDS_MAX = 60.0
EVENT, BOOK = "/callback/account_created", "/book"
SETTINGS = {
    "GUILDBOOK_CALLBACKS_ALLOW_PRIVATE": "1",
    "GUILDBOOK_FRESHNESS_SECONDS_MAX": "30",  # so that nothing is stale only because this machine is slow
}
LOG = "SELECT count(*), min(position), max(position) FROM book.log"
CREATED = "SELECT position, stream FROM book.log WHERE type = 'accounts.AccountCreated'"


class Server(NamedTuple):
    """One of the two, as its caller has it."""

    manager: Caller
    anyone: Caller


class Writers:
    """Write through one server and read through both, without pause; who is cut off asks the other."""

    def __init__(self, servers: Sequence[Server]) -> None:
        self._servers = servers
        self._goes_on = True
        self.acknowledged: dict[int, int] = {}  # the position of each account
        self.stale = 0
        self.cut_off = 0

    async def run(self) -> None:
        """Write until it is enough."""
        async with asyncio.TaskGroup() as tasks:
            for number in range(WRITERS):
                tasks.create_task(self._write(self._servers[number % 2], self._servers[(number + 1) % 2]))

    def stop(self) -> None:
        """Let everybody finish."""
        self._goes_on = False

    async def more(self, count: int = 20) -> None:
        """Return when so many more writes were acknowledged."""
        wanted = len(self.acknowledged) + count
        await until(lambda: len(self.acknowledged) >= wanted, LOADED_SECONDS_MAX)

    async def _write(self, here: Server, there: Server) -> None:
        while self._goes_on:
            try:
                await self._one(here, there)
            except httpx.TransportError:
                self.cut_off += 1
                here, there = there, here
                await asyncio.sleep(0.05)

    async def _one(self, here: Server, there: Server) -> None:
        account = new_number()
        body = {"id": account, "name": "Ines", "discriminator": "0412"}
        made = await here.manager.post("/accounts/new", body)
        assert made.status_code == 201, made.text
        position = made.headers["Guildbook-Position"]
        self.acknowledged[account] = int(position)
        self._shows(account, await here.anyone.get(f"/account/{account}"), made)
        self._shows(account, await there.anyone.get(f"/account/{account}", headers={"Guildbook-After": position}))

    def _shows(self, account: int, answer: httpx.Response, *before: httpx.Response) -> None:
        """See to it that a read shows the account, unless it was said that it would not."""
        if any("Guildbook-Stale" in each.headers for each in (answer, *before)):
            self.stale += 1
            return
        assert answer.status_code == 200, f"{account} is not shown"


async def test_whoever_leads_is_killed_and_nothing_is_lost(database_url: str) -> None:
    async with open_receiver() as receiver, opened(database_url) as store:
        with machines(database_url, SETTINGS) as both:
            async with open_world(both.urls()[0], database_url) as world, reached(both, world) as servers:
                await subscribe(world, servers[0], receiver.url)
                await make_source(store, roles=20, channels=30)
                await back_up(store)
                await make_target(store)
                writers = Writers(servers)
                writing = asyncio.create_task(writers.run())
                took = await kill_leaders(both, writers, store) | await kill_all_leaders(both, writers, store)
                await kill_servers(both, writers)
                writers.stop()
                await writing
                await everybody_was_told(receiver, writers)
    assert max(took.values()) < TAKE_OVER_SECONDS_MAX, took
    assert writers.stale == 0
    assert_whole(database_url, writers)


@asynccontextmanager
async def reached(both: Machines, world: World) -> AsyncIterator[list[Server]]:
    """Give both servers, as a manager and as anybody."""
    async with AsyncExitStack() as stack:
        clients = [
            await stack.enter_async_context(httpx.AsyncClient(base_url=url, timeout=LOADED_SECONDS_MAX))
            for url in both.urls()
        ]
        yield [Server(world.manager.at(http), world.anyone.at(http)) for http in clients]


async def kill_leaders(both: Machines, writers: Writers, store: EventStore) -> dict[str, float]:
    """Kill the leaders one after the other, and return how long it took until another led."""
    took = {}
    for worker in WORKERS:
        await writers.more()
        if worker == "loader":
            await ask_for_load(store, "ld_1")
        took[worker] = await asyncio.to_thread(both.replace, worker)
    assert (await ended(store, "ld_1", LOADED_SECONDS_MAX)).outcome == "success"
    return took


async def kill_all_leaders(both: Machines, writers: Writers, store: EventStore) -> dict[str, float]:
    """Kill all leaders at once, as when a machine dies, and return how long it took until others led."""
    await writers.more()
    await ask_for_load(store, "ld_2")
    took = await asyncio.gather(*(asyncio.to_thread(both.replace, worker) for worker in WORKERS))
    await writers.more()
    assert (await ended(store, "ld_2", LOADED_SECONDS_MAX)).outcome == "success"
    return {f"{worker}, all at once": seconds for worker, seconds in zip(WORKERS, took, strict=True)}


async def kill_servers(both: Machines, writers: Writers) -> None:
    """Kill one server after the other; meanwhile the other answers."""
    for name, url in zip(both.apis, both.urls(), strict=True):
        both.kill(name)
        await writers.more()
        both.start(name)
        await asyncio.to_thread(wait_until_ready, url)
        await writers.more()
    assert writers.cut_off


async def subscribe(world: World, server: Server, url: str) -> None:
    """Have a receiver told of every account, in both dialects."""
    assert (await server.manager.put(EVENT, {"url": url, "secret": "s"})).status_code == 200
    bot = await world.bot("callbacks:write", "events:read")
    wanted = {"url": f"{url}{BOOK}", "types": ["accounts.AccountCreated"]}
    assert (await bot.post("/book/callbacks", wanted)).status_code == 201


async def everybody_was_told(receiver: Receiver, writers: Writers) -> None:
    """Return when the receiver was told of every acknowledged account in both dialects, of some perhaps twice."""
    accounts = {str(account) for account in writers.acknowledged}
    positions = {str(position) for position in writers.acknowledged.values()}
    await until(lambda: accounts <= {each.account() for each in told(receiver, "")}, LOADED_SECONDS_MAX)
    await until(lambda: positions <= {json.loads(each.body)["id"] for each in told(receiver, BOOK)}, LOADED_SECONDS_MAX)


def told(receiver: Receiver, dialect: str) -> list[Received]:
    """Return what came in one dialect."""
    return [each for each in receiver.received if each.path.endswith(BOOK) == bool(dialect)]


def assert_whole(url: str, writers: Writers) -> None:
    """See to it that the log has no gap and holds what was acknowledged, where it was said to be."""
    [(count, first, last)] = ask(url, LOG)
    assert (first, last) == (1, count)
    stored = {stream: position for position, stream in ask(url, CREATED)}
    said = {f"accounts-{account}": position for account, position in writers.acknowledged.items()}
    assert said.items() <= stored.items()
    assert len(stored) == len(set(stored.values()))
