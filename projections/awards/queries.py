"""Reads awards, alone and with all who hold them."""

import msgspec
from psycopg import AsyncConnection
from psycopg.rows import TupleRow

from projections.documents import ACCOUNT_DOCUMENT, AWARD_DOCUMENT, TEAM_DOCUMENT
from schemas.polympics import Award, ExtendedAward

_extended = msgspec.json.Decoder(ExtendedAward)


async def award_by_id(connection: AsyncConnection[TupleRow], award: int) -> Award | None:
    """Return the award alone."""
    query = "SELECT id, title, image_url FROM awards WHERE id = %b"
    row = await (await connection.execute(query, (award,), binary=True)).fetchone()
    return Award(*row) if row else None


async def extended_award_by_id(connection: AsyncConnection[TupleRow], award: int) -> ExtendedAward | None:
    """Return the award with all who hold it, by id, and its team."""
    query = f"""
        SELECT json_build_object(
            'award', {AWARD_DOCUMENT},
            'awardees', coalesce(
                (
                    SELECT json_agg(holder.document ORDER BY holder.id)
                    FROM (
                        {ACCOUNT_DOCUMENT}
                        WHERE account.id IN (SELECT held.account FROM holdings AS held WHERE held.award = %(award)b)
                    ) AS holder
                ),
                '[]'::json
            ),
            'team', its_team.document
        )::text
        FROM awards AS award
        LEFT JOIN LATERAL ({TEAM_DOCUMENT} WHERE team.id = award.team) AS its_team ON TRUE
        WHERE award.id = %(award)b
    """
    row = await (await connection.execute(query, {"award": award}, binary=True)).fetchone()
    return _extended.decode(row[0]) if row else None
