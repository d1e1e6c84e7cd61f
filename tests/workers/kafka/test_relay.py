"""The relay: what a consumer of committed records finds in Kafka is the log."""

import asyncio
from functools import partial
from threading import Event

import psycopg
import pytest
from cloudevents.core.bindings.kafka import KafkaMessage, from_kafka
from cloudevents.core.formats.json import JSONFormat
from kafka.consumer.fetcher import ConsumerRecord

from domain.accounts.aggregate import Profile
from domain.permissions import OPERATOR
from domain.processes.create_account import create_account
from schemas.settings import Settings
from store.event_store import EventStore
from tests.books import ORIGIN, opened, places, until
from tests.conftest import cloned
from tests.deeds import Deeds, do_many
from tests.kafka_broker import Broker
from tests.workers.kafka import listening
from tests.workers.kafka.relaying import SECONDS_MAX, relayed, relaying
from workers.kafka.publishing import StoppedError
from workers.kafka.relay import READER, Relay, StuckError

pytestmark = pytest.mark.xdist_group("kafka")

DEEDS = 150


async def create(store: EventStore, account: int) -> None:
    profile = Profile(account, f"Person {account}", "0001", "https://a.example/1.png")
    wish = {"profile": profile, "team": None, "permissions": 0, "signups_default": True}
    await store.execute(ORIGIN, create_account, actor=OPERATOR, **wish)


async def test_every_event_is_published_once_and_streams_in_order(
    database_url: str, kafka: Broker, kafka_prefix: str
) -> None:
    settings = kafka.settings(kafka_prefix)
    async with opened(database_url) as store:
        await do_many(store, Deeds(seed=5), DEEDS)
        async with relaying(database_url, settings):
            await relayed(database_url)
            await do_many(store, Deeds(seed=6), DEEDS)
            head = await relayed(database_url)
    records = await asyncio.to_thread(listening.events, kafka, kafka_prefix)
    listening.assert_every_position_once_and_streams_in_order(records, head)


async def test_watermarks_say_what_is_there(database_url: str, kafka: Broker, kafka_prefix: str) -> None:
    async with opened(database_url) as store, relaying(database_url, kafka.settings(kafka_prefix)):
        for seed in range(4):
            await do_many(store, Deeds(seed), DEEDS // 4)
        head = await relayed(database_url)
    marks = await asyncio.to_thread(listening.watermarks, kafka, kafka_prefix)
    listening.assert_watermarks_follow_one_another(marks, head)
    records = await asyncio.to_thread(listening.events, kafka, kafka_prefix)
    listening.assert_watermarks_say_where_to_read(marks, records)


async def test_a_relay_that_starts_again_goes_on_where_it_was(
    database_url: str, kafka: Broker, kafka_prefix: str
) -> None:
    head = 0
    async with opened(database_url) as store:
        for seed in range(3):
            await do_many(store, Deeds(seed), DEEDS // 3)
            async with relaying(database_url, kafka.settings(kafka_prefix)):
                head = await relayed(database_url)
    records = await asyncio.to_thread(listening.events, kafka, kafka_prefix)
    listening.assert_every_position_once_and_streams_in_order(records, head)


@pytest.mark.judge
@pytest.mark.parametrize("mode", ["structured", "binary"])
async def test_the_official_library_reads_every_record(
    database_url: str, kafka: Broker, kafka_prefix: str, mode: str
) -> None:
    settings = {**kafka.settings(kafka_prefix), "GUILDBOOK_KAFKA_MODE": mode, "GUILDBOOK_EVENT_SOURCE": "/here"}
    async with opened(database_url) as store, relaying(database_url, settings):
        await do_many(store, Deeds(seed=7), DEEDS)
        await relayed(database_url)
    for record in await asyncio.to_thread(listening.events, kafka, kafka_prefix):
        assert_is_the_event_of_the_log(database_url, record)


def assert_is_the_event_of_the_log(url: str, record: ConsumerRecord) -> None:
    event = from_kafka(KafkaMessage(dict(record.headers), record.key, record.value), JSONFormat())
    with psycopg.connect(url) as connection:
        query = "SELECT stream, version, type, convert_from(data, 'UTF8')::json, append_end, recorded_at FROM book.log"
        row = connection.execute(f"{query} WHERE position = %s", (int(event.get_id()),)).fetchone()
    assert row
    assert event.get_source() == "/here"
    assert event.get_specversion() == "1.0"
    assert event.get_datacontenttype() == "application/json"
    assert (event.get_subject(), event.get_type(), event.get_data(), event.get_time()) == (
        row[0],
        row[2],
        row[3],
        row[5],
    )
    said = [event.get_extension(name) for name in ("position", "streamversion", "appendend")]
    assert said == [event.get_id(), str(row[1]), str(row[4])]
    assert event.get_extension("actor")
    assert record.topic.endswith(f".{row[2].partition('.')[0]}")
    assert record.key == row[0].encode()


async def test_what_is_sealed_stays_sealed(database_url: str, kafka: Broker, kafka_prefix: str) -> None:
    async with opened(database_url) as store, relaying(database_url, kafka.settings(kafka_prefix)):
        await create(store, 204)
        await relayed(database_url)
    (record,) = await asyncio.to_thread(listening.events, kafka, kafka_prefix, ["accounts"])
    assert b'"sealed":' in record.value
    assert b"Person 204" not in record.value


async def test_the_relay_says_how_far_it_is(database_url: str, kafka: Broker, kafka_prefix: str) -> None:
    async with opened(database_url) as store, relaying(database_url, kafka.settings(kafka_prefix)):
        await create(store, 205)
        head = await relayed(database_url)
    with psycopg.connect(database_url) as connection:
        query = "SELECT position, stopped_at, error FROM operations.checkpoints WHERE reader = 'kafka_relay'"
        assert connection.execute(query).fetchone() == (head, None, None)


async def test_a_relay_whose_thread_is_stuck_ends_so_that_it_is_started_again(
    database_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    stuck = Event()

    def wait(*_: object) -> None:
        stuck.wait()
        raise StoppedError

    monkeypatch.setattr("workers.kafka.relay.STUCK_SECONDS_MAX", 0.2)
    monkeypatch.setattr("workers.kafka.relay.STOP_SECONDS_MAX", 0.1)
    monkeypatch.setattr("workers.kafka.relay.topics.ensure", wait)
    try:
        with pytest.raises(StuckError):
            await asyncio.wait_for(Relay(database_url, Settings()).run(), SECONDS_MAX)
    finally:
        stuck.set()


async def test_a_log_that_is_older_than_what_kafka_has_is_not_published(
    database_url: str, server_url: str, template: str, kafka: Broker, kafka_prefix: str
) -> None:
    settings = kafka.settings(kafka_prefix)
    async with opened(database_url) as store, relaying(database_url, settings):
        await create(store, 206)
        head = await relayed(database_url)
    with cloned(server_url, template) as restored:
        async with relaying(restored, settings):
            await until(partial(is_stopped_by, restored, "AheadOfLogError"))
    records = await asyncio.to_thread(listening.events, kafka, kafka_prefix)
    listening.assert_every_position_once_and_streams_in_order(records, head)


async def is_stopped_by(url: str, error: str | None) -> bool:
    place = (await places(url)).get(READER)
    return place is not None and place.error == error
