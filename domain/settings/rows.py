"""What a row shall be: the columns that were sent, made what clients mean by them, and checked."""

from collections.abc import Iterable
from datetime import UTC, datetime
from typing import cast

import msgspec
from msgspec import UNSET

from domain.settings.definitions import (
    BLANK_IS_NULL_KINDS,
    Array,
    BitFlag,
    Column,
    Defined,
    Float,
    Json,
    Scalar,
    Setting,
    String,
)
from domain.settings.events import JsonObject, JsonValue
from domain.settings.refusals import failed_check, is_null, json_type, missing, wrong_type
from domain.settings.values import INTEGER_MAX, INTEGER_MIN, check_value, is_integer, same

WARNINGS_MAX = 50
NAME_CHARACTERS_MAX = 64
FIELDS = "fields"


class Automatic(msgspec.Struct, frozen=True):
    """What the server itself writes into well-known columns: the time, and who acts (None: nobody in particular)."""

    now: datetime
    user: int | None = None

    def value(self, column: Column) -> str | None:
        """Return the value of a well-known column, times as RFC 3339 in UTC, None for any other."""
        if not isinstance(column.column_type, Scalar) or not isinstance(column.column_type.inner, String):
            return None
        if column.id in ("created_at", "last_updated_at"):
            return self.now.astimezone(UTC).isoformat(timespec="microseconds").replace("+00:00", "Z")
        if column.id in ("created_by", "last_updated_by") and self.user is not None:
            return str(self.user)
        return None


class Wanted(msgspec.Struct, frozen=True, kw_only=True):
    """A row as it shall be, and the columns that were sent. `index`: a place, 0 the last; None says nothing of it."""

    values: JsonObject
    index: int | None = None
    sent: frozenset[str] = frozenset()


def read_object(fields: JsonValue, operation: str) -> JsonObject:
    """Return the fields of an operation that takes one row. Errors: SettingRefusedError."""
    if not isinstance(fields, dict):
        raise missing(FIELDS, operation)
    return cast("JsonObject", fields)


def read_key(setting: Setting, fields: JsonObject, src: str = FIELDS) -> JsonObject:
    """Return the primary key by column, in their order. Errors: SettingRefusedError."""
    return {column.id: _key_value(column, fields, src) for column in setting.key_columns}


def _key_value(column: Column, fields: JsonObject, src: str) -> JsonValue:
    if column.id not in fields:
        raise missing(column.id, src)
    value = fields[column.id]
    if value is None or value == "":
        raise is_null(column.id)
    if json_type(value) in ("Array", "Object"):
        check_value(column, value)
    return _whole(value) if isinstance(column.column_type.inner, Float) else value


def _whole(value: JsonValue) -> JsonValue:
    """Return 1 for 1.0, so that both are one key."""
    if not isinstance(value, float) or not value.is_integer() or not INTEGER_MIN <= value <= INTEGER_MAX:
        return value
    return int(value)


def ignored(setting: Setting, fields: JsonObject) -> tuple[str, ...]:
    """Return a warning for each key that is no column."""
    unknown = [name for name in fields if name not in setting.names]
    warnings = [f"{name[:NAME_CHARACTERS_MAX]}: unknown column, ignored" for name in unknown[:WARNINGS_MAX]]
    rest = len(unknown) - WARNINGS_MAX
    return (*warnings, f"{rest} more unknown columns, ignored") if rest > 0 else tuple(warnings)


def wanted_new(defined: Defined, fields: JsonObject, operations: Iterable[str], automatic: Automatic) -> Wanted:
    """Return a row that is to be created. `operations` are those whose hidden and readonly columns do not count.

    Errors: SettingRefusedError.
    """
    operations = tuple(operations)
    columns = defined.setting.stored_columns
    values = {c.id: _new_value(defined, c, fields, operations, automatic) for c in columns}
    index = _index(defined.setting, fields, operations)
    return Wanted(
        values=values,
        index=(index or 0) if defined.setting.index_by is not None else None,
        sent=_sent(columns, fields, operations),
    )


def _new_value(
    defined: Defined, column: Column, fields: JsonObject, operations: tuple[str, ...], automatic: Automatic
) -> JsonValue:
    is_set = column.is_set_in(*operations)
    sent = fields.get(column.id, UNSET) if is_set else UNSET
    if sent is not UNSET:
        value = _blank_bits(column, _meant(column, sent))
    elif is_set:
        value = _left_out(defined, column, automatic)
    else:
        value = _not_settable(defined, column, automatic)
    check_value(column, value)
    return value


def _left_out(defined: Defined, column: Column, automatic: Automatic) -> JsonValue:
    """Return the value of a column that may be sent and was not."""
    if column.primary_key:
        raise missing(column.id, FIELDS)
    value = default_value(defined, column)
    if value is not None or column.nullable:
        return value
    value = automatic.value(column)
    if value is None:
        raise missing(column.id, FIELDS)
    return value


