"""The wire shapes of restoring the settings of one guild in another, and of undoing that."""

from typing import Annotated, Any, Literal

import msgspec

from schemas.guilds import Number

TEMPLATES_MAX = 100

JsonObject = dict[str, Any]


class RestoreRequest(msgspec.Struct, frozen=True):
    """What is to be restored: the rows that `source` has now, or those of the moment when `backup` was taken.

    Of both the backup counts, if it is known. `templates` null: all that the target is offered. `on_conflict` is about
    rows that are in the target and are not the same. `user_id`: for which user a bot asks.
    """

    source: str | int | None = None
    backup: str | None = None
    dry_run: bool = False
    templates: Annotated[list[str], msgspec.Meta(max_length=TEMPLATES_MAX)] | None = None
    on_conflict: Literal["skip", "overwrite"] = "skip"
    user_id: Number | None = None


class RestoreUndo(msgspec.Struct, frozen=True):
    """Which restore is to be undone; `user_id`: for which user a bot asks."""

    restore_id: str
    dry_run: bool = False
    user_id: Number | None = None


class ColumnChanged(msgspec.Struct, frozen=True):
    """A column that changes. A row that is created is compared with the one in the source; passwords are not shown."""

    column: str
    from_: Any = msgspec.field(name="from")
    to: Any


class UnmappedValue(msgspec.Struct, frozen=True):
    """An id that the mapping does not know. `kept`: it stays as it is, as the template wants it."""

    column: str
    kind: str
    value: str
    kept: bool


class RestoredRow(msgspec.Struct, frozen=True):
    """What became of a row, by its key in the target. `reason` says in words why it was skipped."""

    key: JsonObject
    action: Literal["create", "update", "delete", "unchanged", "skip"]
    changes: tuple[ColumnChanged, ...]
    unmapped: tuple[UnmappedValue, ...]
    error: JsonObject | None
    reason: str | None


class RestoredSetting(msgspec.Struct, frozen=True):
    """The rows of one setting, in their order."""

    template: str
    setting: str
    rows: tuple[RestoredRow, ...]


class RestoreTotals(msgspec.Struct, frozen=True):
    """How many rows became what."""

    created: int
    updated: int
    unchanged: int
    skipped: int


class UndoTotals(RestoreTotals, frozen=True):
    """How many rows became what again."""

    deleted: int


class RestoreReport(msgspec.Struct, frozen=True):
    """A restore: `position` is where the log is with it, null when nothing was to be written."""

    restore_id: str
    source_id: str
    target_id: str
    backup_id: str | None
    dry_run: bool
    mapping_position: int
    position: int | None
    totals: RestoreTotals
    settings: tuple[RestoredSetting, ...]


class RestoreUndoReport(msgspec.Struct, frozen=True):
    """The undoing of the restore `undone_id`, which has an id of its own and can be undone as well."""

    restore_id: str
    undone_id: str
    target_id: str
    dry_run: bool
    position: int | None
    totals: UndoTotals
    settings: tuple[RestoredSetting, ...]
