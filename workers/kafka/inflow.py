"""Takes the events that Kafka brings, and holds them until they are taken in."""

from collections.abc import Callable, Iterable, Iterator
from threading import Event, Lock, Thread

import structlog
from kafka import KafkaConsumer
from kafka.consumer.fetcher import ConsumerRecord
from kafka.consumer.subscription_state import ConsumerRebalanceListener
from kafka.structs import TopicPartition

from schemas.settings import Settings
from store.connections import described
from workers.kafka.carried import position_of
from workers.kafka.connection import options_in_group, poll
from workers.kafka.topics import ensure, event_topics

HELD_BYTES_MAX = 33_554_432
RECORD_BYTES = 1000  # what a record takes beside its value
POLL_MILLISECONDS = 250
CLOSE_MILLISECONDS = 1000
STOP_SECONDS_MAX = 2.0
RESTART_SECONDS = 1.0

Offsets = dict[TopicPartition, int]

_logger = structlog.get_logger()


class Inflow(ConsumerRebalanceListener):
    """Takes records from Kafka in a thread of its own, and holds them until they are taken in."""

    def __init__(self, settings: Settings, group: str, offsets: Offsets, wake: Callable[[], object]) -> None:
        self.newest = 0
        self.taken_in = 0
        self._settings = settings
        self._group = group
        self._offsets = offsets
        self._wake = wake
        self._held: dict[int, ConsumerRecord] = {}
        self._held_bytes = 0
        self._moved: set[TopicPartition] = set()
        self._lock = Lock()
        self._stopping = Event()
        self._renewing = Event()
        self._consumer: KafkaConsumer | None = None
        self._thread = Thread(target=self._run, daemon=True, name="Kafka")

    def start(self) -> None:
        """Begin."""
        self._thread.start()

    def stop(self) -> None:
        """End, and leave the group unless that takes long."""
        self._stopping.set()
        self._thread.join(STOP_SECONDS_MAX)

    def renew(self) -> None:
        """Begin anew as another member of the group: kafka-python may have forgotten that it is one."""
        self._renewing.set()

    def following(self, position: int) -> Iterator[ConsumerRecord]:
        """Return what comes right after a position, as far as it is here."""
        while record := self._held.get(position := position + 1):
            yield record

    def forget(self, position: int) -> Offsets:
        """Let go of what is taken in; return where to go on in the partitions where that has changed."""
        with self._lock:
            self.taken_in = max(self.taken_in, position)
            for old in [held for held in self._held if held <= position]:
                record = self._held.pop(old)
                self._held_bytes -= _bytes_of(record)
                self._pass(record)
            moved = {place: self._offsets[place] for place in self._moved}
            self._moved.clear()
        return moved

    def _pass(self, record: ConsumerRecord) -> None:
        place = _place_of(record)
        self._offsets[place] = max(self._offsets.get(place, 0), record.offset + 1)
        self._moved.add(place)

    def _run(self) -> None:
        while not self._stopping.is_set():
            try:
                self._consume()
            except Exception as error:  # noqa: BLE001 - whatever it is, the log is read meanwhile
                _logger.warning("Kafka is tried again", error=described(error))
                self._stopping.wait(RESTART_SECONDS)

    def _consume(self) -> None:
        self._renewing.clear()
        topics = event_topics(self._settings)
        ensure(self._settings, topics)  # one that is missing would keep all others waiting
        consumer = self._consumer = KafkaConsumer(**options_in_group(self._settings, self._group))
        try:
            consumer.subscribe([topic.name for topic in topics], listener=self)
            while not (self._stopping.is_set() or self._renewing.is_set()):
                self._hold_back(consumer)
                for records in poll(consumer, POLL_MILLISECONDS).values():
                    self._take(records)
        finally:
            consumer.close(timeout_ms=CLOSE_MILLISECONDS)

    def _hold_back(self, consumer: KafkaConsumer) -> None:
        """While much is here, ask only for partitions of which nothing is: one of them may have what is next."""
        with self._lock:
            is_much = self._held_bytes > HELD_BYTES_MAX
            held = set(map(_place_of, self._held.values())) if is_much else set[TopicPartition]()
        consumer.resume(*consumer.paused() - held)
        consumer.pause(*consumer.assignment() & held)

    def _take(self, records: Iterable[ConsumerRecord]) -> None:
        with self._lock:
            for record in records:
                position = position_of(record)
                self.newest = max(self.newest, position)
                if position <= self.taken_in:
                    self._pass(record)
                elif position not in self._held:
                    self._held[position] = record
                    self._held_bytes += _bytes_of(record)
        self._wake()

    def on_partitions_assigned(self, assigned: Iterable[TopicPartition]) -> None:
        """Go on after what is taken in; what is held comes again, and is known."""
        for place in assigned:
            if place in self._offsets and self._consumer is not None:
                self._consumer.seek(place, self._offsets[place])

    def on_partitions_revoked(self, revoked: Iterable[TopicPartition]) -> None:
        """Keep what is held: it is true, whoever is brought what follows."""


def _place_of(record: ConsumerRecord) -> TopicPartition:
    return TopicPartition(record.topic, record.partition)


def _bytes_of(record: ConsumerRecord) -> int:
    return len(record.value or b"") + RECORD_BYTES
