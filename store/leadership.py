"""Letting one process act where only one may: by an advisory lock that dies with its connection."""

import asyncio

from psycopg import AsyncConnection, Connection
from psycopg.rows import TupleRow

PROJECTOR = 7121402819
CALLBACK_SENDER = 7121402820
CALLBACK_FANOUT = 7121402823
LOADER = 7121402821
RELAY = 7121402825
NOTARY = 7121402827
WITNESSES = 7121402829
INDEXER = 7121402833
ERASER = 7121402831
STAND_BY_SECONDS = 0.5


async def become_leader(connection: AsyncConnection[TupleRow], lock: int) -> None:
    """Return when this connection holds the lock; it does so until it is closed."""
    while not await leads(connection, lock):  # noqa: ASYNC110 - other processes hold it
        await asyncio.sleep(STAND_BY_SECONDS)


async def leads(connection: AsyncConnection[TupleRow], lock: int) -> bool:
    """Take the lock if nobody has it, and tell whether this connection holds it now."""
    row = await (await connection.execute("SELECT pg_try_advisory_lock(%s)", (lock,))).fetchone()
    return bool(row and row[0])


def lead_if_nobody_does(connection: Connection[TupleRow], lock: int) -> bool:
    """Tell whether this connection holds the lock now; it does so until it is closed."""
    row = connection.execute("SELECT pg_try_advisory_lock(%s)", (lock,)).fetchone()
    return bool(row and row[0])


async def is_led(connection: AsyncConnection[TupleRow], lock: int) -> bool:
    """Tell whether some connection holds the lock."""
    query = """
        SELECT EXISTS (
            SELECT FROM pg_locks
            WHERE locktype = 'advisory' AND classid = (%s::bigint >> 32)::oid AND objid = (%s::bigint & 4294967295)::oid
              AND database = (SELECT oid FROM pg_database WHERE datname = current_database())
              AND granted
        )
    """
    row = await (await connection.execute(query, (lock, lock))).fetchone()
    return bool(row and row[0])
