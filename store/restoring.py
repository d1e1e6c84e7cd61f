"""Restores settings, and undoes that: rows are read from the log, and written in appends of bounded size.

Each append stands for itself. Whoever is cut off asks again: what is done already is not done twice.
"""

from collections.abc import AsyncIterator, Awaitable, Callable, Iterator, Sequence
from functools import reduce
from itertools import groupby
from typing import Any, NamedTuple

import msgspec

from domain.kernel import RefusalError
from domain.processes.restore_settings import Part, Restoring, SettingName, require_restore, restore_rows
from domain.processes.undo_restore import Undoing, UndonePart, Wrote, require_undo, undo_rows
from domain.processes.undo_row import Earlier
from domain.settings.aggregate import ROW, Row, set_stream
from domain.settings.events import RowEvent
from domain.settings.orders import Order, evolve_order, places
from domain.settings.restored import RowRestored, interrupted
from domain.settings.restores import RESTORE
from store import log
from store.event_store import EventStore, Outcome
from store.log import Recorded

ROWS_MAX = 200  # in one append: others append in between, and nobody waits for long
BYTES_MAX = 4 << 20  # likewise; a row that is larger goes alone
BEYOND = 2**63 - 1  # no event is there

Record = Callable[..., Awaitable[Outcome[Any]]]
"""Executes a command as somebody: the command, and what it takes."""


class SettingReport(NamedTuple):
    """What became of the rows of one setting."""

    template: str
    setting: str
    rows: list[RowRestored]


class Report(NamedTuple):
    """What became of all rows. `position` is where what was written ends, or what was seen; None if it was tried."""

    settings: list[SettingReport]
    position: int | None


class Writer:
    """Writes part after part, or only tries to; says where the last one was written."""

    def __init__(self, store: EventStore, record: Record, *, is_dry: bool) -> None:
        self._store = store
        self._record = record
        self.is_dry = is_dry
        self.position = 0
        self._has_written = False
        self.refusal: RefusalError | None = None

    async def write(self, command: Callable[..., Awaitable[Any]], *args: object) -> Any:  # noqa: ANN401 - the command's
        """Return what the command returns; None when it was refused and others were not: then all that follow are."""
        if self.refusal is not None:
            return None
        try:
            return await (self._store.preview(command, *args) if self.is_dry else self._write(command, *args))
        except RefusalError as refusal:
            if not self._has_written:
                raise
            self.refusal = refusal
            return None

    async def _write(self, command: Callable[..., Awaitable[Any]], *args: object) -> Any:  # noqa: ANN401 - likewise
        outcome = await self._record(command, *args)
        self.position = max(self.position, outcome.position)
        self._has_written |= outcome.recorded_at is not None
        return outcome.value

    def reported(self, settings: list[SettingReport]) -> Report:
        """Return what became of it all."""
        return Report(settings, None if self.is_dry else self.position)


async def restore(
    store: EventStore, record: Record, wish: Restoring, settings: Sequence[SettingName], *, is_dry: bool = False
) -> Report:
    """Restore those of these settings that the source has rows of.

    Errors: UnknownError (no such target), LoadRunningError, RestoreDeniedError; ConflictError, BookUnavailableError.
    """
    found = await _settings_with_rows(store, wish, settings)
    await store.preview(require_restore, wish, found)
    writer = Writer(store, record, is_dry=is_dry)
    return writer.reported([SettingReport(*name, await _restore(store, writer, wish, name)) for name in found])


async def _settings_with_rows(store: EventStore, wish: Restoring, settings: Sequence[SettingName]) -> list[SettingName]:
    query = """
        SELECT DISTINCT entity
        FROM book.links
        WHERE entity = ANY(%b) AND position <= %b AND starts_with(stream, %b)
    """
    streams = {set_stream(wish.source, *name): name for name in settings}
    async with store.pool.connection() as connection:
        wanted = (list(streams), wish.at, ROW.prefix())
        rows = await (await connection.execute(query, wanted, binary=True)).fetchall()
    spoken_of = {row[0] for row in rows}
    return [name for stream, name in streams.items() if stream in spoken_of]


