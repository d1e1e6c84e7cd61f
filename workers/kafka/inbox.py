"""Does what commands from Kafka ask for: in order within a partition, and each once by its key.

The API keeps what it answered to a key, so asking again after a kill does nothing twice. What became of commands and
the offsets behind them are one transaction in Kafka: who reads what is committed is told of each command once.
"""

import asyncio
import secrets
from collections import deque
from collections.abc import AsyncGenerator, Callable, Iterable, Sequence
from contextlib import asynccontextmanager, suppress
from functools import partial
from typing import Any, NamedTuple, TypeVar

import aiohttp
import msgspec
import structlog
from kafka import KafkaConsumer, KafkaProducer
from kafka.consumer.fetcher import ConsumerRecord
from kafka.consumer.subscription_state import ConsumerRebalanceListener
from kafka.errors import KafkaError, KafkaTimeoutError
from kafka.structs import OffsetAndMetadata, TopicPartition

from schemas.kafka import CommandDead, CommandDone
from schemas.settings import Settings
from store.connections import described
from workers.kafka.asking import Asker, Outcome
from workers.kafka.connection import Client, options, options_in_group, poll
from workers.kafka.topics import ensure, event_topic

T = TypeVar("T")

CONCURRENCY_MAX = 64
WAITING_RECORDS_MAX = 200  # of a partition
WAITING_BYTES_MAX = 8 * 1_048_576
POLL_MILLISECONDS = 100
RESTART_SECONDS = 1.0
CLOSE_SECONDS_MAX = 1
ANSWER_SECONDS_MAX = 10
TOLD_BYTES_MAX = 900_000  # less than a broker takes that was told nothing of this
TEXT_BYTES_MAX = 10_000
KEY_CHARACTERS_MAX = 255
TOO_LARGE = {"title": "Too large", "detail": "What came, or what the API says of it, is too large to be told here."}
DONE, DEAD = "done", "dead"
PRODUCING: dict[str, Any] = {"transaction_timeout_ms": 10_000, "max_block_ms": 10_000}

_logger = structlog.get_logger()


class Answered(NamedTuple):
    """A command, and what became of it."""

    record: ConsumerRecord
    outcome: Outcome


class Line:
    """The commands of one partition, one after the other."""

    def __init__(self, asker: Asker, answered: list[Answered]) -> None:
        self.waiting: deque[ConsumerRecord] = deque()
        self._asker = asker
        self._answered = answered
        self._wake = asyncio.Event()
        self._task = asyncio.create_task(self._work_off())

    def add(self, records: Iterable[ConsumerRecord]) -> None:
        """Put these at the end."""
        self.waiting.extend(records)
        self._wake.set()

    def is_full(self) -> bool:
        """Tell whether no more should come for now."""
        waiting_bytes = sum(len(record.value or b"") for record in self.waiting)
        return len(self.waiting) > WAITING_RECORDS_MAX or waiting_bytes > WAITING_BYTES_MAX

    async def _work_off(self) -> None:
        while True:
            while self.waiting:
                outcome = await self._asker.outcome(self.waiting[0])
                self._answered.append(Answered(self.waiting.popleft(), outcome))
            self._wake.clear()
            await self._wake.wait()

    def leave(self) -> None:
        """Ask no more; what is under way is asked for again by whoever goes on here."""
        self._task.cancel()


