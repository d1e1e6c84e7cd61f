"""The rules of a load: what it has done of its plan, what it does next, and how it ends."""

from collections.abc import Mapping, Sequence
from typing import Any

import msgspec
from msgspec.structs import replace

from domain.kernel import Entity, Event, RefusalError
from domain.loads.events import (
    CancelRequested,
    IdsMapped,
    LoadFinished,
    LoadRefused,
    LoadStarted,
    LoadStatusReported,
    ObjectFailed,
    ObjectsDeleted,
    Outcome,
    Pair,
    PairKind,
    Plan,
    StepName,
    UsersBanned,
)

STARTING = "starting"
LONG_WAIT = "waiting for long ratelimit"
OBJECTS_MAX = 50_000  # that a bot may say of one load: many times what a guild can have
STATUSES: dict[StepName, str] = {
    "delete_roles": "deleting roles",
    "roles": "loading roles",
    "delete_channels": "deleting channels",
    "channels": "loading channels",
    "bans": "loading bans",
    "settings": "loading settings",
}
"""The steps in their order, and what is said while they are done."""

STEP_OF_PAIR: dict[PairKind, StepName | None] = {
    "guild": None,
    "role": "roles",
    "channel": "channels",
    "category": "channels",
}


class Load(msgspec.Struct, frozen=True, kw_only=True):
    """A load that was asked for. `pairs` are by the id in the source; `done`: the objects of each step.

    `has_begun`: something was touched. `outcome` None: it has not ended.
    """

    id: str
    asked: LoadStarted | LoadRefused
    pairs: Mapping[str, Pair] = {}
    done: frozenset[tuple[StepName, int]] = frozenset()
    deleted: tuple[str, ...] = ()
    banned: tuple[int, ...] = ()
    failed: tuple[ObjectFailed, ...] = ()
    status: str | None = None
    progress: float = 0
    is_cancelled: bool = False
    outcome: Outcome | None = None
    error: str | None = None

    @property
    def source(self) -> int:
        """The guild that is loaded."""
        return self.asked.source

    @property
    def target(self) -> int:
        """The guild that it is loaded into."""
        return self.asked.target

    @property
    def plan(self) -> Plan:
        """What it does; nothing when somebody else runs it, or it was refused."""
        return (self.asked.plan if isinstance(self.asked, LoadStarted) else None) or Plan()

    @property
    def has_begun(self) -> bool:
        """Whether it touched something: then it is in the mapper, however it ends."""
        return bool(self.pairs or self.deleted)

    def translated(self) -> dict[str, str]:
        """Return what each id of the source is in the target."""
        return {old: pair.new for old, pair in self.pairs.items()}


class LoadIdTakenError(RefusalError):
    """There was a load of this id already; with another id it may be started."""


class LoadFinishedError(RefusalError):
    """The load has ended."""


class LoadNotExternalError(RefusalError):
    """The load is run here; nobody else can report how it goes."""


class LoadNotYoursError(RefusalError):
    """Another bot runs and reports this load."""


class TooManyObjectsError(RefusalError):
    """The load has mapped and deleted as many objects as one load may."""


# How events change it. The names of the events are stored for ever.


def evolve(load: Load | None, event: Event) -> Load | None:
    """Apply one event of a load."""
    if isinstance(event, LoadStarted | LoadRefused):
        return Load(id=event.load, asked=event)
    if load is None:
        return None
    match event:
        case LoadStatusReported(status=status, progress=progress):
            return replace(load, status=status, progress=load.progress if progress is None else progress)
        case CancelRequested():
            return replace(load, is_cancelled=True)
        case LoadFinished(outcome=outcome, progress=progress, error=error):
            return replace(load, outcome=outcome, progress=progress, error=error)
        case _:
            return _evolve_done(load, event)


def _evolve_done(load: Load, event: Event) -> Load:
    match event:
        case IdsMapped(pairs=pairs):
            # The role @everyone is known by the guild's id: that pair stays the guild's.
            said = {pair.old: pair for pair in pairs if pair.old not in load.pairs or pair.kind != "role"}
            steps = ((STEP_OF_PAIR[pair.kind], pair) for pair in pairs)
            done = {(step, int(pair.old)) for step, pair in steps if step}
            return replace(load, pairs={**load.pairs, **said}, done=load.done | done)
        case ObjectsDeleted(ids=ids, step=step):
            by_step = {(step, int(each)) for each in ids if step}
            return replace(load, deleted=(*load.deleted, *ids), done=load.done | by_step)
        case UsersBanned(users=users):
            return replace(load, banned=(*load.banned, *users), done=load.done | {("bans", user) for user in users})
        case ObjectFailed(step=step, object=failed):
            return replace(load, failed=(*load.failed, event), done=load.done | {(step, failed)})
        case _:
            return load


LOAD = Entity[Load]("loads", evolve)


# What may happen next.


