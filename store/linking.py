"""Verifies `book.links`: which stream first spoke of what, and where, follows from the log."""

from collections.abc import Sequence
from typing import NamedTuple

from psycopg import AsyncConnection
from psycopg.rows import TupleRow

from domain.catalogue import EVENTS
from domain.kernel import Event
from store.codec import UndecodableEvent, decode_closed

READ_EVENTS = 8192
BEFORE_ALL = -(2**63)
SPEAKING = [stored_type for stored_type, event in EVENTS.items() if event.about is not Event.about]
"""Types of events that may speak of other entities."""


class Spoken(NamedTuple):
    """An event speaks of an entity."""

    position: int
    entity: str
    stream: str


class WrongLink(NamedTuple):
    """A link that does not fit the event at a position."""

    position: int
    text: str


async def wrong_links(connection: AsyncConnection[TupleRow], limit: int) -> list[WrongLink]:
    """Return the first links that are missing, late, or follow from no event.

    A link at the position of an event that cannot be decoded is taken as it is.
    """
    wrong: list[WrongLink] = []
    after, right = BEFORE_ALL, 0
    while rows := await _speakers(connection, after):
        after = rows[-1][0]
        spoken = _spoken(rows)
        linked = await _linked(connection, spoken)
        right += sum(at == each.position for each, at in zip(spoken, linked, strict=True))
        wrong += [
            WrongLink(each.position, f"it speaks of {each.entity}, and no link says so")
            for each, at in zip(spoken, linked, strict=True)
            if at is None or at > each.position
        ]
    [(links,)] = await (await connection.execute("SELECT count(*) FROM book.links")).fetchall()
    return wrong[:limit] if links == right else [*wrong, *await _unfounded(connection, limit)][:limit]


async def _speakers(connection: AsyncConnection[TupleRow], after: int) -> list[TupleRow]:
    """Return the next events that may speak of something: position, stream, type and data."""
    query = """
        SELECT position, stream, type, data
        FROM book.log
        WHERE position > %b AND type = ANY(%b)
        ORDER BY position
        LIMIT %b
    """
    return await (await connection.execute(query, (after, SPEAKING, READ_EVENTS), binary=True)).fetchall()


def _spoken(rows: Sequence[TupleRow]) -> list[Spoken]:
    events = ((position, stream, decode_closed(stored_type, data)) for position, stream, stored_type, data in rows)
    return sorted({Spoken(position, entity, stream) for position, stream, event in events for entity in event.about()})


async def _linked(connection: AsyncConnection[TupleRow], spoken: Sequence[Spoken]) -> list[int | None]:
    """Return, for each, where its link says that it was spoken of first."""
    query = """
        SELECT (
            SELECT link.position
            FROM book.links AS link
            WHERE link.entity = spoken.entity AND link.stream = spoken.stream
        )
        FROM unnest(%b::text[], %b::text[]) WITH ORDINALITY AS spoken (entity, stream, place)
        ORDER BY spoken.place
    """
    columns = ([each.entity for each in spoken], [each.stream for each in spoken])
    return [row[0] for row in await (await connection.execute(query, columns, binary=True)).fetchall()]


async def _unfounded(connection: AsyncConnection[TupleRow], limit: int) -> list[WrongLink]:
    """Return links at whose position nothing speaks of their entity."""
    query = """
        SELECT link.position, link.entity, link.stream, log.stream, log.type, log.data
        FROM book.links AS link
        LEFT JOIN book.log AS log ON log.position = link.position
        ORDER BY link.position
    """
    wrong: list[WrongLink] = []
    async with connection.cursor("links", binary=True) as cursor:
        async for position, entity, stream, speaker, stored_type, data in await cursor.execute(query):
            if speaker != stream or not _may_speak_of(stored_type, data, entity):
                wrong.append(WrongLink(position, f"it does not speak of {entity}, as a link of {stream} says"))
            if len(wrong) == limit:
                break
    return wrong


def _may_speak_of(stored_type: str, data: bytes, entity: str) -> bool:
    event = decode_closed(stored_type, data)
    return isinstance(event, UndecodableEvent) or entity in event.about()
