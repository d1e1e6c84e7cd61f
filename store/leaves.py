"""The leaf of an event: its row as PostgreSQL's binary COPY writes it, so every byte that is stored counts.

    2 bytes   the number of columns: 8
    then each column in the order of COLUMNS:
    4 bytes   its length
    n bytes   position, version, append_end: 64-bit integers; recorded_at: microseconds since 2000-01-01 UTC, likewise;
              stream, type: UTF-8; data, meta: the JSON as it is stored

All numbers are big-endian and signed. No key is needed: what is sealed is hashed as it is stored, so erasing a person
changes no leaf. With lengths before values, two rows never have the same leaf.
"""

import struct
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime, timedelta
from typing import LiteralString, NamedTuple

from psycopg import AsyncConnection
from psycopg.abc import Params
from psycopg.pq.abc import PGconn
from psycopg.rows import TupleRow

COLUMNS = ("position", "version", "append_end", "recorded_at", "stream", "type", "data", "meta")
EPOCH = datetime(2000, 1, 1, tzinfo=UTC)
MICROSECOND = timedelta(microseconds=1)
HEADER_BYTES = 19  # of the COPY, before its first row
BATCH_BYTES_MAX = 16 * 1_048_576  # about: the last event may be beyond it
TRAILER = b"\xff\xff"

_fixed = struct.Struct(">hiqiqiqiq")
fixed = _fixed.unpack_from
"""Reads (columns, 8, position, 8, version, 8, append_end, 8, recorded_at) at the beginning of a leaf."""

_position_and_length = struct.Struct(">6xq36xi").unpack_from  # of the stream
_length = struct.Struct(">i").unpack_from


class LeafError(ValueError):
    """These bytes are not the leaf of an event."""


class Leaf(NamedTuple):
    """An event with all that is stored of it."""

    position: int
    version: int
    append_end: int
    recorded_at: datetime
    stream: str
    type: str
    data: bytes
    meta: bytes


def read_leaf(leaf: bytes) -> Leaf:
    """Take a leaf apart. Errors: LeafError."""
    values = list(_values(leaf))
    if len(values) != len(COLUMNS) or any(len(value) != 8 for value in values[:4]):  # noqa: PLR2004 - as above
        raise LeafError
    position, version, append_end, at = (int.from_bytes(value, "big", signed=True) for value in values[:4])
    try:
        recorded_at = EPOCH + timedelta(microseconds=at)
        return Leaf(position, version, append_end, recorded_at, values[4].decode(), values[5].decode(), *values[6:])
    except (ValueError, OverflowError) as error:
        raise LeafError from error


def told_in(leaf: bytes) -> tuple[int, str, str, bytes]:
    """Return position, stream, type and data of an event, from a leaf that is one; there are many."""
    position, length = _position_and_length(leaf)
    type_at = 54 + length
    data_at = type_at + 4 + _length(leaf, type_at)[0]
    meta_at = data_at + 4 + _length(leaf, data_at)[0]
    return position, leaf[54:type_at].decode(), leaf[type_at + 4 : data_at].decode(), leaf[data_at + 4 : meta_at]


def write_leaf(leaf: Leaf) -> bytes:
    """Put a leaf together. Errors: LeafError."""
    try:
        numbers = _fixed.pack(8, 8, leaf.position, 8, leaf.version, 8, leaf.append_end, 8, _microseconds(leaf))
    except struct.error as error:
        raise LeafError from error
    values = (leaf.stream.encode(), leaf.type.encode(), leaf.data, leaf.meta)
    return numbers + b"".join([len(value).to_bytes(4, "big") + value for value in values])


def _microseconds(leaf: Leaf) -> int:
    return (leaf.recorded_at - EPOCH) // MICROSECOND


def _values(leaf: bytes) -> Iterator[bytes]:
    at = 2
    while at < len(leaf):
        length = int.from_bytes(leaf[at : at + 4], "big", signed=True)
        at += 4 + length
        if length < 0 or at > len(leaf):
            raise LeafError
        yield leaf[at - length : at]
    if leaf[:2] != len(COLUMNS).to_bytes(2, "big"):
        raise LeafError


async def leaves_after(connection: AsyncConnection[TupleRow], position: int, limit: int) -> list[bytes]:
    """Return the leaves of the next events, in order: as many as are good to have at once, and at least one."""
    query = """
        COPY (
            SELECT position, version, append_end, recorded_at, stream, type, data, meta
            FROM (
                SELECT
                    position, version, append_end, recorded_at, stream, type, data, meta,
                    sum(octet_length(data)) OVER before AS bytes_before
                FROM book.log
                WHERE position > %s
                WINDOW before AS (ORDER BY position ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING)
                ORDER BY position
                LIMIT %s
            ) AS next
            WHERE bytes_before IS NULL OR bytes_before < %s
            ORDER BY position
        ) TO STDOUT (FORMAT binary, ENCODING 'UTF8')
    """
    return await copied(connection, query, (position, limit, BATCH_BYTES_MAX))


async def leaves_at(connection: AsyncConnection[TupleRow], positions: Sequence[int]) -> list[bytes]:
    """Return the leaves of the events at these positions, in order; of those that are there."""
    query = """
        COPY (
            SELECT position, version, append_end, recorded_at, stream, type, data, meta
            FROM book.log
            WHERE position = ANY(%s)
            ORDER BY position
        ) TO STDOUT (FORMAT binary, ENCODING 'UTF8')
    """
    return await copied(connection, query, (list(positions),))


async def copied(connection: AsyncConnection[TupleRow], query: LiteralString, values: Params) -> list[bytes]:
    """Return the leaves that a COPY of these columns gives."""
    async with connection.cursor().copy(query, values) as copy:
        rows: list[bytes] = []
        while row := await copy.read():
            rows.append(bytes(row))
            rows += _at_hand(connection.pgconn, rows[-1])
    rows[0] = rows[0][HEADER_BYTES:]
    return [row for row in rows if row and row != TRAILER]


def _at_hand(pgconn: PGconn, row: bytes) -> Iterator[bytes]:
    """Return the rows that have come already, up to the trailer: waiting for each would cost more than hashing it."""
    while not row.endswith(TRAILER):
        length, data = pgconn.get_copy_data(1)
        if length == 0:  # more may have arrived
            pgconn.consume_input()
            length, data = pgconn.get_copy_data(1)
        if length <= 0:
            return
        row = bytes(data)
        yield row
