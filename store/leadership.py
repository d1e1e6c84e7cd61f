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
STAND_BY_SECONDS = 0.5


async def become_leader(connection: AsyncConnection[TupleRow], lock: int) -> None:
    """Return when this connection holds the lock; it does so until it is closed."""
    while True:
        row = await (await connection.execute("SELECT pg_try_advisory_lock(%s)", (lock,))).fetchone()
        if row and row[0]:
            return
        await asyncio.sleep(STAND_BY_SECONDS)


def lead_if_nobody_does(connection: Connection[TupleRow], lock: int) -> bool:
    """Tell whether this connection holds the lock now; it does so until it is closed."""
    row = connection.execute("SELECT pg_try_advisory_lock(%s)", (lock,)).fetchone()
    return bool(row and row[0])
