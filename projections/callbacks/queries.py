"""Reads callbacks: an app's on the Polympics surface, and all of them as `/book` shows them."""

from datetime import datetime

import msgspec
from psycopg import AsyncConnection
from psycopg.rows import TupleRow

from schemas.polympics import Callback


class CallbackFound(msgspec.Struct, frozen=True):
    """A callback. `failing_since` and `reason` say why it is disabled."""

    id: int
    app: int
    event: str
    url: str
    dialect: str
    signing: str
    public_key: str | None
    types: list[str]
    contexts: list[str]
    guilds: list[int]
    description: str
    status: str
    status_since: datetime
    failing_since: datetime | None
    reason: str | None
    overlap_ends_at: datetime | None
    created_at: datetime


async def callbacks_of_app(connection: AsyncConnection[TupleRow], app: int) -> list[Callback]:
    """Return the callbacks that the app has on the Polympics surface, oldest first."""
    query = "SELECT id, event, url FROM callbacks WHERE app = %b AND dialect = 'polympics' ORDER BY id"
    rows = await (await connection.execute(query, (app,), binary=True)).fetchall()
    return [Callback(*row) for row in rows]


async def callback_by_id(connection: AsyncConnection[TupleRow], callback: int) -> CallbackFound | None:
    """Return a callback."""
    query = """
        SELECT
            id, app, event, url, dialect, signing, public_key, types, contexts, guilds, description,
            status, status_since, failing_since, reason, overlap_ends_at, created_at
        FROM callbacks
        WHERE id = %b
    """
    row = await (await connection.execute(query, (callback,), binary=True)).fetchone()
    return CallbackFound(*row) if row else None


async def callbacks_after(
    connection: AsyncConnection[TupleRow], after: int, limit: int, *, app: int | None = None, status: str | None = None
) -> list[CallbackFound]:
    """Return the callbacks with larger ids, oldest first: of an app, in a status."""
    query = """
        SELECT
            id, app, event, url, dialect, signing, public_key, types, contexts, guilds, description,
            status, status_since, failing_since, reason, overlap_ends_at, created_at
        FROM callbacks
        WHERE id > %(after)b
          AND (%(app)b::bigint IS NULL OR app = %(app)b)
          AND (%(status)b::text IS NULL OR status = %(status)b)
        ORDER BY id
        LIMIT %(limit)b
    """
    wanted = {"after": after, "limit": limit, "app": app, "status": status}
    rows = await (await connection.execute(query, wanted, binary=True)).fetchall()
    return [CallbackFound(*row) for row in rows]
