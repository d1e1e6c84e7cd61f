"""Answers about sessions."""

from collections.abc import Sequence
from datetime import datetime
from typing import Literal

import msgspec
from psycopg import AsyncConnection
from psycopg.rows import TupleRow

PAGE_SESSIONS = 500


class ShownSession(msgspec.Struct, frozen=True):
    """An open session as its account sees it. `scopes` None: everything that its kind may do."""

    id: int
    uuid: str
    name: str | None
    account: int
    opened_at: datetime
    kind: Literal["login", "api"]
    expires_at: datetime | None
    scopes: Sequence[str] | None


async def live_sessions_of(
    connection: AsyncConnection[TupleRow], account: int, now: datetime
) -> tuple[ShownSession, ...]:
    """Return the sessions of an account that are known by a UUID and have not ended, the newest first."""
    query = """
        SELECT id, uuid, name, account, opened_at, kind, expires_at, scopes
        FROM sessions
        WHERE account = %s AND kind IN ('login', 'api') AND uuid IS NOT NULL AND (expires_at IS NULL OR expires_at > %s)
        ORDER BY opened_at DESC, id DESC
    """
    rows = await (await connection.execute(query, (account, now))).fetchall()
    return tuple(ShownSession(*row) for row in rows)


async def session_known_as(connection: AsyncConnection[TupleRow], uuid: str) -> int | None:
    """Return the id of the open session with this UUID."""
    row = await (await connection.execute("SELECT id FROM sessions WHERE uuid = %s", (uuid,))).fetchone()
    return None if row is None else row[0]


async def expired_sessions(connection: AsyncConnection[TupleRow], now: datetime, *, after: int) -> list[int]:
    """Return sessions beyond an id whose end has passed, some at a time."""
    query = "SELECT id FROM sessions WHERE expires_at <= %s AND id > %s ORDER BY id LIMIT %s"
    return [row[0] for row in await (await connection.execute(query, (now, after, PAGE_SESSIONS))).fetchall()]
