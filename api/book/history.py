"""The history of every entity for auditors: each event with what it changed, the state as it was, and a search."""

import re
from datetime import datetime, timedelta
from typing import Annotated, Any

import msgspec
from litestar import Response

from api.book.auditors import auditor_of, reveals_in_query
from api.book.errors import ProblemError, answer
from api.book.event_filters import FILTERS, wanted_in_query
from api.book.forms import position_in_query, query_of, snowflake_in_query
from api.book.routes import get
from api.parts import Asked, parts_of
from api.trail import look, look_at_stream
from domain.kernel import STREAM_CHARACTERS_MAX
from projections.search.queries import Wanted, search_page
from schemas.book import BIGINT_MAX
from schemas.history import (
    HistoryPage,
    HitOut,
    RelatedPage,
    RelatedStream,
    SearchPage,
    StateThen,
    StepOut,
)
from store.history import Step, page_of, past_of, require_short
from store.listing import position_before, related_streams

Q_CHARACTERS_MAX = 255
AN_INSTANT = timedelta(microseconds=1)
Moment = Annotated[datetime, msgspec.Meta(tz=True)]

REVEAL = {
    "type": "boolean",
    "default": False,
    "description": "Open personal fields and the addresses of callers; that you did is recorded.",
}
AFTER = {"type": "integer", "minimum": 0, "maximum": BIGINT_MAX}
POSITION = {"type": "integer", "minimum": 1, "maximum": BIGINT_MAX}
AS_OF = {
    "type": "string",
    "description": "A position, or a time with an offset: what it was then, and the event that made it so.",
}
OF_BOTH = ("limit", "stream", "context", "type", "actor", "since", "until")
OF_SEARCH = {
    "q": {
        "type": "string",
        "maxLength": Q_CHARACTERS_MAX,
        "description": "Words of types, streams, actors and request ids, and ids in the data; the last may be begun.",
    },
    "request": {"type": "string", "description": "Only what this request caused."},
    "before": {**POSITION, "description": "Only before this position."},
}


@get(
    "/book/streams/{stream:str}",
    summary="Read the history of an entity",
    query={
        "after": {**AFTER, "description": "Events after this version of the stream."},
        "limit": FILTERS["limit"],
        "as_of": AS_OF,
        "reveal": REVEAL,
    },
    answers={200: (HistoryPage, StateThen)},
    refusals=(422,),
    credentials=("bot", "session"),
)
async def of_stream(request: Asked) -> Response[bytes]:
    """Return who did what when from where, and what each event changed; with `as_of` what the entity was then.

    For auditors: a bot with the scope `events:read` for all guilds, or a session of an account that
    `GUILDBOOK_AUDITORS` names. That they looked is recorded, before anything is shown. What lies beyond the 200 000th
    event of an entity is refused with 422, since what it changed takes too long to find out.
    """
    caller, stream = await auditor_of(request), _stream_in_path(request)
    reveals, as_of = reveals_in_query(request), query_of(request).get("as_of")
    after, limit = position_in_query(request, "after") or 0, wanted_in_query(request).limit
    when = None if as_of is None else _moment(as_of)
    await look_at_stream(request, caller.actor, stream, reveals=reveals)
    if when is not None:
        return answer(200, await _state_then(request, stream, when, reveals=reveals))
    return answer(200, await _page(request, stream, after, limit, reveals=reveals))


@get(
    "/book/streams/{stream:str}/related",
    summary="List what spoke of an entity",
    query={"after": {**AFTER, "description": "Those that spoke first after it."}, "limit": FILTERS["limit"]},
    answers={200: RelatedPage},
    credentials=("bot", "session"),
)
async def related(request: Asked) -> Response[bytes]:
    """Return the streams whose events name this one, as the holdings of an account do. For auditors; it is recorded."""
    caller, stream = await auditor_of(request), _stream_in_path(request)
    after, limit = position_in_query(request, "after") or 0, wanted_in_query(request).limit
    await look_at_stream(request, caller.actor, stream)
    async with parts_of(request).pool.connection() as connection:
        found = await related_streams(connection, stream, after, limit + 1)
    items = tuple(RelatedStream(*each) for each in found[:limit])
    return answer(200, RelatedPage(items, items[-1].position if len(found) > limit else None))


