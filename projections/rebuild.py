"""Makes query tables anew beside the old ones, compares, and swaps them in one transaction while reads go on."""

import asyncio
import re
from collections.abc import AsyncGenerator, Callable, Sequence
from contextlib import asynccontextmanager
from typing import NamedTuple

import psycopg
from psycopg import AsyncConnection, sql
from psycopg.rows import TupleRow

from projections import checkpoints
from projections.rows import Projector, project
from store import log, signals
from store.connections import connect
from store.keys import Keyring

BATCH_EVENTS_MAX = 5000
REBUILD_LOCK = 7121402818
SWAP_LOCK_MILLISECONDS = 200  # how long reads may have to wait for one try
SWAP_PAUSE_SECONDS = 0.2
NEAR_EVENTS = 2000  # how close to the live tables the new ones come before the live ones are held still

Progress = Callable[[int, int], None]


class Difference(NamedTuple):
    """A table whose rows were not what the log says: row counts before and after."""

    table: str
    rows_before: int
    rows_after: int


async def rebuild(
    url: str, keyring: Keyring, projectors: Sequence[Projector], progress: Progress | None = None
) -> list[Difference]:
    """Rebuild the tables of these projectors; returns which of them were different from what the log says.

    `progress` is called with (position, head). Safe beside running workers; a second rebuild waits for the first.
    """
    async with building(url, projectors) as connection:
        position = await _catch_up(connection, keyring, projectors, 0, progress)
        differences = await _swap(connection, keyring, projectors, position)
        await connection.execute("SELECT pg_notify(%s, '')", (signals.REBUILT,))
    return differences


@asynccontextmanager
async def building(url: str, projectors: Sequence[Projector]) -> AsyncGenerator[AsyncConnection[TupleRow]]:
    """Make empty tables beside those of these projectors; one at a time does so, and others wait."""
    async with await connect(url) as connection:
        await connection.execute("SET statement_timeout = 0")
        await connection.execute("SET idle_in_transaction_session_timeout = 0")
        await connection.execute("SET synchronous_commit = off")
        await connection.execute("SELECT pg_advisory_lock(%s)", (REBUILD_LOCK,))
        await connection.execute("SET search_path = building")
        async with connection.transaction():
            await drop_tables(connection)
            await create_tables(connection, projectors)
        yield connection


async def drop_tables(connection: AsyncConnection[TupleRow]) -> None:
    """Remove what was built and has not taken its place."""
    for table in await tables_in(connection, "building"):
        await connection.execute(sql.SQL("DROP TABLE building.{}").format(sql.Identifier(table)))


async def create_tables(connection: AsyncConnection[TupleRow], projectors: Sequence[Projector]) -> None:
    """Create the tables of these projectors in the schema that the connection looks at first."""
    for projector in projectors:
        await connection.execute(projector.tables.encode())


async def tables_in(connection: AsyncConnection[TupleRow], schema: str) -> list[str]:
    """Return the names of the tables of a schema."""
    query = "SELECT tablename::text FROM pg_tables WHERE schemaname = %s ORDER BY tablename"
    return [row[0] for row in await (await connection.execute(query, (schema,))).fetchall()]


async def _catch_up(
    connection: AsyncConnection[TupleRow],
    keyring: Keyring,
    projectors: Sequence[Projector],
    position: int,
    progress: Progress | None,
) -> int:
    head = await log.head(connection)
    while position < head:
        before = position
        async with connection.transaction():
            position = await take_in(connection, keyring, projectors, position, BATCH_EVENTS_MAX)
        if progress:
            progress(position, head)
        if position == before or head - position <= 0:
            head = await log.head(connection)
            if head - position < NEAR_EVENTS:
                break
    return position


async def take_in(
    connection: AsyncConnection[TupleRow], keyring: Keyring, projectors: Sequence[Projector], position: int, limit: int
) -> int:
    """Take in about so many events into the tables that the connection looks at first; return where that ended."""
    types = [event.stored_type for projector in projectors for event in projector.handles()]
    end, batch = await log.read(connection, keyring, position, limit, types)
    await project(connection, [rows for projector in projectors for rows in projector.rows], batch)
    return end


