"""Copies a book, up to a position, into a database that has none: all of it in one transaction, or nothing.

The rows of the log are copied byte by byte, and the tree grows anew from them. What it grows into must be what was
signed, so a copy is either the book as it was, or refused. Readers of the log that would tell the world begin where
the copy ends: what was sent once is not sent again.
"""

from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from datetime import datetime
from typing import NamedTuple, Protocol

import psycopg
from psycopg import AsyncConnection, sql
from psycopg.rows import TupleRow

from domain.privacy.events import SubjectErased
from store import tree
from store.binary_rows import HEADER, TRAILER, columns_of
from store.codec import decode_closed
from store.connections import CONNECT_SECONDS_MAX, KEEPALIVES
from store.leaves import EPOCH, MICROSECOND, fixed, read_leaf
from store.merkle import Part, Tree, leaf_hashes
from store.migrate import MIGRATION_LOCK, TABLE_OF_MIGRATIONS, ensure_role, migrations
from store.notes import Checkpoint

ERASED = SubjectErased.stored_type.encode()
NOT_MADE = "its tables are not made yet"
OPTIONS = "-c statement_timeout=0 -c timezone=UTC -c client_encoding=UTF8"

Moment = int | datetime
"""Up to which position, or before which time."""
Progress = Callable[[int, int], None]


class Table(NamedTuple):
    """What is copied beside the log; `place` is the column that says up to which position a row belongs."""

    name: str
    columns: tuple[str, ...]
    place: str | None = None


LINKS = Table("links", ("entity", "stream", "position"), "position")
CHECKPOINTS = Table("signed_checkpoints", ("size", "note", "made_at", "before"), "size")
COSIGNATURES = Table("cosignatures", ("size", "witness", "lines", "made_at"), "size")
SIGNING_KEYS = Table("signing_keys", ("number", "name", "public_key", "sealed", "made_at"))
KEYS = Table("keys", ("id", "subject", "wrapped", "created_at", "made_after"), "made_after")


class CopyError(Exception):
    """The book cannot be copied."""


class Source(Protocol):
    """A book that can be copied. `head` is its last position, `sequences` the next value of each."""

    head: int
    sequences: Mapping[str, int]

    def events(self) -> AsyncIterator[list[bytes]]:
        """Yield the leaves of all events in order, some at a time."""
        ...

    def rows(self, table: Table) -> AsyncIterator[bytes]:
        """Yield the rows of a table as binary COPY writes them."""
        ...


class Extent(NamedTuple):
    """How much of a source is wanted, whole appends only, and what all of it must be, also beyond that."""

    to: Moment
    signed: Sequence[Checkpoint] = ()


class Copied(NamedTuple):
    """Where the copy ends, the sizes of the checkpoints that it was held against, and how many keys it has."""

    position: int
    held_against: tuple[int, ...]
    keys: int


async def copy_book(url: str, source: Source, extent: Extent, readers: Mapping[str, str], progress: Progress) -> Copied:
    """Copy into the database of a URL, as its owner.

    `readers` of the log begin where the copy ends; with the mark of their tables, which are still to be made, or none.
    Errors: CopyError.
    """
    with psycopg.connect(url, autocommit=True, connect_timeout=CONNECT_SECONDS_MAX) as owner:
        ensure_role(owner)
    connection = await AsyncConnection.connect(
        url, autocommit=True, options=OPTIONS, connect_timeout=CONNECT_SECONDS_MAX, **KEEPALIVES
    )
    async with connection:
        await connection.execute("SELECT pg_advisory_lock(%s)", (MIGRATION_LOCK,))
        await _refuse_a_book(connection)
        async with connection.transaction():
            copied = await _copy(connection, source, extent, progress)
            await _place_readers(connection, readers, copied.position)
        await connection.execute("ANALYZE book.log, book.links, book.keys, book.tiles")
    return copied


