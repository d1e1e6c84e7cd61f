"""The relay is killed, paused, left without its broker or its database: Kafka has every event once, in order."""

import asyncio
import signal
import subprocess
import time
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from functools import partial
from pathlib import Path
from random import Random

import psycopg
import pytest

from store import leadership
from store.event_store import EventStore
from tests import servers
from tests.books import opened, places, until
from tests.deeds import Deeds, do_many
from tests.faults.clusters import cluster
from tests.kafka_broker import ApacheKafka
from tests.store import visitors
from tests.workers.kafka import listening
from tests.workers.kafka.relaying import SECONDS_MAX, relayed
from workers.kafka.relay import READER

pytestmark = [pytest.mark.faults, pytest.mark.xdist_group("kafka")]

KILLS = 20
BROKER_DIES_AT = 9
DEEDS_AT_A_TIME = 50
PAUSE_SECONDS = 0.1
STOP_SECONDS_MAX = 9.0  # Docker kills whoever takes ten
TELL_ITS_LEADER_TO_GO = """
    SELECT pg_terminate_backend(pid)
    FROM pg_locks
    WHERE locktype = 'advisory' AND database = (SELECT oid FROM pg_database WHERE datname = current_database())
        AND (classid::bigint << 32) + objid::bigint = %s AND granted
"""


@contextmanager
def relay(url: str, broker: ApacheKafka, prefix: str) -> Iterator[subprocess.Popen[bytes]]:
    """Run a relay process; whatever became of it, it is gone at the end."""
    process = servers.spawn("work", "relay", url=url, settings=broker.settings(prefix))
    try:
        yield process
    finally:
        process.kill()
        process.wait()


@asynccontextmanager
async def load(store: EventStore) -> AsyncIterator[None]:
    """Append, again and again."""

    async def append() -> None:
        deeds = Deeds(seed=8)
        while True:
            await do_many(store, deeds, DEEDS_AT_A_TIME)
            await asyncio.sleep(PAUSE_SECONDS)  # so that a relay can become level

    task = asyncio.create_task(append())
    yield
    task.cancel()
    await asyncio.wait([task])


async def published(url: str) -> int:
    """Return how far the relay says that it is."""
    place = (await places(url)).get(READER)
    return place.position if place else 0


async def goes_on(url: str) -> None:
    """Wait until more is published than now."""
    before = await published(url)

    async def is_further() -> bool:
        return await published(url) > before

    await until(is_further, SECONDS_MAX)


async def assert_kafka_has_the_log(url: str, broker: ApacheKafka, prefix: str) -> None:
    """Wait until the relay is level, and compare what is in Kafka with the log."""
    head = await relayed(url)
    records = await asyncio.to_thread(listening.events, broker, prefix)
    listening.assert_every_position_once_and_streams_in_order(records, head)
    marks = await asyncio.to_thread(listening.watermarks, broker, prefix)
    listening.assert_watermarks_follow_one_another(marks, head)
    listening.assert_watermarks_say_where_to_read(marks, records)


async def test_killed_under_load_again_and_again_it_neither_loses_nor_repeats(
    database_url: str, apache_kafka: ApacheKafka, kafka_prefix: str
) -> None:
    random, settings = Random(9), apache_kafka.settings(kafka_prefix)
    relays = [servers.spawn("work", "relay", url=database_url, settings=settings) for _ in range(2)]
    try:
        async with opened(database_url) as store:
            async with load(store):
                for number in range(KILLS):
                    await goes_on(database_url)
                    await asyncio.sleep(random.uniform(0, 0.1))  # anywhere in a transaction
                    relays.append(servers.spawn("work", "relay", url=database_url, settings=settings))
                    relays[number].kill()
                    if number == BROKER_DIES_AT:
                        await asyncio.to_thread(apache_kafka.kill)
                        await asyncio.to_thread(apache_kafka.start)
            await assert_kafka_has_the_log(database_url, apache_kafka, kafka_prefix)
    finally:
        for process in relays:
            process.kill()
            process.wait()


async def test_it_goes_on_when_the_broker_is_back(
    database_url: str, apache_kafka: ApacheKafka, kafka_prefix: str
) -> None:
    async def is_stopped_by(error: str | None) -> bool:
        place = (await places(database_url)).get(READER)
        return place is not None and place.error == error

    async with opened(database_url) as store:
        with relay(database_url, apache_kafka, kafka_prefix):
            await do_many(store, Deeds(seed=1), DEEDS_AT_A_TIME)
            await relayed(database_url)
            await asyncio.to_thread(apache_kafka.stop)
            await do_many(store, Deeds(seed=2), DEEDS_AT_A_TIME)
            await until(partial(is_stopped_by, "KafkaTimeoutError"))
            await asyncio.to_thread(apache_kafka.start)
            await until(partial(is_stopped_by, None), SECONDS_MAX)
            await assert_kafka_has_the_log(database_url, apache_kafka, kafka_prefix)


async def test_it_goes_on_when_the_database_is_back(apache_kafka: ApacheKafka, kafka_prefix: str) -> None:
    with visitors.open_home() as home, cluster(home) as postgres, relay(postgres.url, apache_kafka, kafka_prefix):
        for seed in range(2):
            async with opened(postgres.url) as store:
                await do_many(store, Deeds(seed), DEEDS_AT_A_TIME)
                await goes_on(postgres.url)
            await asyncio.to_thread(postgres.restart, signal.SIGQUIT)
        await assert_kafka_has_the_log(postgres.url, apache_kafka, kafka_prefix)


async def test_who_stands_by_takes_over_and_a_paused_predecessor_changes_nothing(
    database_url: str, apache_kafka: ApacheKafka, kafka_prefix: str
) -> None:
    async with opened(database_url) as store:
        with relay(database_url, apache_kafka, kafka_prefix) as paused:
            async with load(store):
                await goes_on(database_url)
                paused.send_signal(signal.SIGSTOP)
                with relay(database_url, apache_kafka, kafka_prefix):
                    let_go(database_url)
                    await goes_on(database_url)
                    paused.send_signal(signal.SIGCONT)
                    await goes_on(database_url)
                    await goes_on(database_url)
            await assert_kafka_has_the_log(database_url, apache_kafka, kafka_prefix)


def let_go(url: str) -> None:
    """Take the leadership from whoever has it."""
    with psycopg.connect(url, autocommit=True) as connection:
        assert connection.execute(TELL_ITS_LEADER_TO_GO, (leadership.RELAY,)).fetchall() == [(True,)]


async def test_it_stops_in_time_whether_or_not_the_broker_answers(
    database_url: str, apache_kafka: ApacheKafka, kafka_prefix: str, tmp_path: Path
) -> None:
    async with opened(database_url) as store:
        for is_there in (True, False):
            with (tmp_path / "said").open("wb") as said:
                settings = apache_kafka.settings(kafka_prefix)
                process = servers.spawn("work", "relay", url=database_url, settings=settings, log=said)
                await do_many(store, Deeds(seed=3), DEEDS_AT_A_TIME)
                await relayed(database_url)
                if not is_there:
                    apache_kafka.kill()
                await do_many(store, Deeds(seed=4), DEEDS_AT_A_TIME)
                began = time.monotonic()
                await asyncio.to_thread(servers.stop, process)
            assert time.monotonic() - began < STOP_SECONDS_MAX
            assert process.returncode == 0
            assert "Traceback" not in (tmp_path / "said").read_text()
