"""Rows as PostgreSQL's binary COPY writes them: between a header and a trailer, each with its number of columns.

Of each column there is the length, -1 for NULL, and the value. What this writes, `COPY ... (FORMAT binary)` reads.
"""

from collections.abc import AsyncIterator, Iterator
from struct import Struct
from typing import Protocol

from psycopg import AsyncConnection
from psycopg.rows import TupleRow
from psycopg.sql import Composed

HEADER = b"PGCOPY\n\xff\r\n\0" + bytes(8)
TRAILER = b"\xff\xff"
CHUNK_BYTES = 1 << 20

_count = Struct(">h").unpack_from
_length = Struct(">i").unpack_from


class Readable(Protocol):
    """A file, whatever it is unpacked by."""

    def read(self, size: int, /) -> bytes:
        """Return the next bytes, at most so many."""
        ...


class RowsError(ValueError):
    """These bytes are not rows of a binary COPY, or not all of them."""

    def __str__(self) -> str:
        return self.__doc__ or ""


def columns_of(row: bytes) -> list[bytes]:
    """Take a row apart; NULL is there as nothing."""
    at, columns = 2, list[bytes]()
    for _ in range(_count(row)[0]):
        length = max(0, _length(row, at)[0])
        at += 4 + length
        columns.append(row[at - length : at])
    return columns


def rows_in(file: Readable) -> Iterator[bytes]:
    """Yield the rows of a file, up to its trailer. Errors: RowsError."""
    if file.read(len(HEADER)) != HEADER:
        raise RowsError
    rest = b""
    while chunk := file.read(CHUNK_BYTES):
        data, at = rest + chunk, 0
        while end := _end_of_row(data, at):
            yield data[at:end]
            at = end
        rest = data[at:]
    if rest != TRAILER:
        raise RowsError


def _end_of_row(data: bytes, at: int) -> int:
    """Return where the row that begins here ends, 0 when it is not all there."""
    size = len(data)
    if at + 2 > size:
        return 0
    columns = _count(data, at)[0]
    at += 2
    for _ in range(columns):
        if at + 4 > size:
            return 0
        length = _length(data, at)[0]
        at += 4 + max(0, length)
    return at if columns > 0 and at <= size else 0


async def rows_of(connection: AsyncConnection[TupleRow], query: Composed) -> AsyncIterator[bytes]:
    """Yield the rows that a binary COPY gives."""
    async with connection.cursor().copy(query) as copy:
        async for row in copy:
            bare = bytes(row).removeprefix(HEADER)
            if bare not in (b"", TRAILER):
                yield bare