async def _refuse_a_book(connection: AsyncConnection[TupleRow]) -> None:
    query = "SELECT to_regnamespace('book') IS NOT NULL OR to_regclass('public.guildbook_migrations') IS NOT NULL"
    row = await (await connection.execute(query)).fetchone()
    if row and row[0]:
        message = "There is a book already: a copy goes into a new, empty database."
        raise CopyError(message)


async def _copy(connection: AsyncConnection[TupleRow], source: Source, extent: Extent, progress: Progress) -> Copied:
    await _make_tables(connection)
    copying = _Events(connection, extent)
    async for leaves in source.events():
        await copying.take_in(leaves)
        progress(copying.size(), source.head)
    copying.finish(source.head)
    for table in (LINKS, CHECKPOINTS, COSIGNATURES):
        await _load(connection, table, source.rows(table), copying.position)
    await _load(connection, SIGNING_KEYS, source.rows(SIGNING_KEYS), None)
    keys = await _load(connection, KEYS, _of_the_living(source.rows(KEYS), copying.erased), copying.position)
    await _set_sequences(connection, source.sequences)
    return Copied(copying.position, tuple(each.size for each in extent.signed), keys)


async def _make_tables(connection: AsyncConnection[TupleRow]) -> None:
    await connection.execute(TABLE_OF_MIGRATIONS)
    for name, text in migrations():
        await connection.execute(text.encode())
        await connection.execute("INSERT INTO public.guildbook_migrations (name) VALUES (%s)", (name,))


# ---- events ----------------------------------------------------------------------------------------------------------


class _Events:
    """The events that come, on their way into the log and the tree."""

    def __init__(self, connection: AsyncConnection[TupleRow], extent: Extent) -> None:
        self._connection = connection
        self._to = extent.to if isinstance(extent.to, int) else (extent.to - EPOCH) // MICROSECOND
        self._is_time = isinstance(extent.to, datetime)
        self._signed = {(each.size, each.root) for each in extent.signed}
        self._tree = Tree()
        self._has_ended = False
        self.position = 0
        self.erased: dict[str, int] = {}  # the position at which this was said last, by subject

    def size(self) -> int:
        """Return how many events were looked at."""
        return self._tree.size

    async def take_in(self, leaves: Sequence[bytes]) -> None:
        """Copy what belongs to the copy. What does not is held against what was signed, and may say who was erased."""
        wanted = [leaf for leaf in leaves if self._is_wanted(leaf)]
        self._look_at(leaves)
        if wanted:
            await _write_events(self._connection, wanted)
            await tree.save_parts(self._connection, self._grow(wanted))
            self.position = self._tree.size
        self._grow(leaves[len(wanted) :])

    def _is_wanted(self, leaf: bytes) -> bool:
        _, _, _, _, _, _, append_end, _, recorded_at = fixed(leaf)
        is_within = recorded_at < self._to if self._is_time else append_end <= self._to
        self._has_ended = self._has_ended or not is_within
        return not self._has_ended

    def _look_at(self, leaves: Sequence[bytes]) -> None:
        """Refuse a gap, and note who was erased."""
        for position, leaf in enumerate(leaves, start=self._tree.size + 1):
            if fixed(leaf)[2] != position:
                message = f"Position {position} is missing."
                raise CopyError(message)
            if ERASED in leaf:
                self._note_erased(leaf)

    def _note_erased(self, leaf: bytes) -> None:
        row = read_leaf(leaf)
        event = decode_closed(row.type, row.data)
        if isinstance(event, SubjectErased):
            self.erased[event.of] = row.position

    def _grow(self, leaves: Sequence[bytes]) -> list[Part]:
        """Let the tree grow, and look at its root wherever one was signed. Errors: CopyError."""
        parts: list[Part] = []
        begin, end, at = self._tree.size, self._tree.size + len(leaves), 0
        for size in sorted({end, *(size for size, _ in self._signed if begin < size < end)}):
            parts += self._tree.append(leaf_hashes(leaves[at : size - begin]))
            at = size - begin
            if any(signed == size and root != self._tree.root() for signed, root in self._signed):
                message = f"The events up to {size} are not those that were signed: refused."
                raise CopyError(message)
        return parts

    def finish(self, head: int) -> None:
        """Refuse what ends before it should. Errors: CopyError."""
        beyond = [size for size, _ in self._signed if size > self._tree.size]
        if beyond:
            message = f"A checkpoint was signed of {max(beyond)} events, but there are {self._tree.size}: refused."
            raise CopyError(message)
        if self._tree.size != head:
            message = f"There should be {head} events, but there are {self._tree.size}."
            raise CopyError(message)
        if not self.position:
            message = "There is no event up to there."
            raise CopyError(message)