class Inbox(ConsumerRebalanceListener):
    """One process's inbox; of several, each has some of the partitions."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._commands = f"{settings.kafka_prefix}.commands"
        self._lines: dict[TopicPartition, Line] = {}
        self._answered: list[Answered] = []
        self._membership: Any = None
        self._is_rebalanced = False

    async def run(self) -> None:
        """Run until cancelled; after an error of Kafka's, begin again after what is committed."""
        async with aiohttp.ClientSession(cookie_jar=aiohttp.DummyCookieJar()) as session:
            asker = Asker(session, self._settings.inbox_api_url, CONCURRENCY_MAX)
            while True:
                try:
                    await self._work(asker)
                except Exception as error:  # noqa: BLE001 - whatever it is, it may be over in a second
                    _logger.warning("inbox restarts", error=described(error))
                    await asyncio.sleep(RESTART_SECONDS)

    async def _work(self, asker: Asker) -> None:
        names = [self._commands, *(f"{self._commands}.{end}" for end in (DONE, DEAD))]
        await _in_thread(partial(ensure, self._settings, [event_topic(self._settings, name) for name in names]))
        async with _opened(self._consumer) as consumer, _opened(self._producer) as producer:
            await _in_thread(producer.init_transactions)
            consumer.subscribe([self._commands], listener=self)
            try:
                while True:
                    await self._turn(consumer, producer, asker)
            finally:
                self._drop()

    async def _turn(self, consumer: Client, producer: Client, asker: Asker) -> None:
        polled = await _in_thread(partial(poll, consumer, POLL_MILLISECONDS))
        if self._is_rebalanced:
            self._is_rebalanced = False
            self._drop()
            self._membership = await _in_thread(partial(_go_back, consumer))
            return
        for place, records in polled.items():
            if place not in self._lines:
                self._lines[place] = Line(asker, self._answered)
            self._lines[place].add(records)
        answered = list(self._answered)
        if answered:
            await _in_thread(partial(self._commit, producer, answered))
            del self._answered[: len(answered)]
        full = {place for place, line in self._lines.items() if line.is_full()}
        consumer.resume(*consumer.paused() - full)
        consumer.pause(*consumer.assignment() & full)

    def _drop(self) -> None:
        for line in self._lines.values():
            line.leave()
        self._lines.clear()
        self._answered.clear()

    def _commit(self, producer: Client, answered: Sequence[Answered]) -> None:
        """Tell what became of commands, and never ask for them again; refused when the group has given them away."""
        offsets = {_place_of(it.record): OffsetAndMetadata(it.record.offset + 1, "", -1) for it in answered}
        producer.begin_transaction()
        futures = [producer.send(**told(self._commands, it)) for it in answered]
        transaction = producer._transaction_manager  # noqa: SLF001 - see _see_done
        _see_done(producer, transaction.send_offsets_to_transaction(offsets, self._membership))
        for future in futures:
            future.get(ANSWER_SECONDS_MAX)  # the producer may forget one that failed, and commit the others
        _see_done(producer, transaction.begin_commit())

    def on_partitions_revoked(self, revoked: object) -> None:  # noqa: ARG002 - it is all the same
        """Begin again with what is committed."""
        self._is_rebalanced = True

    def on_partitions_assigned(self, assigned: object) -> None:  # noqa: ARG002
        """Begin again with what is committed."""
        self._is_rebalanced = True

    def _consumer(self) -> Client:
        return KafkaConsumer(**options_in_group(self._settings, f"{self._settings.kafka_prefix}-inbox"))

    def _producer(self) -> Client:
        name = f"{self._settings.kafka_prefix}-inbox-{secrets.token_hex(8)}"
        return KafkaProducer(**options(self._settings, name), **PRODUCING, transactional_id=name)


def _see_done(producer: Client, result: Client) -> None:
    """Return when a coordinator has done it. The producer's own methods wait for ever, and so would all commands."""
    producer._sender.wakeup()  # noqa: SLF001
    if not result.wait(1000 * ANSWER_SECONDS_MAX):
        raise KafkaTimeoutError


def _go_back(consumer: Client) -> Any:  # noqa: ANN401 - what says that we are in the group
    """Go on after what is committed, in all partitions that are ours."""
    for place in consumer.assignment():
        offset = consumer.committed(place, timeout_ms=ANSWER_SECONDS_MAX * 1000)
        if offset is None:
            consumer.seek_to_beginning(place)
        else:
            consumer.seek(place, offset)
    return consumer.group_metadata()


def _place_of(record: ConsumerRecord) -> TopicPartition:
    return TopicPartition(record.topic, record.partition)


def told(commands: str, answered: Answered) -> dict[str, Any]:
    """Return the record that tells what became of a command, however large that was and what the API says of it."""
    (record, outcome), key = answered, answered.record.key or b""
    name = None if record.key is None else key.decode(errors="replace")[:KEY_CHARACTERS_MAX]
    if outcome.is_done:
        value = msgspec.json.encode(CommandDone(name or "", outcome.status or 0, outcome.position))
        return {"topic": f"{commands}.{DONE}", "key": record.key, "value": value}
    value = msgspec.json.encode(CommandDead(outcome.status, outcome.problem, name, _came(record)))
    if len(value) > TOLD_BYTES_MAX:
        value = msgspec.json.encode(CommandDead(outcome.status, TOO_LARGE, name, _beginning(record)))
    return {"topic": f"{commands}.{DEAD}", "key": key[:KEY_CHARACTERS_MAX], "value": value}


def _came(record: ConsumerRecord) -> Any:  # noqa: ANN401
    """Return what came, verbatim when it is JSON."""
    value = record.value or b""
    try:
        msgspec.json.decode(value)
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError):
        return _beginning(record)
    return msgspec.Raw(value)


def _beginning(record: ConsumerRecord) -> str:
    return (record.value or b"")[:TEXT_BYTES_MAX].decode(errors="replace")


@asynccontextmanager
async def _opened(open_client: Callable[[], T]) -> AsyncGenerator[T]:
    client: Client = await _in_thread(open_client)
    try:
        yield client
    finally:
        await _in_thread(partial(_close, client))


def _close(client: Client) -> None:
    if isinstance(client, KafkaConsumer):
        client.close(timeout_ms=1000 * CLOSE_SECONDS_MAX)
        return
    # Its `close` waits for what cannot be sent, gives up, and leaves its thread behind.
    client._sender.force_close()  # noqa: SLF001
    with suppress(KafkaError):
        client.close(CLOSE_SECONDS_MAX)


async def _in_thread(call: Callable[[], T]) -> T:
    """Call what blocks, and see it end even when cancelled: Kafka's clients are for one thread at a time."""
    calling = asyncio.ensure_future(asyncio.to_thread(call))
    try:
        return await asyncio.shield(calling)
    except asyncio.CancelledError:
        await asyncio.wait([calling])
        raise
