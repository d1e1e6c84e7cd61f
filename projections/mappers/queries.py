"""Reads mappers: what a guild's objects have become in another one, and whether that is about to change."""

from collections.abc import Sequence
from datetime import datetime

import msgspec
from psycopg import AsyncConnection
from psycopg.rows import TupleRow

from schemas.loads import Mapper


class MapperFound(msgspec.Struct, frozen=True):
    """A mapper as it is sent. `changed` is the position of the last load that changed it, which may be another pair's.

    `is_running`: a load into the target runs. `ended_at`: when the last one ended.
    """

    document: bytes
    changed: int
    is_running: bool
    ended_at: datetime | None


class TargetFound(msgspec.Struct, frozen=True):
    """What is known of loads into a guild; `position` is that of the last event of any of them."""

    position: int
    is_running: bool
    ended_at: datetime | None


_mapper = msgspec.json.Decoder(Mapper)


async def mapper_of(connection: AsyncConnection[TupleRow], target: int, source: str) -> MapperFound | None:
    """Return what has become of a source's objects in a target; the source by its digits."""
    query = """
        SELECT (found.pair -> 'mapper')::text, (found.pair ->> 'changed')::bigint, found.running <> '{}', found.ended_at
        FROM (
            SELECT published::json -> %b::text AS pair, running, ended_at
            FROM mappers
            WHERE target = %b
        ) AS found
        WHERE found.pair IS NOT NULL
    """
    row = await (await connection.execute(query, (source, target), binary=True)).fetchone()
    return MapperFound(row[0].encode(), *row[1:]) if row else None


async def targets_by_id(connection: AsyncConnection[TupleRow], targets: Sequence[int]) -> dict[int, TargetFound]:
    """Return where the loads into these guilds are; nothing of a mapper changes without the position changing."""
    query = "SELECT target, position, running <> '{}', ended_at FROM mappers WHERE target = ANY(%b)"
    rows = await (await connection.execute(query, (list(targets),), binary=True)).fetchall()
    return {row[0]: TargetFound(*row[1:]) for row in rows}


async def pairs_of(connection: AsyncConnection[TupleRow], target: int, source: int) -> dict[str, str]:
    """Return the ids of a source by what they have become in a target."""
    found = await mapper_of(connection, target, str(source))
    return _mapper.decode(found.document).ids if found else {}


async def mappers_into(connection: AsyncConnection[TupleRow], target: int) -> list[Mapper]:
    """Return what the objects of all sources have become in a target; that of the last load first."""
    query = """
        SELECT (pair.value -> 'mapper')::text
        FROM mappers, json_each(published::json) AS pair
        WHERE target = %b
        ORDER BY (pair.value ->> 'changed')::bigint DESC
    """
    rows = await (await connection.execute(query, (target,), binary=True)).fetchall()
    return [_mapper.decode(row[0]) for row in rows]
