"""Undo a restore of settings: what it wrote becomes what it was before, unless somebody has changed it since."""

from collections.abc import Sequence
from datetime import datetime

import msgspec

from domain.kernel import Book, RefusalError
from domain.permissions import Actor
from domain.processes.draft import Draft, Said
from domain.processes.require_restore import Who, require_writer
from domain.processes.setting_case import allow
from domain.processes.undo_row import Earlier, bring_back, fields_of, operation_for
from domain.settings import rows
from domain.settings.aggregate import ROW, Row, row_id
from domain.settings.commands import load_defined
from domain.settings.definitions import Defined
from domain.settings.events import JsonObject, RestoreUndone
from domain.settings.refusals import SettingRefusedError, SettingUnknownError
from domain.settings.restored import Action, ColumnChange, RowRestored, changed_since, changes_between, not_offered
from domain.settings.restores import RESTORE

ACTIONS: dict[str, Action] = {"Create": "create", "Update": "update", "Delete": "delete"}


class Undoing(msgspec.Struct, frozen=True, kw_only=True):
    """What was asked for: to undo the restore `undone` of a guild, under an id of its own."""

    id: str
    undone: str
    guild: int
    actor: Actor
    user: int | None
    now: datetime
    primary_bot: int | None = None

    def who(self) -> Who:
        """Return who asks."""
        return Who(self.actor, self.user, self.primary_bot)


class Wrote(msgspec.Struct, frozen=True):
    """A row that a restore wrote, last at this position. `earlier` is what it was before; None: it was not there."""

    template: str
    setting: str
    key: JsonObject
    position: int
    earlier: Earlier | None


class UndonePart(msgspec.Struct, frozen=True):
    """Rows of one setting that are brought back in one append; `before` is what earlier parts would have said."""

    rows: tuple[Wrote, ...]
    before: tuple[Said, ...] = ()


class RestoreUnknownError(RefusalError):
    """No restore of this id has written anything in this guild."""


async def require_undo(book: Book, wish: Undoing, settings: Sequence[tuple[str, str]]) -> None:
    """Refuse to undo a restore, which wrote in these settings. Errors: RestoreUnknownError, RestoreDeniedError."""
    restore = await book.load(RESTORE, wish.undone)
    if restore is None or restore.guild != wish.guild:
        raise RestoreUnknownError
    for template, setting in settings:
        await require_writer(book, wish.guild, template, setting, wish.who())


async def undo_rows(book: Book, wish: Undoing, part: UndonePart) -> tuple[tuple[RowRestored, ...], tuple[Said, ...]]:
    """Bring rows back, the last that was written first; return what became of them, and what `before` is then.

    Errors: RestoreDeniedError, RestoreUnknownError.
    """
    first = part.rows[0]
    await require_undo(book, wish, [(first.template, first.setting)])
    draft = Draft(book, part.before)
    await draft.load_many(ROW, [(wish.guild, row_id(it.template, it.setting, it.key)) for it in part.rows])
    undone = [await _undo(draft, wish, it) for it in part.rows]
    if draft.said:
        await _say_once(book, wish)
        draft.hand_over()
    return tuple(undone), (*part.before, *draft.said)


async def _undo(book: Draft, wish: Undoing, wrote: Wrote) -> RowRestored:
    try:
        return await _bring_back(book, wish, wrote)
    except SettingUnknownError:
        refusal = not_offered(wrote.template, wrote.setting)
    except SettingRefusedError as error:
        refusal = error
    return RowRestored(key=wrote.key, action="skip", refusal=refusal)


async def _bring_back(book: Draft, wish: Undoing, wrote: Wrote) -> RowRestored:
    """Bring one row back. Errors: SettingUnknownError, SettingRefusedError."""
    defined = await load_defined(book, guild=wish.guild, template=wrote.template, setting=wrote.setting)
    name = (wish.guild, row_id(wrote.template, wrote.setting, wrote.key))
    row = await book.load(ROW, *name)
    if _is_so(defined, row, wrote):
        return RowRestored(key=wrote.key, action="unchanged")
    if await book.last_position(ROW, *name) != wrote.position:
        raise changed_since()
    operation = operation_for(row, wrote.earlier)
    ask = wish.who().ask(wish.guild, defined, operation, now=wish.now, restore=wish.id)
    case = await allow(book, ask, defined)
    await bring_back(case, wrote.key, row, wrote.earlier)
    changes = _changes(defined, row, wrote) if row and wrote.earlier else ()
    return RowRestored(key=wrote.key, action=ACTIONS[operation], changes=changes)


def _is_so(defined: Defined, row: Row | None, wrote: Wrote) -> bool:
    """Tell whether a row is what it was already."""
    if row is None or wrote.earlier is None:
        return row is wrote.earlier
    wanted = rows.wanted_change(defined, fields_of(defined, wrote.key, wrote.earlier), (), row.values())
    return not rows.changes_of(defined, row.values(), wanted.values)


def _changes(defined: Defined, row: Row, wrote: Wrote) -> tuple[ColumnChange, ...]:
    fields = fields_of(defined, wrote.key, wrote.earlier) if wrote.earlier else {}
    return changes_between(defined, {name: row.values().get(name) for name in fields}, fields)


async def _say_once(book: Book, wish: Undoing) -> None:
    if await book.load(RESTORE, wish.id) is None:
        event = RestoreUndone(guild=wish.guild, restore=wish.id, undone=wish.undone, user=wish.user)
        book.append(RESTORE.stream(wish.id), [event])
