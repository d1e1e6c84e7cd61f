"""Reading the log as it is stored, nothing opened, for those who look after it."""

from collections.abc import Sequence
from datetime import datetime
from typing import NamedTuple

from psycopg import AsyncConnection
from psycopg.rows import TupleRow

from store.log import head


class Stored(NamedTuple):
    """A row of the log."""

    position: int
    stream: str
    version: int
    type: str
    data: bytes
    meta: bytes
    recorded_at: datetime


async def stored_events(
    connection: AsyncConnection[TupleRow], after: int, limit: int, *, stream: str | None = None, kind: str | None = None
) -> list[Stored]:
    """Return the next events after a position, of one stream or type if that is given."""
    query = """
        SELECT position, stream, version, type, data, meta, recorded_at
        FROM book.log
        WHERE position > %b
          AND (%b::text IS NULL OR stream = %b)
          AND (%b::text IS NULL OR type = %b)
        ORDER BY position
        LIMIT %b
    """
    arguments = (after, stream, stream, kind, kind, limit)
    rows = await (await connection.execute(query, arguments, binary=True)).fetchall()
    return [Stored(*row) for row in rows]


async def streams_of(connection: AsyncConnection[TupleRow], context: str) -> Sequence[str]:
    """Return the names of all streams of a context."""
    query = "SELECT stream FROM book.log WHERE stream >= %b AND stream < %b AND version = 1"
    between = (f"{context}-", f"{context}.")  # the sign after the hyphen
    rows = await (await connection.execute(query, between, binary=True)).fetchall()
    return [row[0] for row in rows]


async def position_before(connection: AsyncConnection[TupleRow], when: datetime) -> int:
    """Return a position up to which everything was recorded before a time: halving, since positions have no gaps.

    Times grow with positions unless a clock was put back.
    """
    first, last = 0, await head(connection)
    while first < last:
        middle = (first + last + 1) // 2
        query = "SELECT recorded_at FROM book.log WHERE position = %b"
        row = await (await connection.execute(query, (middle,), binary=True)).fetchone()
        assert row is not None
        first, last = (middle, last) if row[0] < when else (first, middle - 1)
    return first
