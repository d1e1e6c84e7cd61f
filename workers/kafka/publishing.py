"""Publishes batches of records: each in one transaction, together with how far the log is published by then."""

import time
from collections.abc import Callable, Generator, Iterable
from contextlib import contextmanager, suppress
from typing import Any, TypeVar
from zlib import crc32

import msgspec
from kafka import KafkaConsumer, KafkaProducer
from kafka.errors import KafkaError, KafkaTimeoutError
from kafka.structs import TopicPartition

from schemas.kafka import Watermark
from schemas.settings import Settings
from workers.kafka.connection import options, options_of_reader
from workers.kafka.records import Record
from workers.kafka.topics import event_topic_name, positions_name, record_bytes_max

T = TypeVar("T")

KEY = b"relay"
SETTINGS_OF_PRODUCER: dict[str, Any] = {
    "batch_size": 262_144,
    "linger_ms": 60_000,  # a batch is sent when it is full, or when all is
    "max_block_ms": 1000,  # then it is asked again, unless the relay is to stop
    "metrics_enabled": False,
}
LOOK_SECONDS = 0.25
PATIENCE_SECONDS = 5.0  # then a new producer is made; the one that waits may have forgotten for what
PATIENCE_SECONDS_MAX = 120.0
CLOSE_SECONDS_MAX = 1.0
READ_BACK_RECORDS = 20
POLL_MILLISECONDS = 500
READ_SECONDS_MAX = 10.0


class StoppedError(Exception):
    """The relay was told to stop while Kafka kept it waiting."""


class Patience:
    """How long an answer of Kafka is waited for: longer each time that it did not come."""

    def __init__(self, is_stopping: Callable[[], bool]) -> None:
        self._is_stopping = is_stopping
        self._seconds = PATIENCE_SECONDS

    def begin(self) -> Callable[[], None]:
        """Return what refuses to wait any longer, with KafkaTimeoutError, or with StoppedError."""
        deadline = time.monotonic() + self._seconds

        def require() -> None:
            if self._is_stopping():
                raise StoppedError
            if time.monotonic() > deadline:
                self._seconds = min(self._seconds * 2, PATIENCE_SECONDS_MAX)
                raise KafkaTimeoutError

        return require

    def ask(self, question: Callable[[], T]) -> T:
        """Ask again and again while nobody answers. Errors: KafkaTimeoutError, StoppedError."""
        require = self.begin()
        while True:
            try:
                return question()
            except KafkaTimeoutError:
                require()

    def renew(self) -> None:
        """Begin anew, since Kafka has answered."""
        self._seconds = PATIENCE_SECONDS


class Publisher:
    """Kafka's only writer of events: while it lives, others that call themselves so are refused."""

    def __init__(self, settings: Settings, producer: Any, patience: Patience) -> None:  # noqa: ANN401
        self._settings = settings
        self._producer = producer
        self._patience = patience
        self._futures: list[Any] = []
        self._topics: dict[str, tuple[str, int]] = {}

    def begin(self, records: Iterable[Record]) -> None:
        """Begin a transaction and hand over its records; what fills a batch is sent while the caller goes on."""
        now = int(time.time() * 1000)
        self._producer.begin_transaction()
        self._futures = [self._send(record, now) for record in records]

    def _send(self, record: Record, now: int) -> Any:  # noqa: ANN401
        topic, partitions = self._topics.get(record.context) or self._find_topic(record.context)
        partition = crc32(record.key) % partitions  # as librdkafka does: the hash of other clients costs us a tenth
        return self._producer.send(topic, record.value, record.key, record.headers, partition, now)

    def _find_topic(self, context: str) -> tuple[str, int]:
        name = event_topic_name(self._settings, context)
        partitions = self._patience.ask(lambda: self._producer.partitions_for(name))
        found = self._topics[context] = name, len(partitions)
        return found

    def commit(self, after: int, to: int) -> None:
        """Let it be seen, with the watermark. Errors: KafkaError, StoppedError; then all of it is seen, or nothing."""
        self._flush()
        watermark = Watermark(after, to, _next_offsets(future.value for future in self._futures))
        value = msgspec.json.encode(watermark)
        self._futures = [self._producer.send(positions_name(self._settings), value, KEY, partition=0)]
        self._flush()
        self._end_transaction()
        self._patience.renew()

    def _flush(self) -> None:
        """Return when all is written. A failed record is looked for: the producer may forget it and commit the rest."""
        require_patience = self._patience.begin()
        while not self._is_flushed():
            require_patience()
        for future in self._futures:
            if future.exception is not None:
                raise future.exception

    def _is_flushed(self) -> bool:
        try:
            self._producer.flush(LOOK_SECONDS)
        except KafkaTimeoutError:
            return False
        return True

    def _end_transaction(self) -> None:
        # As its `commit_transaction` does, which waits for ever: the producer forgets what it has to ask a
        # coordinator that goes away at that moment.
        ended = self._producer._transaction_manager.begin_commit()  # noqa: SLF001
        self._producer._sender.wakeup()  # noqa: SLF001
        require_patience = self._patience.begin()
        while not ended.wait(LOOK_SECONDS * 1000):
            require_patience()


