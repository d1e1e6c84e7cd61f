"""The log of what was sent to callbacks: deliveries with their attempts, and how each callback does."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any, LiteralString

import msgspec
from psycopg import AsyncConnection
from psycopg.rows import TupleRow

from schemas.callbacks import CallbackFigures


class DeliveryAttempt(msgspec.Struct, frozen=True):
    """One attempt: an HTTP status, or the error that there was instead. `response` is the beginning of the answer."""

    number: int
    started_at: datetime
    duration_ms: int
    status: int | None
    error: str | None
    response: str | None


class Delivery(msgspec.Struct, frozen=True):
    """One delivery. `due_at` is when it is tried next, while it is pending and its turn; `id` is its `webhook-id`.

    `type` is of the event that is told, None where that was not written down.
    """

    id: str
    position: int
    app: int
    callback: int
    event: str
    entity: str
    type: str | None
    state: str
    attempts: int
    created_at: datetime
    due_at: datetime | None
    finished_at: datetime | None
    log: tuple[DeliveryAttempt, ...]

    def is_resendable(self) -> bool:
        """Tell whether it can be sent again: what a Polympics callback was told is kept only until it arrives."""
        return self.event == str(self.callback) or self.state in BODY_KEPT


BODY_KEPT = ("blocked", "dead")
READERS = {"book": "callback_fanout", "polympics": "callbacks"}
"""Who puts deliveries in, by dialect, as `operations.checkpoints` names them."""

_attempts = msgspec.json.Decoder(tuple[DeliveryAttempt, ...])

COLUMNS: LiteralString = """
    id, position, app, callback, event, entity, type, state, attempts, created_at,
    CASE WHEN state = 'pending' AND isfinite(due_at) THEN due_at END AS next_at, finished_at,
    (
        SELECT coalesce(json_agg(attempt ORDER BY attempt.number), '[]')::text
        FROM operations.delivery_attempts AS attempt
        WHERE attempt.delivery = delivery.id
    ) AS log
"""


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
    query = f"""
        SELECT {COLUMNS}
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


async def deliveries_of(
    connection: AsyncConnection[TupleRow], callback: int, before: int, limit: int, *, state: str | None = None
) -> list[Delivery]:
    """Return the deliveries to a callback of events before a position, newest first: those in a state."""
    query = f"""
        SELECT {COLUMNS}
        FROM operations.deliveries AS delivery
        WHERE callback + 0 = %(callback)b  -- the index of one callback's log
          AND position < %(before)b
          AND (%(state)b::text IS NULL OR state = %(state)b)
        ORDER BY position DESC
        LIMIT %(limit)b
    """
    wanted = {"callback": callback, "before": before, "limit": limit, "state": state}
    rows = await (await connection.execute(query, wanted, binary=True)).fetchall()
    return [_delivery(row) for row in rows]


async def last_deliveries(
    connection: AsyncConnection[TupleRow], callbacks: Sequence[int], each: int
) -> dict[int, list[Delivery]]:
    """Return the newest deliveries to each of these callbacks."""
    query = f"""
        SELECT
            newest.id, newest.position, newest.app, newest.callback, newest.event, newest.entity, newest.type,
            newest.state, newest.attempts, newest.created_at, newest.next_at, newest.finished_at, newest.log
        FROM unnest(%b::bigint[]) AS asked (callback)
        CROSS JOIN LATERAL (
            SELECT {COLUMNS}
            FROM operations.deliveries AS delivery
            WHERE delivery.callback + 0 = asked.callback
            ORDER BY position DESC
            LIMIT %b
        ) AS newest
        ORDER BY newest.position DESC
    """
    rows = await (await connection.execute(query, (list(callbacks), each), binary=True)).fetchall()
    found = dict[int, list[Delivery]]()
    for delivery in map(_delivery, rows):
        found.setdefault(delivery.callback, []).append(delivery)
    return found


async def delivery_by_id(connection: AsyncConnection[TupleRow], delivery: str) -> Delivery | None:
    """Return a delivery."""
    query = f"SELECT {COLUMNS} FROM operations.deliveries AS delivery WHERE id = %b"
    row = await (await connection.execute(query, (delivery,), binary=True)).fetchone()
    return _delivery(row) if row else None


async def figures_of(connection: AsyncConnection[TupleRow], dialects: Mapping[int, str]) -> dict[int, CallbackFigures]:
    """Return how each of these callbacks does; they are named with their dialects, which have different readers."""
    query = """
        SELECT
            asked.callback,
            waiting.pending,
            coalesce(figures.delivered, 0),
            coalesce(figures.dead, 0),
            coalesce(least(waiting.oldest - 1, coalesce(cursor.position, reader.position)), 0),
            figures.failing_since,
            figures.last_success_at,
            figures.last_failure_at
        FROM unnest(%b::bigint[], %b::text[]) AS asked (callback, reader)
        LEFT JOIN operations.callback_figures AS figures ON figures.callback = asked.callback
        LEFT JOIN operations.callback_cursors AS cursor ON cursor.callback = asked.callback
        LEFT JOIN operations.checkpoints AS reader ON reader.reader = asked.reader
        CROSS JOIN LATERAL (
            SELECT count(*) AS pending, min(position) AS oldest
            FROM operations.deliveries AS delivery
            WHERE delivery.callback = asked.callback AND delivery.state = 'pending'
        ) AS waiting
    """
    readers = [READERS[dialect] for dialect in dialects.values()]
    rows = await (await connection.execute(query, (list(dialects), readers), binary=True)).fetchall()
    return {row[0]: CallbackFigures(*row[1:]) for row in rows}


def _delivery(row: TupleRow) -> Delivery:
    columns: list[Any] = [*row[:-1], _attempts.decode(row[-1])]
    return Delivery(*columns)
