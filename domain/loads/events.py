"""The events of loads. Every one names source and target, so that whoever reads one needs no other."""

from typing import ClassVar, Literal

import msgspec

from domain.kernel import Event, stream_name

LoadKind = Literal["internal", "external"]
LoadType = Literal["backup", "template"]
Gateway = Literal["registry", "discord"]
Mode = Literal["replace", "merge"]
Outcome = Literal["success", "failed", "cancelled", "refused"]
PairKind = Literal["guild", "role", "channel", "category"]
StepName = Literal["delete_roles", "roles", "delete_channels", "channels", "bans", "settings"]


class Options(msgspec.Struct, frozen=True):
    """Which steps a load has."""

    roles: bool = True
    delete_roles: bool = True
    channels: bool = True
    delete_channels: bool = True
    settings: bool = True
    bans: bool = False


class Item(msgspec.Struct, frozen=True):
    """An object of the source that is to be in the target: a new one, or the one that is there already."""

    source: int
    existing: int | None = None


class Plan(msgspec.Struct, frozen=True):
    """What a load will do, in this order. Frozen when it starts, so that whoever resumes it does the same."""

    delete_roles: tuple[int, ...] = ()
    roles: tuple[Item, ...] = ()
    delete_channels: tuple[int, ...] = ()
    channels: tuple[Item, ...] = ()
    bans: tuple[int, ...] = ()
    settings: bool = False


class Pair(msgspec.Struct, frozen=True, array_like=True):
    """An id of the source and what it is in the target, both as digits."""

    old: str
    new: str
    kind: PairKind = "channel"


class LoadEvent(Event, frozen=True):
    """Something that happened in a load."""

    load: str
    source: int
    target: int


class LoadAsked(LoadEvent, frozen=True):
    """What was asked for, and by whom. `at` is the position as of which the source is taken.

    `bot` is the bot that asked, `reported_by` the one that runs an external load. `only_*`: None is all of them.
    """

    kind: LoadKind
    type: LoadType
    user: int
    backup: str | None = None
    template: str | None = None
    bot: int | None = None
    reported_by: int | None = None
    gateway: Gateway | None = None
    mode: Mode = "replace"
    options: Options = Options()
    only_roles: tuple[int, ...] | None = None
    only_channels: tuple[int, ...] | None = None
    restore_settings: bool = False
    at: int | None = None

    def about(self) -> tuple[str, ...]:
        return (stream_name("guilds-guild", self.target),)


class LoadStarted(LoadAsked, frozen=True):
    """A load began."""

    stored_type: ClassVar[str] = "loads.LoadStarted"
    plan: Plan | None = None


class LoadRefused(LoadAsked, frozen=True):
    """A load was not begun, because another one runs in the target: `running`."""

    stored_type: ClassVar[str] = "loads.LoadRefused"
    running: str = ""


class LoadStatusReported(LoadEvent, frozen=True):
    """How far the load is, from 0 to 1."""

    stored_type: ClassVar[str] = "loads.LoadStatusReported"
    status: str
    progress: float | None = None
    step: StepName | None = None


class IdsMapped(LoadEvent, frozen=True):
    """Objects of the source are in the target now."""

    stored_type: ClassVar[str] = "loads.IdsMapped"
    pairs: tuple[Pair, ...]


class ObjectsDeleted(LoadEvent, frozen=True):
    """Objects of the target are gone; `ids` as digits. `step`: which step did it, None in an external load."""

    stored_type: ClassVar[str] = "loads.ObjectsDeleted"
    ids: tuple[str, ...]
    step: StepName | None = None


class UsersBanned(LoadEvent, frozen=True):
    """The bans of these users are in the target now."""

    stored_type: ClassVar[str] = "loads.UsersBanned"
    users: tuple[int, ...]


class ObjectFailed(LoadEvent, frozen=True):
    """One object could not be done; the load goes on. `object` is of the source, or of the target when deleting."""

    stored_type: ClassVar[str] = "loads.ObjectFailed"
    step: StepName
    object: int
    message: str


class CancelRequested(LoadEvent, frozen=True):
    """Somebody wants the load to end at the next object."""

    stored_type: ClassVar[str] = "loads.CancelRequested"


class LoadFinished(LoadEvent, frozen=True):
    """The load ended. It says again what was asked for, since who follows the log may have missed the start."""

    stored_type: ClassVar[str] = "loads.LoadFinished"
    type: LoadType
    user: int
    outcome: Outcome
    progress: float
    backup: str | None = None
    template: str | None = None
    error: str | None = None
    has_begun: bool = True  # not begun: nothing was touched, so it changes no mapping
    restore: str | None = None  # the restore of settings that belongs to it, if that wrote something


EVENTS: tuple[type[Event], ...] = (
    LoadStarted,
    LoadRefused,
    LoadStatusReported,
    IdsMapped,
    ObjectsDeleted,
    UsersBanned,
    ObjectFailed,
    CancelRequested,
    LoadFinished,
)
