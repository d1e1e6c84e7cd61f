"""Reading the log as it is stored, nothing opened, for those who look after it."""

from collections.abc import Sequence
from datetime import datetime
from typing import NamedTuple

from psycopg import AsyncConnection
from psycopg.rows import TupleRow


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


async def related_streams(
    connection: AsyncConnection[TupleRow], entity: str, after: int, limit: int
) -> list[tuple[str, int]]:
    """Return the streams that spoke of an entity, by where they did so first: those after a position."""
    query = """
        SELECT stream, position
        FROM book.links
        WHERE entity = %b AND position > %b
        ORDER BY position
        LIMIT %b
    """
    rows = await (await connection.execute(query, (entity, after, limit), binary=True)).fetchall()
    return [(row[0], row[1]) for row in rows]


async def position_of(connection: AsyncConnection[TupleRow], stream: str, version: int) -> int | None:
    """Return where the event of a stream with a version is, None when it is not there."""
    query = "SELECT position FROM book.log WHERE stream = %b AND version = %b"
    row = await (await connection.execute(query, (stream, version), binary=True)).fetchone()
    return row[0] if row else None


async def position_before(connection: AsyncConnection[TupleRow], when: datetime) -> int:
    """Return a position up to which everything was recorded before a time."""
    return (await positions_before(connection, [when]))[0]


async def positions_before(connection: AsyncConnection[TupleRow], moments: Sequence[datetime]) -> list[int]:
    """Return for each moment the position of the last event that was recorded before it, 0 when there is none.

    It halves the log until it is found, since positions have no gaps; times grow with them unless a clock was put back.
    """
    query = """
        WITH RECURSIVE halving AS (
            SELECT number, moment, 0::bigint AS low, book.head() AS high
            FROM unnest(%b::timestamptz[]) WITH ORDINALITY AS asked (moment, number)
            UNION ALL
            SELECT
                number, moment,
                CASE WHEN log.recorded_at < moment THEN middle ELSE low END,
                CASE WHEN log.recorded_at < moment THEN high ELSE middle - 1 END
            FROM halving
            CROSS JOIN LATERAL (SELECT (low + high + 1) / 2 AS middle) AS half
            LEFT JOIN book.log ON log.position = middle
            WHERE low < high
        )
        SELECT low
        FROM halving
        WHERE low >= high
        ORDER BY number
    """
    rows = await (await connection.execute(query, (list(moments),), binary=True)).fetchall()
    return [row[0] for row in rows]


async def contexts_after(connection: AsyncConnection[TupleRow], position: int) -> dict[str, int]:
    """Return how many events each context has after a position, the most frequent first."""
    query = """
        SELECT split_part(type, '.', 1) AS context, count(*)
        FROM book.log
        WHERE position > %b
        GROUP BY context
        ORDER BY count(*) DESC, context
    """
    return dict(await (await connection.execute(query, (position,), binary=True)).fetchall())
