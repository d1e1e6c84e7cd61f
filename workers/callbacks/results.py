"""What came of attempts, written down: each moves its delivery on, and lets the next of its lane have its turn."""

from collections.abc import Sequence
from datetime import datetime
from typing import LiteralString

import msgspec
from psycopg import AsyncConnection
from psycopg.rows import TupleRow

from workers.callbacks.outbox import Lane

OLDER_ONE_WAITS: LiteralString = """
    SELECT
    FROM operations.deliveries AS older
    WHERE older.callback = delivery.callback
      AND older.entity = delivery.entity
      AND older.state = 'pending'
      AND older.position < delivery.position
"""


class Result(msgspec.Struct, frozen=True, kw_only=True):
    """How an attempt went, and what becomes of its delivery: `due_at` is set when it stays pending.

    One that was asked for again meanwhile (`sendings`) stays as it is; one that an older one was put before meanwhile
    waits for its turn.
    """

    delivery: str
    number: int
    sendings: int = 1
    state: str
    due_at: datetime | None = None
    started_at: datetime
    duration_ms: int
    status: int | None = None
    error: str | None = None
    response: str | None = None

    def is_success(self) -> bool:
        """Tell whether it has arrived."""
        return self.state == "delivered"


class Tally(msgspec.Struct, kw_only=True):
    """What the results of one moment say of one callback."""

    callback: int
    delivered: int = 0
    dead: int = 0
    failures: int = 0


def tallied(results: Sequence[tuple[Lane, Result]]) -> dict[int, Tally]:
    """Sum up by callback."""
    tallies: dict[int, Tally] = {}
    for lane, result in results:
        tally = tallies.setdefault(lane.callback, Tally(callback=lane.callback))
        tally.delivered += result.is_success()
        tally.dead += result.state in {"dead", "blocked"}
        tally.failures += not result.is_success()
    return tallies


async def record(connection: AsyncConnection[TupleRow], results: Sequence[Result]) -> None:
    """Write attempts down and move their deliveries on; one that was cancelled meanwhile stays so unless it arrived."""
    statement = f"""
        WITH result AS (
            SELECT delivery, number, sendings, state, due_at, started_at, duration_ms, status, error, response
            FROM json_to_recordset(%s) AS result (
                delivery text, number integer, sendings integer, state text, due_at timestamptz,
                started_at timestamptz, duration_ms integer, status integer, error text, response text
            )
        ), attempt AS (
            INSERT INTO operations.delivery_attempts
                (delivery, number, started_at, duration_ms, status, error, response)
            SELECT
                result.delivery, result.number, result.started_at, result.duration_ms, result.status, result.error,
                CASE WHEN sent.state IS DISTINCT FROM 'cancelled' THEN result.response END  -- it may repeat the body
            FROM result
            LEFT JOIN operations.deliveries AS sent ON sent.id = result.delivery
            ON CONFLICT DO NOTHING
        ), counted AS (
            UPDATE operations.deliveries AS delivery
            SET attempts = result.number, attempts_before = result.number
            FROM result
            WHERE delivery.id = result.delivery AND delivery.sendings > result.sendings
        )
        UPDATE operations.deliveries AS delivery
        SET state       = result.state,
            attempts    = result.number,
            due_at      = CASE
                WHEN delivery.in_order AND result.state = 'pending' AND EXISTS ({OLDER_ONE_WAITS}) THEN 'infinity'
                ELSE coalesce(result.due_at, delivery.due_at)
            END,
            body        = CASE WHEN result.state = 'delivered' THEN NULL ELSE delivery.body END,
            headers     = CASE WHEN result.state = 'delivered' THEN NULL ELSE delivery.headers END,
            finished_at = CASE WHEN result.state = 'pending' THEN NULL ELSE now() END
        FROM result
        WHERE delivery.id = result.delivery
          AND delivery.sendings = result.sendings
          AND (delivery.state = 'pending' OR result.state = 'delivered')
    """
    await connection.execute(statement, (msgspec.json.encode(results).decode(),))


async def promote(connection: AsyncConnection[TupleRow], lanes: Sequence[Lane]) -> None:
    """Give the oldest of each of these lanes its turn. Lanes are locked."""
    statement = """
        UPDATE operations.deliveries
        SET due_at = clock_timestamp() - interval '1 minute'
        WHERE due_at = 'infinity'
          AND id = ANY (ARRAY(
              SELECT (
                  SELECT waiting.id
                  FROM operations.deliveries AS waiting
                  WHERE waiting.callback = lane.callback
                    AND waiting.entity = lane.entity
                    AND waiting.state = 'pending'
                  ORDER BY waiting.position
                  LIMIT 1
              )
              FROM unnest(%b::bigint[], %b::text[]) AS lane (callback, entity)
          ))
    """
    await connection.execute(statement, [[lane.callback for lane in lanes], [lane.entity for lane in lanes]])


async def supersede(connection: AsyncConnection[TupleRow], delivered: Sequence[str]) -> None:
    """Give up what waits to tell an older state of what these have told."""
    statement = """
        UPDATE operations.deliveries AS older
        SET (state, body, headers, finished_at) = ROW ('superseded', NULL, NULL, now())
        FROM operations.deliveries AS newer
        WHERE newer.id = ANY(%b)
          AND newer.state = 'delivered'
          AND older.callback = newer.callback
          AND older.entity = newer.entity
          AND older.state_of = newer.state_of
          AND older.position < newer.position
          AND older.state = 'pending'
          AND NOT older.in_order
    """
    await connection.execute(statement, (list(delivered),))


async def keep_figures(
    connection: AsyncConnection[TupleRow], now: datetime, tallies: Sequence[Tally]
) -> dict[int, datetime]:
    """Add up, and return since when those fail that have only failed since their last success."""
    statement = """
        INSERT INTO operations.callback_figures AS figures
            (callback, delivered, dead, failing_since, last_success_at, last_failure_at)
        SELECT
            callback, delivered, dead,
            CASE WHEN delivered = 0 THEN %(now)b END,
            CASE WHEN delivered > 0 THEN %(now)b END,
            CASE WHEN failures > 0 THEN %(now)b END
        FROM json_to_recordset(%(tallies)s)
            AS tally (callback bigint, delivered integer, dead integer, failures integer)
        WHERE delivered > 0 OR dead > 0 OR EXISTS (  -- else it is gone, and so are its figures
            SELECT
            FROM operations.deliveries AS waiting
            WHERE waiting.callback = tally.callback AND waiting.state = 'pending'
        )
        ON CONFLICT (callback) DO UPDATE SET
            delivered       = figures.delivered + EXCLUDED.delivered,
            dead            = figures.dead + EXCLUDED.dead,
            failing_since   = CASE
                WHEN EXCLUDED.delivered = 0 THEN coalesce(figures.failing_since, EXCLUDED.failing_since)
            END,
            last_success_at = coalesce(EXCLUDED.last_success_at, figures.last_success_at),
            last_failure_at = coalesce(EXCLUDED.last_failure_at, figures.last_failure_at)
        RETURNING callback, failing_since
    """
    wanted = {"now": now, "tallies": msgspec.json.encode(tallies).decode()}
    rows = await (await connection.execute(statement, wanted, binary=True)).fetchall()
    return {callback: since for callback, since in rows if since is not None}
