"""Reads guilds: by id, page by page, whose they are, who is in them and with what standing."""

from collections.abc import Sequence
from typing import Any

import msgspec
from psycopg import AsyncConnection
from psycopg.rows import TupleRow

from domain.guilds.aggregate import Ban, Channel, Guild, Member, Role
from domain.guilds.events import Overwrite
from domain.guilds.permissions import Standing, standing_among

_overwrites = msgspec.json.Decoder(tuple[Overwrite, ...])


async def guild_of(connection: AsyncConnection[TupleRow], guild: int) -> Guild | None:
    """Return a guild."""
    query = """
        SELECT
            id, origin, owner, name, icon, description, preferred_locale, verification_level,
            default_message_notifications, explicit_content_filter, afk_channel, afk_timeout, system_channel,
            system_channel_flags, features
        FROM guilds
        WHERE id = %b
    """
    row = await (await connection.execute(query, (guild,), binary=True)).fetchone()
    return _guild(row) if row else None


async def guilds_after(
    connection: AsyncConnection[TupleRow], after: int, limit: int, among: Sequence[int] | None
) -> list[Guild]:
    """Return guilds by id, from the one after `after` on; only those `among` these when they are named."""
    query = """
        SELECT
            id, origin, owner, name, icon, description, preferred_locale, verification_level,
            default_message_notifications, explicit_content_filter, afk_channel, afk_timeout, system_channel,
            system_channel_flags, features
        FROM guilds
        WHERE id > %b AND (%b::bigint[] IS NULL OR id = ANY(%b::bigint[]))
        ORDER BY id
        LIMIT %b
    """
    named = None if among is None else list(among)
    rows = await (await connection.execute(query, (after, named, named, limit), binary=True)).fetchall()
    return list(map(_guild, rows))


def _guild(row: Sequence[Any]) -> Guild:
    return _struct(Guild, row[:-1], features=tuple(row[-1]))


async def roles_of(connection: AsyncConnection[TupleRow], guild: int) -> list[Role]:
    """Return the roles of a guild, lowest first."""
    query = """
        SELECT id, name, position, permissions, color, hoist, mentionable, managed
        FROM guild_roles
        WHERE guild = %b
        ORDER BY position, id
    """
    rows = await (await connection.execute(query, (guild,), binary=True)).fetchall()
    return [_struct(Role, row) for row in rows]


async def channels_of(connection: AsyncConnection[TupleRow], guild: int) -> list[Channel]:
    """Return the channels of a guild by position."""
    query = """
        SELECT
            id, kind, name, position, parent, topic, nsfw, rate_limit_per_user, bitrate, user_limit, overwrites::text
        FROM guild_channels
        WHERE guild = %b
        ORDER BY position, id
    """
    rows = await (await connection.execute(query, (guild,), binary=True)).fetchall()
    return [_struct(Channel, row[:-1], overwrites=_overwrites.decode(row[-1])) for row in rows]


async def members_of(connection: AsyncConnection[TupleRow], guild: int, users: Sequence[int]) -> dict[int, Member]:
    """Return those of these users that are members."""
    query = """
        SELECT member.id, username, global_name, avatar, nick, bot, roles, joined_at
        FROM unnest(%b::bigint[]) AS wanted (id)
        JOIN guild_members AS member ON member.guild = %b AND member.id = wanted.id
    """
    rows = await (await connection.execute(query, (list(users), guild), binary=True)).fetchall()
    return {row[0]: _member(row) for row in rows}


async def members_after(connection: AsyncConnection[TupleRow], guild: int, after: int, limit: int) -> list[Member]:
    """Return members by id, from the one after `after` on."""
    query = """
        SELECT id, username, global_name, avatar, nick, bot, roles, joined_at
        FROM guild_members
        WHERE guild = %b AND id > %b
        ORDER BY id
        LIMIT %b
    """
    rows = await (await connection.execute(query, (guild, after, limit), binary=True)).fetchall()
    return list(map(_member, rows))


