"""Searching the trail, newest first: in the index as far as it goes, and in the log after it, so it is never behind."""

from collections.abc import Sequence
from datetime import datetime
from typing import NamedTuple
from urllib.parse import urlencode

import msgspec
from psycopg import AsyncConnection
from psycopg.rows import TupleRow

from domain.wording import recordable, recordable_name
from projections.search.entries import Entry, entry_of, finds, words_asked
from projections.search.index import position_indexed
from store.listing import position_before

BEYOND = 2**63 - 1
NAMED = ("actor", "type", "context", "stream", "request")
RECENT_POSITIONS = 5_000
READ_EVENTS = 500  # at once, as others live in the same loop
LOOKED_AT_MAX = 100_000  # events for one page: about two seconds


class Wanted(msgspec.Struct, frozen=True, kw_only=True):
    """What is asked for; None is everything. `before` is a position."""

    q: str = ""
    actor: str | None = None
    type: str | None = None
    context: str | None = None
    stream: str | None = None
    guild: int | None = None
    request: str | None = None
    since: datetime | None = None
    until: datetime | None = None
    before: int | None = None
    limit: int = 50

    def text(self) -> str:
        """Return what is asked for in one line, whichever page of it; without words that might be somebody's name."""
        names = {name: recordable_name(text) for name in NAMED if (text := getattr(self, name))}
        asked = msgspec.to_builtins(msgspec.structs.replace(self, q=recordable(self.q.lower()), **names))
        return urlencode({name: value for name, value in asked.items() if value and name not in ("before", "limit")})


class Hit(msgspec.Struct, frozen=True, omit_defaults=True):
    """An event that was found."""

    position: int
    stream: str
    version: int
    type: str
    recorded_at: datetime
    actor: str
    surface: str
    on_behalf: str | None = None
    request: str | None = None
    guild: int | None = None


class Page(NamedTuple):
    """What was found. `next` is the position before which to go on, None when all was looked at.

    It may be short, or empty, and have a next one: where much is not in the index yet, only some of it is looked at.
    """

    hits: list[Hit]
    next: int | None


class Span(NamedTuple):
    """Between which positions it lies, both excluded."""

    after: int
    before: int


async def search(connection: AsyncConnection[TupleRow], wanted: Wanted) -> list[Hit]:
    """Return the newest events that are wanted, however long that takes."""
    found, before = list[Hit](), wanted.before
    while True:
        rest = msgspec.structs.replace(wanted, before=before, limit=wanted.limit - len(found))
        hits, before = await search_page(connection, rest)
        found += hits
        if before is None or len(found) == wanted.limit:
            return found


async def search_page(connection: AsyncConnection[TupleRow], wanted: Wanted) -> Page:
    """Return the newest events that are wanted, and where to go on."""
    found, place = await _found(connection, msgspec.structs.replace(wanted, limit=wanted.limit + 1))
    hits = [_hit(entry) for entry in found[: wanted.limit]]
    return Page(hits, hits[-1].position if len(found) > wanted.limit else place)


async def _found(connection: AsyncConnection[TupleRow], wanted: Wanted) -> tuple[list[Entry], int | None]:
    """Return what is wanted, and the position down to which was looked, None when that is all."""
    span = await _span(connection, wanted)
    # Of one stream the log itself finds the events at once.
    indexed = await position_indexed(connection) if wanted.stream is None else 0
    found, place = await _in_log(connection, wanted, Span(max(indexed, span.after), span.before), wanted.limit)
    if indexed and place is None and len(found) < wanted.limit:
        older = Span(span.after, min(span.before, indexed + 1))
        found += await _in_index(connection, wanted, older, wanted.limit - len(found))
    return found, place


async def _span(connection: AsyncConnection[TupleRow], wanted: Wanted) -> Span:
    after = await position_before(connection, wanted.since) if wanted.since else 0
    until = await position_before(connection, wanted.until) + 1 if wanted.until else BEYOND
    return Span(after, min(until, BEYOND if wanted.before is None else wanted.before))


