"""Sends commands as a bot without HTTP does, and reads what became of them."""

import json
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any

from kafka import KafkaProducer
from kafka.consumer.fetcher import ConsumerRecord

from schemas.settings import Settings, read_settings
from tests.kafka_broker import Broker
from tests.workers.kafka.listening import committed
from workers.kafka.topics import ensure, event_topic

STATS = {"shard_conns": {}, "total_users": 1}


class Commander:
    """Somebody who commands through Kafka."""

    def __init__(self, broker: Broker, prefix: str, api_url: str) -> None:
        self.names = {**broker.settings(prefix), "GUILDBOOK_INBOX_API_URL": api_url}
        self.settings: Settings = read_settings(self.names)
        self._broker = broker
        self._topic = f"{prefix}.commands"
        self._producer = KafkaProducer(bootstrap_servers=broker.servers, api_version=broker.version())
        self.close = self._producer.close
        ends = ("", ".done", ".dead")
        ensure(self.settings, [event_topic(self.settings, f"{self._topic}{end}") for end in ends])

    def send(self, key: str | None, value: bytes | None, token: str = "", partition: int = 0, **headers: str) -> None:
        """Send a record as it is."""
        named = {**({"authorization": f"Bot {token}"} if token else {}), **headers}
        self._producer.send(
            self._topic,
            value,
            None if key is None else key.encode(),
            [(name, text.encode()) for name, text in named.items()],
            partition,
        )

    def report(self, key: str, guilds: int, token: str, partition: int = 0) -> None:
        """Report of so many guilds."""
        self.send(key, command("PUT", "/book/bots/@me/stats", {**STATS, "total_guilds": guilds}), token, partition)

    def flush(self) -> None:
        """See all of it in Kafka."""
        self._producer.flush()

    def done(self) -> list[dict[str, Any]]:
        """Return what was done, in the order of each partition."""
        return [json.loads(record.value) for record in self.told("done")]

    def dead(self) -> list[dict[str, Any]]:
        """Return what was not."""
        return [json.loads(record.value) for record in self.told("dead")]

    def told(self, end: str) -> Sequence[ConsumerRecord]:
        return committed(self._broker, [f"{self._topic}.{end}"])


def command(method: str, path: str, body: object = None) -> bytes:
    """Write a command."""
    return json.dumps({"method": method, "path": path, "body": body}).encode()


@contextmanager
def commander(broker: Broker, prefix: str, api_url: str) -> Iterator[Commander]:
    """Reach Kafka, for as long as the block lasts."""
    reached = Commander(broker, prefix, api_url)
    try:
        yield reached
    finally:
        reached.close()
