"""What the table of mappers holds, and how each event of a load changes it."""

from datetime import UTC, datetime

import msgspec

from domain.loads.events import IdsMapped, LoadFinished, LoadStarted, ObjectsDeleted
from schemas.loads import Mapper
from store.log import Recorded


class MapperRow(msgspec.Struct, frozen=True):
    """A row of `mappers`, in the order of its columns."""

    target: int
    published: str
    running: str
    ended_at: datetime | None
    position: int


class Published(msgspec.Struct, frozen=True):
    """A mapper as it is shown. `changed` is the position of the last load, of whatever source, that changed it."""

    mapper: Mapper
    changed: int


class Running(msgspec.Struct, frozen=True):
    """What a load has done so far: ids of the source by what they have become, the guild's own apart."""

    guild: dict[str, str] = {}
    ids: dict[str, str] = {}
    deleted: tuple[str, ...] = ()


_published = msgspec.json.Decoder(dict[str, Published])
_running = msgspec.json.Decoder(dict[str, Running])


def evolve(row: MapperRow | None, recorded: Recorded) -> MapperRow | None:
    """Apply one event of a load into a guild."""
    match recorded.event:
        case LoadStarted(load=load, target=target):
            before = row or MapperRow(target, "{}", "{}", None, 0)
            return _with_running(before, load, Running(), recorded.position)
        case IdsMapped(load=load) | ObjectsDeleted(load=load) as event if row:
            running = _running.decode(row.running)
            if load not in running:
                return row
            return _with_running(row, load, _further(running[load], event), recorded.position)
        case LoadFinished(outcome=outcome) as event if row and outcome != "refused":
            return _ended(row, event, recorded)
        case _:
            return row


def _with_running(row: MapperRow, load: str, running: Running, position: int) -> MapperRow:
    text = _json({**_running.decode(row.running), load: running})
    return msgspec.structs.replace(row, running=text, position=position)


def _further(running: Running, event: IdsMapped | ObjectsDeleted) -> Running:
    if isinstance(event, ObjectsDeleted):
        gone = {*event.ids} - {str(event.target)}  # the guild is still there, and so is its @everyone role
        deleted = (*running.deleted, *(found for found in event.ids if found in gone))
        return msgspec.structs.replace(running, ids=_without(running.ids, gone), deleted=deleted)
    guild = {pair.old: pair.new for pair in event.pairs if pair.kind == "guild"}
    ids = {pair.old: pair.new for pair in event.pairs if pair.kind != "guild"}
    return msgspec.structs.replace(running, guild={**running.guild, **guild}, ids={**running.ids, **ids})


def _ended(row: MapperRow, event: LoadFinished, recorded: Recorded) -> MapperRow:
    """Let what the load did be seen, unless it ended before it began."""
    running = _running.decode(row.running)
    own = running.pop(event.load, None)
    ended = msgspec.structs.replace(
        row, running=_json(running), ended_at=recorded.recorded_at, position=recorded.position
    )
    if own is None or not event.has_begun:
        return ended
    published = _struck(_published.decode(row.published), frozenset(own.deleted), recorded.position)
    source = str(event.source)
    earlier = published[source].mapper if source in published else None
    published[source] = Published(_mapper(earlier, own, event, recorded), recorded.position)
    return msgspec.structs.replace(ended, published=_json(published))


def _struck(published: dict[str, Published], gone: frozenset[str], position: int) -> dict[str, Published]:
    """Take out of every mapper what is not there any more."""
    if not gone:
        return published
    return {source: _strike(each, gone, position) for source, each in published.items()}


def _strike(published: Published, gone: frozenset[str], position: int) -> Published:
    ids = _without(published.mapper.ids, gone)
    if len(ids) == len(published.mapper.ids):
        return published
    return Published(msgspec.structs.replace(published.mapper, ids=ids), position)


def _without(ids: dict[str, str], gone: set[str] | frozenset[str]) -> dict[str, str]:
    return {old: new for old, new in ids.items() if new not in gone}


def _mapper(earlier: Mapper | None, own: Running, event: LoadFinished, recorded: Recorded) -> Mapper:
    """Return what a pair of guilds shows after a load: its own ids win, and who ran it joins those who did before."""
    ids, loaders, template_loaders = (
        (earlier.ids, earlier.loaders, earlier.template_loaders) if earlier else ({}, (), ())
    )
    is_backup = event.type == "backup"
    return Mapper(
        source_id=str(event.source),
        target_id=str(event.target),
        ids={**ids, **own.guild, **own.ids},
        loaders=_joined(loaders, event.user) if is_backup else loaders,
        load_id=event.load,
        outcome=event.outcome,
        updated_at=recorded.recorded_at.astimezone(UTC),
        position=recorded.position,
        template_loaders=template_loaders if is_backup else _joined(template_loaders, event.user),
    )


def _joined(users: tuple[str, ...], user: int) -> tuple[str, ...]:
    return tuple(dict.fromkeys((*users, str(user))))


def _json(value: object) -> str:
    return msgspec.json.encode(value).decode()