async def _in_log(
    connection: AsyncConnection[TupleRow], wanted: Wanted, span: Span, limit: int
) -> tuple[list[Entry], int | None]:
    query = """
        SELECT position, stream, version, type, data, append_end, recorded_at, meta
        FROM book.log
        WHERE position > %(after)b AND position < %(before)b
            AND (%(stream)b::text IS NULL OR stream = %(stream)b)
            AND (%(type)b::text IS NULL OR type = %(type)b)
            AND (%(context)b::text IS NULL OR starts_with(type, %(context)b))
        ORDER BY position DESC
        LIMIT %(limit)b
    """
    words, found, before, left = words_asked(wanted.q), list[Entry](), span.before, LOOKED_AT_MAX
    while left > 0:
        values = {**_values(wanted), "after": span.after, "before": before, "limit": READ_EVENTS}
        rows = await (await connection.execute(query, values, binary=True, prepare=False)).fetchall()
        found += (entry for entry in map(entry_of, rows) if _is_wanted(wanted, words, entry))
        if len(found) >= limit or len(rows) < READ_EVENTS:
            return found[:limit], None
        before, left = rows[-1][0], left - READ_EVENTS
    return found, before


def _is_wanted(wanted: Wanted, words: Sequence[str], entry: Entry) -> bool:
    return (
        (wanted.actor is None or entry.meta.actor == wanted.actor)
        and (wanted.guild is None or entry.guild == wanted.guild)
        and (wanted.request is None or entry.meta.request == wanted.request)
        and finds(words, entry)
    )


async def _in_index(connection: AsyncConnection[TupleRow], wanted: Wanted, span: Span, limit: int) -> list[Entry]:
    """Look among the last events first: what is frequent is found there, and what is not an index finds quickly."""
    middle = max(span.after, span.before - RECENT_POSITIONS)
    found = await _in_part_of_index(connection, wanted, Span(middle, span.before), limit)
    if len(found) < limit and middle > span.after:
        found += await _in_part_of_index(connection, wanted, Span(span.after, middle + 1), limit - len(found))
    return found


async def _in_part_of_index(
    connection: AsyncConnection[TupleRow], wanted: Wanted, span: Span, limit: int
) -> list[Entry]:
    query = """
        SELECT log.position, stream, version, log.type, data, append_end, log.recorded_at, meta
        FROM (
            SELECT position
            FROM trail
            WHERE position > %(after)b AND position < %(before)b
                AND (%(words)b::text IS NULL OR words @@ %(words)b::tsquery)
                AND (%(actor)b::text IS NULL OR actor = %(actor)b)
                AND (%(type)b::text IS NULL OR type = %(type)b)
                AND (%(context)b::text IS NULL OR starts_with(type, %(context)b))
                AND (%(guild)b::bigint IS NULL OR guild = %(guild)b)
                AND (%(request)b::text IS NULL OR request = %(request)b)
            ORDER BY position + 0 DESC  -- not by an index: it might read all to find the few
            LIMIT %(limit)b
        ) AS found
        JOIN book.log AS log ON log.position = found.position
        ORDER BY log.position DESC
    """
    values = {**_values(wanted), "words": _tsquery(wanted), "after": span.after, "before": span.before, "limit": limit}
    # Planned anew each time: which index serves depends on what is asked for.
    rows = await (await connection.execute(query, values, binary=True, prepare=False)).fetchall()
    return [entry_of(row) for row in rows]


def _values(wanted: Wanted) -> dict[str, object]:
    context = None if wanted.context is None else f"{wanted.context}."
    asked = {name: getattr(wanted, name) for name in ("stream", "actor", "type", "guild", "request")}
    return {**asked, "context": context}


def _tsquery(wanted: Wanted) -> str | None:
    """Return all words as the index asks for them: the last one with whatever begins like it."""
    words = words_asked(wanted.q)
    return " & ".join(map(_quoted, words)) + ":*" if words else None


def _quoted(word: str) -> str:
    return "'" + word.replace("\\", "\\\\").replace("'", "''") + "'"


def _hit(entry: Entry) -> Hit:
    meta = entry.meta
    where = (entry.position, entry.stream, entry.version, entry.type, entry.recorded_at)
    return Hit(*where, meta.actor, meta.surface, meta.on_behalf, meta.request, entry.guild)
