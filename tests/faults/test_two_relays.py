"""Two relays on one database: whoever publishes is killed under load, and the other goes on where it was."""

import asyncio

import pytest

from tests.books import opened
from tests.deeds import Deeds, do_many
from tests.faults.machines import two
from tests.kafka_broker import ApacheKafka
from tests.workers.kafka import listening
from tests.workers.kafka.relaying import relayed

pytestmark = [pytest.mark.faults, pytest.mark.xdist_group("kafka")]

KILLS = 4
DEEDS_AT_A_TIME = 60
TAKE_OVER_SECONDS_MAX = 5.0


async def test_the_other_relay_goes_on_and_kafka_has_every_position_once(
    database_url: str, apache_kafka: ApacheKafka, kafka_prefix: str
) -> None:
    deeds, took = Deeds(seed=9), list[float]()
    with two("relay", database_url, apache_kafka.settings(kafka_prefix)) as relays:
        async with opened(database_url) as store:
            await do_many(store, deeds, DEEDS_AT_A_TIME)
            await relayed(database_url)
            for _ in range(KILLS):
                replacing = asyncio.create_task(asyncio.to_thread(relays.replace, "relay"))
                while not replacing.done():
                    await do_many(store, deeds, DEEDS_AT_A_TIME)
                took.append(await replacing)
            head = await relayed(database_url)
        records = await asyncio.to_thread(listening.events, apache_kafka, kafka_prefix)
        marks = await asyncio.to_thread(listening.watermarks, apache_kafka, kafka_prefix)
    listening.assert_every_position_once_and_streams_in_order(records, head)
    listening.assert_watermarks_follow_one_another(marks, head)
    assert max(took) < TAKE_OVER_SECONDS_MAX, took
