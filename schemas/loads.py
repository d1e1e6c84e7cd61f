"""The wire shapes of loads and mappers; keys are in the order in which they are sent."""

from datetime import datetime
from typing import Annotated, Literal

import msgspec

from schemas.backups import BackupId, Name
from schemas.guilds import Number

Step = Literal["delete_roles", "roles", "delete_channels", "channels", "bans", "settings"]
LoadKind = Literal["internal", "external"]
LoadType = Literal["backup", "template"]
Gateway = Literal["registry", "discord"]
Mode = Literal["replace", "merge"]
StepState = Literal["waiting", "running", "rate_limited", "done", "skipped", "failed"]

TemplateId = Annotated[str, msgspec.Meta(pattern=r"^[A-Za-z0-9_-]{1,64}$(?!\n)")]
Progress = Annotated[float, msgspec.Meta(ge=0, le=1)]
Digits = Annotated[str, msgspec.Meta(pattern=r"^[0-9]{1,20}$(?!\n)")]
PAIRS_MAX = 5000


class Mapper(msgspec.Struct, frozen=True):
    """What the ids of one guild have become in another, and who loaded it there. Ids are texts of digits.

    The keys from `load_id` on are of the last load of the pair that ended; `position` is where it did.
    """

    source_id: str
    target_id: str
    ids: dict[str, str]
    loaders: tuple[str, ...]
    load_id: str
    outcome: str
    updated_at: datetime
    position: int
    template_loaders: tuple[str, ...]


class LoadOptions(msgspec.Struct, frozen=True):
    """Which steps a load has."""

    roles: bool
    delete_roles: bool
    channels: bool
    delete_channels: bool
    settings: bool
    bans: bool


class Only(msgspec.Struct, frozen=True):
    """The objects of the source that a load is about, null for all of a kind."""

    roles: tuple[str, ...] | None = None
    channels: tuple[str, ...] | None = None


class WantedOptions(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Which steps a load shall have. `settings` (properties of the guild) is false for templates unless it is said."""

    roles: bool = True
    delete_roles: bool = True
    channels: bool = True
    delete_channels: bool = True
    settings: bool | None = None
    bans: bool = False


class WantedOnly(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The objects of the source that a load shall be about, null for all of a kind."""

    roles: tuple[Number, ...] | None = None
    channels: tuple[Number, ...] | None = None


class NewLoad(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A load that is wanted, and the user for whom.

    An external one is run by the bot that asks; `source_id` says what it loads, when that is unknown here.
    """

    type: LoadType
    target_id: Number
    user_id: Number
    kind: LoadKind = "internal"
    backup_id: BackupId | None = None
    template_id: TemplateId | None = None
    source_id: Number | None = None
    gateway: Gateway | None = None
    mode: Mode = "replace"
    options: WantedOptions = WantedOptions()
    only: WantedOnly | None = None
    dry_run: bool = False
    restore_settings: bool = False


class Edit(msgspec.Struct, frozen=True):
    """An object of the target that becomes like one of the source."""

    source_id: str
    target_id: str


class Creations(msgspec.Struct, frozen=True):
    """What a load would make: roles and channels by their ids in the source, and bans by user."""

    roles: tuple[str, ...]
    channels: tuple[str, ...]
    bans: tuple[str, ...]


class Edits(msgspec.Struct, frozen=True):
    """What a load would change."""

    roles: tuple[Edit, ...]
    channels: tuple[Edit, ...]
    settings: bool


class Deletions(msgspec.Struct, frozen=True):
    """What a load would delete."""

    roles: tuple[str, ...]
    channels: tuple[str, ...]


class PlanCounts(msgspec.Struct, frozen=True):
    """How much a load would do."""

    creations: int
    edits: int
    deletions: int


class LoadPlan(msgspec.Struct, frozen=True):
    """What a load would do; nothing of it was done."""

    source_id: str
    target_id: str
    mode: Mode
    creations: Creations
    edits: Edits
    deletions: Deletions
    counts: PlanCounts


class NewStatus(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """How far an external load is."""

    status: Name
    progress: Progress | None = None


class NewMappings(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What an external load made of ids of the source, and what it deleted in the target."""

    ids: Annotated[dict[Digits, Digits], msgspec.Meta(max_length=PAIRS_MAX)] = {}
    kinds: dict[str, Literal["guild", "role", "channel", "category"]] | None = None
    deleted: Annotated[tuple[Digits, ...], msgspec.Meta(max_length=PAIRS_MAX)] = ()


class NewEnd(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """How an external load ended."""

    outcome: Literal["success", "failed", "cancelled"]
    error: Annotated[str, msgspec.Meta(min_length=1, max_length=1000)] | None = None


class LoadStep(msgspec.Struct, frozen=True):
    """How far one step of a load is."""

    name: Step
    state: StepState
    done: int
    total: int
    estimated_seconds_left: int | None = None
    details: str | None = None


class LoadError(msgspec.Struct, frozen=True):
    """What could not be done: one object, or, with neither step nor object, the load."""

    step: Step | None
    kind: str
    source_object_id: str | None
    message: str


class Load(msgspec.Struct, frozen=True):
    """One run of the loader; `position` is that of its last event."""

    load_id: str
    kind: LoadKind
    type: LoadType
    target_id: str
    source_id: str
    backup_id: str | None
    template_id: str | None
    user_id: str
    bot_id: str | None
    reported_by: str | None
    gateway: Gateway | None
    mode: Mode
    options: LoadOptions
    only: Only | None
    state: Literal["running", "finished"]
    outcome: Literal["success", "failed", "cancelled", "refused"] | None
    status: str
    progress: float
    steps: tuple[LoadStep, ...]
    errors: tuple[LoadError, ...]
    mapped: int
    restore_id: str | None
    started_at: datetime
    finished_at: datetime | None
    position: int