@contextmanager
def publisher(settings: Settings, patience: Patience) -> Generator[Publisher]:
    """Be Kafka's only writer of events. What a predecessor left open is aborted, and from now on it is refused."""
    producer: Any = KafkaProducer(
        **options(settings, "relay"),
        **SETTINGS_OF_PRODUCER,
        transactional_id=f"{settings.kafka_prefix}-relay",
        max_request_size=record_bytes_max(settings),
    )
    # It would answer to being refused by asking for a newer epoch, and so have its successor refused instead.
    producer._transaction_manager._supports_epoch_bump = lambda: False  # noqa: SLF001
    # It would be closed once more when the process ends, and complain that nobody answers.
    producer._unregister_cleanup()  # noqa: SLF001
    try:
        patience.ask(producer.init_transactions)
        patience.ask(lambda: producer.partitions_for(positions_name(settings)))
        yield Publisher(settings, producer, patience)
    finally:
        _close(producer)


def _close(producer: Any) -> None:  # noqa: ANN401
    # Its `close` waits for what cannot be sent, gives up, and leaves its thread behind.
    producer._sender.force_close()  # noqa: SLF001
    with suppress(KafkaError):
        producer.close(CLOSE_SECONDS_MAX)


def last_watermark(settings: Settings) -> Watermark | None:
    """Return the newest watermark, None when nothing was ever published. Errors: KafkaError."""
    consumer: Any = KafkaConsumer(**options_of_reader(settings, "relay"))
    try:
        return _last_watermark(consumer, TopicPartition(positions_name(settings), 0))
    finally:
        consumer.close(autocommit=False)


def _last_watermark(consumer: Any, positions: TopicPartition) -> Watermark | None:  # noqa: ANN401
    consumer.assign([positions])
    beginning = consumer.beginning_offsets([positions])[positions]
    end = consumer.end_offsets([positions])[positions]
    start = end
    while start > beginning:
        start = max(beginning, end - 2 * (end - start) - READ_BACK_RECORDS)
        values = _read(consumer, positions, start, end)
        if values:
            return msgspec.json.decode(values[-1], type=Watermark)
    return None


def _read(consumer: Any, positions: TopicPartition, start: int, end: int) -> list[bytes]:  # noqa: ANN401
    """Return what was committed between two offsets; markers and what was aborted have offsets too."""
    consumer.seek(positions, start)
    values: list[bytes] = []
    deadline = time.monotonic() + READ_SECONDS_MAX
    while consumer.position(positions) < end:
        if time.monotonic() > deadline:
            raise KafkaTimeoutError
        for records in consumer.poll(POLL_MILLISECONDS).values():
            values += [record.value for record in records]
    return values


def _next_offsets(written: Iterable[Any]) -> dict[str, dict[str, int]]:
    offsets: dict[str, dict[str, int]] = {}
    for record in written:
        of_topic = offsets.setdefault(record.topic, {})
        name = str(record.partition)
        of_topic[name] = max(of_topic.get(name, 0), record.offset + 1)
    return offsets
