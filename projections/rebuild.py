"""Makes query tables anew beside the old ones, compares, and swaps them in one transaction while reads go on."""

from collections.abc import Callable, Sequence
from typing import NamedTuple

from psycopg import AsyncConnection, sql
from psycopg.rows import TupleRow

from projections import checkpoints
from projections.rows import Projector, project
from store import log, signals
from store.connections import connect
from store.keys import Keyring

BATCH_EVENTS_MAX = 5000
REBUILD_LOCK = 7121402818
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
    connection = await connect(url)
    async with connection:
        await connection.execute("SET statement_timeout = 0")
        await connection.execute("SET synchronous_commit = off")
        await connection.execute("SELECT pg_advisory_lock(%s)", (REBUILD_LOCK,))
        await connection.execute("SET search_path = building")
        await _create(connection, projectors)
        position = await _catch_up(connection, keyring, projectors, 0, progress)
        differences = await _swap(connection, keyring, projectors, position)
        await connection.execute("SELECT pg_notify(%s, '')", (signals.REBUILT,))
    return differences


async def create_tables(connection: AsyncConnection[TupleRow], projectors: Sequence[Projector]) -> None:
    """Create the tables of these projectors in the schema that the connection looks at first."""
    for projector in projectors:
        await connection.execute(projector.tables.encode())


async def _create(connection: AsyncConnection[TupleRow], projectors: Sequence[Projector]) -> None:
    async with connection.transaction():
        for table in await tables_in(connection, "building"):
            await connection.execute(sql.SQL("DROP TABLE building.{}").format(sql.Identifier(table)))
        await create_tables(connection, projectors)


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
            position = await _take_in(connection, keyring, projectors, position, BATCH_EVENTS_MAX)
        if progress:
            progress(position, head)
        if position == before or head - position <= 0:
            head = await log.head(connection)
            if head - position < NEAR_EVENTS:
                break
    return position


async def _take_in(
    connection: AsyncConnection[TupleRow], keyring: Keyring, projectors: Sequence[Projector], position: int, limit: int
) -> int:
    types = [event.stored_type for projector in projectors for event in projector.handles()]
    end, batch = await log.read(connection, keyring, position, limit, types)
    await project(connection, [rows for projector in projectors for rows in projector.rows], batch)
    return end


async def _swap(
    connection: AsyncConnection[TupleRow], keyring: Keyring, projectors: Sequence[Projector], position: int
) -> list[Difference]:
    """Hold the live tables still, come to exactly where they are (or to the head), compare, and take their place."""
    readers = [projector.name for projector in projectors]
    async with connection.transaction():
        await connection.execute(
            "SELECT FROM operations.checkpoints WHERE reader = ANY(%s) ORDER BY reader FOR UPDATE", (readers,)
        )
        places = {mark.reader: mark for mark in await checkpoints.all_checkpoints(connection)}
        head = await log.head(connection)
        target = max([place.position for name, place in places.items() if name in readers] or [head])
        target = head if target < position else target
        while position < target:
            position = await _take_in(connection, keyring, projectors, position, target - position)
        return [
            difference
            for projector in projectors
            for difference in await _replace(connection, projector, places.get(projector.name), position)
        ]


async def _replace(
    connection: AsyncConnection[TupleRow],
    projector: Projector,
    live: checkpoints.Checkpoint | None,
    position: int,
) -> list[Difference]:
    mark = checkpoints.fingerprint(projector)
    comparable = live is not None and live.position == position and live.fingerprint == mark and not live.stopped_at
    differences = [
        difference
        for table in table_names(projector)
        if (difference := await _replace_table(connection, table, comparable=comparable))
    ]
    await checkpoints.begin(connection, projector.name, position, mark)
    return differences


def table_names(projector: Projector) -> list[str]:
    """Return the tables of a projector, as its DDL names them."""
    words = projector.tables.split()
    return [
        words[place + 2] for place, word in enumerate(words) if words[place : place + 2] == ["CREATE", "TABLE"] and word
    ]


async def _replace_table(connection: AsyncConnection[TupleRow], table: str, *, comparable: bool) -> Difference | None:
    new, old = sql.Identifier("building", table), sql.Identifier("projections", table)
    exists = table in await tables_in(connection, "projections")
    before = await _digest(connection, old) if exists and comparable else None
    after = await _digest(connection, new)
    await connection.execute(sql.SQL("DROP TABLE IF EXISTS {}").format(old))
    await connection.execute(sql.SQL("ALTER TABLE {} SET SCHEMA projections").format(new))
    return Difference(table, before[0], after[0]) if before and before != after else None


async def _digest(connection: AsyncConnection[TupleRow], table: sql.Identifier) -> tuple[int, str]:
    """Return the number of rows and a sum that changes with any of them, whatever their order."""
    query = sql.SQL("SELECT count(*), coalesce(sum(hashtextextended(t::text, 0)::numeric), 0)::text FROM {} AS t")
    row = await (await connection.execute(query.format(table))).fetchone()
    assert row is not None
    return row[0], row[1]
