"""How rows are shown to those who may see them."""

from collections.abc import Callable

from domain.settings.definitions import Array, Column, Defined, Widget
from domain.settings.events import JsonObject, JsonValue
from domain.settings.rows import default_value, ignored, read_object
from domain.settings.values import same

MASK = "********"
VIEW = "View"

Shower = Callable[[JsonObject, int | None, JsonObject], JsonObject]
"""Shows a row, given its fields, its place and its passwords."""


def shown_row(defined: Defined, fields: JsonObject, index: int | None, secrets: JsonObject | None) -> JsonObject:
    """Return a row as View shows it, in the order of the columns.

    `index` is its place, from 1. `secrets` None: the caller may not write the setting, and passwords are left out.
    """
    return row_shower(defined, is_writer=secrets is not None)(fields, index, secrets or {})


def row_shower(defined: Defined, *, is_writer: bool) -> Shower:
    """Return what shows a row as `shown_row` does: for many rows, with what is the same for all of them done once."""
    setting = defined.setting
    columns = [column for column in setting.columns if _is_shown(column, is_writer=is_writer)]
    plan = [(column.id, default_value(defined, column)) for column in columns]
    arrays = [column.id for column in columns if isinstance(column.column_type, Array)]
    placed = next((column.id for column in columns if column.id == setting.index_by), None)

    def show(fields: JsonObject, index: int | None, secrets: JsonObject) -> JsonObject:
        held = fields | secrets if secrets else fields
        shown = {name: held.get(name, default) for name, default in plan}
        for name in arrays:
            shown[name] = shown[name] or []  # null and "" are no arrays, whatever was stored before
        if placed is not None:
            shown[placed] = index
        return shown

    return show


def _is_shown(column: Column, *, is_writer: bool) -> bool:
    if isinstance(column.column_type, Widget) or VIEW in column.hidden:
        return False
    return is_writer or not column.is_secret()


def masked(fields: JsonObject, secrets: JsonObject | None) -> JsonObject:
    """Return a row, or what changed of it, as history shows it: that there is a password, not which."""
    return fields | {name: None if value is None else MASK for name, value in (secrets or {}).items()}


def read_filter(defined: Defined, fields: JsonValue) -> tuple[JsonObject, tuple[str, ...]]:
    """Return the columns that View filters by, by equality, and warnings about what it cannot filter by.

    Errors: SettingRefusedError.
    """
    given = read_object(fields, VIEW)
    usable = {column.id for column in defined.setting.columns if _is_open(column)}
    closed = [f"{name}: cannot be filtered by, ignored" for name in given if _is_closed(defined, name)]
    wanted = {name: value for name, value in given.items() if name in usable}
    return wanted, (*ignored(defined.setting, given), *closed)


def matches(row: JsonObject, wanted: JsonObject) -> bool:
    """Tell whether a shown row passes a filter."""
    return all(name in row and same(row[name], value) for name, value in wanted.items())


def _is_open(column: Column) -> bool:
    return VIEW not in column.hidden and not column.is_secret()


def _is_closed(defined: Defined, name: str) -> bool:
    return any(column.id == name and not _is_open(column) for column in defined.setting.columns)
