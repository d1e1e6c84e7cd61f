"""Compares query tables with what the log says: made once more beside them, and left as they are."""

import asyncio
import time
from collections.abc import AsyncGenerator, Sequence
from contextlib import asynccontextmanager
from typing import LiteralString, NamedTuple

from psycopg import AsyncConnection, sql
from psycopg.rows import TupleRow

from projections import checkpoints
from projections.checkpoints import Checkpoint
from projections.rebuild import BATCH_EVENTS_MAX, Progress, building, digest, drop_tables, table_names, take_in
from projections.rows import Projector
from store import log
from store.connections import connect, described, is_outage
from store.keys import Keyring

KEYS_SHOWN_MAX = 5
LEVEL_SECONDS_MAX = 10.0  # how long projectors may take to come to where the log was when somebody asked
POLL_SECONDS = 0.1
PASSING = "does `guildbook work projector` run?"  # said of what may be over in a moment
ROWS: LiteralString = "SELECT ROW({})::text, hashtextextended(t::text, 0) FROM {} AS t"

Connection = AsyncConnection[TupleRow]


class Wrong(NamedTuple):
    """A table that is not what the log says: its rows, those that there should be, and the keys of some that differ."""

    table: str
    rows: int
    rows_right: int
    keys: tuple[str, ...]


class Comparison(NamedTuple):
    """What was compared at a position, and why others could not be: by projector."""

    position: int
    wrong: tuple[Wrong, ...]
    unfit: dict[str, str]


async def compare(url: str, keyring: Keyring, projectors: Sequence[Projector], progress: Progress) -> Comparison:
    """Compare the tables of these projectors with the log. Reads, writes and projectors go on meanwhile."""
    async with await connect(url) as live:
        await live.execute("SET statement_timeout = 0")
        await live.execute("SET idle_in_transaction_session_timeout = 0")
        unfit = await _unfit(live, projectors, await log.head(live))
        fit = [projector for projector in projectors if projector.name not in unfit]
        if not fit:
            return Comparison(0, (), unfit)
        async with building(url, fit) as beside:
            compared = await _compare_what_can_be(live, beside, keyring, fit, progress)
            await drop_tables(beside)
            return compared._replace(unfit=unfit | compared.unfit)


async def _compare_what_can_be(
    live: Connection, beside: Connection, keyring: Keyring, projectors: Sequence[Projector], progress: Progress
) -> Comparison:
    """Compare, unless the log cannot be read any more as it was when the live tables were made."""
    try:
        return await _compare(live, beside, keyring, projectors, progress)
    except Exception as error:
        if is_outage(error):
            raise
        reason = f"its tables cannot be made again from the log ({described(error)}): run `guildbook verify`"
        return Comparison(0, (), {projector.name: reason for projector in projectors})


async def _unfit(live: Connection, projectors: Sequence[Projector], head: int) -> dict[str, str]:
    """Return who cannot be compared and why, after a moment for those that are on their way."""
    deadline = time.monotonic() + LEVEL_SECONDS_MAX
    while True:
        faults = await _faults(live, projectors, head)
        may_pass = any(reason.endswith(PASSING) for reason in faults.values())
        if not may_pass or time.monotonic() > deadline:
            return faults
        await asyncio.sleep(POLL_SECONDS)


async def _faults(live: Connection, projectors: Sequence[Projector], head: int) -> dict[str, str]:
    """Return why projectors are not all level, up to the head at least."""
    places = {place.reader: place for place in await checkpoints.all_checkpoints(live)}
    found = {projector.name: places.get(projector.name) for projector in projectors}
    furthest = max([head, *(place.position for place in found.values() if place)])
    reasons = ((projector.name, _fault(projector, found[projector.name], furthest)) for projector in projectors)
    return {name: reason for name, reason in reasons if reason}


def _fault(projector: Projector, place: Checkpoint | None, furthest: int) -> str | None:
    if place is None:
        return f"its tables were never made: {PASSING}"
    if place.fingerprint != checkpoints.fingerprint(projector):
        return "its tables are of another version: run `guildbook rebuild`"
    if place.stopped_at is not None:
        return f"it is stopped at position {place.stopped_at}: {place.error}"
    if place.position < furthest:
        return f"it is at position {place.position} of {furthest}: {PASSING}"
    return None


