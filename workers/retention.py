"""Retention: erases people as the rules say, and says what came of it."""

from datetime import datetime, timedelta
from typing import LiteralString

import msgspec
import structlog

from domain.accounts.aggregate import ACCOUNT
from domain.kernel import UnknownError
from domain.privacy.aggregate import SUBJECT, HeldError
from domain.privacy.commands import apply_retention
from store import erasure
from store.codec import UNDECODABLE, Origin
from store.connections import described
from store.event_store import EventStore
from store.listing import position_before

ORIGIN = Origin(actor="retention", surface="eraser")

_logger = structlog.get_logger()

# A person is seen who did something, to whom something was done, or who is a member somewhere.
UNSEEN_PEOPLE = """
    WITH recent AS (
        SELECT stream, convert_from(meta, 'UTF8')::json ->> 'actor' AS actor
        FROM book.log
        WHERE position > %(after)b
    ), seen AS (
        SELECT actor AS subject FROM recent
        UNION
        SELECT stream FROM recent WHERE starts_with(stream, 'accounts-')
        UNION
        SELECT 'accounts-' || substring(stream FROM '[0-9]+$') FROM recent
        WHERE starts_with(stream, 'guilds-member-') OR starts_with(stream, 'guilds-ban-')
        UNION
        SELECT link.entity FROM book.links AS link JOIN recent USING (stream)
        WHERE starts_with(link.entity, 'accounts-') AND NOT starts_with(stream, 'privacy-')
        UNION
        SELECT 'accounts-' || id FROM guild_members
    )
    SELECT key.subject
    FROM book.keys AS key
    WHERE starts_with(key.subject, 'accounts-')
      AND key.made_after < %(after)b
      AND NOT EXISTS (SELECT FROM seen WHERE seen.subject = key.subject)
"""
# An account that was registered anew has an event after its deletion.
DELETED_ACCOUNTS = """
    SELECT key.subject
    FROM book.keys AS key
    CROSS JOIN LATERAL (
        SELECT type, position
        FROM book.log
        WHERE stream = key.subject
        ORDER BY version DESC
        LIMIT 1
    ) AS last
    WHERE starts_with(key.subject, 'accounts-')
      AND last.type = 'accounts.AccountDeleted'
      AND last.position <= %(after)b
      AND NOT EXISTS (SELECT FROM guild_members WHERE 'accounts-' || id = key.subject)
"""
PEOPLE: dict[str, LiteralString] = {"unseen_people": UNSEEN_PEOPLE, "deleted_accounts": DELETED_ACCOUNTS}


class Due(msgspec.Struct, frozen=True):
    """Whom a rule is about now: those that are to be erased, and those that are held."""

    data_class: str
    days: int
    subjects: tuple[str, ...]
    held: tuple[str, ...]


async def due_of_rules(store: EventStore, now: datetime) -> list[Due]:
    """Return whom each rule is about now."""
    rules = await erasure.retention_rules(store)
    return [await _due(store, data_class, days, now) for data_class, days in sorted(rules.items())]


async def _due(store: EventStore, data_class: str, days: int, now: datetime) -> Due:
    before = now - timedelta(days=days)
    async with store.pool.connection() as connection, connection.transaction():
        await connection.execute("SET LOCAL statement_timeout = 0")
        after = await position_before(connection, before)
        rows = await (await connection.execute(PEOPLE[data_class], {"after": after}, binary=True)).fetchall()
    found = sorted(row[0] for row in rows)
    known = await store.load_many(SUBJECT, [SUBJECT.stream(subject) for subject in found])
    held = {stream for stream, seen in known.items() if seen.state is not None and seen.state.holds}
    return Due(
        data_class,
        days,
        tuple(subject for subject in found if SUBJECT.stream(subject) not in held),
        tuple(subject for subject in found if SUBJECT.stream(subject) in held),
    )


async def apply_rules(store: EventStore, now: datetime) -> None:
    """Erase whom the rules are about; who is held is left for another day."""
    for due in await due_of_rules(store, now):
        erased = sum([await _erase(store, subject, due) for subject in due.subjects])
        given = {"data_class": due.data_class, "erased": erased, "held": len(due.held)}
        await store.execute(ORIGIN, apply_retention, **given)


async def _erase(store: EventStore, subject: str, due: Due) -> bool:
    try:
        await store.load(ACCOUNT, subject)  # whom this version cannot read is nobody's to forget without being asked
        return (await erasure.erase(store, ORIGIN, subject, f"retention: {due.data_class}")).value
    except (HeldError, UnknownError):  # somebody was faster
        return False
    except UNDECODABLE as error:
        _logger.error("not erased: its events cannot be read", subject=subject, error=described(error))  # noqa: TRY400
        return False
