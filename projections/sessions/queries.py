"""Answers about sessions."""

from datetime import datetime

from psycopg import AsyncConnection
from psycopg.rows import TupleRow

PAGE_SESSIONS = 500


async def expired_sessions(connection: AsyncConnection[TupleRow], now: datetime, *, after: int) -> list[int]:
    """Return sessions beyond an id whose end has passed, some at a time."""
    query = "SELECT id FROM sessions WHERE expires_at <= %s AND id > %s ORDER BY id LIMIT %s"
    return [row[0] for row in await (await connection.execute(query, (now, after, PAGE_SESSIONS))).fetchall()]
