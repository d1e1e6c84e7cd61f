"""What erasing leaves to do in the database: who was erased, rows of operation that hold plaintext, and what is dead.

The key goes with the event itself (`book.erase_keys`); from then on nothing that was sealed can be read.
"""

import asyncio
import time
from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import NamedTuple, cast

import msgspec
import psycopg
from psycopg import AsyncConnection, sql
from psycopg.rows import TupleRow

from domain.privacy.aggregate import RETENTION, SUBJECT, id_of
from domain.privacy.events import SubjectErased
from domain.processes.erase_subject import erase_subject
from store import log
from store.codec import Origin
from store.connections import connect
from store.event_store import EventStore, Outcome
from store.keys import Keyring

READER = "eraser"
READ_POSITIONS_MAX = 100_000
LOCK_MILLISECONDS = 200  # how long who uses a table may have to wait for one try to rewrite it
LOCK_PAUSE_SECONDS = 2.0  # between two tries, while somebody else holds the table
SEEN_SECONDS_MAX = 300.0  # how long transactions are waited for that still see what was deleted
SEEN_PAUSE_SECONDS = 0.1
STILL_SEEN = "end transactions that are older than the erasure"
REWRITTEN = (
    "book.keys",
    "operations.deliveries",
    "operations.delivery_attempts",
    "operations.keyed_requests",
    "operations.provider_grants",
    "pg_catalog.pg_statistic",  # samples of columns of tables that are no more
)


class Erased(NamedTuple):
    """Somebody who was erased, and where the log says so."""

    position: int
    subject: str


class Sealed(NamedTuple):
    """Whether there is a key of a subject, and how often it had been erased when that was so."""

    has_key: bool
    erasures: int


class Standing(msgspec.Struct, frozen=True):
    """How it stands with one subject. `erased_at` is None when it never was erased, `position` is where that was.

    `is_purged`: nothing of before the last erasure is left; `has_key`: something is sealed for it (again).
    """

    subject: str
    holds: tuple[str, ...]
    erasures: int
    position: int | None
    erased_at: datetime | None
    is_purged: bool
    has_key: bool


async def erase(store: EventStore, origin: Origin, subject: str, reference: str | None = None) -> Outcome[bool]:
    """Erase a subject, and tell whether there was anything to erase. Errors: UnknownError, HeldError."""
    seen = await sealed_for(store, subject)
    return await store.execute(origin, erase_subject, subject=subject, reference=reference, **seen._asdict())


async def sealed_for(store: EventStore, subject: str) -> Sealed:
    """Return what `erase_subject` needs to know. The key is looked for last: it may be erased after the counting."""
    state = (await store.load(SUBJECT, SUBJECT.stream(subject))).state
    return Sealed(await store.keyring.has_key(subject), state.erasures if state else 0)


async def standing_of(store: EventStore, subject: str) -> Standing:
    """Return how it stands with a subject, from the log."""
    stream = SUBJECT.stream(subject)
    state = (await store.load(SUBJECT, stream)).state
    query = """
        SELECT log.position, log.recorded_at, log.position <= coalesce(
            (SELECT position FROM operations.checkpoints WHERE reader = %b), 0
        )
        FROM book.log AS log
        WHERE log.stream = %b AND log.type = %b
        ORDER BY log.version DESC
        LIMIT 1
    """
    async with store.pool.connection() as connection:
        cursor = await connection.execute(query, (READER, stream, SubjectErased.stored_type), binary=True)
        position, erased_at, is_purged = await cursor.fetchone() or (None, None, False)
    return Standing(
        subject=subject,
        holds=state.holds if state else (),
        erasures=state.erasures if state else 0,
        position=position,
        erased_at=erased_at,
        is_purged=is_purged,
        has_key=await store.keyring.has_key(subject),
    )


async def latest_standings(store: EventStore, limit: int) -> list[Standing]:
    """Return how it stands with those of whom something was said last: held, released, handed out, erased."""
    query = """
        SELECT stream
        FROM book.log
        WHERE stream >= %b AND stream < %b
        GROUP BY stream
        ORDER BY max(position) DESC
        LIMIT %b
    """
    first, end = SUBJECT.prefix(), f"{SUBJECT.prefix().removesuffix('-')}."  # the character after the dash
    async with store.pool.connection() as connection:
        rows = await (await connection.execute(query, (first, end, limit), binary=True)).fetchall()
    return [await standing_of(store, row[0].removeprefix(first)) for row in rows]


async def retention_rules(store: EventStore) -> dict[str, int]:
    """Return after how many days people of each class are erased, from the log."""
    return cast("dict[str, int] | None", (await store.load(RETENTION, RETENTION.stream())).state) or {}


async def erased_after(
    connection: AsyncConnection[TupleRow], keyring: Keyring, position: int
) -> tuple[int, list[Erased]]:
    """Return where the reading ended, and who was erased between `position` and there."""
    types = [SubjectErased.stored_type]
    end, batch = await log.read(connection, keyring, position, READ_POSITIONS_MAX, types)
    return end, [Erased(it.position, it.event.of) for it in batch if isinstance(it.event, SubjectErased)]


