"""Reads what a relay has published, as any consumer that wants committed records would."""

import json
import time
from collections.abc import Sequence
from itertools import pairwise
from typing import Any

from kafka import KafkaConsumer
from kafka.consumer.fetcher import ConsumerRecord
from kafka.structs import TopicPartition

from domain.catalogue import EVENTS
from tests.kafka_broker import Broker

CONTEXTS = sorted({stored_type.partition(".")[0] for stored_type in EVENTS})
PATIENCE_SECONDS = 60.0
POLL_MILLISECONDS = 100


def committed(broker: Broker, topics: Sequence[str], patience: float = PATIENCE_SECONDS) -> list[ConsumerRecord]:
    """Return all committed records of these topics, in the order of each partition."""
    consumer: Any = KafkaConsumer(
        bootstrap_servers=broker.servers,
        api_version=broker.version(),
        isolation_level="read_committed",
        enable_auto_commit=False,
        check_crcs=broker.is_real,  # the wheel's changes batches, and not their checksums
    )
    partitions = [TopicPartition(topic, number) for topic in topics for number in consumer.partitions_for_topic(topic)]
    consumer.assign(partitions)
    consumer.seek_to_beginning(*partitions)
    ends = _ends(broker, partitions)
    records: list[ConsumerRecord] = []
    deadline = time.monotonic() + patience
    while any(consumer.position(partition) < end for partition, end in ends.items()):
        assert time.monotonic() < deadline
        for found in consumer.poll(POLL_MILLISECONDS).values():
            records += found
    consumer.close()
    return records


def _ends(broker: Broker, partitions: Sequence[TopicPartition]) -> dict[TopicPartition, int]:
    """Return where the partitions end: a commit is answered a moment before it can be read everywhere."""
    consumer: Any = KafkaConsumer(bootstrap_servers=broker.servers, api_version=broker.version())
    ends = consumer.end_offsets(partitions)
    consumer.close()
    return ends


def events(broker: Broker, prefix: str, contexts: Sequence[str] = CONTEXTS) -> list[ConsumerRecord]:
    """Return the records of all events."""
    return committed(broker, [f"{prefix}.{context}" for context in contexts])


def watermarks(broker: Broker, prefix: str) -> list[dict[str, Any]]:
    """Return what the relay says that it has published, transaction by transaction."""
    return [json.loads(record.value) for record in committed(broker, [f"{prefix}.positions"])]


def header(record: ConsumerRecord, name: str) -> str:
    """Return the only header of this name."""
    (value,) = [value for key, value in record.headers if key == name]
    return value.decode()


def position_of(record: ConsumerRecord) -> int:
    """Return where in the log it is."""
    return int(header(record, "position"))


def assert_every_position_once_and_streams_in_order(records: Sequence[ConsumerRecord], head: int) -> None:
    """Fail unless the records are the log, up to its head."""
    positions = sorted(map(position_of, records))
    assert positions == list(range(1, head + 1)), (len(positions), len(set(positions)), positions[-1:], head)
    versions: dict[bytes, list[int]] = {}
    for record in records:
        versions.setdefault(record.key, []).append(int(header(record, "version")))
    assert all(found == list(range(1, len(found) + 1)) for found in versions.values())


def assert_watermarks_follow_one_another(found: Sequence[dict[str, Any]], head: int) -> None:
    """Fail unless each begins where the one before it ended, up to the head."""
    assert found[0]["after"] == 0
    assert found[-1]["to"] == head
    assert all(before["to"] == then["after"] < then["to"] for before, then in pairwise(found))


def assert_watermarks_say_where_to_read(found: Sequence[dict[str, Any]], records: Sequence[ConsumerRecord]) -> None:
    """Fail unless the offsets of each are those after its last event in every partition that it wrote to."""
    for mark in found:
        said = {
            (topic, int(number)): offset
            for topic, offsets in mark["offsets"].items()
            for number, offset in offsets.items()
        }
        within = [it for it in records if mark["after"] < position_of(it) <= mark["to"]]
        reached: dict[tuple[str, int], int] = {}
        for record in within:
            place = (record.topic, record.partition)
            reached[place] = max(reached.get(place, 0), record.offset + 1)
        assert said == reached
