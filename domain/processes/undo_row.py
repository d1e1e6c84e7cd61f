"""Bring a row back to how it was: under the rules of today."""

import msgspec

from domain.kernel import Book
from domain.processes.setting_case import CREATE, DELETE, UPDATE, Ask, Case, Done, allow, load_row
from domain.processes.write_row import change_row, create_row, delete_row
from domain.settings import rows
from domain.settings.aggregate import ROW, Row, row_id
from domain.settings.commands import load_defined
from domain.settings.definitions import Defined
from domain.settings.events import JsonObject
from domain.settings.refusals import not_supported

TOUCHED = ("last_updated_at", "last_updated_by")


class Earlier(msgspec.Struct, frozen=True, kw_only=True):
    """A row as it was. `index` is its place then, 0 the last."""

    fields: JsonObject
    secrets: JsonObject = {}
    index: int | None = None


async def undo_row(book: Book, ask: Ask, *, key: JsonObject, earlier: Earlier | None) -> Done:
    """Bring back the row of this key; `earlier` None: it did not exist. Of `ask`, operation and fields do not count.

    It is a Create, an Update or a Delete, whichever is needed, and allowed to whom that is allowed.
    Columns that only the server writes come back too. Errors: those of `execute_setting`.
    """
    defined = await load_defined(book, guild=ask.guild, template=ask.template, setting=ask.setting)
    key = rows.read_key(defined.setting, key)
    row = await book.load(ROW, ask.guild, row_id(ask.template, ask.setting, key))
    operation = operation_for(row, earlier)
    require_supported(defined, operation)
    case = await allow(book, msgspec.structs.replace(ask, operation=operation), defined)
    await load_row(case, key)
    await bring_back(case, key, row, earlier)
    return case.done(key, {}, {})


def operation_for(row: Row | None, earlier: Earlier | None) -> str:
    """Return the operation that makes a row what it was."""
    if earlier is None:
        return DELETE
    return CREATE if row is None else UPDATE


def require_supported(defined: Defined, operation: str) -> None:
    """Refuse what could never have been done by hand; an upsert creates and updates."""
    upserts = [each for each in defined.setting.operations if defined.custom(each) == "upsert"]
    is_singleton = operation == CREATE and not defined.setting.key_columns and defined.supports(UPDATE)
    if not defined.supports(operation) and not is_singleton and (operation == DELETE or not upserts):
        raise not_supported(defined.setting.id, operation)


async def bring_back(case: Case, key: JsonObject, row: Row | None, earlier: Earlier | None) -> None:
    """Create, change or delete a row so that it is as it was. Errors: SettingRefusedError."""
    if earlier is None:
        if row is not None:
            await delete_row(case, row)
        return
    fields = fields_of(case.defined, key, earlier)
    if row is None:
        await create_row(case, key, rows.wanted_new(case.defined, fields, (), case.automatic()))
        return
    await change_row(case, row, rows.wanted_change(case.defined, fields, (), row.values()), ())


def fields_of(defined: Defined, key: JsonObject, earlier: Earlier) -> JsonObject:
    """Return what was there as if it were sent. When and by whom the row was last changed is about to be another."""
    columns = {column.id for column in defined.setting.stored_columns} - set(TOUCHED)
    held = earlier.fields | earlier.secrets | key
    index = defined.setting.index_by
    placed = {} if index is None or earlier.index is None else {index: earlier.index}
    return {name: value for name, value in held.items() if name in columns} | placed
