"""The deliveries in the database: put in by the feed and the fan-out, taken out by the sender.

A lane is one callback and one entity. In a lane that is kept in order only the oldest delivery has a time, all others
are due at `infinity`; so what waits behind a failure costs nothing when the sender looks for what is due.
"""

from collections.abc import Collection, Sequence
from datetime import datetime
from typing import LiteralString, NamedTuple

from psycopg import AsyncConnection
from psycopg.rows import TupleRow

from store import signals

# Parts of the question what to send now. Endpoints are found by skipping from one to the next in the index.
ENDPOINTS: LiteralString = """
    SELECT min(callback) FROM operations.deliveries WHERE state = 'pending' AND due_at < 'infinity'
    UNION ALL
    SELECT (
        SELECT min(callback)
        FROM operations.deliveries
        WHERE state = 'pending' AND due_at < 'infinity' AND callback > endpoint.callback
    )
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
    CASE WHEN endpoint.callback = ANY(%(silent)b::bigint[]) THEN %(silent_max)b ELSE %(endpoint_max)b END
    - (SELECT count(*) FROM unnest(%(callbacks)b::bigint[]) AS busy WHERE busy = endpoint.callback)
"""
# With many endpoints, few of each are looked at: there is room for few, and the sender asks again at once.
ENDPOINT_LOOK: LiteralString = "1 + 4 * %(limit)b / (SELECT count(*) FROM endpoint)"
CALLBACK_VERSION: LiteralString = """
    SELECT max(version) FROM book.log WHERE stream = concat_ws('-', 'callbacks', due.app, due.event)
"""
PLANS_OFF = ("enable_seqscan", "enable_bitmapscan", "enable_hashjoin", "enable_mergejoin")


class Made(NamedTuple):
    """Something to tell every callback that is subscribed to `event`. `headers` are JSON, or none of its own."""

    position: int
    event: str
    type: str
    entity: str
    state_of: str
    body: bytes
    headers: str


class Said(NamedTuple):
    """An event as callbacks are told it."""

    position: int
    type: str
    entity: str
    body: bytes


class Target(NamedTuple):
    """Who is told what is said at a position: a callback, by its id, and by its app and its name there."""

    position: int
    callback: int
    app: int
    event: str


class Lane(NamedTuple):
    """What is told in order, one at a time."""

    callback: int
    entity: str


class Due(NamedTuple):
    """A delivery whose time has come, the first of its lane; it was attempted so many times.

    `attempts_before` of them were made before it was asked for last, the `sendings`th time; `version` is of the
    callback's stream (None: there is no such stream).
    """

    id: str
    lane: Lane
    app: int
    event: str
    body: bytes
    attempts: int
    attempts_before: int = 0
    sendings: int = 1
    headers: str | None = None
    version: int | None = None


class Busy(NamedTuple):
    """What is under way: these lanes; and endpoints that answer late or never, which get one delivery at a time."""

    lanes: Collection[Lane]
    silent: Collection[int]
    silent_max: int = 1


async def settle(connection: AsyncConnection[TupleRow]) -> None:
    """Commit without waiting, as what is forgotten is done again; and walk indexes, whatever statistics say.

    The outbox swings from empty to full and back in seconds; a plan that was made for one is ruin for the other.
    """
    for setting in ("synchronous_commit", *PLANS_OFF):
        await connection.execute("SELECT set_config(%s, 'off', false)", (setting,))


async def add(connection: AsyncConnection[TupleRow], made: Sequence[Made]) -> None:
    """Put in one delivery for each subscribed callback, and wake the sender at the commit."""
    statement = """
        INSERT INTO operations.deliveries (id, position, callback, app, event, type, entity, state_of, body, headers)
        SELECT
            'msg_' || made.position || '_' || callback.id,
            made.position, callback.id, callback.app, made.event, made.type, made.entity, made.state_of, made.body,
            made.headers
        FROM unnest(%b::bigint[], %b::text[], %b::text[], %b::text[], %b::text[], %b::bytea[], %b::text[])
            AS made (position, event, type, entity, state_of, body, headers)
        JOIN callbacks AS callback ON callback.event = made.event
        ON CONFLICT (id) DO NOTHING
    """
    await connection.execute(statement, [list(column) for column in zip(*made, strict=True)])
    await wake_sender(connection)


async def wake_sender(connection: AsyncConnection[TupleRow]) -> None:
    """Have the sender look when this commits."""
    await connection.execute("SELECT pg_notify(%s, '')", (signals.DELIVERIES,))


async def lock_lanes(connection: AsyncConnection[TupleRow]) -> None:
    """Keep lanes to this transaction, so that no delivery is left without a turn."""
    await connection.execute("SELECT operations.lock_lanes()")


async def tell(connection: AsyncConnection[TupleRow], said: Sequence[Said], targets: Sequence[Target]) -> None:
    """Put in a delivery for each target, in order; one that is there already is sent again. Lanes are locked."""
    statement = """
        INSERT INTO operations.deliveries AS delivery
            (id, position, callback, app, event, type, entity, state_of, body, in_order, due_at)
        SELECT
            'msg_' || said.position || '_' || target.callback,
            said.position, target.callback, target.app, target.event, said.type, said.entity, said.entity, said.body,
            true,
            CASE WHEN said.position > min(said.position) OVER lane OR EXISTS (
                SELECT
                FROM operations.deliveries AS older
                WHERE older.callback = target.callback
                  AND older.entity = said.entity
                  AND older.state = 'pending'
                  AND older.position < said.position
            ) THEN 'infinity' ELSE clock_timestamp() - interval '1 minute' END
        FROM unnest(%b::bigint[], %b::text[], %b::text[], %b::bytea[]) AS said (position, type, entity, body)
        JOIN unnest(%b::bigint[], %b::bigint[], %b::bigint[], %b::text[]) AS target (position, callback, app, event)
            USING (position)
        WINDOW lane AS (PARTITION BY target.callback, said.entity)
        ORDER BY said.position
        ON CONFLICT (id) DO UPDATE SET
            state           = 'pending',
            type            = EXCLUDED.type,
            body            = EXCLUDED.body,
            due_at          = EXCLUDED.due_at,
            finished_at     = NULL,
            sendings        = delivery.sendings + 1,
            attempts_before = delivery.attempts
    """
    columns = [list(column) for rows in (said, targets) for column in zip(*rows, strict=True)]
    await connection.execute(statement, columns)


