"""The log as it is read through Kafka: every event once, in order, whatever Kafka brings, repeats or leaves out."""

import asyncio
import time
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from functools import partial
from random import Random
from typing import Any

import pytest
from psycopg import AsyncConnection
from psycopg.rows import TupleRow
from structlog.testing import capture_logs

from domain.permissions import OPERATOR
from domain.teams.commands import create_team
from projections.catalogue import PROJECTORS
from projections.rebuild import rebuild
from store import log
from store.connections import connect
from store.event_store import EventStore
from store.source import Source
from tests.books import ORIGIN, dump, opened, projecting, shown, until
from tests.conftest import cloned
from tests.deeds import Deeds, do_many
from tests.kafka_broker import Broker
from tests.workers.kafka.carrying import Carrier, carrier
from workers.kafka import inflow
from workers.kafka import source as module
from workers.kafka.connection import Client, poll
from workers.kafka.source import from_kafka

pytestmark = pytest.mark.xdist_group("kafka")

FOLLOWED = "Kafka is followed"
TIMES_LEVEL = 5
FOLLOWED_SECONDS_MAX = 90  # a group takes its time
Row = tuple[Any, ...]


@pytest.fixture(params=["structured"])
def kafka_mode(request: pytest.FixtureRequest) -> str:
    return request.param


@pytest.fixture
def carrying(kafka: Broker, kafka_prefix: str, database_url: str, kafka_mode: str) -> Iterator[Carrier]:
    with carrier(kafka, kafka_prefix, database_url, kafka_mode) as reached:
        yield reached


@pytest.fixture(autouse=True)
def patience(monkeypatch: pytest.MonkeyPatch) -> None:
    """Wait for Kafka as long as it takes where it will come, and as short as a test can where it will not."""
    monkeypatch.setattr(module, "PATIENCE_SECONDS", 0.3)


@pytest.fixture
def real_kafka(kafka: Broker) -> None:
    """Skip where there is only a broker that makes topics and groups in a way of its own."""
    if not kafka.is_real:
        pytest.skip(f"needs an Apache Kafka; there is {kafka.name}")


class Reader:
    """Reads all that there is, as a worker does, and remembers it."""

    def __init__(self, connection: AsyncConnection[TupleRow], source: Source, limit: int = 100) -> None:
        self.rows: list[Row] = []
        self.position = 0
        self._connection = connection
        self._source = source
        self._limit = limit

    async def read_to(self, position: int) -> None:
        """Read until this position is taken in."""

        async def is_there() -> bool:
            end, rows = await self._source.read(self._connection, self.position, self._limit, None)
            await self._source.keep(self._connection, end)
            assert [row[5] for row in rows[-1:]] == ([end] if rows else []), "whole appends only"
            self.rows += rows
            self.position = end
            return end >= position

        await until(is_there)

    async def follow(self, carrying: Carrier) -> None:
        """Read what is there until it comes from Kafka."""
        with capture_logs() as logs:
            await asyncio.to_thread(carrying.carry, carrying.log())

            async def is_followed() -> bool:
                await self.read_to(0)
                return FOLLOWED in events_of(logs)

            await until(is_followed, FOLLOWED_SECONDS_MAX)


@asynccontextmanager
async def reading(carrying: Carrier, url: str) -> AsyncIterator[Reader]:
    """Open Kafka as a reader's source; it wakes nobody, since these readers do not sleep."""
    settings = carrying.settings
    async with await connect(url) as connection, from_kafka(settings, connection, "tests", lambda: None) as source:
        yield Reader(connection, source)


def events_of(logs: Any) -> list[str]:  # noqa: ANN401
    return [entry["event"] for entry in logs]


def project_from(carrying: Carrier, url: str) -> Any:  # noqa: ANN401
    return projecting(url, open_source=partial(from_kafka, carrying.settings))


async def create_a_team(store: EventStore) -> None:
    await store.execute(ORIGIN, create_team, OPERATOR, name="Azores")


