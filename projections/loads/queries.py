"""Reads loads as they are shown: one by its id, and page by page, newest first."""

from collections.abc import Sequence
from typing import Literal

import msgspec
from psycopg import AsyncConnection
from psycopg.rows import TupleRow


class LoadFound(msgspec.Struct, frozen=True):
    """A load as it is sent, and the position of the event that made it."""

    target: int
    created: int
    document: bytes


async def load_by_id(connection: AsyncConnection[TupleRow], load: str) -> LoadFound | None:
    """Return a load."""
    query = "SELECT target, created, document FROM loads WHERE id = %b"
    row = await (await connection.execute(query, (load,), binary=True)).fetchone()
    return _found(row) if row else None


async def loads_before(
    connection: AsyncConnection[TupleRow],
    before: int,
    limit: int,
    *,
    target: int | None = None,
    state: Literal["running", "finished"] | None = None,
    among: Sequence[int] | None = None,
) -> list[LoadFound]:
    """Return loads asked for before a position, newest first: into a guild, in a state, into one of `among`."""
    query = """
        SELECT target, created, document
        FROM loads
        WHERE created < %(before)b
            AND (%(target)b::bigint IS NULL OR target = %(target)b)
            AND (%(state)b::text IS NULL OR (outcome IS NULL) = (%(state)b = 'running'))
            AND (%(among)b::bigint[] IS NULL OR target = ANY(%(among)b))
        ORDER BY created DESC
        LIMIT %(limit)b
    """
    named = None if among is None else list(among)
    wanted = {"before": before, "limit": limit, "target": target, "state": state, "among": named}
    rows = await (await connection.execute(query, wanted, binary=True)).fetchall()
    return list(map(_found, rows))


def _found(row: TupleRow) -> LoadFound:
    return LoadFound(row[0], row[1], row[2].encode())