async def demote_newer(connection: AsyncConnection[TupleRow], callbacks: Sequence[int]) -> None:
    """Take their time from deliveries that had their turn before older ones were put in. Lanes are locked."""
    statement = """
        UPDATE operations.deliveries AS newer
        SET due_at = 'infinity'
        WHERE newer.callback = ANY(%b)
          AND newer.state = 'pending'
          AND newer.in_order
          AND newer.due_at < 'infinity'
          AND EXISTS (
              SELECT
              FROM operations.deliveries AS older
              WHERE older.callback = newer.callback
                AND older.entity = newer.entity
                AND older.state = 'pending'
                AND older.position < newer.position
          )
    """
    await connection.execute(statement, (list(callbacks),))


async def send_kept(connection: AsyncConnection[TupleRow], delivery: str, callback: int) -> None:
    """Send again what was given up and kept, as it is."""
    statement = """
        UPDATE operations.deliveries
        SET (state, due_at, finished_at, sendings, attempts_before)
            = ROW ('pending', clock_timestamp() - interval '1 minute', NULL, sendings + 1, attempts)
        WHERE id = %b AND callback = %b AND state IN ('blocked', 'dead') AND NOT in_order
    """
    await connection.execute(statement, (delivery, callback))


async def hurry(connection: AsyncConnection[TupleRow], callback: int) -> None:
    """Send at once what waits for another attempt, and count its attempts anew."""
    statement = """
        UPDATE operations.deliveries
        SET (due_at, attempts_before) = ROW (clock_timestamp() - interval '1 minute', attempts)
        WHERE callback = %b AND state = 'pending' AND attempts > 0 AND due_at < 'infinity'
    """
    await connection.execute(statement, (callback,))


async def cancel(connection: AsyncConnection[TupleRow], callbacks: Sequence[int]) -> None:
    """Give up what is pending for callbacks that are gone. Lanes are locked."""
    statement = """
        UPDATE operations.deliveries
        SET (state, body, headers, finished_at) = ROW ('cancelled', NULL, NULL, now())
        WHERE callback = ANY(%b) AND state = 'pending'
    """
    await connection.execute(statement, (list(callbacks),))


async def pending_of(connection: AsyncConnection[TupleRow], callbacks: Sequence[int], limit: int) -> dict[int, int]:
    """Return how many deliveries wait for each of these, up to where it has been told all; counted up to a limit."""
    query = """
        SELECT asked.callback, (
            SELECT count(*)
            FROM (
                SELECT FROM operations.deliveries AS delivery
                WHERE delivery.callback = asked.callback AND delivery.state = 'pending'
                  AND (cursor.position IS NULL OR delivery.position <= cursor.position)
                LIMIT %b
            ) AS waiting
        )
        FROM unnest(%b::bigint[]) AS asked (callback)
        LEFT JOIN operations.callback_cursors AS cursor ON cursor.callback = asked.callback
    """
    rows = await (await connection.execute(query, (limit, list(callbacks)), binary=True)).fetchall()
    return dict(rows)


async def claim(
    connection: AsyncConnection[TupleRow], now: datetime, busy: Busy, limit: int, endpoint_max: int
) -> list[Due]:
    """Return what to send now, longest due first: the oldest of each free lane, and no endpoint's more than its share.

    Nothing is marked: the one sender knows what it has under way, and what a dead one had is due again.
    """
    query = f"""
        WITH RECURSIVE endpoint (callback) AS ({ENDPOINTS})
        SELECT
            due.id, due.callback, due.entity, due.app, due.event, due.body,
            due.attempts, due.attempts_before, due.sendings, due.headers, ({CALLBACK_VERSION})
        FROM endpoint
        LEFT JOIN operations.callback_cursors AS cursor ON cursor.callback = endpoint.callback
        CROSS JOIN LATERAL (
            SELECT id, callback, entity, app, event, body, attempts, attempts_before, sendings, headers, due_at
            FROM operations.deliveries AS delivery
            WHERE callback = endpoint.callback
              AND state = 'pending'
              AND due_at <= %(now)b
              AND due_at < 'infinity'
              AND (cursor.position IS NULL OR position <= cursor.position)
              AND (callback, entity) NOT IN ({BUSY_LANES})
              AND (in_order OR position = ({FIRST_OF_LANE}))
            ORDER BY due_at
            LIMIT greatest(0, least({ENDPOINT_LOOK}, {ENDPOINT_SHARE}))
        ) AS due
        WHERE cursor.is_held IS NOT TRUE
        ORDER BY due.due_at
        LIMIT %(limit)b
    """
    arguments = {
        "now": now,
        "callbacks": [lane.callback for lane in busy.lanes],
        "entities": [lane.entity for lane in busy.lanes],
        "silent": list(busy.silent),
        "silent_max": busy.silent_max,
        "limit": limit,
        "endpoint_max": endpoint_max,
    }
    rows = await (await connection.execute(query, arguments, binary=True)).fetchall()
    return [Due(row[0], Lane(row[1], row[2]), *row[3:]) for row in rows]
