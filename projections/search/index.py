"""Keeps the index of the trail. No request waits for it: a search reads the log where the index ends."""

import hashlib
from importlib import resources

from psycopg import AsyncConnection, sql
from psycopg.rows import TupleRow

from projections import checkpoints
from projections.search.entries import WORD_CHARACTERS_MAX, Entry, entry_of
from store import log

READER = "search"
REVISION = 1  # of what is taken into it: another one makes it anew
TABLES = (resources.files("projections.search") / "tables.sql").read_text()
READ_EVENTS = 250  # few at a time: others live in the same loop


async def position_indexed(connection: AsyncConnection[TupleRow]) -> int:
    """Return up to where the log is in the index, 0 when there is none."""
    query = """
        SELECT position
        FROM operations.checkpoints
        WHERE reader = %s AND to_regclass('projections.trail') IS NOT NULL
    """
    row = await (await connection.execute(query, (READER,))).fetchone()
    return row[0] if row else 0


async def prepare(connection: AsyncConnection[TupleRow]) -> int:
    """Make the index if it is missing or of another version, and return how far it is."""
    if await _mark_of_table(connection) != _mark():
        async with connection.transaction():
            await connection.execute("DROP TABLE IF EXISTS trail")
            await connection.execute(TABLES.encode())
            await connection.execute(sql.SQL("COMMENT ON TABLE trail IS {}").format(_mark()))
            await checkpoints.begin(connection, READER, 0, "")
    return await position_indexed(connection)


def _mark() -> str:
    """Tell an index that another version made apart."""
    return hashlib.sha256(f"{REVISION}\n{TABLES}".encode()).hexdigest()[:16]


async def _mark_of_table(connection: AsyncConnection[TupleRow]) -> str | None:
    row = await (await connection.execute("SELECT obj_description(to_regclass('projections.trail'))")).fetchone()
    return row[0] if row else None


async def take_in(connection: AsyncConnection[TupleRow], position: int) -> int:
    """Take in the next events and return up to where. Errors: FencedError."""
    end, rows = await log.read_rows(connection, position, READ_EVENTS, None)
    if end == position:
        return position
    async with connection.pipeline(), connection.transaction():
        moved = await checkpoints.move(connection, [READER], position, end)
        await _save(connection, [entry_of(row) for row in rows])
        await checkpoints.require_moved(moved, [READER])
    return end


async def _save(connection: AsyncConnection[TupleRow], entries: list[Entry]) -> None:
    statement = """
        INSERT INTO trail (position, type, actor, guild, request, recorded_at, words)
        SELECT position, type, actor, guild, request, recorded_at, array_to_tsvector(string_to_array(words, ' '))
        FROM unnest(
            %b::bigint[], %b::text[], %b::text[], %b::bigint[], %b::text[], %b::timestamptz[], %b::text[]
        ) AS new (position, type, actor, guild, request, recorded_at, words)
    """
    columns = (
        [entry.position for entry in entries],
        [_key(entry.type) for entry in entries],
        [_key(entry.meta.actor) for entry in entries],
        [entry.guild for entry in entries],
        [None if entry.meta.request is None else _key(entry.meta.request) for entry in entries],
        [entry.recorded_at for entry in entries],
        [" ".join(entry.words) for entry in entries],
    )
    await connection.execute(statement, columns)


def _key(text: str) -> str:
    """Cut what is longer than whatever may be asked for: an index has no room for it."""
    return text[:WORD_CHARACTERS_MAX]