async def stopped_since(connection: AsyncConnection[TupleRow], when: datetime) -> str | None:
    """Return what has stopped the eraser after a time, None when nothing did."""
    query = "SELECT error FROM operations.checkpoints WHERE reader = %b AND stopped_at > 0 AND updated_at > %b"
    row = await (await connection.execute(query, (READER, when), binary=True)).fetchone()
    return row[0] if row else None


async def purge(connection: AsyncConnection[TupleRow], erased: Sequence[Erased]) -> None:
    """Take what is about those who were erased out of the tables of operation."""
    for position, subject in erased:
        found = id_of(subject)
        if found is None:
            continue
        context, number = found
        about = f"%-{number}" if context == "accounts" else subject
        digits = None if context == "apps" else str(number)  # an app's may be small, and is found in anything
        async with connection.transaction():
            await connection.execute("SELECT operations.lock_lanes()")
            await _forget_bodies(connection, position, about, digits)
            await _forget_responses(connection, about)
            await _forget_answers(connection, subject, digits)
            if context == "accounts":
                await connection.execute("DELETE FROM operations.provider_grants WHERE account = %b", (number,))


async def _forget_bodies(connection: AsyncConnection[TupleRow], before: int, about: str, digits: str | None) -> None:
    """Cancel deliveries that show the subject as it was before it was erased, and have not arrived."""
    statement = """
        UPDATE operations.deliveries
        SET (state, body, headers, finished_at) = ROW ('cancelled', NULL, NULL, coalesce(finished_at, now()))
        WHERE body IS NOT NULL
          AND NOT in_order  -- what is told in order is the event as it is stored, and shows nothing sealed
          AND position < %b
          AND (entity LIKE %b OR position(convert_to(%b, 'UTF8') IN body) > 0)
    """
    await connection.execute(statement, (before, about, digits))


async def _forget_responses(connection: AsyncConnection[TupleRow], about: str) -> None:
    """Forget what receivers answered: they may have repeated what they were told."""
    statement = """
        UPDATE operations.delivery_attempts AS attempt
        SET response = NULL
        FROM operations.deliveries AS delivery
        WHERE delivery.id = attempt.delivery AND delivery.entity LIKE %b AND attempt.response IS NOT NULL
    """
    await connection.execute(statement, (about,))


async def _forget_answers(connection: AsyncConnection[TupleRow], subject: str, digits: str | None) -> None:
    """Forget answers that were given to the subject, or that speak of it."""
    statement = """
        DELETE FROM operations.keyed_requests
        WHERE status IS NOT NULL AND (caller = %b OR position(convert_to(%b, 'UTF8') IN body) > 0)
    """
    await connection.execute(statement, (subject, digits))


async def rewrite(url: str, tables: Iterable[str] = REWRITTEN) -> list[str]:
    """Write tables anew, so that no file holds what was deleted, and let go of the WAL; return what could not be done.

    Only the owner may; the WAL is let go of by a superuser, where `wal_recycle` is off and no standby wants it.
    """
    async with await connect(url) as connection:
        await connection.execute("SET ROLE NONE")
        await connection.execute("SET statement_timeout = 0")
        await connection.execute(sql.SQL("SET lock_timeout = {}").format(sql.Literal(LOCK_MILLISECONDS)))
        left = [] if await _is_unseen(connection) else [STILL_SEEN]
        steps = [sql.SQL("VACUUM (FULL) {}").format(sql.Identifier(*table.split("."))) for table in tables]
        ends = [sql.SQL("CHECKPOINT"), sql.SQL("SELECT pg_switch_wal()"), sql.SQL("CHECKPOINT")]
        return left + [step.as_string(connection) for step in (*steps, *ends) if not await _may(connection, step)]


async def _is_unseen(connection: AsyncConnection[TupleRow]) -> bool:
    """Wait until nobody sees any more what was deleted, or it would be written anew; tell whether that was so in time.

    Transactions of users that this one may not look at are not known.
    """
    query = """
        SELECT pg_snapshot_xmin(pg_current_snapshot()) >= %(deleted)s::text::xid8 AND NOT EXISTS (
            SELECT FROM pg_stat_activity
            WHERE datname = current_database()
              AND pid <> pg_backend_pid()
              AND backend_type <> 'autovacuum worker'
              AND age(backend_xmin) > age(%(deleted)s::text::xid8::xid)
        )
    """
    [(deleted,)] = await (await connection.execute("SELECT pg_current_xact_id()::text")).fetchall()
    deadline = time.monotonic() + SEEN_SECONDS_MAX
    while await (await connection.execute(query, {"deleted": deleted})).fetchone() != (True,):
        if time.monotonic() > deadline:
            return False
        await asyncio.sleep(SEEN_PAUSE_SECONDS)
    return True


async def _may(connection: AsyncConnection[TupleRow], step: sql.SQL | sql.Composed) -> bool:
    """Do it, again while somebody else holds the table, and tell whether it is allowed; VACUUM only warns if not."""
    notices: list[str | None] = []
    connection.add_notice_handler(lambda notice: notices.append(notice.severity_nonlocalized))
    while True:
        try:
            await connection.execute(step)
        except psycopg.errors.LockNotAvailable:
            await asyncio.sleep(LOCK_PAUSE_SECONDS)
        except psycopg.errors.InsufficientPrivilege:
            return False
        else:
            return "WARNING" not in notices
