"""Readers that are fed from Kafka are killed, rebalanced and left without a broker: what they make is a replay."""

import asyncio
import subprocess
from collections.abc import AsyncIterator, Iterator
from contextlib import ExitStack, asynccontextmanager, contextmanager
from pathlib import Path
from random import Random

import pytest

from domain.apps.aggregate import AUDITOR_SCOPE
from domain.apps.commands import create_bot
from domain.processes.add_callback import add_callback
from projections.catalogue import PROJECTORS
from projections.rebuild import rebuild
from store import leadership
from store.event_store import EventStore
from tests import servers
from tests.books import ORIGIN, ask, dump, opened, places, shown, until
from tests.deeds import Deeds, do_many
from tests.kafka_broker import ApacheKafka
from tests.workers.callbacks.hooks import SECRET
from tests.workers.kafka.carrying import carrier
from workers.callbacks.cursors import READER as FANOUT

pytestmark = [pytest.mark.faults, pytest.mark.xdist_group("kafka")]

BOT = 4401
DEEDS_AT_A_TIME = 40
FOLLOWED_SECONDS_MAX = 90
ROLES = ("projector", "projector", "projector", "callbacks", "callbacks")
READERS = ("projector", FANOUT)
BREAK_OFF = """
    SELECT pg_terminate_backend(pid)
    FROM pg_locks
    WHERE locktype = 'advisory' AND database = (SELECT oid FROM pg_database WHERE datname = current_database())
        AND (classid::bigint << 32) + objid::bigint = ANY(%s) AND granted
"""


class Workers:
    """Processes that read what Kafka brings; each writes its log to a file of its own."""

    def __init__(self, url: str, settings: dict[str, str], folder: Path) -> None:
        self._url = url
        self._settings = settings | {"GUILDBOOK_FEED": "kafka"}
        self._folder = folder
        self._count = 0
        self.running = [self._start(role) for role in ROLES]

    def _start(self, role: str) -> subprocess.Popen[bytes]:
        self._count += 1
        with (self._folder / f"{role}-{self._count}").open("wb") as log:
            return servers.spawn("work", role, url=self._url, settings=self._settings, log=log)

    def kill(self, number: int) -> None:
        """Kill one, as nobody expects, and start another in its place."""
        process = self.running[number]
        assert process.poll() is None, "it died by itself"
        process.kill()
        process.wait()
        self.running[number] = self._start(ROLES[number])

    def followed(self) -> list[int]:
        """Return how often each reader has begun to follow Kafka so far."""
        logs = [path.read_text() for path in self._folder.iterdir()]
        said = [line for log in logs for line in log.splitlines() if "Kafka is followed" in line]
        return [sum(f"-{reader}" in line for line in said) for reader in READERS]

    async def follow_again(self) -> None:
        """Wait until all readers have begun to follow Kafka once more."""
        before = self.followed()

        async def is_so() -> bool:
            await asyncio.sleep(0.2)
            return all(now > then for now, then in zip(self.followed(), before, strict=True))

        await until(is_so, FOLLOWED_SECONDS_MAX)

    def end(self) -> None:
        """Leave nobody behind."""
        for process in self.running:
            process.kill()
            process.wait()


@contextmanager
def running(url: str, broker: ApacheKafka, prefix: str, folder: Path) -> Iterator[Workers]:
    """Run a relay and all those who read what it brings."""
    with ExitStack() as stack:
        relay = servers.spawn("work", "relay", url=url, settings=broker.settings(prefix))
        stack.callback(relay.wait)
        stack.callback(relay.kill)
        workers = Workers(url, broker.settings(prefix), folder)
        stack.callback(workers.end)
        yield workers


@asynccontextmanager
async def load(store: EventStore) -> AsyncIterator[None]:
    """Let things happen, all the time."""

    async def happen() -> None:
        deeds = Deeds(seed=3)
        while True:
            await do_many(store, deeds, DEEDS_AT_A_TIME)

    task = asyncio.create_task(happen())
    try:
        yield
    finally:
        task.cancel()
        await asyncio.wait([task])


async def listen_to_all(store: EventStore) -> int:
    """Register a callback that is to be told of everything, and return its id."""
    wishes = {"app": BOT, "name": "bot", "token_hash": "h", "scopes": (AUDITOR_SCOPE,), "guilds": None}
    await store.execute(ORIGIN, create_bot, **wishes)
    added = await store.execute(ORIGIN, add_callback, app=BOT, url="http://127.0.0.1:9/", secret=SECRET)
    return added.value.id


async def assert_all_is_as_in_a_replay(url: str, store: EventStore, callback: int) -> None:
    await shown(url)

    async def is_told() -> bool:
        return (await places(url))[FANOUT].lag == 0

    await until(is_told)
    projected = dump(url)
    assert await rebuild(url, store.keyring, PROJECTORS) == []
    assert dump(url) == projected
    assert all(projected.values())
    told = ask(url, "SELECT position FROM operations.deliveries WHERE callback = %s ORDER BY position", callback)
    happened = ask(url, "SELECT position FROM book.log WHERE position >= %s ORDER BY position", told[0][0])
    assert told == happened


async def test_rows_and_deliveries_are_those_of_a_replay(
    database_url: str, apache_kafka: ApacheKafka, kafka_prefix: str, tmp_path: Path
) -> None:
    random, locks = Random(5), [leadership.PROJECTOR, leadership.CALLBACK_FANOUT]
    with running(database_url, apache_kafka, kafka_prefix, tmp_path) as workers:
        async with opened(database_url) as store:
            callback = await listen_to_all(store)
            async with load(store):
                await workers.follow_again()
                for number in random.sample(range(5), 5):
                    await asyncio.to_thread(workers.kill, number)
                    await asyncio.sleep(random.random())
                await workers.follow_again()
                with carrier(apache_kafka, kafka_prefix, database_url) as carrying:
                    with carrying.member("projector") as thief:
                        await until(lambda: asyncio.to_thread(thief.has_some))
                        ask(database_url, BREAK_OFF, locks)  # who led lives on, and others take its place
                    await workers.follow_again()
                await asyncio.to_thread(apache_kafka.stop)
                await asyncio.sleep(2)
                await asyncio.to_thread(apache_kafka.start)
                await workers.follow_again()
            await assert_all_is_as_in_a_replay(database_url, store, callback)
