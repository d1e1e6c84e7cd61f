"""Reads backups: one by its id, whatever its letters' case, and page by page, newest first."""

from collections.abc import Sequence
from datetime import datetime

import msgspec
from psycopg import AsyncConnection
from psycopg.rows import TupleRow


class BackupFound(msgspec.Struct, frozen=True):
    """A backup, without what it holds: that is what the log says of the guild up to `at`."""

    id: str
    guild: int
    creator: int
    name: str | None
    at: int
    digest: str
    roles: int
    channels: int
    bans: int
    rows: int
    created_at: datetime
    created: int


async def backup_by_id(connection: AsyncConnection[TupleRow], backup: str) -> BackupFound | None:
    """Return a backup."""
    query = """
        SELECT id, guild, creator, name, at, digest, roles, channels, bans, rows, created_at, created
        FROM backups
        WHERE id = lower(%b)
    """
    row = await (await connection.execute(query, (backup,), binary=True)).fetchone()
    return BackupFound(*row) if row else None


async def backups_before(
    connection: AsyncConnection[TupleRow],
    before: int,
    limit: int,
    *,
    guild: int | None = None,
    creator: int | None = None,
    among: Sequence[int] | None = None,
) -> list[BackupFound]:
    """Return backups that were taken before a position, newest first: of a guild, by a creator, of `among` guilds."""
    query = """
        SELECT id, guild, creator, name, at, digest, roles, channels, bans, rows, created_at, created
        FROM backups
        WHERE created < %(before)b
            AND (%(guild)b::bigint IS NULL OR guild = %(guild)b)
            AND (%(creator)b::bigint IS NULL OR creator = %(creator)b)
            AND (%(among)b::bigint[] IS NULL OR guild = ANY(%(among)b))
        ORDER BY created DESC
        LIMIT %(limit)b
    """
    named = None if among is None else list(among)
    wanted = {"before": before, "limit": limit, "guild": guild, "creator": creator, "among": named}
    rows = await (await connection.execute(query, wanted, binary=True)).fetchall()
    return [BackupFound(*row) for row in rows]


async def sources_of_backup(connection: AsyncConnection[TupleRow], backup: str) -> list[int]:
    """Return the guild that a backup is of, or those that loads named who knew it when we do not; newest first."""
    query = """
        SELECT guild, created AS position FROM backups WHERE id = lower(%(backup)b)
        UNION ALL
        SELECT source, max(position)
        FROM loads
        WHERE lower(backup) = lower(%(backup)b) AND outcome IS DISTINCT FROM 'refused'
            AND NOT EXISTS (SELECT FROM backups WHERE id = lower(%(backup)b))
        GROUP BY source
        ORDER BY position DESC
    """
    rows = await (await connection.execute(query, {"backup": backup}, binary=True)).fetchall()
    return [row[0] for row in rows]
