"""How the rows of a setting came to be what they are, from the log itself; for every surface that shows it."""

from collections.abc import Iterable
from datetime import UTC, datetime
from functools import reduce

from api.parts import Parts
from domain.kernel import Event
from domain.processes.setting_case import CREATE, DELETE, UPDATE
from domain.processes.undo_row import Earlier
from domain.settings.aggregate import ROW, Row, row_id, set_stream
from domain.settings.definitions import REORDER, Defined
from domain.settings.events import JsonObject, OperationRequested, RowCreated, RowDeleted, RowEvent, RowUpdated
from domain.settings.orders import Order, evolve_order, place_in
from domain.settings.shown import masked
from schemas.templates import Deed, Doer
from store import log
from store.log import Recorded

BEYOND = 2**63 - 1  # no event is there


async def deeds(
    parts: Parts, guild: int, defined: Defined, *, key: JsonObject | None, before: int = BEYOND, limit: int
) -> list[Deed]:
    """Return what happened to the row of a key, or to the whole setting, before a position; newest first."""
    about = set_stream(guild, defined.template, defined.setting.id)
    stream = None if key is None else _stream(guild, defined, key)
    async with parts.pool.connection() as connection:
        found = await log.newest_about(connection, about, stream, before, limit)
        positions = [position for position, _ in found]
        rows = {stream for _, stream in found if stream.startswith(ROW.prefix())}
        newest = positions[0] if positions else 0
        recorded = await log.read_back(connection, parts.store.keyring, list(rows), newest, positions)
    wanted = set(positions)
    return [deed for deed in reversed(_told(recorded, _secret_columns(defined))) if deed.position in wanted]


async def row_at(
    parts: Parts, guild: int, defined: Defined, key: JsonObject, position: int
) -> tuple[bool, Earlier | None]:
    """Tell whether there was ever such a row, and return it as it stood at a position; with its place if it is gone."""
    stream = _stream(guild, defined, key)
    async with parts.pool.connection() as connection:
        recorded = await log.read_back(connection, parts.store.keyring, [stream], BEYOND)
    row = ROW.fold(it.event for it in recorded if it.position <= position)
    if row is None:
        return bool(recorded), None
    is_gone = ROW.fold(it.event for it in recorded) is None
    index = await _place_at(parts, row, position) if is_gone and defined.setting.index_by else None
    return True, Earlier(fields=row.fields, secrets=row.secrets, index=index)


async def _place_at(parts: Parts, row: Row, position: int) -> int | None:
    """Return where a row stood among the others: no event tells it, all of them together do."""
    about = set_stream(row.guild, row.template, row.setting)
    async with parts.pool.connection() as connection:
        _, streams = await log.streams_about(connection, about, ROW.prefix())
        recorded = await log.read_back(connection, parts.store.keyring, [about, *streams], position)
    order = reduce(evolve_order, (it.event for it in recorded), Order())
    return place_in(order.placed, row_id(row.template, row.setting, row.key))


def _stream(guild: int, defined: Defined, key: JsonObject) -> str:
    return ROW.stream(guild, row_id(defined.template, defined.setting.id, key))


def _secret_columns(defined: Defined) -> frozenset[str]:
    """Return the columns that hold passwords now; in older events they may stand open."""
    return frozenset(column.id for column in defined.setting.columns if column.is_secret())


def _told(recorded: Iterable[Recorded], secret: frozenset[str]) -> list[Deed]:
    """Tell all events with what they made of their rows."""
    rows: dict[str, Row | None] = {}
    told: list[Deed] = []
    for it in recorded:
        before = rows.get(it.stream)
        rows[it.stream] = after = ROW.evolve(before, it.event)
        told.append(_deed(it, _shown(before, secret), _shown(after, secret)))
    return told


def _deed(recorded: Recorded, before: JsonObject | None, after: JsonObject | None) -> Deed:
    event = recorded.event
    return Deed(
        position=recorded.position,
        at=_moment(recorded.recorded_at),
        actor=_doer(recorded),
        operation=_operation(event),
        key=event.key if isinstance(event, RowEvent) else None,
        before=before,
        after=after,
        restore_id=getattr(event, "restore", None),
    )


def _operation(event: Event) -> str:
    match event:
        case RowCreated():
            return CREATE
        case RowUpdated():
            return UPDATE
        case RowDeleted():
            return DELETE
        case OperationRequested(operation=operation):
            return operation
        case _:
            return REORDER


def _shown(row: Row | None, secret: frozenset[str]) -> JsonObject | None:
    if row is None:
        return None
    hidden = {name: value for name, value in row.fields.items() if name in secret}
    return masked({name: value for name, value in row.fields.items() if name not in secret}, hidden | row.secrets)


def _doer(recorded: Recorded) -> Doer:
    meta = recorded.meta()
    kind, _, number = meta.actor.partition("-")
    match kind:
        case "accounts":
            return Doer("user", number, meta.session)
        case "apps":
            return Doer("bot", number)
        case _:
            return Doer("operator", None)


def _moment(at: datetime) -> str:
    return at.astimezone(UTC).isoformat(timespec="microseconds").replace("+00:00", "Z")
