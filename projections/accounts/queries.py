"""Reads accounts: by id, by search, as callers, and whether sign-ups are open."""

from collections.abc import Sequence

import msgspec
from psycopg import AsyncConnection
from psycopg.rows import TupleRow

from domain.accounts.events import ListedGuild
from projections.documents import ACCOUNT_DOCUMENT
from schemas.polympics import Account

_account = msgspec.json.Decoder(Account)
_guilds = msgspec.json.Decoder(tuple[ListedGuild, ...])
_accounts = msgspec.json.Decoder(tuple[Account, ...])


async def accounts_by_id(connection: AsyncConnection[TupleRow], ids: Sequence[int]) -> dict[int, Account]:
    """Return those that exist."""
    query = f"SELECT found.id, found.document::text FROM ({ACCOUNT_DOCUMENT} WHERE account.id = ANY(%b)) AS found"
    rows = await (await connection.execute(query, (list(ids),), binary=True)).fetchall()
    return {row[0]: _account.decode(row[1]) for row in rows}


async def accounts_found(
    connection: AsyncConnection[TupleRow], *, name: str | None, team: int | None, offset: int, limit: int
) -> tuple[int, tuple[Account, ...]]:
    """Return how many accounts match, and one page of them by name and id.

    `name` is matched anywhere, whatever its case, with `%` and `_` as wildcards and a literal backslash.
    """
    query = f"""
        WITH page AS (
            SELECT id
            FROM accounts
            WHERE (%(name)b::text IS NULL OR name ILIKE %(name)b ESCAPE '')
              AND (%(team)b::bigint IS NULL OR team = %(team)b)
            ORDER BY name, id
            OFFSET %(offset)b LIMIT %(limit)b
        )
        SELECT
            (
                SELECT count(*)
                FROM accounts
                WHERE (%(name)b::text IS NULL OR name ILIKE %(name)b ESCAPE '')
                  AND (%(team)b::bigint IS NULL OR team = %(team)b)
            ),
            (
                SELECT coalesce(json_agg(found.document ORDER BY found.name, found.id), '[]')::text
                FROM ({ACCOUNT_DOCUMENT} WHERE account.id IN (SELECT id FROM page)) AS found
            )
    """
    arguments = {"name": None if name is None else f"%{name}%", "team": team, "offset": offset, "limit": limit}
    row = await (await connection.execute(query, arguments, binary=True)).fetchone()
    assert row is not None
    return row[0], _accounts.decode(row[1])


async def signups_word(connection: AsyncConnection[TupleRow]) -> bool | None:
    """Return the recorded word on whether sign-ups are open, None when nobody ever said."""
    row = await (await connection.execute("SELECT is_open FROM signups")).fetchone()
    return row[0] if row else None


async def guild_list_of(connection: AsyncConnection[TupleRow], account: int) -> tuple[ListedGuild, ...] | None:
    """Return the guilds that an account was in when the identity provider was last asked, None before."""
    query = "SELECT guilds::text FROM guild_lists WHERE account = %s"
    row = await (await connection.execute(query, (account,))).fetchone()
    return None if row is None else _guilds.decode(row[0])
