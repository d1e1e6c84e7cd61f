"""The log: a page of it, and streams of it over server-sent events and WebSockets, as far as each caller may see."""

import re
from typing import Any

from litestar import Response, websocket

from api.book.errors import HANDLERS, ProblemError, answer
from api.book.event_filters import FILTERS, Wanted, wanted_in_query
from api.book.following import Following
from api.book.routes import get
from api.book.sights import lasting_sight_of, sight_of
from api.event_streams import MEDIA_TYPE, EventStream
from api.parts import Asked, Parts, parts_of
from api.sockets import Feed, Socket, serve_socket
from projections.sights import Line, Sight, line_of
from schemas.book import BIGINT_MAX
from schemas.events import EventPage
from store.listing import position_before
from store.tail import READ_BYTES, Told, bytes_of, told_after, told_of_stream

READ_POSITIONS = 1_000
PAGE_POSITIONS_MAX = 10_000
PAGE_BYTES = 4 << 20  # of what is stored, or the event that goes beyond it


@get(
    "/book/events",
    summary="Read the log, or follow it",
    query=FILTERS,
    answers={200: EventPage},
    refusals=(429,),
    headers={"Last-Event-ID": {"type": "integer", "minimum": 0, "description": "Where a stream goes on."}},
    is_stream=True,
    credentials=("bot", "session"),
)
async def listed(request: Asked) -> Response[bytes]:
    """Return events by position; with `Accept: text/event-stream` a stream of them, which `Last-Event-ID` resumes.

    A bot with the scope `events:read` sees everything; any other the events of the guilds that it is in, and its own;
    a session its account's own. Sealed fields are left out for everybody. A page of large events, above 4 MiB, is
    shorter than asked for.
    """
    parts = parts_of(request)
    if MEDIA_TYPE not in request.headers.get("accept", ""):
        return answer(200, await _page(parts, await sight_of(request), wanted_in_query(request)))
    sight, name, is_allowed = await lasting_sight_of(request)
    wanted = wanted_in_query(request)
    after = await _beginning(parts, wanted, _last_event_id(request))
    listener = parts.listeners.join(name, is_allowed)
    return EventStream(Following(parts.tail, sight, wanted, after, _sent_event), listener, parts.listeners)


@get(
    "/book/events/ws",
    summary="Follow the log over a WebSocket",
    query=FILTERS,
    answers={},
    refusals=(426, 429),
    credentials=("bot", "session"),
)
async def upgrade(request: Asked) -> Response[bytes]:
    """Send events as text frames, each as in `/book/events`; a frame with a position alone says that it is still there.

    A socket is closed with 1008 when its token lets nobody in any more, or is good for something else, with 1013 when
    it takes nothing for a minute, with 1009 when it sends more than 4 KiB at once, and with 1012 when the server stops.
    Nobody misses anything: come back with `after`.
    """
    del request
    raise ProblemError(426, "This is for WebSockets.", {"Upgrade": "websocket"})


@websocket("/book/events/ws")
async def follow(socket: Socket) -> None:
    """See `upgrade`."""
    await serve_socket(socket, _admit, HANDLERS)


async def _admit(request: Asked) -> Feed:
    sight, name, is_allowed = await lasting_sight_of(request)
    wanted, parts = wanted_in_query(request), parts_of(request)
    after = await _beginning(parts, wanted, None)
    following = Following(parts.tail, sight, wanted, after, _frame)
    return Feed(name, is_allowed, following, following.hand_to)


def _last_event_id(request: Asked) -> int | None:
    text = request.headers.get("last-event-id")
    if text is None:
        return None
    if not re.fullmatch(r"[0-9]{1,19}", text, re.ASCII) or int(text) > BIGINT_MAX:
        raise ProblemError(400, "Last-Event-ID must be a position of the log.")
    return int(text)


async def _beginning(parts: Parts, wanted: Wanted, resumed: int | None) -> int:
    """Return the position after which a stream begins: now, unless it is said."""
    head = await parts.head()
    after = wanted.after if resumed is None else resumed
    if after is None and wanted.since is not None:
        async with parts.pool.connection() as connection:
            after = await position_before(connection, wanted.since)
    return _within(head if after is None else after, head)


def _within(after: int, head: int) -> int:
    if after > head:
        raise ProblemError(400, f"after is beyond the end of the log: {head}.")
    return after


async def _page(parts: Parts, sight: Sight, wanted: Wanted) -> EventPage:
    head, lines = await parts.head(), list[Line]()
    begun = end = _within(wanted.after or 0, head)
    if wanted.since is not None:
        async with parts.pool.connection() as connection:
            end = max(end, await position_before(connection, wanted.since))
            begun = end
    left = PAGE_BYTES
    while end < head and end - begun < PAGE_POSITIONS_MAX:
        end, found = await _read(parts, wanted, end, head)
        for line in map(line_of, found):
            if sight.sees(line) and wanted.matches(line):
                lines.append(line)
                left -= len(bytes(line.shown.data))
            if len(lines) == wanted.limit or left <= 0:
                return _shown(lines, line.shown.position, head)
    return _shown(lines, end, head)


def _shown(lines: list[Line], end: int, head: int) -> EventPage:
    return EventPage(tuple(line.shown for line in lines), end, max(head, end))


async def _read(parts: Parts, wanted: Wanted, after: int, head: int) -> tuple[int, list[Told]]:
    async with parts.pool.connection() as connection:
        if wanted.stream is None:
            return await told_after(connection, after, READ_POSITIONS, wanted.types())
        found = await told_of_stream(connection, wanted.stream, after, READ_POSITIONS)
    is_cut = len(found) == READ_POSITIONS or bytes_of(found) >= READ_BYTES
    return found[-1].position if is_cut else head, found


def _frame(position: int, line: Line | None) -> str:
    return f'{{"position":{position}}}' if line is None else line.text


def _sent_event(position: int, line: Line | None) -> str:
    said = ": still here\n" if line is None else f"data: {line.text}\n"
    return f"id: {position}\n{said}\n"  # an id alone is remembered, and shown to nobody


ROUTES: tuple[Any, ...] = (listed, upgrade)
SOCKETS = (follow,)
