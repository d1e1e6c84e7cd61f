"""Reads teams: by id and by search."""

from collections.abc import Sequence

import msgspec
from psycopg import AsyncConnection
from psycopg.rows import TupleRow

from projections.documents import TEAM_DOCUMENT
from schemas.polympics import Team

_team = msgspec.json.Decoder(Team)
_teams = msgspec.json.Decoder(tuple[Team, ...])


async def teams_by_id(connection: AsyncConnection[TupleRow], ids: Sequence[int]) -> dict[int, Team]:
    """Return those that exist."""
    query = f"""
        SELECT wanted.id, found.document::text
        FROM unnest(%b) AS wanted (id)
        CROSS JOIN LATERAL ({TEAM_DOCUMENT} WHERE team.id = wanted.id) AS found
    """
    rows = await (await connection.execute(query, (list(ids),), binary=True)).fetchall()
    return {row[0]: _team.decode(row[1]) for row in rows}


async def teams_found(
    connection: AsyncConnection[TupleRow], *, name: str | None, offset: int, limit: int
) -> tuple[int, tuple[Team, ...]]:
    """Return how many teams match, and one page of them by name and id; `name` as in `accounts_found`."""
    query = f"""
        WITH page AS (
            SELECT id, name
            FROM teams
            WHERE %(name)b::text IS NULL OR name ILIKE %(name)b ESCAPE ''
            ORDER BY name, id
            OFFSET %(offset)b LIMIT %(limit)b
        )
        SELECT
            (SELECT count(*) FROM teams WHERE %(name)b::text IS NULL OR name ILIKE %(name)b ESCAPE ''),
            (
                SELECT coalesce(json_agg(found.document ORDER BY page.name, page.id), '[]')::text
                FROM page
                CROSS JOIN LATERAL ({TEAM_DOCUMENT} WHERE team.id = page.id) AS found
            )
    """
    arguments = {"name": None if name is None else f"%{name}%", "offset": offset, "limit": limit}
    row = await (await connection.execute(query, arguments, binary=True)).fetchone()
    assert row is not None
    return row[0], _teams.decode(row[1])
