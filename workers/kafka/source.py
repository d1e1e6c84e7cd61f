"""Feeds a reader of the log from Kafka, in exactly the order of the log.

Positions are gapless, so what comes next is known, whichever topic and partition brings it. What Kafka does not bring
in time (it is away, the relay is, a topic began late or has forgotten, the group is being rebalanced) is read from the
log instead, since whoever writes waits for the reader. The consumer group only says to whom Kafka brings events; who
acts is said by the reader's lock. So nothing that Kafka does makes a reader lose, repeat or reorder an event.
"""

import asyncio
import math
import time
from collections.abc import AsyncGenerator, Callable, Collection
from contextlib import asynccontextmanager
from itertools import islice

import structlog
from kafka.structs import TopicPartition
from psycopg import AsyncConnection
from psycopg.rows import TupleRow

from schemas.settings import Settings
from store import log
from store.source import Source
from workers.kafka.carried import row_of
from workers.kafka.inflow import Inflow, Offsets
from workers.kafka.records import Row

PATIENCE_SECONDS = 1.0  # with an event that is in the log and not in Kafka
SILENCE_SECONDS_MAX = 20.0  # of Kafka while the log goes on; then it is joined anew

_logger = structlog.get_logger()


class KafkaSource:
    """The log as Kafka carries it, and the log itself where Kafka is late (see `store.source`)."""

    tells_of_more = False

    def __init__(self, inflow: Inflow, reader: str) -> None:
        self._inflow = inflow
        self._reader = reader
        self._follows = False  # Kafka; until something is heard of it, the log is read
        self._given_up_at: float = 0  # how far Kafka was then
        self._missing_since: float | None = None
        self._heard = 0, time.monotonic()  # the newest that Kafka has brought, and since when

    async def read(
        self, connection: AsyncConnection[TupleRow], after: int, limit: int, types: Collection[str] | None
    ) -> tuple[int, list[TupleRow]]:
        """Return what Kafka has brought, or what the log has while Kafka is late."""
        self._inflow.taken_in = after
        run = self._run(after, limit) if self._follows or self._is_far_ahead(after, limit) else []
        if run and await self._is_true(connection, run[-1]):
            self._follow()
            wanted = None if types is None else frozenset(types)
            return run[-1].position, [row for row in run if wanted is None or row.type in wanted]
        if self._follows and not await self._is_overdue(connection, after):
            return after, []
        return await self._read_log(connection, after, limit, types)

    def _run(self, after: int, limit: int) -> list[Row]:
        """Return the whole appends that Kafka has brought right after a position."""
        run: list[Row] = []
        for row in map(row_of, self._inflow.following(after)):
            is_enough = len(run) >= limit and run[-1].position == run[-1].append_end
            if is_enough or row is None or row.position != after + len(run) + 1:
                break
            run.append(row)
        while run and run[-1].position != run[-1].append_end:
            run.pop()
        return run

    def _is_far_ahead(self, after: int, limit: int) -> bool:
        return self._given_up_at != math.inf and len(list(islice(self._inflow.following(after), limit))) == limit

    async def _is_true(self, connection: AsyncConnection[TupleRow], row: Row) -> bool:
        """Tell whether the log has this very event: its database may be an older one, and the topics another book's."""
        query = "SELECT 1 FROM book.log WHERE (position, stream, version, recorded_at) = (%b, %b, %b, %b)"
        said = row.position, row.stream, row.version, row.recorded_at
        if await (await connection.execute(query, said)).fetchone():
            return True
        _logger.error("Kafka carries what the log has not, and is left alone", position=row.position)
        self._follows, self._given_up_at = False, math.inf
        return False

    async def _is_overdue(self, connection: AsyncConnection[TupleRow], after: int) -> bool:
        """Tell whether something is in the log that Kafka has not brought in time."""
        now = time.monotonic()
        if await log.head(connection) == after:
            self._missing_since = None
            return False
        self._missing_since = self._missing_since or now
        return now - self._missing_since > PATIENCE_SECONDS

    async def _read_log(
        self, connection: AsyncConnection[TupleRow], after: int, limit: int, types: Collection[str] | None
    ) -> tuple[int, list[TupleRow]]:
        """Read the log; Kafka is followed again when it has gone on since, and the log's end is near."""
        if self._follows:
            self._follows, self._given_up_at = False, self._inflow.newest
            _logger.warning("Kafka is late, the log is read", reader=self._reader, after=after)
        self._break_silence(after)
        end, rows = await log.read_rows(connection, after, limit, types)
        if end < after + limit and self._inflow.newest > max(self._given_up_at, after - limit):
            self._follow()
        return end, rows

    def _break_silence(self, after: int) -> None:
        newest, since = self._heard
        now = time.monotonic()
        if self._inflow.newest != newest or after <= newest:
            self._heard = self._inflow.newest, now
        elif now - since > SILENCE_SECONDS_MAX:
            self._heard = newest, now
            _logger.info("Kafka is silent, and joined anew", reader=self._reader, after=after)
            self._inflow.renew()

    def _follow(self) -> None:
        if not self._follows:
            _logger.info("Kafka is followed", reader=self._reader)
        self._follows, self._missing_since = True, None

    async def keep(self, connection: AsyncConnection[TupleRow], position: int) -> None:
        """Write down where Kafka is to go on."""
        statement = """
            INSERT INTO operations.kafka_offsets (reader, topic, partition, next_offset)
            SELECT %b, topic, partition, next_offset
            FROM unnest(%b::text[], %b::bigint[], %b::bigint[]) AS moved (topic, partition, next_offset)
            ON CONFLICT (reader, topic, partition) DO UPDATE SET next_offset = EXCLUDED.next_offset
        """
        moved = self._inflow.forget(position)
        if moved:
            columns = [place.topic for place in moved], [place.partition for place in moved], list(moved.values())
            await connection.execute(statement, (self._reader, *columns))


async def _offsets(connection: AsyncConnection[TupleRow], reader: str) -> Offsets:
    query = "SELECT topic, partition, next_offset FROM operations.kafka_offsets WHERE reader = %s"
    rows = await (await connection.execute(query, (reader,))).fetchall()
    return {TopicPartition(topic, partition): offset for topic, partition, offset in rows}


@asynccontextmanager
async def from_kafka(
    settings: Settings, connection: AsyncConnection[TupleRow], reader: str, wake: Callable[[], None]
) -> AsyncGenerator[Source]:
    """Open Kafka as the source of a reader, in the consumer group of its name (see `store.source.Opening`)."""
    group = f"{settings.kafka_prefix}-{reader}"
    loop = asyncio.get_running_loop()
    offsets = await _offsets(connection, group)
    inflow = Inflow(settings, group, offsets, lambda: loop.call_soon_threadsafe(wake))
    inflow.start()
    try:
        yield KafkaSource(inflow, group)
    finally:
        await asyncio.to_thread(inflow.stop)
