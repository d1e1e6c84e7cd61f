"""Following the log for all clients of a process: one reader of the newest events, and a cursor for each client."""

import asyncio
import time
from collections.abc import Collection, Iterable
from typing import Protocol

import structlog
from psycopg import AsyncConnection
from psycopg.rows import TupleRow

from store import log
from store.codec import decode_closed
from store.connections import DATABASE_DOWN, Pool, described
from store.log import Recorded
from store.signals import APPENDED, Signal

POLL_SECONDS = 1.0
LINGER_SECONDS = 10.0  # after the last one has waited
WAKE_SECONDS = 5.0  # so that whoever waits needs no clock of their own
RETRY_SECONDS = 0.5
READ_POSITIONS_MAX = 500
READ_BYTES = 8 << 20  # of data at once, or the event that goes beyond it
RING_EVENTS = 10_000
RING_BYTES_MAX = 64 * 1_048_576
READS_MAX = 2  # of old events at once: who catches up must not keep connections from who asks

_logger = structlog.get_logger()


class Told(Recorded, frozen=True):
    """An event as it is told to others: nothing sealed is opened. `data` is what is stored, box included."""

    type: str
    data: bytes


class Follower(Protocol):
    """Who is level with the log, and is told what is new as it comes in."""

    def take_in(self, end: int, found: list[Told]) -> bool:
        """Take in what is new, up to a position; tell whether nothing of it is left to do."""
        ...


class Tail:
    """The newest events of the log, in memory. Who is further behind reads the log, so nobody misses anything.

    It follows the log only while somebody waits for what comes next: a process without clients reads nothing.
    """

    def __init__(self, url: str, pool: Pool, *, ring_events: int = RING_EVENTS) -> None:
        self._pool = pool
        self._signal = Signal(url, APPENDED)
        self._ring: list[Told] = []
        self._ring_events = ring_events
        self._ring_bytes = 0
        self._start: int | None = None  # the position before the first event of the ring; None until it is known
        self._waiting: list[asyncio.Future[None]] = []
        self._level: dict[Follower, asyncio.Future[None]] = {}
        self._wanted = asyncio.Event()
        self._wanted_at = -LINGER_SECONDS
        self._has_paused = True
        self._moved_at = 0.0
        self._reads = asyncio.Semaphore(READS_MAX)

    def end(self) -> int:
        """Return the position of the newest event that is known here, 0 before the first look."""
        return 0 if self._start is None else self._start + len(self._ring)

    async def read(
        self, after: int, limit: int = READ_POSITIONS_MAX, types: Collection[str] | None = None
    ) -> tuple[int, list[Told]]:
        """Return where the reading ended, and the events of these types (None: all) between `after` and there.

        It covers at most `limit` positions, fewer when they hold much, in order and without a gap. The end is `after`
        when there is no more.
        """
        recent = self.recent(after, limit, types)
        return await self._read_old(after, limit, types) if recent is None else recent

    def recent(
        self, after: int, limit: int = READ_POSITIONS_MAX, types: Collection[str] | None = None
    ) -> tuple[int, list[Told]] | None:
        """Return what `read` does if it is in memory, else None."""
        if self._start is None or after < self._start:
            return None
        found = self._ring[after - self._start : after - self._start + limit]
        end = found[-1].position if found else after
        return end, found if types is None else [told for told in found if told.type in types]

    async def wait(self, after: int, follower: Follower | None = None) -> None:
        """Return when there is an event after this position, at once when there is one, or in some seconds anyway.

        A follower that is level is told what is new instead, and goes on waiting while it is done with all of that.
        """
        if self.end() > after:
            return
        woken = asyncio.get_running_loop().create_future()
        self._wanted_at = time.monotonic()
        self._wanted.set()
        if follower is None or self._start is None or self.end() < after:
            self._waiting.append(woken)
            await woken
            return
        self._level[follower] = woken
        try:
            await woken
        finally:
            self._level.pop(follower, None)

    async def run(self) -> None:
        """Follow the log for ever; the database may come and go meanwhile."""
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(self._signal.run())
            while True:
                if not self._waiting and not self._level and time.monotonic() - self._wanted_at > LINGER_SECONDS:
                    self._wanted.clear()
                    await self._wanted.wait()
                    self._has_paused = True
                try:
                    is_level = await self._pull()
                except Exception as error:  # noqa: BLE001 - all clients of this process wait for what comes next
                    _logger.warning("The log cannot be read; asking again", error=described(error))
                    await asyncio.sleep(RETRY_SECONDS)
                    continue
                if is_level:
                    await self._signal.wait(POLL_SECONDS)
                if time.monotonic() - self._moved_at > WAKE_SECONDS:
                    self._tell([])

    async def _pull(self) -> bool:
        """Take in what is new, and tell whether that is all."""
        async with self._pool.connection() as connection:
            if self._has_paused:
                self._skip_to(await log.head(connection))
            end, found = await told_after(connection, self.end(), READ_POSITIONS_MAX)
        if found:
            self._take_in(found)
            self._tell(found)
        assert end == self.end(), "positions have no gaps"
        return len(found) < READ_POSITIONS_MAX and bytes_of(found) < READ_BYTES

    def _skip_to(self, head: int) -> None:
        """Begin at the end of the log where too much has happened meanwhile: who wants it reads it there."""
        if self._start is None or head - self.end() > self._ring_events:
            self._ring, self._ring_bytes, self._start = [], 0, head
            self._tell(None)
        self._has_paused = False

    def _take_in(self, found: list[Told]) -> None:
        self._ring += found
        self._ring_bytes += bytes_of(found)
        excess = 0
        while len(self._ring) - excess > self._ring_events or self._ring_bytes > RING_BYTES_MAX:
            self._ring_bytes -= len(self._ring[excess].data)
            excess += 1
        del self._ring[:excess]
        assert self._start is not None
        self._start += excess

    def _tell(self, found: list[Told] | None) -> None:
        """Wake who waits, and tell who is level what is new; None is more than is in memory, so it wakes them too."""
        self._moved_at = time.monotonic()
        waiting, self._waiting = self._waiting, []
        for woken in waiting:
            _wake(woken)
        end = self.end()
        for follower, woken in list(self._level.items()):
            try:
                if found is not None and follower.take_in(end, found):
                    continue
            except Exception as error:  # noqa: BLE001 - it concerns one client, which meets it again when it is woken
                _logger.warning("A client could not be served", error=described(error))
            del self._level[follower]
            _wake(woken)

    async def _read_old(self, after: int, limit: int, types: Collection[str] | None) -> tuple[int, list[Told]]:
        while True:
            try:
                async with self._reads, self._pool.connection() as connection:
                    return await told_after(connection, after, limit, types)
            except DATABASE_DOWN:
                await asyncio.sleep(RETRY_SECONDS)


