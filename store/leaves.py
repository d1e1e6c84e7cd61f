"""The leaf of an event: its row as PostgreSQL's binary COPY writes it, so every byte that is stored counts.

    2 bytes   the number of columns: 8
    then each column in the order of COLUMNS:
    4 bytes   its length
    n bytes   position, version, append_end: 64-bit integers; recorded_at: microseconds since 2000-01-01 UTC, likewise;
              stream, type: UTF-8; data, meta: the JSON as it is stored

All numbers are big-endian and signed. No key is needed: what is sealed is hashed as it is stored, so erasing a person
changes no leaf. With lengths before values, two rows never have the same leaf.
"""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from struct import Struct
from typing import NamedTuple

from psycopg import AsyncConnection
from psycopg.pq.abc import PGconn
from psycopg.rows import TupleRow

COLUMNS = ("position", "version", "append_end", "recorded_at", "stream", "type", "data", "meta")
EPOCH = datetime(2000, 1, 1, tzinfo=UTC)
HEADER_BYTES = 19  # of the COPY, before its first row
TRAILER = b"\xff\xff"

fixed = Struct(">hiqiqiqiq").unpack_from
"""Reads (columns, 8, position, 8, version, 8, append_end, 8, recorded_at) at the beginning of a leaf."""


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
    """Return the leaves of the next events, in order."""
    query = """
        COPY (
            SELECT position, version, append_end, recorded_at, stream, type, data, meta
            FROM book.log
            WHERE position > %s
            ORDER BY position
            LIMIT %s
        ) TO STDOUT (FORMAT binary, ENCODING 'UTF8')
    """
    async with connection.cursor().copy(query, (position, limit)) as copy:
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
        if length <= 0:
            return
        row = bytes(data)
        yield row
