"""Do an operation on a setting of a guild: by what its template says, and by who the caller is there at that moment."""

from domain.kernel import Book
from domain.processes.check_setting_values import Change, check_setting_values
from domain.processes.reorder_rows import reorder_rows
from domain.processes.setting_case import CREATE, DELETE, UPDATE, Ask, Case, Done, load_row, open_case
from domain.processes.write_row import change_row, create_row, delete_row
from domain.settings import aggregate, rows
from domain.settings.aggregate import SET, Row, require_row, set_id
from domain.settings.definitions import REORDER
from domain.settings.events import JsonObject
from domain.settings.values import check_value

UPSERT_REMARK = "Used CreateOrUpdate fastpath"


async def execute_setting(book: Book, ask: Ask) -> Done:
    """Create, Update, Delete, Reorder, or an operation of the template's own.

    Errors: SettingRefusedError, PreconditionFailedError, SettingUnknownError.
    """
    case = await open_case(book, ask)
    if ask.operation == REORDER:
        return await reorder_rows(case)
    fields = rows.read_object(ask.fields, ask.operation)
    if ask.operation == CREATE:
        return await _create(case, fields)
    if ask.operation == UPDATE:
        return await _update(case, fields)
    if ask.operation == DELETE:
        return await _delete(case, fields)
    return await (_upsert if case.defined.custom(ask.operation) == "upsert" else _emit)(case, fields)


async def _create(case: Case, fields: JsonObject) -> Done:
    key = rows.read_key(case.defined.setting, fields)
    await create_row(case, key, rows.wanted_new(case.defined, fields, (CREATE,), case.automatic()))
    return case.done(key, {}, fields)


async def _update(case: Case, fields: JsonObject) -> Done:
    """Change the row; the one row of a singleton is created by its first update."""
    key = rows.read_key(case.defined.setting, fields)
    row = await load_row(case, key)
    if row is None and not key:
        await create_row(case, key, rows.wanted_new(case.defined, fields, (UPDATE,), case.automatic()))
        return case.done(key, {}, fields)
    row = _known(case, row, key)
    await change_row(case, row, rows.wanted_change(case.defined, fields, (UPDATE,), row.values()), (UPDATE,))
    return case.done(key, {}, fields)


def _known(case: Case, row: Row | None, key: JsonObject) -> Row:
    """Return the row, or refuse: a key that no row could have is told from one that no row has."""
    if row is None:
        for column in case.defined.setting.key_columns:
            check_value(column, key[column.id])
    return require_row(row, case.defined)


async def _delete(case: Case, fields: JsonObject) -> Done:
    key = rows.read_key(case.defined.setting, fields)
    await delete_row(case, _known(case, await load_row(case, key), key))
    return case.done(key, key, fields)


async def _upsert(case: Case, fields: JsonObject) -> Done:
    """Create or change, without the columns that do not count in this operation or in that one."""
    key = rows.read_key(case.defined.setting, fields)
    row = await load_row(case, key)
    one = CREATE if row is None else UPDATE
    operations = (one, case.ask.operation)
    if row is None:
        await create_row(case, key, rows.wanted_new(case.defined, fields, operations, case.automatic()))
    else:
        await change_row(case, row, rows.wanted_change(case.defined, fields, operations, row.values()), operations)
    return case.done(key, {"remark": UPSERT_REMARK, "type": one}, fields)


async def _emit(case: Case, fields: JsonObject) -> Done:
    ask, defined = case.ask, case.defined
    wanted = rows.wanted_sent(defined, fields, ask.operation)
    change = Change(after=wanted.values, sent=wanted.sent)
    await check_setting_values(case.book, defined, ask.guild, change, standing=case.standing, bot=case.bot())
    events = aggregate.request_operation(defined, ask.guild, ask.operation, ask.operation_id, wanted.values)
    name = (ask.guild, set_id(defined.template, defined.setting.id))
    await case.book.load(SET, *name)
    case.book.append(SET.stream(*name), events)
    warnings = (*rows.ignored(defined.setting, fields), *rows.withheld(defined.setting, fields))
    return Done(data={"operation_id": ask.operation_id}, warnings=warnings)
