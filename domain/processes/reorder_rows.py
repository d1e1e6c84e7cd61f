"""Put all rows of a setting into a new order."""

from collections.abc import Mapping
from typing import Any, cast

from domain.processes.check_setting_values import require_above, roles_in
from domain.processes.setting_case import Case, Done
from domain.settings import aggregate, rows
from domain.settings.aggregate import ROW, SET, Row, set_id, set_stream
from domain.settings.events import JsonObject
from domain.settings.refusals import (
    SettingRefusedError,
    failed_check,
    missing,
    row_unknown,
    wrong_type,
)
from domain.settings.values import is_integer

REORDER = "Reorder"


async def reorder_rows(case: Case) -> Done:
    """Order the rows as the entries say, which are all rows, numbered from 1. Errors: SettingRefusedError."""
    entries = _entries(case)
    defined, guild = case.defined, case.ask.guild
    stream = set_stream(guild, defined.template, defined.setting.id)
    found = await case.book.load_about(ROW, stream)
    present = {name.rpartition("-")[2]: row for name, row in found.items()}
    named, unknown = _named(case, entries, present)
    places = _places(case, named, len(entries))
    if left := present.keys() - places.keys():
        raise _no_permutation(case, f"{len(left)} rows are missing", len(present))
    order = sorted(places, key=places.__getitem__)
    await _require_reach(case, order, present)
    await case.book.load(SET, guild, set_id(defined.template, defined.setting.id))
    case.book.append(stream, aggregate.reorder_rows(defined, guild, order, case.ask.order))
    return Done(data={}, warnings=_warnings(case, entries), unknown=unknown)


def _entries(case: Case) -> list[JsonObject]:
    fields = case.ask.fields
    if not isinstance(fields, list):
        raise missing(rows.FIELDS, REORDER)
    entries = cast("list[Any]", fields)
    for n, entry in enumerate(entries):
        if not isinstance(entry, dict):
            raise missing(f"{rows.FIELDS}[{n}]", REORDER)
    return entries


def _named(
    case: Case, entries: list[JsonObject], present: Mapping[str, Row]
) -> tuple[list[tuple[str, JsonObject]], tuple[int, ...]]:
    """Return the entries that name rows of this template, and the places of the others, which must be somebody's."""
    names = [_name(case, n, entry) for n, entry in enumerate(entries)]
    unknown = tuple(n for n, name in enumerate(names) if name not in present)
    if unknown and not case.ask.others:
        raise row_unknown(case.defined.setting.key_name())
    return [(name, entry) for name, entry in zip(names, entries, strict=True) if name in present], unknown


def _name(case: Case, n: int, entry: JsonObject) -> str:
    """Return the id of the row that an entry names; nothing when it can only be one of another template."""
    try:
        return case.row_id(rows.read_key(case.defined.setting, entry, f"{rows.FIELDS}[{n}]"))
    except SettingRefusedError:
        if case.ask.others:
            return ""
        raise


def _places(case: Case, named: list[tuple[str, JsonObject]], count: int) -> dict[str, int]:
    places: dict[str, int] = {}
    for name, entry in named:
        if name in places:
            raise _no_permutation(case, "a row is named twice", count)
        place = _place(case, entry, count)
        if place in places.values():
            raise _no_permutation(case, f"{place} is given twice", count)
        places[name] = place
    return places


def _place(case: Case, entry: JsonObject, count: int) -> int:
    column = str(case.defined.setting.index_by)
    if column not in entry:
        raise missing(column, rows.FIELDS)
    place = entry[column]
    if not is_integer(place):
        raise wrong_type(column, "Integer", place)
    if not 1 <= place <= count:
        raise _no_permutation(case, f"{place} is no place", count)
    return place


def _no_permutation(case: Case, error: str, count: int) -> SettingRefusedError:
    return failed_check(str(case.defined.setting.index_by), "reorder", error, f"1..{count}")


async def _require_reach(case: Case, order: list[str], present: Mapping[str, Row]) -> None:
    """Refuse to move what belongs to roles above the caller."""
    now = dict(enumerate(case.ask.order))
    moved = [name for n, name in enumerate(order) if now.get(n) != name]
    roles = set[int]().union(*(roles_in(case.defined, present[name].values()) for name in moved))
    await require_above(case.book, case.defined, case.standing, roles)


def _warnings(case: Case, entries: list[JsonObject]) -> tuple[str, ...]:
    names: JsonObject = {name: None for entry in entries for name in entry}
    return rows.ignored(case.defined.setting, names)