async def _restore(store: EventStore, writer: Writer, wish: Restoring, name: SettingName) -> list[RowRestored]:
    restored: list[RowRestored] = []
    part = Part(template=name[0], setting=name[1], rows=())
    for several in _in_parts(await rows_at(store, wish.source, *name, wish.at)):
        part = msgspec.structs.replace(part, rows=several)
        done = await writer.write(restore_rows, wish, part)
        if done is None:
            restored += [_interrupted(row.key, writer.refusal) for row in several]
            continue
        restored += done.rows
        part = msgspec.structs.replace(part, claimed=done.claimed, before=done.said if writer.is_dry else ())
    return restored


async def rows_at(store: EventStore, guild: int, template: str, setting: str, position: int) -> list[Row]:
    """Return the rows of a setting as they stood at a position, in their order, with their passwords."""
    about = set_stream(guild, template, setting)
    async with store.pool.connection() as connection:
        _, streams = await log.streams_about(connection, about, ROW.prefix())
        recorded = await log.read_back(connection, store.keyring, [about, *streams], position)
    rows: dict[str, Row] = {}
    for it in recorded:
        row = ROW.evolve(rows.pop(it.stream, None), it.event)
        if row is not None:
            rows[it.stream] = row
    return _in_order(rows, recorded)


def _in_order(rows: dict[str, Row], recorded: Sequence[Recorded]) -> list[Row]:
    place = places(reduce(evolve_order, (it.event for it in recorded), Order()).placed)
    return [rows[name] for name in sorted(rows, key=lambda name: place.get(name.rpartition("-")[2], len(place)))]


def _in_parts(rows: Sequence[Row]) -> Iterator[tuple[Row, ...]]:
    """Cut rows into parts that fit into one append."""
    part, bytes_so_far = list[Row](), 0
    for row in rows:
        size = len(msgspec.json.encode(row.values()))
        if part and (len(part) >= ROWS_MAX or bytes_so_far + size > BYTES_MAX):
            yield tuple(part)
            part, bytes_so_far = [], 0
        part.append(row)
        bytes_so_far += size
    if part:
        yield tuple(part)


def _interrupted(key: dict[str, Any], refusal: RefusalError | None) -> RowRestored:
    return RowRestored(key=key, action="skip", refusal=interrupted(str(refusal)))


async def undo(store: EventStore, record: Record, wish: Undoing, *, is_dry: bool = False) -> Report:
    """Bring back all that a restore wrote, the last row first.

    Errors: RestoreUnknownError, RestoreDeniedError; ConflictError, BookUnavailableError.
    """
    names = dict.fromkeys([name async for several in _written(store, wish) for name in map(_name, several)])
    await store.preview(require_undo, wish, list(names))
    writer = Writer(store, record, is_dry=is_dry)
    reports = {name: SettingReport(*name, []) for name in names}
    before = ()
    async for several in _written(store, wish):
        for name, rows in groupby(several, key=_name):
            part = UndonePart(tuple(rows), before)
            done = await writer.write(undo_rows, wish, part)
            if done is None:
                reports[name].rows.extend(_interrupted(row.key, writer.refusal) for row in part.rows)
                continue
            reports[name].rows.extend(done[0])
            before = done[1] if is_dry else ()
    return writer.reported(list(reports.values()))


def _name(wrote: Wrote) -> SettingName:
    return wrote.template, wrote.setting


async def _written(store: EventStore, wish: Undoing) -> AsyncIterator[list[Wrote]]:
    """Return the rows that a restore wrote, the last first, some at a time."""
    async with store.pool.connection() as connection:
        _, streams = await log.streams_about(connection, RESTORE.stream(wish.undone), ROW.prefix())
    for start in range(0, len(streams), ROWS_MAX):
        wanted = streams[::-1][start : start + ROWS_MAX]
        async with store.pool.connection() as connection:
            recorded = await log.read_back(connection, store.keyring, wanted, BEYOND)
        by_stream: dict[str, list[Recorded]] = {stream: [] for stream in wanted}
        for it in recorded:
            by_stream[it.stream].append(it)
        yield [_wrote(it, wish.undone) for it in by_stream.values()]


def _wrote(recorded: Sequence[Recorded], restore: str) -> Wrote:
    own = [it for it in recorded if getattr(it.event, "restore", None) == restore]
    event = own[0].event
    assert isinstance(event, RowEvent)
    row = ROW.fold(it.event for it in recorded if it.position < own[0].position)
    earlier = None if row is None else Earlier(fields=row.fields, secrets=row.secrets)
    return Wrote(event.template, event.setting, event.key, own[-1].position, earlier)
