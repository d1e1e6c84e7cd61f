"""Verifies `book.links`: which stream first spoke of what, and where, follows from the log.

The log passes by in order, and the links beside it. Both say the same where each stream speaks of something for the
first time, so only for what is said again is a link looked up.
"""

from bisect import bisect_right
from collections.abc import AsyncGenerator, Iterable, Sequence
from contextlib import asynccontextmanager
from operator import itemgetter
from typing import NamedTuple

from psycopg import AsyncConnection, AsyncServerCursor
from psycopg.rows import TupleRow

from domain.catalogue import EVENTS
from domain.kernel import Event
from store.codec import UndecodableEvent, decode_closed
from store.leaves import fixed, told_in

READ_LINKS = 8192
LAST = 2**63 - 1
SPEAKING = {stored_type for stored_type, event in EVENTS.items() if event.about is not Event.about}
"""Types of events that may speak of other entities."""

_position = itemgetter(0)


class WrongLink(NamedTuple):
    """A link that does not fit the event at a position."""

    position: int
    text: str


class Spoken(NamedTuple):
    """What events speak of: position, entity and stream, as a link has it."""

    leaves: Sequence[bytes]
    links: set[TupleRow]


class Links:
    """What the links say, read beside the log."""

    def __init__(self, connection: AsyncConnection[TupleRow], cursor: AsyncServerCursor[TupleRow], limit: int) -> None:
        self._connection = connection
        self._cursor = cursor
        self._limit = limit
        self._ahead: list[TupleRow] = []  # links of events that are still to come
        self._wrong: list[WrongLink] = []

    async def compare(self, spoken: Spoken) -> None:
        """Compare the next events with the links."""
        unlinked = spoken.links
        async for linked in self._up_to(fixed(spoken.leaves[-1])[2]):
            if strange := linked - spoken.links:
                unknown = _unknown_in(spoken.leaves)
                self._find_strange(link for link in strange if (link[0], link[2]) not in unknown)
            unlinked = unlinked - linked
        if unlinked:
            await self._find_missing(unlinked)

    async def wrong(self) -> list[WrongLink]:
        """Return the first links that are missing, late, or follow from no event; the log has ended.

        A link at the position of an event that cannot be decoded is taken as it is.
        """
        async for linked in self._up_to(LAST):
            self._find_strange(linked)
        return self._wrong

    async def _up_to(self, end: int) -> AsyncGenerator[set[TupleRow]]:
        """Yield the next links, some at a time."""
        while rows := self._ahead or await self._cursor.fetchmany(READ_LINKS):
            count = bisect_right(rows, end, key=_position)
            self._ahead = rows[count:]
            yield set(rows[:count])
            if self._ahead:
                return

    def _find_strange(self, links: Iterable[TupleRow]) -> None:
        for position, entity, stream in sorted(links):
            self._find(position, f"it does not speak of {entity}, as a link of {stream} says")

    async def _find_missing(self, unlinked: set[TupleRow]) -> None:
        """Find what was spoken of and has no link from there or from before."""
        firsts: dict[tuple[str, str], int] = {}
        for position, entity, stream in sorted(unlinked):
            firsts.setdefault((entity, stream), position)
        linked = await _linked(self._connection, list(firsts))
        for ((entity, _), position), at in zip(firsts.items(), linked, strict=True):
            if at is None or at > position:
                self._find(position, f"it speaks of {entity}, and no link says so")

    def _find(self, position: int, text: str) -> None:
        if len(self._wrong) < self._limit:
            self._wrong.append(WrongLink(position, text))


@asynccontextmanager
async def links_of(connection: AsyncConnection[TupleRow], limit: int) -> AsyncGenerator[Links]:
    """Yield the links, which are read while the log is; findings beyond the limit are not kept."""
    query = "SELECT position, entity, stream FROM book.links ORDER BY position"
    async with connection.cursor("links", binary=True) as cursor:
        yield Links(connection, await cursor.execute(query), limit)


def spoken_in(leaves: Sequence[bytes]) -> Spoken:
    """Return what the events of these leaves speak of."""
    links = {
        (position, entity, stream)
        for position, stream, stored_type, data in map(told_in, leaves)
        if stored_type in SPEAKING
        for entity in decode_closed(stored_type, data).about()
    }
    return Spoken(leaves, links)


def _unknown_in(leaves: Sequence[bytes]) -> set[tuple[int, str]]:
    """Return position and stream of the events that cannot be decoded, and so may speak of anything."""
    told = map(told_in, leaves)
    return {(told[0], told[1]) for told in told if isinstance(decode_closed(*told[2:]), UndecodableEvent)}


async def _linked(connection: AsyncConnection[TupleRow], pairs: Sequence[tuple[str, str]]) -> list[int | None]:
    """Return, for each entity and stream, where a link says that it was spoken of first."""
    query = """
        SELECT (
            SELECT link.position
            FROM book.links AS link
            WHERE link.entity = spoken.entity AND link.stream = spoken.stream
        )
        FROM unnest(%b::text[], %b::text[]) WITH ORDINALITY AS spoken (entity, stream, place)
        ORDER BY spoken.place
    """
    columns = ([entity for entity, _ in pairs], [stream for _, stream in pairs])
    return [row[0] for row in await (await connection.execute(query, columns, binary=True)).fetchall()]
