"""The history of a stream: who did what when from where, and what each event changed; for auditors."""

from collections.abc import AsyncIterator
from datetime import datetime
from typing import Any, NamedTuple, get_args, get_type_hints

import msgspec
from psycopg.rows import TupleRow

from domain.catalogue import EVENTS
from domain.entities import entity_of
from domain.kernel import Entity, Event, RefusalError
from domain.wording import recordable_name
from store.codec import SHAPES, UndecodableEvent
from store.differences import Change, Withheld, changes_between, fields_of, plain, visible, without_secrets
from store.event_store import EventStore
from store.lines import Line, address_of, data_of, decoded
from store.listing import position_of

READ_EVENTS = 1_000
READ_BYTES = 8 << 20  # about: the last event may be beyond it
PAGE_BYTES = 4 << 20  # likewise, of what is stored; what is told of it may be some times as much
STEPS_MAX = 200
FOLDED_EVENTS_MAX = 200_000  # for one answer: about four seconds, in which others are served
BEYOND = 2**63 - 1
PROBE = "\ue000"  # differs from whatever a fold makes of a field that is blank

SEALED_TEXTS = {
    name: {
        field: PROBE
        for field, hint in get_type_hints(event).items()
        if field in SHAPES[name].sealed_fields and str in (hint, *get_args(hint))
    }
    for name, event in EVENTS.items()
}
"""What a probe puts in the place of what is erased, by type."""


class TooLongError(RefusalError):
    """So many events take too long to follow here: `guildbook history` shows all, /book/events what each one says."""


class Step(msgspec.Struct, frozen=True, kw_only=True):
    """One event of a stream, and what it changed. `fault` says why it could not be decoded: then it changed nothing.

    `address` is where the caller asked from: opened for who may, else Withheld.
    """

    position: int
    version: int
    stream: str
    type: str
    recorded_at: datetime
    append_end: int
    actor: str
    surface: str
    on_behalf: str | None
    request: str | None
    session: str | None
    cause: int | None
    address: str | Withheld | None
    data: dict[str, Any]
    changes: tuple[Change, ...]
    fault: str | None = None


class Folds(NamedTuple):
    """A state as it is known, without what is sealed for the reader, and with something else for what is erased."""

    known: Any
    closed: Any
    probed: Any

    def seen(self) -> dict[str, Any]:
        """Return the fields that may be seen."""
        return without_secrets(fields_of(visible(*self)))


class Past:
    """The state of a stream while its events pass by, as far as the reader may know it."""

    def __init__(self, entity: Entity[Any] | None, *, reveals: bool) -> None:
        self._entity = entity
        self._reveals = reveals
        self._before = self._now = Folds(None, None, None)
        self._last_seen = self._now, self._now.seen()

    def take(self, line: Line) -> None:
        """Go on by one event; one that cannot be decoded changes nothing."""
        self._before = self._now
        if self._entity is None or isinstance(line.event, UndecodableEvent):
            return
        event, (known, closed, probed) = line.event, self._before
        evolve, now = self._entity.evolve, self._entity.evolve(known, event)
        shut = event if self._reveals else _closed(event)
        other = _probed(event) if line.is_erased() else event
        self._now = Folds(
            known=now,
            closed=now if shut is event and closed is known else evolve(closed, shut),
            probed=now if other is event and probed is known else evolve(probed, other),
        )

    def seen(self) -> dict[str, Any] | None:
        """Return what may be seen of the state, None when there is nothing."""
        return None if self._now.known is None else self._now.seen()

    def changes(self) -> tuple[Change, ...]:
        """Return what the last event changed."""
        last, seen = self._last_seen
        before = seen if last is self._before else self._before.seen()
        self._last_seen = self._now, self._now.seen()
        return tuple(changes_between(before, self._last_seen[1]))


async def history_of(
    store: EventStore,
    stream: str,
    *,
    after: int = 0,
    limit: int = STEPS_MAX,
    up_to: int | None = None,
    reveals: bool = False,
) -> list[Step]:
    """Return the events of a stream after a version and up to a position, in order, with what each changed.

    Who may know what is sealed asks for it by `reveals`. Nothing is there for a stream that does not exist.
    Errors: TooLongError.
    """
    last, end = after + limit, BEYOND if up_to is None else up_to
    await require_short(store, stream, last, end)
    wanted = steps_of(store, stream, after, last, end, reveals=reveals)
    return [step async for step in wanted]


async def page_of(
    store: EventStore, stream: str, after: int, limit: int, *, reveals: bool = False
) -> tuple[list[Step], int | None]:
    """Return the next events of a stream, fewer when they are large, and the version after which to go on.

    Errors: TooLongError.
    """
    await require_short(store, stream, after + limit, BEYOND)
    past, steps, size = Past(entity_of(stream), reveals=reveals), list[Step](), 0
    async for line in _lines(store, stream, BEYOND, after + limit + 1):
        past.take(line)
        if line.row[2] <= after:
            continue
        if len(steps) == limit or size >= PAGE_BYTES:
            return steps, steps[-1].version
        steps.append(_step(line, past.changes(), reveals=reveals))
        size += len(line.row[4])
    return steps, None