async def _write_events(connection: AsyncConnection[TupleRow], leaves: Sequence[bytes]) -> None:
    statement = """
        COPY book.log (position, version, append_end, recorded_at, stream, type, data, meta)
        FROM STDIN (FORMAT binary, ENCODING 'UTF8')
    """
    async with connection.cursor().copy(statement) as copy:
        await copy.write(b"".join([HEADER, *leaves, TRAILER]))


# ---- what is beside the log ------------------------------------------------------------------------------------------


async def _load(connection: AsyncConnection[TupleRow], table: Table, rows: AsyncIterator[bytes], to: int | None) -> int:
    """Load rows up to a position, and return how many there are now."""
    name, columns = sql.Identifier("book", table.name), sql.SQL(", ").join(map(sql.Identifier, table.columns))
    await connection.execute(sql.SQL("CREATE TEMP TABLE arriving (LIKE {}) ON COMMIT DROP").format(name))
    query = sql.SQL("COPY arriving ({}) FROM STDIN (FORMAT binary, ENCODING 'UTF8')").format(columns)
    async with connection.cursor().copy(query) as copy:
        await copy.write(HEADER)
        async for row in rows:
            await copy.write(row)
        await copy.write(TRAILER)
    belongs = sql.SQL("true") if to is None else sql.SQL("{} <= {}").format(sql.Identifier(table.place or ""), to)
    statement = sql.SQL("INSERT INTO {0} ({1}) SELECT {1} FROM arriving WHERE {2} ON CONFLICT DO NOTHING")
    loaded = await connection.execute(statement.format(name, columns, belongs))
    await connection.execute("DROP TABLE arriving")
    return loaded.rowcount


async def _of_the_living(rows: AsyncIterator[bytes], erased: Mapping[str, int]) -> AsyncIterator[bytes]:
    """Pass over the keys of who was erased after they were made: they must not come back with an older copy."""
    async for row in rows:
        _, subject, _, _, made_after = columns_of(row)
        if int.from_bytes(made_after, "big") >= erased.get(subject.decode(), 0):
            yield row


async def _set_sequences(connection: AsyncConnection[TupleRow], sequences: Mapping[str, int]) -> None:
    """Let no id be given that was given before."""
    query = "SELECT setval(format('book.%%I', %s::text)::regclass, %s, true)"  # the last one that was given
    for name, value in sequences.items():
        if value > 1:
            try:
                await connection.execute(query, (name, value - 1))
            except psycopg.errors.UndefinedTable as error:
                message = f"The sequence {name} is not known here: was this made by a later version of Guildbook?"
                raise CopyError(message) from error


async def _place_readers(connection: AsyncConnection[TupleRow], readers: Mapping[str, str], position: int) -> None:
    statement = """
        INSERT INTO operations.checkpoints (reader, position, fingerprint, stopped_at, error)
        SELECT
            reader, %(position)s, mark,
            CASE WHEN mark <> '' THEN %(position)s::bigint END, CASE WHEN mark <> '' THEN %(error)s END
        FROM unnest(%(readers)s::text[], %(marks)s::text[]) AS place (reader, mark)
    """
    columns = {
        "position": position,
        "readers": [*readers, tree.READER],
        "marks": [*readers.values(), ""],
        "error": NOT_MADE,
    }
    await connection.execute(statement, columns)
