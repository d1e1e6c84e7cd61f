"""Reading the log: from a position on, or stream by stream."""

from collections.abc import Sequence
from datetime import datetime
from typing import NamedTuple

import msgspec
from psycopg import AsyncConnection
from psycopg.rows import TupleRow

from domain.kernel import Event
from store.codec import UNDECODABLE, Meta, decode_events, decode_meta, decode_what_can_be
from store.keys import Keyring


class Recorded(msgspec.Struct, frozen=True):
    """An event as the log holds it. `append_end` is the last position of what was appended together with it."""

    position: int
    stream: str
    version: int
    event: Event
    append_end: int
    recorded_at: datetime
    meta_data: bytes

    def meta(self) -> Meta:
        """Decode who did it."""
        return decode_meta(self.meta_data)


class Stream(NamedTuple):
    """A whole stream: its version, the position of its last event, and its events."""

    version: int
    position: int
    events: list[Event]


NO_STREAM = Stream(0, 0, [])


async def head(connection: AsyncConnection[TupleRow]) -> int:
    """Return the last position, 0 when the log is empty."""
    row = await (await connection.execute("SELECT book.head()")).fetchone()
    return row[0] if row else 0


async def read(
    connection: AsyncConnection[TupleRow], keyring: Keyring, after: int, limit: int, types: Sequence[str]
) -> tuple[int, list[Recorded]]:
    """Return where the reading ended, and the events of these types between `after` and there, in order.

    It covers about `limit` positions and always ends with a whole append. The end is `after` when there is no more.
    An event that cannot be decoded is there as an UndecodableEvent.
    """
    query = """
        WITH read AS (
            SELECT append_end AS ending
            FROM book.log
            WHERE position <= %b
            ORDER BY position DESC
            LIMIT 1
        )
        SELECT read.ending, position, stream, version, type, data, append_end, recorded_at, meta
        FROM read
        LEFT JOIN book.log ON position > %b AND position <= read.ending AND type = ANY(%b)
        ORDER BY position
    """
    rows = await (await connection.execute(query, (after + limit, after, list(types)), binary=True)).fetchall()
    end = max(after, rows[0][0]) if rows else after
    return end, await _recorded([row[1:] for row in rows if row[1] is not None], keyring)


async def _recorded(rows: Sequence[TupleRow], keyring: Keyring) -> list[Recorded]:
    coded = [(row[3], row[4]) for row in rows]
    try:
        events = await decode_events(coded, keyring)
    except UNDECODABLE:
        events = await decode_what_can_be(coded, keyring)
    return [
        Recorded(row[0], row[1], row[2], event, row[5], row[6], row[7]) for row, event in zip(rows, events, strict=True)
    ]


async def read_streams(
    connection: AsyncConnection[TupleRow], keyring: Keyring, streams: Sequence[str]
) -> dict[str, Stream]:
    """Return each stream that exists."""
    query = """
        SELECT stream, version, position, type, data
        FROM book.log
        WHERE stream = ANY(%b)
        ORDER BY stream, version
    """
    rows = await (await connection.execute(query, (list(streams),), binary=True)).fetchall()
    events = await decode_events([(row[3], row[4]) for row in rows], keyring)
    found: dict[str, Stream] = {}
    for row, event in zip(rows, events, strict=True):
        so_far = found[row[0]].events if row[0] in found else []
        so_far.append(event)
        found[row[0]] = Stream(row[1], row[2], so_far)
    return found


async def streams_about(connection: AsyncConnection[TupleRow], entity: str, context: str) -> tuple[int, list[str]]:
    """Return the head, and the streams of a context that ever spoke of an entity up to there."""
    query = """
        SELECT book.head(), ARRAY(
            SELECT stream
            FROM book.links
            WHERE entity = %b AND starts_with(stream, %b)
            ORDER BY position
        )
    """
    row = await (await connection.execute(query, (entity, f"{context}-"), binary=True)).fetchone()
    return (row[0], row[1]) if row else (0, [])
