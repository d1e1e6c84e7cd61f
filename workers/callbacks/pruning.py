"""Forgets what became of deliveries a long time ago, and gives up what too much waits for, in small steps."""

from datetime import datetime, timedelta

from psycopg import AsyncConnection
from psycopg.rows import TupleRow

from store.listing import position_before
from workers.callbacks import outbox

STEP_DELIVERIES_MAX = 500
REST_SECONDS = 60.0  # after all of them were looked at


class Pruner:
    """Goes through the deliveries by position, again and again."""

    def __init__(self, days: int, pending_max: int) -> None:
        self._age = timedelta(days=days)
        self._pending_max = pending_max
        self._after = (0, 0)
        self._up_to = 0
        self._next_at: datetime | None = None

    async def step(self, connection: AsyncConnection[TupleRow], now: datetime) -> None:
        """Look at the next ones, unless it is time to rest."""
        if self._next_at is not None and now < self._next_at:
            return
        before = now - self._age
        if self._after == (0, 0):
            await _give_up_excess(connection, self._pending_max)
            self._up_to = await position_before(connection, before)
        self._after = await _prune(connection, self._after, self._up_to, before)
        self._next_at = now + timedelta(seconds=REST_SECONDS) if self._after == (0, 0) else None


async def _prune(
    connection: AsyncConnection[TupleRow], after: tuple[int, int], up_to: int, before: datetime
) -> tuple[int, int]:
    """Delete what ended before a time, and return where the looking ended; (0, 0) at the end."""
    statement = """
        WITH step AS (
            SELECT id, position, callback, finished_at
            FROM operations.deliveries
            WHERE (position, callback) > (%b, %b) AND position <= %b
            ORDER BY position, callback
            LIMIT %b
        ), gone AS (
            DELETE FROM operations.deliveries AS delivery
            USING step
            WHERE delivery.id = step.id AND delivery.finished_at < %b
        )
        SELECT position, callback
        FROM step
        ORDER BY position, callback
        OFFSET %b
    """
    arguments = (*after, up_to, STEP_DELIVERIES_MAX, before, STEP_DELIVERIES_MAX - 1)
    row = await (await connection.execute(statement, arguments, binary=True)).fetchone()
    return (row[0], row[1]) if row else (0, 0)


async def _give_up_excess(connection: AsyncConnection[TupleRow], pending_max: int) -> None:
    """Cancel the oldest of what waits for paused callbacks of Polympics, whose bodies cannot be made again later."""
    statement = """
        UPDATE operations.deliveries AS delivery
        SET (state, body, headers, finished_at) = ROW ('cancelled', NULL, NULL, now())
        FROM operations.callback_cursors AS cursor
        CROSS JOIN LATERAL (
            SELECT id
            FROM operations.deliveries AS waiting
            WHERE waiting.callback = cursor.callback AND waiting.state = 'pending' AND NOT waiting.in_order
            ORDER BY waiting.position DESC
            OFFSET %b
        ) AS excess
        WHERE cursor.is_held AND delivery.id = excess.id
    """
    async with connection.transaction():
        await outbox.lock_lanes(connection)
        await connection.execute(statement, (pending_max,))
