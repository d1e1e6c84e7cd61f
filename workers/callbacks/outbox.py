"""The deliveries in the database: put in by the feed, taken out and written down by the sender."""

from collections.abc import Collection, Sequence
from datetime import datetime
from typing import LiteralString, NamedTuple

import msgspec
from psycopg import AsyncConnection
from psycopg.rows import TupleRow

from store import signals

# Parts of the question what to send now. Endpoints are found by skipping from one to the next in the index.
ENDPOINTS: LiteralString = """
    SELECT min(callback) FROM operations.deliveries WHERE state = 'pending'
    UNION ALL
    SELECT (SELECT min(callback) FROM operations.deliveries WHERE state = 'pending' AND callback > endpoint.callback)
    FROM endpoint
    WHERE endpoint.callback IS NOT NULL
"""
BUSY_LANES: LiteralString = """
    SELECT busy.callback, busy.entity
    FROM unnest(%(callbacks)b::bigint[], %(entities)b::text[]) AS busy (callback, entity)
"""
FIRST_OF_LANE: LiteralString = """
    SELECT min(position)
    FROM operations.deliveries AS waiting
    WHERE waiting.callback = delivery.callback
      AND waiting.entity = delivery.entity
      AND waiting.state = 'pending'
      AND (waiting.attempts = 0 OR waiting.due_at <= %(now)b)
"""
ENDPOINT_SHARE: LiteralString = """
    CASE WHEN endpoint.callback = ANY(%(silent)b::bigint[]) THEN 1 ELSE %(endpoint_max)b END
    - (SELECT count(*) FROM unnest(%(callbacks)b::bigint[]) AS busy WHERE busy = endpoint.callback)
"""
# With many endpoints, few of each are looked at: there is room for few, and the sender asks again at once.
ENDPOINT_LOOK: LiteralString = "1 + 4 * %(limit)b / (SELECT count(*) FROM endpoint)"


class Made(NamedTuple):
    """Something to tell every callback that is subscribed to `event`."""

    position: int
    event: str
    entity: str
    state_of: str
    body: bytes


class Lane(NamedTuple):
    """What is told in order, one at a time."""

    callback: int
    entity: str


class Due(NamedTuple):
    """A delivery whose time has come, the first of its lane; it was attempted so many times."""

    id: str
    lane: Lane
    app: int
    event: str
    body: bytes
    attempts: int


class Busy(NamedTuple):
    """What is under way: these lanes; and endpoints that gave no answer, which get one delivery at a time."""

    lanes: Collection[Lane]
    silent: Collection[int]


class Result(msgspec.Struct, frozen=True, kw_only=True):
    """How an attempt went, and what becomes of its delivery: `due_at` is set when it stays pending."""

    delivery: str
    number: int
    state: str
    due_at: datetime | None = None
    started_at: datetime
    duration_ms: int
    status: int | None = None
    error: str | None = None
    response: str | None = None


async def add(connection: AsyncConnection[TupleRow], made: Sequence[Made]) -> None:
    """Put in one delivery for each subscribed callback, and wake the sender at the commit."""
    statement = """
        INSERT INTO operations.deliveries (id, position, callback, app, event, entity, state_of, body)
        SELECT
            'msg_' || made.position || '_' || callback.id,
            made.position, callback.id, callback.app, made.event, made.entity, made.state_of, made.body
        FROM unnest(%b::bigint[], %b::text[], %b::text[], %b::text[], %b::bytea[])
            AS made (position, event, entity, state_of, body)
        JOIN callbacks AS callback ON callback.event = made.event
        ON CONFLICT (id) DO NOTHING
    """
    await connection.execute(statement, [list(column) for column in zip(*made, strict=True)])
    await connection.execute("SELECT pg_notify(%s, '')", (signals.DELIVERIES,))