def _not_settable(defined: Defined, column: Column, automatic: Automatic) -> JsonValue:
    value = automatic.value(column)
    return default_value(defined, column) if value is None else value


def default_value(defined: Defined, column: Column) -> JsonValue:
    """Return the policy's default of a column, or what stands for nothing in it: [], no bits, null."""
    if column.id in defined.policy.defaults:
        return _meant(column, defined.policy.defaults[column.id])
    match column.column_type:
        case Array():
            return []
        case Scalar(inner=BitFlag()):
            return 0
        case _:
            return None


def wanted_change(defined: Defined, fields: JsonObject, operations: Iterable[str], stored: JsonObject) -> Wanted:
    """Return a row that is to be changed: what is not sent, or does not count, stays. The primary key always does.

    Errors: SettingRefusedError.
    """
    operations = tuple(operations)
    columns = defined.setting.stored_columns
    values = {c.id: _changed_value(defined, c, fields, operations, stored) for c in columns}
    index = _index(defined.setting, fields, operations)
    return Wanted(values=values, index=index, sent=_sent(columns, fields, operations))


def _changed_value(
    defined: Defined, column: Column, fields: JsonObject, operations: tuple[str, ...], stored: JsonObject
) -> JsonValue:
    if column.id in fields and not column.primary_key and column.is_set_in(*operations):
        value = _meant(column, fields[column.id])
    else:
        value = present_value(defined, column, stored)
    check_value(column, value)
    return value


def wanted_sent(defined: Defined, fields: JsonObject, operation: str) -> Wanted:
    """Return only those columns that were sent, for an operation of the template's own. Errors: SettingRefusedError."""
    columns = [c for c in defined.setting.stored_columns if not c.is_secret() and c.is_set_in(operation)]
    values = {c.id: _meant(c, fields[c.id]) for c in columns if c.id in fields}
    for column in columns:
        if column.id in values:
            check_value(column, values[column.id])
    index = _index(defined.setting, fields, (operation,))
    placed = {} if index is None else {str(defined.setting.index_by): index}
    return Wanted(values=values | placed, sent=frozenset(values))


def withheld(setting: Setting, fields: JsonObject) -> tuple[str, ...]:
    """Return a warning for each password: they are not passed on to a template's own operation."""
    secret = [column.id for column in setting.columns if column.is_secret() and column.id in fields]
    return tuple(f"{name}: a password is not passed on, ignored" for name in secret)


def present_value(defined: Defined, column: Column, stored: JsonObject) -> JsonValue:
    """Return what a row has in a column: its default if the column is newer than the row. An array is never null."""
    if column.id not in stored:
        return default_value(defined, column)
    value = stored[column.id]
    return [] if isinstance(column.column_type, Array) and value in (None, "") else value


def changes_of(defined: Defined, stored: JsonObject, wanted: JsonObject) -> JsonObject:
    """Return the wanted columns that are not so yet."""
    return {
        column.id: wanted[column.id]
        for column in defined.setting.stored_columns
        if not same(present_value(defined, column, stored), wanted[column.id])
    }


def touched(setting: Setting, operations: Iterable[str], automatic: Automatic) -> JsonObject:
    """Return what the server writes about a change into the columns that clients do not set."""
    operations = tuple(operations)
    columns = [c for c in setting.stored_columns if c.id.startswith("last_updated_")]
    values = {c.id: automatic.value(c) for c in columns if not operations or not c.is_set_in(*operations)}
    return {name: value for name, value in values.items() if value is not None}


def _meant(column: Column, value: JsonValue) -> JsonValue:
    """Return what a client means that fills every input of its form."""
    if isinstance(column.column_type, Array):
        return [] if value is None or value == "" else value
    if value != "" or not column.nullable:
        return value
    is_blank_null = column.kind() in BLANK_IS_NULL_KINDS or isinstance(column.column_type.inner, Json)
    return None if is_blank_null else value


def _blank_bits(column: Column, value: JsonValue) -> JsonValue:
    return 0 if value == "" and isinstance(column.column_type.inner, BitFlag) else value


def _sent(columns: Iterable[Column], fields: JsonObject, operations: tuple[str, ...]) -> frozenset[str]:
    return frozenset(c.id for c in columns if c.id in fields and c.is_set_in(*operations))


def _index(setting: Setting, fields: JsonObject, operations: tuple[str, ...]) -> int | None:
    """Return the place that was asked for, from 1; None for none in particular."""
    column = setting.index_column
    sent = fields.get(column.id) if column and column.is_set_in(*operations) else None
    if column is None or sent is None:
        return None
    if not is_integer(sent):
        raise wrong_type(column.id, "Integer", sent)
    if not INTEGER_MIN <= sent <= INTEGER_MAX:
        raise failed_check(column.id, "range", "does not fit into 64 bits", f"{INTEGER_MIN}..{INTEGER_MAX}")
    return sent if sent > 0 else None