def _wake(woken: asyncio.Future[None]) -> None:
    if not woken.done():  # else its client has gone
        woken.set_result(None)


async def told_after(
    connection: AsyncConnection[TupleRow],
    after: int,
    limit: int,
    types: Collection[str] | None = None,
) -> tuple[int, list[Told]]:
    """Return what `Tail.read` does, from the log."""
    query = """
        WITH reach AS (SELECT least(%(after)b + %(limit)b, book.head()) AS ending),
        sized AS (
            SELECT position, sum(octet_length(data)) OVER (ORDER BY position ROWS UNBOUNDED PRECEDING) AS bytes
            FROM book.log
            WHERE position > %(after)b AND position <= (SELECT ending FROM reach)
        ),
        read AS (
            SELECT coalesce((SELECT min(position) FROM sized WHERE bytes >= %(bytes)b), ending) AS ending
            FROM reach
        )
        SELECT read.ending, position, stream, version, type, data, append_end, recorded_at, meta
        FROM read
        LEFT JOIN book.log ON position > %(after)b AND position <= read.ending
            AND (%(types)b::text[] IS NULL OR type = ANY(%(types)b::text[]))
        ORDER BY position
    """
    reach = {"after": after, "limit": limit, "bytes": READ_BYTES}
    wanted = {**reach, "types": None if types is None else list(types)}
    rows = await (await connection.execute(query, wanted, binary=True)).fetchall()
    return max(after, rows[0][0]), [told_of(row[1:]) for row in rows if row[1] is not None]


async def told_of_stream(connection: AsyncConnection[TupleRow], stream: str, after: int, limit: int) -> list[Told]:
    """Return the next events of one stream, fewer than the limit when they are large (see `READ_BYTES`)."""
    query = """
        SELECT position, stream, version, type, data, append_end, recorded_at, meta
        FROM (
            SELECT *, sum(octet_length(data)) OVER (ORDER BY version) - octet_length(data) AS bytes_before
            FROM book.log
            WHERE stream = %b AND position > %b
            ORDER BY version
            LIMIT %b
        ) AS next
        WHERE bytes_before < %b
        ORDER BY version
    """
    rows = await (await connection.execute(query, (stream, after, limit, READ_BYTES), binary=True)).fetchall()
    return [told_of(row) for row in rows]


def bytes_of(found: Iterable[Told]) -> int:
    """Return how much data events hold."""
    return sum(len(told.data) for told in found)


def told_of(row: TupleRow) -> Told:
    """Return an event as it is told, from its row (see `log.read_rows`)."""
    position, stream, version, stored_type, data, append_end, recorded_at, meta = row
    event = decode_closed(stored_type, data)
    return Told(position, stream, version, event, append_end, recorded_at, meta, stored_type, data)
