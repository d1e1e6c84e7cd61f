"""Finds guilds by who is in them, and members by their names, as people choose from them."""

from psycopg import AsyncConnection
from psycopg.rows import TupleRow

from domain.guilds.aggregate import Guild, Member
from projections.guilds.queries import guilds_after, members_of


async def guilds_of_user(connection: AsyncConnection[TupleRow], user: int, limit: int) -> list[Guild]:
    """Return the guilds that somebody is a member of, by id."""
    query = "SELECT guild FROM guild_members WHERE id = %b ORDER BY guild LIMIT %b"
    rows = await (await connection.execute(query, (user, limit), binary=True)).fetchall()
    return await guilds_after(connection, 0, limit, [row[0] for row in rows])


async def members_named(connection: AsyncConnection[TupleRow], guild: int, text: str, limit: int) -> list[Member]:
    """Return members one of whose names contains a text, those first whose name begins with it."""
    query = """
        SELECT id
        FROM guild_members
        WHERE guild = %(guild)b AND (
            strpos(lower(nick), lower(%(text)b)) > 0
            OR strpos(lower(global_name), lower(%(text)b)) > 0
            OR strpos(lower(username), lower(%(text)b)) > 0
            OR id::text = %(text)b
        )
        ORDER BY
            NOT (
                coalesce(starts_with(lower(nick), lower(%(text)b)), false)
                OR coalesce(starts_with(lower(global_name), lower(%(text)b)), false)
                OR starts_with(lower(username), lower(%(text)b))
            ),
            lower(username), id
        LIMIT %(limit)b
    """
    wanted = {"guild": guild, "text": text, "limit": limit}
    rows = await (await connection.execute(query, wanted, binary=True)).fetchall()
    found = [row[0] for row in rows]
    members = await members_of(connection, guild, found)
    return [members[user] for user in found if user in members]
