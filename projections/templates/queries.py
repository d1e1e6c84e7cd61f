"""Reads templates of guilds: one by its id, and page by page, newest first."""

from collections.abc import Sequence
from datetime import datetime

import msgspec
from psycopg import AsyncConnection
from psycopg.rows import TupleRow


class TemplateFound(msgspec.Struct, frozen=True):
    """A template, without what it holds: that is what the log says of the guild up to `at`.

    `usage_count`: how many loads of it began. `bots`: in the order in which they were attached.
    """

    id: str
    guild: int
    creator: int
    name: str
    description: str
    backup: str | None
    at: int
    digest: str
    roles: int
    channels: int
    usage_count: int
    bots: Sequence[int]
    created_at: datetime
    created: int


async def template_by_id(connection: AsyncConnection[TupleRow], template: str) -> TemplateFound | None:
    """Return a template."""
    query = """
        SELECT
            id, guild, creator, name, description, backup, at, digest, roles, channels, usage_count, bots, created_at,
            created
        FROM templates
        WHERE id = %b
    """
    row = await (await connection.execute(query, (template,), binary=True)).fetchone()
    return TemplateFound(*row) if row else None


async def templates_before(connection: AsyncConnection[TupleRow], before: int, limit: int) -> list[TemplateFound]:
    """Return templates that were published before a position, newest first."""
    query = """
        SELECT
            id, guild, creator, name, description, backup, at, digest, roles, channels, usage_count, bots, created_at,
            created
        FROM templates
        WHERE created < %b
        ORDER BY created DESC
        LIMIT %b
    """
    rows = await (await connection.execute(query, (before, limit), binary=True)).fetchall()
    return [TemplateFound(*row) for row in rows]


async def bots_of_template(connection: AsyncConnection[TupleRow], template: str) -> list[int] | None:
    """Return the bots that can restore their settings after a load, by time of attaching; None: no such template."""
    query = "SELECT bots FROM templates WHERE id = %b"
    row = await (await connection.execute(query, (template,), binary=True)).fetchone()
    return row[0] if row else None
