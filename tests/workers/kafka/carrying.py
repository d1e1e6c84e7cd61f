"""Carries the log to Kafka as the relay does, but only as much of it, and as often, as a test wants."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager

import psycopg
from kafka import KafkaConsumer, KafkaProducer
from kafka.admin import KafkaAdminClient
from kafka.structs import TopicPartition

from domain.catalogue import EVENTS
from schemas.settings import Settings, read_settings
from tests.kafka_broker import Broker
from workers.kafka.records import Row, writer
from workers.kafka.topics import ensure, event_topics

CONTEXTS = sorted({stored_type.partition(".")[0] for stored_type in EVENTS})
PARTITIONS = 3


class Member:
    """A member of a consumer group that takes partitions and does nothing with them."""

    def __init__(self, broker: Broker, group: str, topics: Sequence[str]) -> None:
        self._consumer = KafkaConsumer(
            *topics, group_id=group, bootstrap_servers=broker.servers, api_version=broker.version()
        )
        self.leave = self._consumer.close

    def has_some(self) -> bool:
        """Tell whether it was given some."""
        self._consumer.poll(100)
        return bool(self._consumer.assignment())


class Carrier:
    """Publishes what a test takes from a log."""

    def __init__(self, broker: Broker, prefix: str, url: str, mode: str = "structured") -> None:
        names = {**broker.settings(prefix), "GUILDBOOK_FEED": "kafka", "GUILDBOOK_KAFKA_MODE": mode}
        self.names = names
        self.settings: Settings = read_settings(names)
        self._write = writer(self.settings)
        self._broker = broker
        self._prefix = prefix
        self._url = url
        self._producer = KafkaProducer(bootstrap_servers=broker.servers, api_version=broker.version())

    def make_topics(self) -> None:
        """Make the topics of all contexts, if nobody has yet."""
        ensure(self.settings, event_topics(self.settings))

    def log(self, after: int = 0) -> list[Row]:
        """Return what is in the log after a position."""
        query = """
            SELECT position, stream, version, type, data, append_end, recorded_at, meta
            FROM book.log
            WHERE position > %s
            ORDER BY position
        """
        with psycopg.connect(self._url) as connection:
            return [Row(*row) for row in connection.execute(query, (after,))]

    def carry(self, events: Sequence[Row]) -> int:
        """Publish these events, and return how many they are."""
        for it in map(self._write, events):
            self._producer.send(f"{self._prefix}.{it.context}", it.value, it.key, it.headers)
        self._producer.flush()
        return len(events)

    def carry_junk(self, context: str, value: bytes | None, headers: Sequence[tuple[str, bytes]] = ()) -> None:
        """Publish what is no event."""
        self._producer.send(f"{self._prefix}.{context}", key=b"x", value=value, headers=list(headers))
        self._producer.flush()

    def forget(self) -> None:
        """Let Kafka forget all that it has, as it does with time."""
        places = [TopicPartition(f"{self._prefix}.{it}", number) for it in CONTEXTS for number in range(PARTITIONS)]
        admin = KafkaAdminClient(bootstrap_servers=self._broker.servers, api_version=self._broker.version())
        admin.delete_records(dict.fromkeys(places, -1))
        admin.close()

    @contextmanager
    def member(self, reader: str) -> Iterator[Member]:
        """Join the group of a reader."""
        member = Member(self._broker, f"{self._prefix}-{reader}", [f"{self._prefix}.{it}" for it in CONTEXTS])
        try:
            yield member
        finally:
            member.leave()

    @contextmanager
    def of(self, url: str) -> Iterator["Carrier"]:
        """Carry the log of another book to the same topics."""
        with carrier(self._broker, self._prefix, url) as other:
            yield other

    def close(self) -> None:
        """Let Kafka go."""
        self._producer.close()


@contextmanager
def carrier(broker: Broker, prefix: str, url: str, mode: str = "structured") -> Iterator[Carrier]:
    """Reach Kafka, for as long as the block lasts."""
    reached = Carrier(broker, prefix, url, mode)
    try:
        reached.make_topics()
        yield reached
    finally:
        reached.close()
