"""Exact limits over sliding windows, the same for all processes; many asks are one round trip and one commit."""

import asyncio
import time
from collections.abc import Sequence
from typing import NamedTuple

import structlog
from psycopg import AsyncConnection
from psycopg.rows import TupleRow

from store.connections import DATABASE_DOWN, connect, described
from store.gather import Gatherer

BATCH_MAX = 256
PATIENCE_SECONDS = 5.0  # with the database; then it is taken to be down
REST_SECONDS = 1.0  # how long one that is down is left alone
PRUNE_SECONDS = 60.0

_logger = structlog.get_logger()


class Count(NamedTuple):
    """A bucket that an ask is counted in: for whom, and how many fit into how many seconds."""

    bucket: str
    key: str
    requests: int
    seconds: int


class Level(NamedTuple):
    """How full a bucket is after an ask; `reset_seconds` is when the oldest request that matters leaves it."""

    of: Count
    made: int
    reset_seconds: float

    def left(self) -> int:
        """Return how many more fit."""
        return max(0, self.of.requests - self.made)


class Verdict(NamedTuple):
    """Whether an ask was admitted, and how full its buckets are now."""

    admitted: bool
    levels: tuple[Level, ...]

    def tightest(self) -> Level:
        """Return the bucket that has least room, and of those the one that has none for longest."""
        return min(self.levels, key=lambda level: (level.left(), -level.reset_seconds))


Ask = tuple[Count, ...]


class Limiter:
    """The limits for one process, over a connection of its own: whoever floods the pool does not get past them so.

    While the database is down everybody is admitted: limits protect, they do not guard.
    """

    def __init__(self, url: str) -> None:
        self._url = url
        self._connection: AsyncConnection[TupleRow] | None = None
        self._asks = Gatherer[Ask, Verdict](self._take, batch_max=BATCH_MAX)
        self._rests_until = 0.0
        self._pruned_at = time.monotonic()

    async def take(self, ask: Ask) -> Verdict | None:
        """Count an ask in all its buckets if each has room, else in none; None when nobody can tell."""
        if not ask or time.monotonic() < self._rests_until:
            return None
        try:
            async with asyncio.timeout(PATIENCE_SECONDS):
                return await self._asks.get(ask)
        except Exception as error:  # noqa: BLE001 - whatever it was, the callers are not to blame
            if time.monotonic() >= self._rests_until:
                _logger.warning("limits are off for a moment", error=described(error))
            self._rests_until = time.monotonic() + REST_SECONDS
            return None

    async def close(self) -> None:
        """Close the connection."""
        if self._connection is not None:
            await self._connection.close()
            self._connection = None

    async def _take(self, asks: Sequence[Ask]) -> list[Verdict | Exception]:
        try:
            verdicts = await take(await self._connected(), asks)
        except DATABASE_DOWN:  # or only the connection was cut, while nobody used it
            await self.close()
            verdicts = await take(await self._connected(), asks)
        if time.monotonic() - self._pruned_at > PRUNE_SECONDS:
            self._pruned_at = time.monotonic()
            await prune(await self._connected())
        return list(verdicts)

    async def _connected(self) -> AsyncConnection[TupleRow]:
        if self._connection is None or self._connection.broken or self._connection.closed:
            self._connection = await connect(self._url, PATIENCE_SECONDS)
        return self._connection


async def take(connection: AsyncConnection[TupleRow], asks: Sequence[Ask]) -> list[Verdict]:
    """Take a batch of asks, in order."""
    query = "SELECT admitted, made, reset_seconds FROM operations.take(%b, %b, %b, %b, %b)"
    lines = [(number, *count) for number, ask in enumerate(asks) for count in ask]
    columns = [list(column) for column in zip(*lines, strict=True)]
    rows = iter(await (await connection.execute(query, columns, binary=True)).fetchall())
    return [_verdict(ask, [next(rows) for _ in ask]) for ask in asks]


def _verdict(ask: Ask, rows: Sequence[TupleRow]) -> Verdict:
    levels = tuple(Level(count, row[1], row[2]) for count, row in zip(ask, rows, strict=True))
    return Verdict(rows[0][0], levels)


async def prune(connection: AsyncConnection[TupleRow]) -> None:
    """Forget those who have not asked for a window's time."""
    await connection.execute("DELETE FROM operations.limits WHERE idle_at < clock_timestamp()")
