"""The log of what was sent to callbacks: deliveries with their attempts."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

import msgspec
from psycopg import AsyncConnection
from psycopg.rows import TupleRow


class DeliveryAttempt(msgspec.Struct, frozen=True):
    """One attempt: an HTTP status, or the error that there was instead. `response` is the beginning of the answer."""

    number: int
    started_at: datetime
    duration_ms: int
    status: int | None
    error: str | None
    response: str | None


class Delivery(msgspec.Struct, frozen=True):
    """One delivery. `due_at` is when it is tried next, while it is pending; `id` is its `webhook-id`."""

    id: str
    position: int
    app: int
    callback: int
    event: str
    entity: str
    state: str
    attempts: int
    created_at: datetime
    due_at: datetime | None
    finished_at: datetime | None
    log: tuple[DeliveryAttempt, ...]


_attempts = msgspec.json.Decoder(tuple[DeliveryAttempt, ...])


async def recent_deliveries(
    connection: AsyncConnection[TupleRow],
    *,
    app: int | None = None,
    event: str | None = None,
    states: Sequence[str] | None = None,
    before: int | None = None,
    limit: int = 50,
) -> list[Delivery]:
    """Return the newest deliveries, those of events before a position when one is given."""
    query = """
        SELECT
            id, position, app, callback, event, entity, state, attempts, created_at,
            CASE WHEN state = 'pending' THEN due_at END, finished_at,
            (
                SELECT coalesce(json_agg(attempt ORDER BY attempt.number), '[]')::text
                FROM operations.delivery_attempts AS attempt
                WHERE attempt.delivery = delivery.id
            )
        FROM operations.deliveries AS delivery
        WHERE (%(app)b::bigint IS NULL OR app = %(app)b)
          AND (%(event)b::text IS NULL OR event = %(event)b)
          AND (%(states)b::text[] IS NULL OR state = ANY(%(states)b))
          AND (%(before)b::bigint IS NULL OR position < %(before)b)
        ORDER BY position DESC, callback
        LIMIT %(limit)b
    """
    wanted = {"app": app, "event": event, "states": states and list(states), "before": before, "limit": limit}
    rows = await (await connection.execute(query, wanted, binary=True)).fetchall()
    return [_delivery(row) for row in rows]


def _delivery(row: TupleRow) -> Delivery:
    columns: list[Any] = [*row[:-1], _attempts.decode(row[-1])]
    return Delivery(*columns)