async def recordable_stream(store: EventStore, stream: str) -> str:
    """Return a stream's name as it may be written down: whole when there is one, as it is in the log already then."""
    harmless = recordable_name(stream)
    if harmless == stream:
        return stream
    async with store.pool.connection() as connection:
        return stream if await position_of(connection, stream, 1) is not None else harmless


async def require_short(store: EventStore, stream: str, last: int, up_to: int) -> None:
    """Refuse to follow a stream to a version and up to a position when that takes too long. Errors: TooLongError."""
    if last <= FOLDED_EVENTS_MAX:
        return
    async with store.pool.connection() as connection:
        beyond = await position_of(connection, stream, FOLDED_EVENTS_MAX + 1)
    if beyond is not None and beyond <= up_to:
        raise TooLongError


async def steps_of(
    store: EventStore, stream: str, after: int = 0, last: int = BEYOND, up_to: int = BEYOND, *, reveals: bool = False
) -> AsyncIterator[Step]:
    """Yield what `history_of` returns, however much that is: events after a version, to the last one and a position."""
    past = Past(entity_of(stream), reveals=reveals)
    async for line in _lines(store, stream, up_to, last):
        past.take(line)
        if line.row[2] > after:
            yield _step(line, past.changes(), reveals=reveals)


async def past_of(
    store: EventStore, stream: str, position: int, *, reveals: bool = False
) -> tuple[dict[str, Any] | None, Step | None]:
    """Return what an entity was at a position, and the last event up to there; None for what was not there."""
    past, line = Past(entity_of(stream), reveals=reveals), None
    async for line in _lines(store, stream, position, BEYOND):
        past.take(line)
    if line is None:
        return None, None
    state = past.seen()
    return None if state is None else plain(state), _step(line, past.changes(), reveals=reveals)


async def state_as_of(store: EventStore, stream: str, position: int, *, reveals: bool = False) -> dict[str, Any] | None:
    """Return what an entity was at a position, None when there was nothing."""
    return (await past_of(store, stream, position, reveals=reveals))[0]


async def _lines(store: EventStore, stream: str, up_to: int, last: int) -> AsyncIterator[Line]:
    """Yield the events of a stream up to a position and a version, reading some at a time."""
    version = 0
    while True:
        rows = await _rows(store, stream, version, up_to, last)
        for line in await decoded(store.keyring, rows):
            yield line
        if len(rows) < READ_EVENTS and sum(len(row[4]) for row in rows) < READ_BYTES:
            return
        version = rows[-1][2]


async def _rows(store: EventStore, stream: str, after: int, up_to: int, last: int) -> list[TupleRow]:
    query = """
        SELECT position, stream, version, type, data, append_end, recorded_at, meta
        FROM (
            SELECT
                position, stream, version, type, data, append_end, recorded_at, meta,
                sum(octet_length(data)) OVER (ORDER BY version) - octet_length(data) AS bytes_before
            FROM book.log
            WHERE stream = %b AND version > %b AND version <= %b AND position <= %b
            ORDER BY version
            LIMIT %b
        ) AS next
        WHERE bytes_before < %b
        ORDER BY version
    """
    values = (stream, after, min(last, BEYOND), up_to, READ_EVENTS, READ_BYTES)
    async with store.pool.connection() as connection:
        return await (await connection.execute(query, values, binary=True)).fetchall()


def _closed(event: Event) -> Event:
    """Return an event as it is after erasure."""
    shape = SHAPES[event.stored_type]
    if not shape.has_secrets(event):
        return event
    blanks = {name: shape.blanks[wire] for name, wire in shape.sealed_fields.items()}
    return msgspec.structs.replace(event, **blanks)


def _probed(event: Event) -> Event:
    return msgspec.structs.replace(event, **SEALED_TEXTS[event.stored_type])


def _step(line: Line, changes: tuple[Change, ...], *, reveals: bool) -> Step:
    position, stream, version, stored_type, _, append_end, recorded_at, _ = line.row
    meta = line.meta
    return Step(
        position=position,
        version=version,
        stream=stream,
        type=stored_type,
        recorded_at=recorded_at,
        append_end=append_end,
        actor=meta.actor,
        surface=meta.surface,
        on_behalf=meta.on_behalf,
        request=meta.request,
        session=meta.session,
        cause=meta.cause,
        address=address_of(line, reveals=reveals),
        data=data_of(line, reveals=reveals),
        changes=changes,
        fault=type(line.event.error).__name__ if isinstance(line.event, UndecodableEvent) else None,
    )
