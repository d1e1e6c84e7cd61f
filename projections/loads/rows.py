"""What the table of loads holds, and how each event of a load changes it."""

from collections.abc import Iterable
from datetime import UTC

import msgspec

from domain.loads.aggregate import LONG_WAIT
from domain.loads.events import (
    CancelRequested,
    IdsMapped,
    LoadAsked,
    LoadFinished,
    LoadRefused,
    LoadStarted,
    LoadStatusReported,
    ObjectFailed,
    ObjectsDeleted,
    UsersBanned,
)
from projections.loads import steps
from schemas.loads import Load, LoadError, LoadOptions, Only
from store.log import Recorded


class LoadRow(msgspec.Struct, frozen=True):
    """A row of `loads`, in the order of its columns."""

    id: str
    target: int
    source: int
    backup: str | None
    outcome: str | None
    created: int
    position: int
    document: str


_document = msgspec.json.Decoder(Load)


def evolve(row: LoadRow | None, recorded: Recorded) -> LoadRow | None:
    """Apply one event of a load."""
    if row is None:
        return _asked(recorded.event, recorded) if isinstance(recorded.event, LoadAsked) else None
    load = msgspec.structs.replace(_after(_document.decode(row.document), recorded), position=recorded.position)
    document = msgspec.json.encode(load).decode()
    return msgspec.structs.replace(row, outcome=load.outcome, position=recorded.position, document=document)


def document_of(events: Iterable[Recorded]) -> bytes:
    """Return a load as it is shown after all of its events."""
    row = None
    for recorded in events:
        row = evolve(row, recorded)
    assert row is not None, "a load begins with what was asked for"
    return row.document.encode()


def _asked(event: LoadAsked, recorded: Recorded) -> LoadRow:
    load = Load(
        load_id=event.load,
        kind=event.kind,
        type=event.type,
        target_id=str(event.target),
        source_id=str(event.source),
        backup_id=event.backup,
        template_id=event.template,
        user_id=str(event.user),
        bot_id=_digits(event.bot),
        reported_by=_digits(event.reported_by),
        gateway=event.gateway,
        mode=event.mode,
        options=LoadOptions(**msgspec.structs.asdict(event.options)),
        only=_only(event),
        state="running",
        outcome=None,
        status="refused" if isinstance(event, LoadRefused) else "starting",
        progress=0.0,
        steps=steps.planned(event.plan) if isinstance(event, LoadStarted) and event.plan else (),
        errors=(_of_load(f"Load {event.running} runs in the guild."),) if isinstance(event, LoadRefused) else (),
        mapped=0,
        restore_id=None,
        started_at=recorded.recorded_at.astimezone(UTC),
        finished_at=None,
        position=recorded.position,
    )
    document = msgspec.json.encode(load).decode()
    made = recorded.position
    return LoadRow(event.load, event.target, event.source, event.backup, None, made, made, document)


def _digits(number: int | None) -> str | None:
    return None if number is None else str(number)


def _only(event: LoadAsked) -> Only | None:
    if event.only_roles is None and event.only_channels is None:
        return None
    roles, channels = event.only_roles, event.only_channels
    return Only(
        roles=None if roles is None else tuple(map(str, roles)),
        channels=None if channels is None else tuple(map(str, channels)),
    )


def _after(load: Load, recorded: Recorded) -> Load:
    match recorded.event:
        case LoadStatusReported() as event:
            return _reported(load, event, recorded)
        case IdsMapped(pairs=pairs, source=source):
            # @everyone is a role by the guild's id, and no pair of its own beside the guild's.
            mapped = sum(pair.kind != "role" or pair.old != str(source) for pair in pairs)
            roles = sum(pair.kind == "role" for pair in pairs)
            channels = sum(pair.kind in ("channel", "category") for pair in pairs)
            done = steps.counted(steps.counted(load.steps, "roles", roles), "channels", channels)
            return msgspec.structs.replace(load, mapped=load.mapped + mapped, steps=done)
        case ObjectsDeleted(ids=ids, step=step):
            return msgspec.structs.replace(load, steps=steps.counted(load.steps, step, len(ids)))
        case UsersBanned(users=users):
            return msgspec.structs.replace(load, steps=steps.counted(load.steps, "bans", len(users)))
        case ObjectFailed(step=step, object=failed, message=message):
            error = LoadError(step, steps.KINDS[step], str(failed), message)
            return msgspec.structs.replace(load, errors=(*load.errors, error))
        case LoadFinished() as event:
            return _finished(load, event, recorded)
        case CancelRequested() | _:
            return load


def _reported(load: Load, event: LoadStatusReported, recorded: Recorded) -> Load:
    reached = steps.reached(load.steps, event.step, is_waiting=event.status == LONG_WAIT)
    if event.step == "settings" and all(error.step != "settings" for error in load.errors):
        reached = steps.counted(reached, "settings", 1)  # no event but this one says that it was done
    seconds = (recorded.recorded_at - load.started_at).total_seconds()
    progress = load.progress if event.progress is None else event.progress
    return msgspec.structs.replace(
        load, status=event.status, progress=progress, steps=steps.estimated(reached, seconds)
    )


def _finished(load: Load, event: LoadFinished, recorded: Recorded) -> Load:
    why = event.error if event.outcome != "refused" else None  # that was said with the refusal
    error = () if why is None else (_of_load(why),)
    return msgspec.structs.replace(
        load,
        state="finished",
        outcome=event.outcome,
        progress=event.progress,
        steps=steps.ended(load.steps, event),
        errors=(*load.errors, *error),
        restore_id=event.restore,
        finished_at=recorded.recorded_at.astimezone(UTC),
    )


def _of_load(message: str) -> LoadError:
    return LoadError(None, "load", None, message)