async def is_a_replay(url: str, store: EventStore) -> bool:
    """Tell whether the tables are what a fresh replay makes, byte by byte."""
    before = dump(url)
    return await rebuild(url, store.keyring, PROJECTORS) == [] and dump(url) == before


@pytest.mark.parametrize("kafka_mode", ["structured", "binary"], indirect=True)
async def test_events_come_from_kafka_as_the_log_has_them(
    carrying: Carrier, database_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with opened(database_url) as store, reading(carrying, database_url) as reader:
        await do_many(store, Deeds(1), 100)
        await reader.follow(carrying)
        monkeypatch.setattr(log, "read_rows", None)
        monkeypatch.setattr(module, "PATIENCE_SECONDS", 60)
        await do_many(store, Deeds(2), 500)
        carrying.carry(carrying.log(reader.position))
        await reader.read_to(carrying.log()[-1][0])
        assert reader.rows == carrying.log()


async def test_half_an_append_is_waited_for(
    carrying: Carrier, database_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with opened(database_url) as store, reading(carrying, database_url) as reader:
        await do_many(store, Deeds(1), 30)
        await reader.follow(carrying)
        monkeypatch.setattr(module, "PATIENCE_SECONDS", 60)
        await do_many(store, Deeds(2), 60)
        new = carrying.log(reader.position)
        half = next(place for place, event in enumerate(new, start=1) if event.position < event.append_end)
        carrying.carry(new[:half])
        await reader.read_to(new[half - 1].position - 1)
        carrying.carry(new[half:])
        await reader.read_to(new[-1].position)
        assert reader.rows == carrying.log()


@pytest.mark.parametrize("seed", range(3))
async def test_nothing_is_lost_repeated_or_reordered_whatever_kafka_brings(
    carrying: Carrier, database_url: str, seed: int
) -> None:
    random = Random(seed)
    async with opened(database_url) as store, reading(carrying, database_url) as reader:
        await do_many(store, Deeds(seed), 30)
        await reader.follow(carrying)
        for _ in range(8):
            await do_many(store, Deeds(random.randrange(1000)), 60)
            events = carrying.log()
            new = events[reader.position :]
            some = [event for event in new if random.random() > 0.05] if random.random() < 0.5 else new
            carrying.carry(random.sample(events, min(30, len(events))))
            carrying.carry(some)
            carrying.carry(some[: random.randint(0, len(some))])
            carrying.carry_junk("accounts", b"\xff{", [("position", b"9" * random.randint(1, 30))])
            junk = random.choice([b"{}", b"", None, b'{"data":' + b"[" * 100_000])
            carrying.carry_junk("teams", junk, [("position", str(len(events) + 1).encode())])
            if random.random() < 0.8:
                await reader.read_to(len(events))
        await reader.read_to(len(carrying.log()))
        assert reader.rows == carrying.log()


@pytest.mark.usefixtures("real_kafka")
async def test_rows_offsets_and_checkpoint_are_one_commit(carrying: Carrier, database_url: str) -> None:
    query = """
        SELECT position, (SELECT count(*) FROM projections.teams),
            (SELECT coalesce(sum(next_offset), 0) FROM operations.kafka_offsets)
        FROM operations.checkpoints
        WHERE reader = 'teams'
    """
    seen: set[tuple[int, int, int]] = set()
    async with (
        opened(database_url) as store,
        await connect(database_url) as connection,
        project_from(carrying, database_url),
    ):

        async def level_so_often() -> bool:
            before = len(carrying.log())
            await asyncio.gather(*(create_a_team(store) for _ in range(10)))
            await asyncio.to_thread(carrying.carry, carrying.log(before))
            await shown(database_url)
            seen.update(await (await connection.execute(query)).fetchall())
            return sum(offsets == position for position, _, offsets in seen) >= TIMES_LEVEL

        await until(level_so_often, FOLLOWED_SECONDS_MAX)
    assert all(position == rows for position, rows, _ in seen)
    assert all(offsets <= position for position, _, offsets in seen)


@pytest.mark.usefixtures("real_kafka")
async def test_a_topic_that_begins_late_or_has_forgotten_is_completed_from_the_log(
    carrying: Carrier, database_url: str
) -> None:
    async with opened(database_url) as store:
        async with project_from(carrying, database_url):
            await do_many(store, Deeds(1), 300)
            await shown(database_url)  # and Kafka is never told of these
            with capture_logs() as logs:
                await until_followed(carrying, store, logs)
                await shown(database_url)
        await do_many(store, Deeds(2), 300)
        carrying.carry(carrying.log())
        carrying.forget()
        async with project_from(carrying, database_url):
            await do_many(store, Deeds(3), 300)
            carrying.carry(carrying.log()[-100:])
            await shown(database_url)
        assert await is_a_replay(database_url, store)


async def until_followed(carrying: Carrier, store: EventStore, logs: Any) -> None:  # noqa: ANN401
    """Let things happen, and carry them to Kafka, until the projector follows it."""

    async def is_followed() -> bool:
        before = len(carrying.log())
        await do_many(store, Deeds(before), 10)
        await asyncio.to_thread(carrying.carry, carrying.log(before))
        return FOLLOWED in events_of(logs)

    await until(is_followed, FOLLOWED_SECONDS_MAX)


@pytest.mark.usefixtures("real_kafka")
async def test_another_members_share_of_the_group_is_read_from_the_log(carrying: Carrier, database_url: str) -> None:
    async with opened(database_url) as store, project_from(carrying, database_url):
        with capture_logs() as logs:
            await until_followed(carrying, store, logs)
        with carrying.member("projector") as thief:
            await until(lambda: asyncio.to_thread(thief.has_some))
            for seed in range(3):
                before = len(carrying.log())
                await do_many(store, Deeds(seed), 100)
                carrying.carry(carrying.log(before))
                await shown(database_url)
        with capture_logs() as logs:
            await until_followed(carrying, store, logs)
        await shown(database_url)
        assert await is_a_replay(database_url, store)


async def test_a_consumer_that_never_hears_anything_is_replaced(
    carrying: Carrier, database_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    members = list[Client]()

    def first_is_deaf(consumer: Client, milliseconds: int) -> Any:  # noqa: ANN401 - as kafka-python has it
        members.append(consumer)
        return poll(consumer, milliseconds) if consumer is not members[0] else time.sleep(0.1) or {}

    monkeypatch.setattr(inflow, "poll", first_is_deaf)
    monkeypatch.setattr(module, "SILENCE_SECONDS_MAX", 1.0)
    with capture_logs() as logs:
        async with opened(database_url) as store, project_from(carrying, database_url):
            await until_followed(carrying, store, logs)
    assert "Kafka is silent, and joined anew" in events_of(logs)


@pytest.mark.usefixtures("real_kafka")
async def test_what_the_log_does_not_have_is_not_believed(
    carrying: Carrier, database_url: str, server_url: str, template: str
) -> None:
    with cloned(server_url, template) as another, carrying.of(another) as stranger, capture_logs() as logs:
        async with opened(database_url) as store, opened(another) as other_store:
            deeds = Deeds(2)

            async def is_noticed() -> bool:
                await do_many(store, deeds, 5)  # few: what the stranger's log has goes far beyond
                await shown(database_url)
                return "Kafka carries what the log has not, and is left alone" in events_of(logs)

            await do_many(other_store, Deeds(1), 800)
            stranger.carry(stranger.log())
            async with project_from(carrying, database_url):
                await until(is_noticed, FOLLOWED_SECONDS_MAX)
                carrying.carry(carrying.log())
                await do_many(store, deeds, 100)
                await shown(database_url)
            assert await is_a_replay(database_url, store)