@get(
    "/book/search",
    summary="Search the log",
    query={**OF_SEARCH, **{name: schema for name, schema in FILTERS.items() if name != "after"}},
    answers={200: SearchPage},
    credentials=("bot", "session"),
)
async def found(request: Asked) -> Response[bytes]:
    """Return the newest events that fit all that is asked for. For auditors; that they searched is recorded.

    Nothing that is sealed is searched, so nobody is found by name: ask for ids. A page may be short or empty and have
    a `next` all the same: while the index lacks very many events, each page looks at some of them.
    """
    caller, wanted, parts = await auditor_of(request), _wanted(request), parts_of(request)
    head = await parts.head()  # what is recorded of this very search is not what is searched for
    before = head + 1 if wanted.before is None else wanted.before
    await look(request, caller.actor, f"search {wanted.text()}")
    async with parts.pool.connection() as connection:
        page = await search_page(connection, msgspec.structs.replace(wanted, before=before))
    items = tuple(msgspec.convert(hit, HitOut, from_attributes=True) for hit in page.hits)
    return answer(200, SearchPage(items, page.next))


def _stream_in_path(request: Asked) -> str:
    """Return the stream that is asked for. Errors: ProblemError when there can be none of that name."""
    stream: str = request.path_params["stream"]
    if len(stream) > STREAM_CHARACTERS_MAX or not stream.isprintable():
        raise ProblemError(404, "There is no such stream.")
    return stream


def _moment(text: str) -> int | datetime:
    """Read a position, or the first instant after a time. Errors: ProblemError."""
    if re.fullmatch(r"[0-9]{1,19}", text, re.ASCII) and int(text) <= BIGINT_MAX:
        return int(text)
    try:
        return msgspec.convert(text, Moment) + AN_INSTANT
    except (msgspec.ValidationError, OverflowError) as error:
        raise ProblemError(400, "as_of must be a position, or a time with an offset.") from error


async def _state_then(request: Asked, stream: str, when: int | datetime, *, reveals: bool) -> StateThen:
    position = await _position(request, when)
    await require_short(parts_of(request).store, stream, BIGINT_MAX, position)
    state, step = await past_of(parts_of(request).store, stream, position, reveals=reveals)
    return StateThen(position, state, None if step is None else _shown(step))


async def _position(request: Asked, when: int | datetime) -> int:
    """Return the position of the last event that was recorded by then."""
    if isinstance(when, int):
        return when
    async with parts_of(request).pool.connection() as connection:
        return await position_before(connection, when)


def _shown(step: Step) -> StepOut:
    return msgspec.convert(step, StepOut, from_attributes=True)


async def _page(request: Asked, stream: str, after: int, limit: int, *, reveals: bool) -> HistoryPage:
    store = parts_of(request).store
    steps, place = await page_of(store, stream, after, limit, reveals=reveals)
    if not steps and not after:
        raise ProblemError(404, "There is no such stream.")
    return HistoryPage(tuple(map(_shown, steps)), place)


def _wanted(request: Asked) -> Wanted:
    """Read what is searched for. Errors: ProblemError."""
    query, filters = query_of(request), wanted_in_query(request)
    asked = {name: getattr(filters, name) for name in OF_BOTH}
    guild, before = snowflake_in_query(request, "guild"), position_in_query(request, "before")
    q, cause = _text(query, "q") or "", _text(query, "request")
    return Wanted(**asked, guild=guild, before=before, q=q, request=cause)


def _text(query: dict[str, str], name: str) -> str | None:
    text = query.get(name)
    if text is not None and (len(text) > Q_CHARACTERS_MAX or not text.isprintable()):
        raise ProblemError(400, f"{name} must be a text of at most {Q_CHARACTERS_MAX} characters.")
    return text


ROUTES: tuple[Any, ...] = (of_stream, related, found)