def objects_of(load: Load) -> dict[StepName, tuple[int, ...]]:
    """Return the objects of each step in order: of the source, or of the target where they are deleted.

    The one object of the step `settings` is the target.
    """
    plan = load.plan
    return {
        "delete_roles": plan.delete_roles,
        "roles": tuple(item.source for item in plan.roles),
        "delete_channels": plan.delete_channels,
        "channels": tuple(item.source for item in plan.channels),
        "bans": plan.bans,
        "settings": (load.target,) if plan.settings else (),
    }


def next_work(load: Load, limit: int) -> tuple[StepName, tuple[int, ...]] | None:
    """Return the first step that is not done, and the next objects of it; None when all is done."""
    for step, objects in objects_of(load).items():
        left = [each for each in objects if (step, each) not in load.done]
        if left:
            return step, tuple(left[:limit])
    return None


def part_done(load: Load) -> float:
    """Return how much of the plan is done, from 0 to 1."""
    planned = [(step, each) for step, objects in objects_of(load).items() for each in objects]
    return round(sum(each in load.done for each in planned) / len(planned), 4) if planned else 0.0


def require_running(load: Load) -> None:
    """Refuse what only a load that has not ended can do."""
    if load.outcome is not None:
        raise LoadFinishedError


def require_reporter(load: Load, bot: int) -> None:
    """Refuse a report by anybody but the bot that runs the load."""
    if load.asked.kind != "external":
        raise LoadNotExternalError
    if load.asked.reported_by != bot:
        raise LoadNotYoursError


def begin(load: Load) -> list[Event]:
    """Say that the first step begins."""
    return [_status(load, STARTING, 0.0), *_map_guild(load)]


def _map_guild(load: Load) -> list[Event]:
    pair = Pair(str(load.source), str(load.target), "guild")
    return [] if pair.old in load.pairs else [IdsMapped(**_where(load), pairs=(pair,))]


def _status(load: Load, status: str, progress: float | None, step: StepName | None = None) -> LoadStatusReported:
    return LoadStatusReported(**_where(load), status=status, progress=progress, step=step)


def record(
    load: Load,
    step: StepName,
    *,
    pairs: Sequence[Pair] = (),
    deleted: Sequence[int] = (),
    banned: Sequence[int] = (),
    failed: Sequence[tuple[int, str]] = (),
) -> list[Event]:
    """Say what was done of a step; `failed` are objects with why, also of one that was mapped but is not as it was."""
    where = _where(load)
    events: list[Event] = [IdsMapped(**where, pairs=tuple(pairs))] if pairs else []
    if deleted:
        events.append(ObjectsDeleted(**where, ids=tuple(map(str, deleted)), step=step))
    if banned:
        events.append(UsersBanned(**where, users=tuple(banned)))
    events += [ObjectFailed(**where, step=step, object=each, message=message) for each, message in failed]
    after = LOAD.fold(events, load) or load
    return [*events, _status(load, STATUSES[step], part_done(after), step)]


def report_status(load: Load, status: str, progress: float | None, step: StepName | None = None) -> list[Event]:
    """Say how far it is. Said again, it is a sign of life."""
    return [_status(load, status, progress, step)]


def report_mappings(load: Load, pairs: Sequence[Pair], deleted: Sequence[str]) -> list[Event]:
    """Say what is mapped and deleted now and was not before; the pair of the guilds comes first and stays."""
    begun = _map_guild(load) if pairs or deleted else []
    known, known_gone = load.translated(), {*load.deleted}
    told = (pair for pair in pairs if pair.old != str(load.source) and known.get(pair.old) != pair.new)
    new = tuple({pair.old: pair for pair in told}.values())
    gone = tuple(each for each in dict.fromkeys(deleted) if each not in known_gone)
    if (new or gone) and len(load.pairs) + len(load.deleted) + len(new) + len(gone) > OBJECTS_MAX:
        raise TooManyObjectsError
    mapped: list[Event] = [IdsMapped(**_where(load), pairs=new)] if new else []
    return [*begun, *mapped, *([ObjectsDeleted(**_where(load), ids=gone)] if gone else [])]


def cancel_load(load: Load) -> list[Event]:
    """Ask the load to end; one that runs elsewhere ends for us at once."""
    require_running(load)
    asked: list[Event] = [] if load.is_cancelled else [CancelRequested(**_where(load))]
    return [*asked, *finish(load, "cancelled")] if load.asked.kind == "external" else asked


def finish(load: Load, outcome: Outcome, error: str | None = None, restore: str | None = None) -> list[Event]:
    """End the load; it keeps what it has done. `restore`: the restore of settings that belongs to it."""
    asked, succeeded = load.asked, outcome == "success"
    begun = _map_guild(load) if succeeded else []
    finished = LoadFinished(
        **_where(load),
        type=asked.type,
        user=asked.user,
        outcome=outcome,
        progress=1.0 if succeeded else load.progress,
        backup=asked.backup,
        template=asked.template,
        error=error,
        has_begun=succeeded or load.has_begun,
        restore=restore,
    )
    return [*begun, finished]


def _where(load: Load) -> dict[str, Any]:
    return {"load": load.id, "source": load.source, "target": load.target}
