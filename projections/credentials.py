"""Who a username and password, or a token, belong to: apps, bots, and sessions joined to their accounts.

A query table may be behind the log, and what somebody has closed or replaced must let nobody in from that moment on,
through any process. So these are the only reads that look at the log as well: a row counts only while it is as new as
its stream. That errs on the safe side: what was changed a moment ago lets its owner in when its row shows the change.
"""

from collections.abc import Sequence
from datetime import datetime
from typing import Literal

import msgspec
from psycopg import AsyncConnection
from psycopg.rows import TupleRow

BANNED = "banned"


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


class BotCredential(msgspec.Struct, frozen=True):
    """What is known of a bot: the SHA-256 of its token's secret, what that is good for, where (None: everywhere)."""

    app: int
    name: str
    token_hash: str
    scopes: Sequence[str]
    guilds: Sequence[int] | None


class SessionCredential(msgspec.Struct, frozen=True):
    """What is known of an open session that is known by its token alone, and the state of its account as it is now.

    `scopes` is None when the token is good for everything.
    """

    token_hash: str
    session: int
    uuid: str
    kind: Literal["login", "api"]
    account: int
    name: str | None
    scopes: Sequence[str] | None
    expires_at: datetime | None
    state: str

    def is_banned(self) -> bool:
        """Tell whether the operator lets the account do nothing."""
        return self.state == BANNED


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
    query = """
        SELECT token_hash, permissions, id, name
        FROM apps
        WHERE id = ANY(%b) AND version = (SELECT max(log.version) FROM book.log WHERE log.stream = 'apps-' || apps.id)
    """
    rows = await (await connection.execute(query, (ids,), binary=True)).fetchall()
    return [Credential(*row) for row in rows]


async def _sessions(connection: AsyncConnection[TupleRow], ids: list[int]) -> list[Credential]:
    query = """
        SELECT
            session.token_hash, account.permissions, NULL, NULL,
            session.id, account.id, account.team, session.expires_at
        FROM sessions AS session
        JOIN accounts AS account ON account.id = session.account
        WHERE session.id = ANY(%b) AND session.kind = 'polympics' AND account.state <> 'banned'
            AND session.version = (SELECT max(log.version) FROM book.log WHERE log.stream = 'sessions-' || session.id)
    """
    rows = await (await connection.execute(query, (ids,), binary=True)).fetchall()
    return [Credential(*row) for row in rows]


async def bots_of(connection: AsyncConnection[TupleRow], apps: Sequence[int]) -> dict[int, BotCredential]:
    """Return the credentials of those of these apps that are bots."""
    query = """
        SELECT id, name, bot_token_hash, bot_scopes, bot_guilds
        FROM apps
        WHERE id = ANY(%b) AND bot_token_hash IS NOT NULL
            AND version = (SELECT max(log.version) FROM book.log WHERE log.stream = 'apps-' || apps.id)
    """
    rows = await (await connection.execute(query, (list(apps),), binary=True)).fetchall()
    return {row[0]: BotCredential(*row) for row in rows}


async def sessions_by_token(
    connection: AsyncConnection[TupleRow], token_hashes: Sequence[str]
) -> dict[str, SessionCredential]:
    """Return the sessions that these tokens open, by the SHA-256 (hex) of the token."""
    query = """
        SELECT
            session.token_hash, session.id, session.uuid, session.kind, session.account, session.name,
            session.scopes, session.expires_at, account.state
        FROM sessions AS session
        JOIN accounts AS account ON account.id = session.account
        WHERE session.token_hash = ANY(%b) AND session.kind IN ('login', 'api') AND session.uuid IS NOT NULL
            AND session.version = (SELECT max(log.version) FROM book.log WHERE log.stream = 'sessions-' || session.id)
    """
    rows = await (await connection.execute(query, (list(token_hashes),), binary=True)).fetchall()
    return {row[0]: SessionCredential(*row) for row in rows}
