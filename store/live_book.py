"""The book of a database as what copies and backups are made from."""

from collections.abc import AsyncIterator, Mapping
from datetime import datetime

from psycopg import AsyncConnection, sql
from psycopg.rows import TupleRow

from store.binary_rows import rows_of
from store.copying import Moment, Table
from store.leaves import leaves_after
from store.listing import position_before
from store.tree import SignedCheckpoint

READ_EVENTS = 4096
BEFORE_ALL = -1


class LiveBook:
    """A book up to a position at which an append ended."""

    def __init__(self, connection: AsyncConnection[TupleRow], head: int, sequences: Mapping[str, int]) -> None:
        self.head = head
        self.sequences = sequences
        self._connection = connection

    def events(self) -> AsyncIterator[list[bytes]]:
        """See `store.copying.Source`."""
        return events_between(self._connection, 0, self.head)

    def rows(self, table: Table) -> AsyncIterator[bytes]:
        """See `store.copying.Source`."""
        return rows_between(self._connection, table, BEFORE_ALL, self.head)


async def events_between(connection: AsyncConnection[TupleRow], after: int, to: int) -> AsyncIterator[list[bytes]]:
    """Yield the leaves of events in order, some at a time."""
    while after < to and (leaves := await leaves_after(connection, after, min(READ_EVENTS, to - after))):
        yield leaves
        after += len(leaves)


def rows_between(connection: AsyncConnection[TupleRow], table: Table, after: int, to: int) -> AsyncIterator[bytes]:
    """Yield the rows of a table that belong to the positions between two; all of them where a row has none."""
    where = sql.SQL("true")
    if table.place:
        where = sql.SQL("{0} > {1} AND {0} <= {2}").format(sql.Identifier(table.place), after, to)
    columns = sql.SQL(", ").join(map(sql.Identifier, table.columns))
    query = sql.SQL("COPY (SELECT {} FROM book.{} WHERE {}) TO STDOUT (FORMAT binary, ENCODING 'UTF8')")
    return rows_of(connection, query.format(columns, sql.Identifier(table.name), where))


async def position_of(connection: AsyncConnection[TupleRow], moment: Moment) -> int:
    """Return where the last append ended up to a position, or before a time; 0 when there was none."""
    position = await position_before(connection, moment) if isinstance(moment, datetime) else moment
    query = """
        SELECT position
        FROM book.log
        WHERE position <= %s AND append_end = position
        ORDER BY position DESC
        LIMIT 1
    """
    row = await (await connection.execute(query, (position,))).fetchone()
    return row[0] if row else 0


async def newest_checkpoint(connection: AsyncConnection[TupleRow], up_to: int) -> SignedCheckpoint | None:
    """Return the last checkpoint that was signed of no more than so many events."""
    query = """
        SELECT size, note, made_at
        FROM book.published_checkpoints
        WHERE size <= %s
        ORDER BY size DESC
        LIMIT 1
    """
    row = await (await connection.execute(query, (up_to,))).fetchone()
    return SignedCheckpoint(*row) if row else None


async def next_values(connection: AsyncConnection[TupleRow]) -> dict[str, int]:
    """Return what each sequence of ids gives next."""
    query = """
        SELECT sequencename::text, coalesce(last_value + increment_by, start_value)
        FROM pg_sequences
        WHERE schemaname = 'book'
    """
    return dict(await (await connection.execute(query)).fetchall())
