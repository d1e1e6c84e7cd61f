"""How all callbacks together do, for the figures of a process."""

from typing import NamedTuple

from psycopg import AsyncConnection
from psycopg.rows import TupleRow


class DeliveryFigures(NamedTuple):
    """Callbacks that are held (paused or disabled), lag, or fail; deliveries that arrived, and that were given up."""

    held: int
    lagging: int
    failing: int
    delivered: int
    dead: int


async def delivery_figures(connection: AsyncConnection[TupleRow]) -> DeliveryFigures:
    """Return the figures of all callbacks that exist."""
    query = """
        SELECT cursor.held, cursor.lagging, figures.failing, figures.delivered, figures.dead
        FROM (
            SELECT count(*) FILTER (WHERE is_held) AS held, count(*) FILTER (WHERE NOT is_held) AS lagging
            FROM operations.callback_cursors
        ) AS cursor
        CROSS JOIN (
            SELECT
                count(failing_since) AS failing,
                coalesce(sum(delivered), 0)::bigint AS delivered,
                coalesce(sum(dead), 0)::bigint AS dead
            FROM operations.callback_figures
        ) AS figures
    """
    row = await (await connection.execute(query, binary=True)).fetchone()
    assert row is not None
    return DeliveryFigures(*row)
