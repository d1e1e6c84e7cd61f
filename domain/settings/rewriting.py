"""Rewrites a row of one guild for another one: every id that it names becomes what it is there."""

import re
from collections.abc import Collection, Mapping
from typing import cast

import msgspec

from domain.settings.definitions import Array, Column, Defined
from domain.settings.events import JsonObject, JsonValue
from domain.settings.refusals import SettingRefusedError, failed_check
from domain.settings.values import is_snowflake, items_of

KINDS = ("role", "channel", "guild", "message", "emoji")
"""The kinds of texts that are ids of something in a guild. Users are the same everywhere."""

EMOJI = re.compile(r"(<?a?:?\w+:)?([0-9]{15,20})>?", re.ASCII)

Present = Mapping[str, Collection[str]]
"""The ids that there are in the target, by kind, as far as they matter."""


class Unmapped(msgspec.Struct, frozen=True):
    """A value that names nothing in the target. `kept`: it stayed all the same."""

    column: str
    kind: str
    value: str
    kept: bool


class Rewritten(msgspec.Struct, frozen=True):
    """A row as it shall be in the target. `refusal`: it cannot be there without what has no counterpart."""

    values: JsonObject
    unmapped: tuple[Unmapped, ...] = ()
    refusal: SettingRefusedError | None = None


def settled(ids: Mapping[str, str]) -> dict[str, str]:
    """Return what each id has become in the end, where a guild was loaded into itself again and again.

    An id that went round in a circle stays: so what was rewritten is not rewritten any further.
    """
    return {old: _end(ids, old) for old in ids}


def _end(ids: Mapping[str, str], old: str) -> str:
    new, passed = ids[old], {old}
    while new not in passed and ids.get(new, new) != new:
        passed.add(new)
        new = ids[new]
    return old if new in passed else new


def ids_named(defined: Defined, values: JsonObject, kind: str) -> set[str]:
    """Return the ids of a kind that a row names."""
    columns = (column for column in _columns(defined) if column.kind() == kind)
    found = (_id_in(kind, item) for column in columns for item in items_of(values.get(column.id)))
    return {each for each in found if each is not None}


def rewrite(defined: Defined, values: JsonObject, ids: Mapping[str, str], present: Present) -> Rewritten:
    """Rewrite a row by a mapping of ids. What is no id stays; what has no counterpart goes, or stays if it may.

    An id of a role or channel that is in the target is its own counterpart, unless the mapping knows another.
    """
    rewritten, unmapped = dict(values), list[Unmapped]()
    refusal: SettingRefusedError | None = None
    for column in _columns(defined):
        if column.id not in values:
            continue
        lost = _lost(defined, column, values[column.id], ids, present)
        unmapped += lost
        gone = {each.value for each in lost if not each.kept}
        if gone and not _may_lose(column):
            refusal = refusal or _homeless(column, min(gone))
            continue
        rewritten[column.id] = _rewritten(column, values[column.id], ids, gone)
    return Rewritten(rewritten, tuple(unmapped), refusal)


def _columns(defined: Defined) -> list[Column]:
    return [column for column in defined.setting.stored_columns if column.kind() in KINDS]


def _lost(
    defined: Defined, column: Column, value: JsonValue, ids: Mapping[str, str], present: Present
) -> list[Unmapped]:
    """Return the values of a column that have no counterpart, each once."""
    kind, kept = column.kind(), defined.policy.unmapped == "keep"
    texts = [item for item in items_of(value) if isinstance(item, str)]
    missing = [text for text in dict.fromkeys(texts) if _is_missing(kind, text, ids, present)]
    return [Unmapped(column.id, kind, text, kept) for text in missing]


def _is_missing(kind: str, text: str, ids: Mapping[str, str], present: Present) -> bool:
    found = _id_in(kind, text)
    return found is not None and found not in ids and found not in present.get(kind, ())


def _id_in(kind: str, value: object) -> str | None:
    """Return the id that a value names, None when it is none: no text, blank, or an emoji that everybody has."""
    if not isinstance(value, str):
        return None
    if kind == "emoji":
        custom = EMOJI.fullmatch(value)
        return custom[2] if custom else None
    return value if is_snowflake(value) else None


def _may_lose(column: Column) -> bool:
    """Tell whether a column can do without a value."""
    return isinstance(column.column_type, Array) or (column.nullable and not column.primary_key)


def _homeless(column: Column, value: str) -> SettingRefusedError:
    text = f"the {column.kind()} {value} has no counterpart in the target"
    return failed_check(column.id, "mapping", text, f"a {column.kind()} that the mapping knows")


def _rewritten(column: Column, value: JsonValue, ids: Mapping[str, str], gone: Collection[str]) -> JsonValue:
    if isinstance(value, list):
        items = cast("list[JsonValue]", value)
        return [
            _counterpart(column.kind(), item, ids) for item in items if not isinstance(item, str) or item not in gone
        ]
    return None if isinstance(value, str) and value in gone else _counterpart(column.kind(), value, ids)


def _counterpart(kind: str, value: JsonValue, ids: Mapping[str, str]) -> JsonValue:
    found = _id_in(kind, value)
    return value if found is None or found not in ids else value.replace(found, ids[found])
