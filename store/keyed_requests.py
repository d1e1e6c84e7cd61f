"""What was answered to requests that carry a key, so that who asks again is answered the same, by any process."""

from typing import NamedTuple

import msgspec
from psycopg import AsyncConnection
from psycopg.rows import TupleRow

RENEWAL_SECONDS = 2  # so often a claim is renewed; who has not renewed it for three times as long is taken to be gone


class Ask(NamedTuple):
    """Who asks, through which route, under which key; and the SHA-256 of what is asked."""

    caller: str
    route: str
    key: str
    request: bytes


class Given(msgspec.Struct, frozen=True):
    """An answer."""

    status: int
    headers: dict[str, str]
    body: bytes


class Kept(NamedTuple):
    """What there is under a key: the SHA-256 of what was asked, and the answer (None: it is under way)."""

    request: bytes
    given: Given | None


async def claim(connection: AsyncConnection[TupleRow], ask: Ask, claim: str) -> bool:
    """Claim the answering of a request, and tell whether nobody has answered or is answering what is under its key.

    Those whose day is over are let go on the way, some at a time.
    """
    query = """
        WITH pruned AS (
            DELETE FROM operations.keyed_requests AS old
            USING (
                SELECT caller, route, key
                FROM operations.keyed_requests
                WHERE created_at < now() - interval '24 hours'
                    AND (caller, route, key) <> (%(caller)s, %(route)s, %(key)s)
                ORDER BY created_at
                LIMIT 100
                FOR UPDATE SKIP LOCKED
            ) AS over
            WHERE (old.caller, old.route, old.key) = (over.caller, over.route, over.key)
        )
        INSERT INTO operations.keyed_requests AS kept (caller, route, key, request, claim)
        VALUES (%(caller)s, %(route)s, %(key)s, %(request)s, %(claim)s)
        ON CONFLICT (caller, route, key) DO UPDATE SET
            (request, claim, claimed_at, created_at, status, headers, body)
                = (EXCLUDED.request, EXCLUDED.claim, EXCLUDED.claimed_at, EXCLUDED.created_at, NULL, NULL, NULL)
            WHERE kept.created_at < now() - interval '24 hours'
                OR (
                    kept.status IS NULL
                    AND kept.request = EXCLUDED.request
                    AND kept.claimed_at < clock_timestamp() - interval '6 seconds'
                )
        RETURNING claim
    """
    cursor = await connection.execute(query, {**ask._asdict(), "claim": claim})
    return await cursor.fetchone() is not None


async def kept(connection: AsyncConnection[TupleRow], ask: Ask) -> Kept | None:
    """Return what there is under a key, None when it has just been let go."""
    query = """
        SELECT request, status, headers, body
        FROM operations.keyed_requests
        WHERE caller = %s AND route = %s AND key = %s
    """
    row = await (await connection.execute(query, (ask.caller, ask.route, ask.key))).fetchone()
    if row is None:
        return None
    return Kept(bytes(row[0]), None if row[1] is None else Given(row[1], row[2], bytes(row[3])))


async def renew(connection: AsyncConnection[TupleRow], claim: str) -> None:
    """Say that the process that holds a claim lives."""
    query = "UPDATE operations.keyed_requests SET claimed_at = clock_timestamp() WHERE claim = %s AND status IS NULL"
    await connection.execute(query, (claim,))


async def keep(connection: AsyncConnection[TupleRow], claim: str, given: Given) -> None:
    """Keep the answer, unless the claim was lost to somebody else."""
    query = "UPDATE operations.keyed_requests SET status = %s, headers = %s::json, body = %s WHERE claim = %s"
    headers = msgspec.json.encode(given.headers).decode()
    await connection.execute(query, (given.status, headers, given.body, claim))


async def let_go(connection: AsyncConnection[TupleRow], claim: str) -> None:
    """Give a claim back: nothing was done, so the key is as good as new."""
    await connection.execute("DELETE FROM operations.keyed_requests WHERE claim = %s", (claim,))
