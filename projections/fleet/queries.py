"""Answers about what bots said of themselves."""

from datetime import datetime
from typing import Any

import msgspec
from psycopg import AsyncConnection
from psycopg.rows import TupleRow


class Stats(msgspec.Struct, frozen=True):
    """What a bot reported last of its shards, and when."""

    shards: dict[str, dict[str, Any]]
    total_guilds: int
    total_users: int | None
    reported_at: datetime


async def stats_of(connection: AsyncConnection[TupleRow], bot: int) -> Stats | None:
    """Return what a bot reported last of its shards."""
    query = "SELECT shards, total_guilds, total_users, reported_at FROM fleet_stats WHERE bot = %b"
    row = await (await connection.execute(query, (bot,), binary=True)).fetchone()
    return Stats(*row) if row else None


async def commands_of(connection: AsyncConnection[TupleRow], bot: int) -> list[dict[str, Any]]:
    """Return the commands that a bot offers, none when it has not said so."""
    query = "SELECT commands FROM fleet_commands WHERE bot = %b"
    row = await (await connection.execute(query, (bot,), binary=True)).fetchone()
    return row[0] if row else []