async def _swap(
    connection: AsyncConnection[TupleRow], keyring: Keyring, projectors: Sequence[Projector], position: int
) -> list[Difference]:
    """Take the place of the live tables; again after a while when they are not to be had at once.

    Readers lock tables in an order of their own, so whoever waits for all of them must not wait long.
    """
    while True:
        try:
            async with connection.transaction():
                return await _swap_now(connection, keyring, projectors, position)
        except psycopg.errors.LockNotAvailable:
            await asyncio.sleep(SWAP_PAUSE_SECONDS)


async def _swap_now(
    connection: AsyncConnection[TupleRow], keyring: Keyring, projectors: Sequence[Projector], position: int
) -> list[Difference]:
    """Hold the live projectors still, come to exactly where they are (or to the head), compare, and swap."""
    places = await _hold(connection, [projector.name for projector in projectors])
    target = await _target(connection, places, position)
    while position < target:
        position = await take_in(connection, keyring, projectors, position, target - position)
    differences = [d for p in projectors for d in await _differences(connection, p, places.get(p.name), position)]
    tables = sorted(table for projector in projectors for table in table_names(projector))
    await _lock_out_readers(connection, tables)
    for table in tables:
        await connection.execute(sql.SQL("DROP TABLE IF EXISTS projections.{}").format(sql.Identifier(table)))
        await connection.execute(
            sql.SQL("ALTER TABLE building.{} SET SCHEMA projections").format(sql.Identifier(table))
        )
    for projector in projectors:
        await checkpoints.begin(connection, projector.name, position, checkpoints.fingerprint(projector))
    return differences


async def _hold(connection: AsyncConnection[TupleRow], readers: list[str]) -> dict[str, checkpoints.Checkpoint]:
    query = "SELECT FROM operations.checkpoints WHERE reader = ANY(%s) ORDER BY reader FOR UPDATE"
    await connection.execute(query, (readers,))
    return {place.reader: place for place in await checkpoints.all_checkpoints(connection) if place.reader in readers}


async def _target(
    connection: AsyncConnection[TupleRow], places: dict[str, checkpoints.Checkpoint], position: int
) -> int:
    live = max((place.position for place in places.values()), default=0)
    return live if live >= position else await log.head(connection)


async def _lock_out_readers(connection: AsyncConnection[TupleRow], tables: Sequence[str]) -> None:
    existing = [table for table in await tables_in(connection, "projections") if table in tables]
    await connection.execute(sql.SQL("SET LOCAL lock_timeout = {}").format(sql.Literal(SWAP_LOCK_MILLISECONDS)))
    if existing:
        names = sql.SQL(", ").join(sql.Identifier("projections", table) for table in existing)
        await connection.execute(sql.SQL("LOCK TABLE {} IN ACCESS EXCLUSIVE MODE").format(names))


def table_names(projector: Projector) -> list[str]:
    """Return the tables of a projector, as its DDL names them."""
    return re.findall(r"CREATE TABLE (\w+)", projector.tables)


async def _differences(
    connection: AsyncConnection[TupleRow], projector: Projector, live: checkpoints.Checkpoint | None, position: int
) -> list[Difference]:
    """Return the tables whose rows are not what the log says; those of another place or version say nothing."""
    mark = checkpoints.fingerprint(projector)
    if live is None or live.stopped_at or (live.position, live.fingerprint) != (position, mark):
        return []
    existing = [table for table in await tables_in(connection, "projections") if table in table_names(projector)]
    digests = {
        table: (await digest(connection, "projections", table), await digest(connection, "building", table))
        for table in existing
    }
    return [Difference(table, old[0], new[0]) for table, (old, new) in digests.items() if old != new]


async def digest(connection: AsyncConnection[TupleRow], schema: str, table: str) -> tuple[int, str]:
    """Return the number of rows and a sum that changes with any of them, whatever their order."""
    query = sql.SQL("SELECT count(*), coalesce(sum(hashtextextended(t::text, 0)::numeric), 0)::text FROM {} AS t")
    row = await (await connection.execute(query.format(sql.Identifier(schema, table)))).fetchone()
    assert row is not None
    return row[0], row[1]
