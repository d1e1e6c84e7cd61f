"""Reads the callbacks of an app."""

from psycopg import AsyncConnection
from psycopg.rows import TupleRow

from schemas.polympics import Callback


async def callbacks_of_app(connection: AsyncConnection[TupleRow], app: int) -> list[Callback]:
    """Return the app's callbacks, oldest first."""
    query = "SELECT id, event, url FROM callbacks WHERE app = %b ORDER BY id"
    rows = await (await connection.execute(query, (app,), binary=True)).fetchall()
    return [Callback(*row) for row in rows]