async def _compare(
    live: Connection, beside: Connection, keyring: Keyring, projectors: Sequence[Projector], progress: Progress
) -> Comparison:
    """Fill the tables beside, nearly; then look at one moment of the live ones, and come to where that is."""
    near = min(place.position for place in await _places(live, projectors))
    position = await _take_in_up_to(beside, keyring, projectors, (0, near), progress)
    deadline = time.monotonic() + LEVEL_SECONDS_MAX
    while True:
        async with _one_moment(live):
            unfit = await _faults(live, projectors, near)
            level = [projector for projector in projectors if projector.name not in unfit]
            if not unfit or time.monotonic() > deadline:
                end = max((place.position for place in await _places(live, level)), default=position)
                await _take_in_up_to(beside, keyring, level, (position, end), progress)
                return Comparison(end, tuple(await _wrong_tables(live, beside, level)), unfit)
        await asyncio.sleep(POLL_SECONDS)


async def _places(live: Connection, projectors: Sequence[Projector]) -> list[Checkpoint]:
    names = {projector.name for projector in projectors}
    return [place for place in await checkpoints.all_checkpoints(live) if place.reader in names]


async def _take_in_up_to(
    beside: Connection, keyring: Keyring, projectors: Sequence[Projector], between: tuple[int, int], progress: Progress
) -> int:
    position, end = between
    while position < end:
        async with beside.transaction():
            limit = min(BATCH_EVENTS_MAX, end - position)
            position = await take_in(beside, keyring, projectors, position, limit)
        progress(position, end)
    return position


@asynccontextmanager
async def _one_moment(live: Connection) -> AsyncGenerator[None]:
    """Let all that is read in the block be as it was at one time, and nobody wait for it."""
    async with live.transaction():
        await live.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ, READ ONLY")
        yield


# ---- tables ----------------------------------------------------------------------------------------------------------


async def _wrong_tables(live: Connection, beside: Connection, projectors: Sequence[Projector]) -> list[Wrong]:
    wrong: list[Wrong] = []
    for table in (table for projector in projectors for table in table_names(projector)):
        there, right = await _digest(live, table), await digest(beside, "building", table)
        if there != right:
            keys = await _keys_that_differ(live, beside, table) if there else []
            wrong.append(Wrong(table, there[0] if there else 0, right[0], tuple(keys)))
    return wrong


async def _digest(live: Connection, table: str) -> tuple[int, str] | None:
    """Return the digest of a live table, None when it is missing."""
    query = "SELECT to_regclass(format('projections.%%I', %s::text)) IS NOT NULL"
    row = await (await live.execute(query, (table,))).fetchone()
    return await digest(live, "projections", table) if row and row[0] else None


async def _keys_that_differ(live: Connection, beside: Connection, table: str) -> list[str]:
    """Return some keys of rows that only one of the tables has: the live rows' hashes are carried over."""
    columns = sql.SQL(", ").join(map(sql.Identifier, await _key_of(beside, table)))
    there = sql.SQL(ROWS).format(columns, sql.Identifier("projections", table))
    right = sql.SQL(ROWS).format(columns, sql.Identifier("building", table))
    await beside.execute("CREATE TEMP TABLE there (key text NOT NULL, hash bigint NOT NULL)")
    async with (
        live.cursor().copy(sql.SQL("COPY ({}) TO STDOUT").format(there)) as coming,
        beside.cursor().copy("COPY pg_temp.there FROM STDIN") as going,
    ):
        async for rows in coming:
            await going.write(rows)
    query = sql.SQL("""
        SELECT DISTINCT key
        FROM (
            (TABLE pg_temp.there EXCEPT ALL {0}) UNION ALL ({0} EXCEPT ALL TABLE pg_temp.there)
        ) AS differing (key, hash)
        ORDER BY key
        LIMIT {1}
    """)
    rows = await (await beside.execute(query.format(right, KEYS_SHOWN_MAX))).fetchall()
    await beside.execute("DROP TABLE pg_temp.there")
    return [row[0] for row in rows]


async def _key_of(beside: Connection, table: str) -> list[str]:
    query = """
        SELECT attribute.attname::text
        FROM pg_index AS index
        JOIN pg_attribute AS attribute
          ON attribute.attrelid = index.indrelid AND attribute.attnum = ANY(index.indkey)
        WHERE index.indrelid = format('building.%%I', %s::text)::regclass AND index.indisprimary
        ORDER BY array_position(index.indkey::smallint[], attribute.attnum)
    """
    return [row[0] for row in await (await beside.execute(query, (table,))).fetchall()]
