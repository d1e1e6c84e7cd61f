"""What became of a row that was restored, or brought back to what it was before a restore."""

from typing import Literal

import msgspec

from domain.settings.definitions import Defined
from domain.settings.events import JsonObject, JsonValue
from domain.settings.refusals import SettingRefusedError
from domain.settings.rewriting import Unmapped
from domain.settings.shown import MASK
from domain.settings.values import same

Action = Literal["create", "update", "delete", "unchanged", "skip"]


class ColumnChange(msgspec.Struct, frozen=True):
    """What a column was, and what it is now; of a password only that there is one."""

    column: str
    before: JsonValue
    after: JsonValue


class RowRestored(msgspec.Struct, frozen=True, kw_only=True):
    """What was done with one row, and why not more. The key is that in the target, as far as it has one there."""

    key: JsonObject
    action: Action
    changes: tuple[ColumnChange, ...] = ()
    unmapped: tuple[Unmapped, ...] = ()
    refusal: SettingRefusedError | None = None


def changes_between(defined: Defined, before: JsonObject, after: JsonObject) -> tuple[ColumnChange, ...]:
    """Return the columns that are not the same; a column that is not there is null."""
    columns = [column for column in defined.setting.stored_columns if column.id in before or column.id in after]
    pairs = [(column, before.get(column.id), after.get(column.id)) for column in columns]
    return tuple(
        ColumnChange(column.id, _masked(one), _masked(other))
        if column.is_secret()
        else ColumnChange(column.id, one, other)
        for column, one, other in pairs
        if not same(one, other)
    )


def _masked(value: JsonValue) -> JsonValue:
    return None if value is None else MASK


def not_offered(template: str, setting: str) -> SettingRefusedError:
    return _generic(f"{template} does not offer {setting} in this guild", "not_offered")


def changed_since() -> SettingRefusedError:
    return _generic("The row was changed since it was restored", "changed_since")


def interrupted(why: str) -> SettingRefusedError:
    return _generic(f"The restore came to an end before this row: {why}", "interrupted")


def _generic(text: str, typ: str) -> SettingRefusedError:
    return SettingRefusedError("Generic", text, message=text, src="restore", typ=typ)
