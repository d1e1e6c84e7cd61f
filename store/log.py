"""Reading the log: from a position on, or stream by stream."""

from collections.abc import Collection, Sequence
from datetime import datetime
from typing import NamedTuple

import msgspec
from psycopg import AsyncConnection
from psycopg.rows import TupleRow

from domain.kernel import Event, UnreadableError
from store.codec import UNDECODABLE, Meta, UndecodableEvent, decode_events, decode_meta, decode_what_can_be
from store.keys import Keyring

READ_BYTES = 16 << 20  # of data at once, or the append that goes beyond it


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

    It covers about `limit` positions, fewer when they hold much, and always ends with a whole append. The end is
    `after` when there is no more. An event that cannot be decoded is there as an UndecodableEvent.
    """
    end, rows = await read_rows(connection, after, limit, types)
    return end, await recorded(rows, keyring)


async def read_rows(
    connection: AsyncConnection[TupleRow], after: int, limit: int, types: Collection[str] | None
) -> tuple[int, list[TupleRow]]:
    """Return what `read` does (types None: all), undecoded.

    A row is (position, stream, version, type, data, append_end, recorded_at, meta).
    """
    query = """
        WITH reach AS (
            SELECT append_end AS ending
            FROM book.log
            WHERE position <= %(limit)b
            ORDER BY position DESC
            LIMIT 1
        ),
        sized AS (
            SELECT append_end, sum(octet_length(data)) OVER (ORDER BY position ROWS UNBOUNDED PRECEDING) AS bytes
            FROM book.log
            WHERE position > %(after)b AND position <= (SELECT ending FROM reach)
        ),
        read AS (
            SELECT coalesce((SELECT min(append_end) FROM sized WHERE bytes >= %(bytes)b), ending) AS ending
            FROM reach
        )
        SELECT read.ending, position, stream, version, type, data, append_end, recorded_at, meta
        FROM read
        LEFT JOIN book.log ON position > %(after)b AND position <= read.ending
            AND (%(types)b::text[] IS NULL OR type = ANY(%(types)b::text[]))
        ORDER BY position
    """
    reach = {"after": after, "limit": after + limit, "bytes": READ_BYTES}
    wanted = {**reach, "types": None if types is None else list(types)}
    rows = await (await connection.execute(query, wanted, binary=True)).fetchall()
    end = max(after, rows[0][0]) if rows else after
    return end, [row[1:] for row in rows if row[1] is not None]


async def recorded(rows: Sequence[TupleRow], keyring: Keyring) -> list[Recorded]:
    """Decode what `read_rows` returns; an event that cannot be decoded is there as an UndecodableEvent."""
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
    """Return each stream that exists. Errors: UnreadableError."""
    query = """
        SELECT stream, version, position, type, data
        FROM book.log
        WHERE stream = ANY(%b)
        ORDER BY stream, version
    """
    rows = await (await connection.execute(query, (list(streams),), binary=True)).fetchall()
    events = await _read_whole(rows, keyring)
    found: dict[str, Stream] = {}
    for row, event in zip(rows, events, strict=True):
        so_far = found[row[0]].events if row[0] in found else []
        so_far.append(event)
        found[row[0]] = Stream(row[1], row[2], so_far)
    return found


async def _read_whole(rows: Sequence[TupleRow], keyring: Keyring) -> list[Event]:
    coded = [(row[3], row[4]) for row in rows]
    try:
        return await decode_events(coded, keyring)
    except UNDECODABLE as error:
        pairs = zip(rows, await decode_what_can_be(coded, keyring), strict=True)
        raise UnreadableError(next(row[0] for row, event in pairs if isinstance(event, UndecodableEvent))) from error


async def stream_ends(connection: AsyncConnection[TupleRow], streams: Sequence[str]) -> dict[str, tuple[int, int]]:
    """Return the version of each stream that exists, and the position of its last event."""
    query = "SELECT stream, max(version), max(position) FROM book.log WHERE stream = ANY(%b) GROUP BY stream"
    rows = await (await connection.execute(query, (list(streams),), binary=True)).fetchall()
    return {stream: (version, position) for stream, version, position in rows}


async def streams_about(connection: AsyncConnection[TupleRow], entity: str, prefix: str) -> tuple[int, list[str]]:
    """Return the head, and the streams with a prefix that ever spoke of an entity up to there."""
    query = """
        SELECT book.head(), ARRAY(
            SELECT stream
            FROM book.links
            WHERE entity = %b AND starts_with(stream, %b)
            ORDER BY position
        )
    """
    row = await (await connection.execute(query, (entity, prefix), binary=True)).fetchone()
    return (row[0], row[1]) if row else (0, [])


async def newest_about(
    connection: AsyncConnection[TupleRow], about: str, stream: str | None, before: int, limit: int
) -> list[tuple[int, str]]:
    """Return the positions before one at which somebody spoke of an entity, newest first, and the streams that did.

    `stream` names the only one that matters.
    """
    query = """
        SELECT log.position, log.stream
        FROM book.links AS link
        JOIN book.log AS log ON log.stream = link.stream
        WHERE link.entity = %(about)b AND (%(stream)b::text IS NULL OR link.stream = %(stream)b)
            AND log.position < %(before)b
        ORDER BY log.position DESC
        LIMIT %(limit)b
    """
    wanted = {"about": about, "stream": stream, "before": before, "limit": limit}
    return [(row[0], row[1]) for row in await (await connection.execute(query, wanted, binary=True)).fetchall()]


async def read_back(
    connection: AsyncConnection[TupleRow],
    keyring: Keyring,
    streams: Sequence[str],
    up_to: int,
    positions: Sequence[int] = (),
) -> list[Recorded]:
    """Return the events of whole streams up to a position, and those at other positions, in order."""
    query = """
        SELECT position, stream, version, type, data, append_end, recorded_at, meta
        FROM book.log
        WHERE (stream = ANY(%b) AND position <= %b) OR position = ANY(%b)
        ORDER BY position
    """
    wanted = (list(streams), up_to, list(positions))
    rows = await (await connection.execute(query, wanted, binary=True)).fetchall()
    return await recorded(rows, keyring)
