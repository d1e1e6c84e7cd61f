"""Which templates of settings guilds are offered: those of the operator, and those of the bots that are there."""

from collections.abc import Sequence

from psycopg import AsyncConnection
from psycopg.rows import TupleRow

Place = tuple[str, int]
"""A template's name, and the position of the event that made it what it is."""


async def templates_offered(connection: AsyncConnection[TupleRow], guilds: Sequence[int]) -> dict[int, list[Place]]:
    """Return the places of the templates of these guilds, by name; a guild without any registered bot is absent."""
    query = """
        WITH inhabited AS (
            SELECT member.guild, array_agg(app.id) AS bots
            FROM apps AS app
            CROSS JOIN unnest(%b::bigint[]) AS wanted (guild)
            JOIN guild_members AS member ON member.guild = wanted.guild AND member.id = app.id
            WHERE app.bot_token_hash IS NOT NULL
            GROUP BY member.guild
        )
        SELECT inhabited.guild, template.name, template.position
        FROM inhabited
        LEFT JOIN setting_templates AS template
            ON template.is_offered
           AND (template.owner IS NULL OR template.owner = ANY(inhabited.bots))
           AND (template.guilds IS NULL OR inhabited.guild::text = ANY(template.guilds))
        ORDER BY inhabited.guild, template.name COLLATE "C"
    """
    rows = await (await connection.execute(query, (list(guilds),), binary=True)).fetchall()
    offered: dict[int, list[Place]] = {guild: [] for guild, _, _ in rows}
    for guild, name, position in rows:
        if name is not None:
            offered[guild].append((name, position))
    return offered
