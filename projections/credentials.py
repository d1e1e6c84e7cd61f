"""Who a username and password belong to: apps, and sessions joined to their accounts."""

from collections.abc import Sequence
from datetime import datetime

import msgspec
from psycopg import AsyncConnection
from psycopg.rows import TupleRow


class Credential(msgspec.Struct, frozen=True):
    """What is known of an app (`app` set, with its `name`) or an open session (`session` and `account` set).

    `permissions` and `team` are the app's or the account's as they are now.
    """

    token_hash: str
    permissions: int
    app: int | None = None
    name: str | None = None
    session: int | None = None
    account: int | None = None
    team: int | None = None
    expires_at: datetime | None = None


async def credentials_of(
    connection: AsyncConnection[TupleRow], usernames: Sequence[tuple[str, int]]
) -> dict[tuple[str, int], Credential]:
    """Return the credentials of usernames, as pairs of `A` or `S` and an id."""
    apps = list({number for letter, number in usernames if letter == "A"})
    sessions = list({number for letter, number in usernames if letter == "S"})
    found = {("A", row.app): row for row in await _apps(connection, apps) if row.app} if apps else {}
    if sessions:
        found |= {("S", row.session): row for row in await _sessions(connection, sessions) if row.session}
    return found


async def _apps(connection: AsyncConnection[TupleRow], ids: list[int]) -> list[Credential]:
    query = "SELECT token_hash, permissions, id, name FROM apps WHERE id = ANY(%b)"
    rows = await (await connection.execute(query, (ids,), binary=True)).fetchall()
    return [Credential(*row) for row in rows]


async def _sessions(connection: AsyncConnection[TupleRow], ids: list[int]) -> list[Credential]:
    query = """
        SELECT
            session.token_hash, account.permissions, NULL, NULL,
            session.id, account.id, account.team, session.expires_at
        FROM sessions AS session
        JOIN accounts AS account ON account.id = session.account
        WHERE session.id = ANY(%b) AND session.kind = 'polympics'
    """
    rows = await (await connection.execute(query, (ids,), binary=True)).fetchall()
    return [Credential(*row) for row in rows]
