"""A fan-out that Kafka feeds: every endpoint is told everything once and in order, as by the log."""

import asyncio
from collections.abc import AsyncIterator, Iterator
from functools import partial

import pytest

from tests.kafka_broker import Broker
from tests.workers.callbacks.community import Community, open_community
from tests.workers.callbacks.hooks import Hooks, fanning
from tests.workers.callbacks.receivers import Clock, open_receiver, sending
from tests.workers.callbacks.test_fanout import arrived
from tests.workers.kafka.carrying import Carrier, carrier
from workers.kafka import source
from workers.kafka.source import from_kafka

pytestmark = pytest.mark.xdist_group("kafka")


@pytest.fixture
async def community(database_url: str) -> AsyncIterator[Community]:
    async with open_community(database_url) as opened:
        yield opened


@pytest.fixture
def carrying(kafka: Broker, kafka_prefix: str, database_url: str) -> Iterator[Carrier]:
    with carrier(kafka, kafka_prefix, database_url, "structured") as reached:
        yield reached


async def carried(hooks: Hooks, carrying: Carrier, *roles: int) -> list[int]:
    """Let something happen, and carry it to Kafka."""
    said = await hooks.say(*roles)
    await asyncio.to_thread(carrying.carry, carrying.log(said[0] - 1))
    return said


async def test_an_endpoint_is_told_what_kafka_brings_once_and_in_order_also_by_the_next_fan_out(
    community: Community, carrying: Carrier, database_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    hooks, opening = Hooks(community), partial(from_kafka, carrying.settings)
    await hooks.bot()
    async with open_receiver() as receiver, sending(database_url, Clock(community)):
        await hooks.add(receiver.url, contexts=("guilds",))
        await asyncio.to_thread(carrying.carry, carrying.log())
        said: list[int] = []
        for _ in range(2):
            async with fanning(database_url, opening):
                said += await carried(hooks, carrying, 1, 1, 1)
                assert await arrived(receiver, len(said)) == said
                monkeypatch.setattr(source, "PATIENCE_SECONDS", 60)
                said += await carried(hooks, carrying, 1, 1, 1)
                assert await arrived(receiver, len(said)) == said
                monkeypatch.undo()