async def cancel(connection: AsyncConnection[TupleRow], callbacks: Sequence[int]) -> None:
    """Give up what is pending for callbacks that are gone."""
    statement = """
        UPDATE operations.deliveries
        SET (state, body, finished_at) = ROW ('cancelled', NULL, now())
        WHERE callback = ANY(%b) AND state = 'pending'
    """
    await connection.execute(statement, (list(callbacks),))


async def claim(
    connection: AsyncConnection[TupleRow], now: datetime, busy: Busy, limit: int, endpoint_max: int
) -> list[Due]:
    """Return what to send now, longest due first: the oldest of each free lane, and no endpoint's more than its share.

    Nothing is marked: the one sender knows what it has under way, and what a dead one had is due again.
    """
    query = f"""
        WITH RECURSIVE endpoint (callback) AS ({ENDPOINTS})
        SELECT due.id, due.callback, due.entity, due.app, due.event, due.body, due.attempts
        FROM endpoint
        CROSS JOIN LATERAL (
            SELECT id, callback, entity, app, event, body, attempts, due_at
            FROM operations.deliveries AS delivery
            WHERE callback = endpoint.callback
              AND state = 'pending'
              AND due_at <= %(now)b
              AND (callback, entity) NOT IN ({BUSY_LANES})
              AND position = ({FIRST_OF_LANE})
            ORDER BY due_at
            LIMIT greatest(0, least({ENDPOINT_LOOK}, {ENDPOINT_SHARE}))
        ) AS due
        ORDER BY due.due_at
        LIMIT %(limit)b
    """
    arguments = {
        "now": now,
        "callbacks": [lane.callback for lane in busy.lanes],
        "entities": [lane.entity for lane in busy.lanes],
        "silent": list(busy.silent),
        "limit": limit,
        "endpoint_max": endpoint_max,
    }
    rows = await (await connection.execute(query, arguments, binary=True)).fetchall()
    return [Due(row[0], Lane(row[1], row[2]), *row[3:]) for row in rows]


async def record(connection: AsyncConnection[TupleRow], results: Sequence[Result]) -> None:
    """Write attempts down and move their deliveries on; one that was cancelled meanwhile stays so unless it arrived."""
    statement = """
        WITH result AS (
            SELECT delivery, number, state, due_at, started_at, duration_ms, status, error, response
            FROM json_to_recordset(%s) AS result (
                delivery text, number integer, state text, due_at timestamptz,
                started_at timestamptz, duration_ms integer, status integer, error text, response text
            )
        ), attempt AS (
            INSERT INTO operations.delivery_attempts
                (delivery, number, started_at, duration_ms, status, error, response)
            SELECT delivery, number, started_at, duration_ms, status, error, response
            FROM result
            ON CONFLICT DO NOTHING
        )
        UPDATE operations.deliveries AS delivery
        SET state       = result.state,
            attempts    = result.number,
            due_at      = coalesce(result.due_at, delivery.due_at),
            body        = CASE WHEN result.state = 'delivered' THEN NULL ELSE delivery.body END,
            finished_at = CASE WHEN result.state = 'pending' THEN NULL ELSE now() END
        FROM result
        WHERE delivery.id = result.delivery
          AND (delivery.state = 'pending' OR result.state = 'delivered')
    """
    await connection.execute(statement, (msgspec.json.encode(results).decode(),))


async def supersede(connection: AsyncConnection[TupleRow], delivered: Sequence[str]) -> None:
    """Give up what waits to tell an older state of what these have told."""
    statement = """
        UPDATE operations.deliveries AS older
        SET (state, body, finished_at) = ROW ('superseded', NULL, now())
        FROM operations.deliveries AS newer
        WHERE newer.id = ANY(%b)
          AND newer.state = 'delivered'
          AND older.callback = newer.callback
          AND older.entity = newer.entity
          AND older.state_of = newer.state_of
          AND older.position < newer.position
          AND older.state = 'pending'
    """
    await connection.execute(statement, (list(delivered),))