def _member(row: Sequence[Any]) -> Member:
    return Member(
        id=row[0],
        username=row[1],
        global_name=row[2],
        avatar=row[3],
        nick=row[4],
        bot=row[5],
        roles=tuple(row[6]),
        joined_at=row[7],
    )


async def member_ids(connection: AsyncConnection[TupleRow], guild: int) -> list[int]:
    """Return who is in a guild."""
    query = "SELECT id FROM guild_members WHERE guild = %b ORDER BY id"
    return [row[0] for row in await (await connection.execute(query, (guild,), binary=True)).fetchall()]


async def bans_after(connection: AsyncConnection[TupleRow], guild: int, after: int, limit: int) -> list[Ban]:
    """Return bans by id, from the one after `after` on."""
    query = "SELECT id, reason FROM guild_bans WHERE guild = %b AND id > %b ORDER BY id LIMIT %b"
    rows = await (await connection.execute(query, (guild, after, limit), binary=True)).fetchall()
    return [Ban(*row) for row in rows]


async def bans_of(connection: AsyncConnection[TupleRow], guild: int) -> dict[int, Ban]:
    """Return all bans of a guild."""
    query = "SELECT id, reason FROM guild_bans WHERE guild = %b"
    rows = await (await connection.execute(query, (guild,), binary=True)).fetchall()
    return {row[0]: Ban(*row) for row in rows}


async def counts_of(connection: AsyncConnection[TupleRow], guild: int) -> tuple[int, int]:
    """Return how many members and how many bans a guild has."""
    query = """
        SELECT
            (SELECT count(*) FROM guild_members WHERE guild = %b),
            (SELECT count(*) FROM guild_bans WHERE guild = %b)
    """
    row = await (await connection.execute(query, (guild, guild), binary=True)).fetchone()
    assert row is not None
    return row[0], row[1]


async def guilds_with(connection: AsyncConnection[TupleRow], user: int, guilds: Sequence[int]) -> set[int]:
    """Return those of these guilds that the user, or bot, is a member of."""
    query = "SELECT guild FROM guild_members WHERE id = %b AND guild = ANY(%b)"
    return {row[0] for row in await (await connection.execute(query, (user, list(guilds)), binary=True)).fetchall()}


async def guilds_of_member(connection: AsyncConnection[TupleRow], user: int) -> set[int]:
    """Return all guilds that the user, or bot, is a member of."""
    query = "SELECT guild FROM guild_members WHERE id = %b"
    return {row[0] for row in await (await connection.execute(query, (user,), binary=True)).fetchall()}


async def bots_in(connection: AsyncConnection[TupleRow], guild: int) -> list[int]:
    """Return the registered bots that are members of a guild."""
    query = """
        SELECT apps.id
        FROM apps
        JOIN guild_members AS member ON member.guild = %b AND member.id = apps.id
        WHERE apps.bot_token_hash IS NOT NULL
        ORDER BY apps.id
    """
    return [row[0] for row in await (await connection.execute(query, (guild,), binary=True)).fetchall()]


async def guild_count_of(connection: AsyncConnection[TupleRow], user: int) -> int:
    """Return how many guilds a user, or bot, is a member of."""
    query = "SELECT count(*) FROM guild_members WHERE id = %b"
    row = await (await connection.execute(query, (user,), binary=True)).fetchone()
    return row[0] if row else 0


async def standing_of(connection: AsyncConnection[TupleRow], guild: int, user: int) -> Standing | None:
    """Return what decides on a member's permissions, None when there is no such guild or member."""
    known, members = await guild_of(connection, guild), await members_of(connection, guild, [user])
    if known is None or user not in members:
        return None
    return standing_among(known, members[user], await roles_of(connection, guild))


def _struct(kind: type[Any], row: Sequence[Any], **more: Any) -> Any:  # noqa: ANN401 - a row of whatever kind is asked for
    """Make a struct whose first fields are the columns of a row."""
    return kind(**dict(zip(kind.__struct_fields__, row, strict=False)), **more)
