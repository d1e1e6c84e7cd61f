"""Do one operation on a setting that several templates define: each does its own part, wholly or not at all."""

from collections.abc import Sequence
from typing import Any, cast

import msgspec

from domain.kernel import Book
from domain.processes.execute_setting import execute_setting
from domain.processes.setting_case import DELETE, UPDATE, Ask, Done
from domain.settings import rows
from domain.settings.aggregate import ROW, row_id
from domain.settings.commands import load_defined
from domain.settings.definitions import REORDER, Defined
from domain.settings.refusals import SettingRefusedError, SettingUnknownError

Outcome = Done | SettingRefusedError


async def execute_in_templates(book: Book, asks: Sequence[Ask]) -> dict[str, Outcome]:
    """Return what each template says, by name; the asks differ in their templates only.

    A template whose row is not meant, because another one holds it, says nothing. Errors: PreconditionFailedError.
    """
    if len(asks) == 1:
        return await _outcomes(book, asks)
    if asks and asks[0].operation == REORDER:
        return await _reorder(book, asks)
    return await _outcomes(book, await _who_are_meant(book, asks))


async def _outcomes(book: Book, asks: Sequence[Ask]) -> dict[str, Outcome]:
    outcomes: dict[str, Outcome] = {}
    for ask in asks:
        try:
            outcomes[ask.template] = await execute_setting(book, ask)
        except SettingRefusedError as refusal:
            outcomes[ask.template] = refusal
        except SettingUnknownError:  # withdrawn, or revised, since somebody looked
            continue
    return outcomes


async def _who_are_meant(book: Book, asks: Sequence[Ask]) -> Sequence[Ask]:
    """Return the asks of the templates that hold the row, all of them when none does."""
    return [ask for ask in asks if await _holds(book, ask)] or asks


async def _holds(book: Book, ask: Ask) -> bool:
    """Tell whether the row is there; what asks for no row that must be there counts as if it were."""
    defined = await _defined(book, ask)
    if defined is None:
        return False
    if not _asks_for_a_row(defined, ask.operation):
        return True
    name = _row_id(defined, ask.fields)
    return name is not None and await book.load(ROW, ask.guild, name) is not None


def _asks_for_a_row(defined: Defined, operation: str) -> bool:
    if operation == DELETE:
        return True
    is_change = operation == UPDATE or defined.custom(operation) == "upsert"
    return is_change and bool(defined.setting.key_columns)  # the only row of a singleton need not be there yet


async def _defined(book: Book, ask: Ask) -> Defined | None:
    try:
        return await load_defined(book, guild=ask.guild, template=ask.template, setting=ask.setting)
    except (SettingUnknownError, SettingRefusedError):
        return None


def _row_id(defined: Defined, fields: object) -> str | None:
    if not isinstance(fields, dict):
        return None
    try:
        key = rows.read_key(defined.setting, cast("dict[str, Any]", fields))
    except SettingRefusedError:
        return None
    return row_id(defined.template, defined.setting.id, key)


async def _reorder(book: Book, asks: Sequence[Ask]) -> dict[str, Outcome]:
    """Let each template order its rows; who has none among the entries says nothing, if others have.

    An entry that is nobody's is left to nobody.
    """
    held = {ask.template: await _entries_held(book, ask) for ask in asks}
    count = len(_entries(asks[0]))
    is_somebodys = set[int]().union(*held.values())
    if len(is_somebodys) < count:
        return await _outcomes(book, asks)
    outcomes = await _outcomes(book, [msgspec.structs.replace(ask, others=True) for ask in asks])
    return {name: outcome for name, outcome in outcomes.items() if held[name] or not _did_nothing(outcome, count)}


async def _entries_held(book: Book, ask: Ask) -> set[int]:
    """Return the places, from 0, of the entries whose rows are this template's."""
    defined = await _defined(book, ask)
    if defined is None:
        return set()
    names = [_row_id(defined, entry) for entry in _entries(ask)]
    found = await book.load_many(ROW, [(ask.guild, name) for name in dict.fromkeys(names) if name])
    return {place for place, name in enumerate(names) if name and ROW.stream(ask.guild, name) in found}


def _entries(ask: Ask) -> list[object]:
    fields: object = ask.fields
    return cast("list[object]", fields) if isinstance(fields, list) else []


def _did_nothing(outcome: Outcome, count: int) -> bool:
    """Tell whether a template has nothing to do with entries that are all other templates'."""
    if isinstance(outcome, SettingRefusedError):
        return outcome.kind == "OperationNotSupported" and count > 0
    return 0 < count == len(outcome.unknown)
