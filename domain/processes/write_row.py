"""Create, change or delete one row of a setting, when all that it says is true and allowed."""

from collections.abc import Iterable, Sequence

import msgspec

from domain.kernel import Event
from domain.processes.check_setting_values import Change, check_setting_values, require_above, roles_in
from domain.processes.setting_case import Case
from domain.settings import aggregate, rows
from domain.settings.aggregate import NEW_ROW, ROW, Row, set_stream
from domain.settings.events import JsonObject, RowUpdated


async def create_row(case: Case, key: JsonObject, wanted: rows.Wanted) -> None:
    """Create the row of this key. Errors: SettingRefusedError."""
    row = await case.book.load(NEW_ROW, case.ask.guild, case.row_id(key))
    events = aggregate.create_row(row, case.defined, case.ask.guild, key, wanted)
    await _check(case, Change(after=wanted.values, sent=wanted.sent))
    await _require_place(case, key, wanted.values, is_new=True)
    _say(case, _stream(case, key), events)


async def change_row(case: Case, row: Row, wanted: rows.Wanted, operations: Iterable[str]) -> None:
    """Change a row where it is not so yet. Errors: SettingRefusedError."""
    touched = rows.touched(case.defined.setting, operations, case.automatic())
    events = aggregate.update_row(row, case.defined, wanted, touched=touched, order=case.ask.order)
    await _check(case, Change(before=row.values(), after=wanted.values, sent=wanted.sent))
    if any(isinstance(event, RowUpdated) and event.index is not None for event in events):
        await require_above(case.book, case.defined, case.standing, roles_in(case.defined, row.values()))
    await _require_place(case, row.key, wanted.values, is_new=False)
    _say(case, row.stream(), events)


async def delete_row(case: Case, row: Row) -> None:
    """Delete a row. Errors: SettingRefusedError."""
    await _check(case, Change(before=row.values()))
    _say(case, row.stream(), aggregate.delete_row(row, case.defined))


def _say(case: Case, stream: str, events: Sequence[Event]) -> None:
    """Append what was decided; what a restore does bears its id."""
    restore = case.ask.restore
    marked = events if restore is None else [msgspec.structs.replace(event, restore=restore) for event in events]
    case.book.append(stream, marked)


async def _check(case: Case, change: Change) -> None:
    guild, standing = case.ask.guild, case.standing
    await check_setting_values(case.book, case.defined, guild, change, standing=standing, bot=case.bot())


async def _require_place(case: Case, key: JsonObject, values: JsonObject, *, is_new: bool) -> None:
    """Refuse what the policy says of all rows together. They are read only when it says something."""
    policy = case.defined.policy
    if not policy.unique and (policy.max_rows is None or not is_new):
        return
    stream = set_stream(case.ask.guild, case.defined.template, case.defined.setting.id)
    found = await case.book.load_about(ROW, stream)
    own = _stream(case, key)
    others = [row for name, row in found.items() if name != own]
    aggregate.require_unique(others, case.defined, values)
    aggregate.require_room(others, case.defined, is_new=is_new)


def _stream(case: Case, key: JsonObject) -> str:
    return ROW.stream(case.ask.guild, case.row_id(key))
