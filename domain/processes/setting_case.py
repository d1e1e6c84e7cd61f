"""An operation on a setting that was asked for, with what decides on it."""

from datetime import datetime

import msgspec

from domain.guilds.commands import load_standing
from domain.guilds.permissions import Standing
from domain.kernel import Book
from domain.permissions import Actor
from domain.settings import rows
from domain.settings.access import require_write
from domain.settings.aggregate import ROW, Row, require_row, row_id
from domain.settings.commands import load_defined
from domain.settings.definitions import STANDARD_OPERATIONS, Defined
from domain.settings.events import JsonObject, JsonValue
from domain.settings.refusals import PreconditionFailedError, not_supported

VIEW, CREATE, UPDATE, DELETE = STANDARD_OPERATIONS


class Ask(msgspec.Struct, frozen=True, kw_only=True):
    """An operation as it was asked for.

    `user` is the account whose rights count; None asks for none (the template's own bot, the operator).
    `if_match` is "s8812" or "r8812"; `sets` are the set streams of all visible templates with this setting, and the
    first kind is compared with the newest event of them. `continues`: another template of the same request was already
    written, `sets` are the others, and it is enough that nothing there is newer.
    `order` are the row ids as the query table shows them now. `others`: other templates define the setting too, and
    what a Reorder names and is not here is theirs. `primary_bot` stands for the bot of a template of the operator.
    `restore`: the restore that this is a part of.
    """

    guild: int
    template: str
    setting: str
    operation: str
    fields: JsonValue
    actor: Actor
    user: int | None
    now: datetime
    operation_id: str
    if_match: str | None = None
    sets: tuple[str, ...] = ()
    order: tuple[str, ...] = ()
    others: bool = False
    continues: bool = False
    primary_bot: int | None = None
    restore: str | None = None


class Done(msgspec.Struct, frozen=True, kw_only=True):
    """What is answered. `row` is the row's id; `unknown` are the places, from 0, of entries left to other templates."""

    data: JsonValue
    warnings: tuple[str, ...] = ()
    row: str | None = None
    key: JsonObject | None = None
    unknown: tuple[int, ...] = ()


class Case(msgspec.Struct, frozen=True):
    """An operation with what decides on it. `standing` None: the caller needs none."""

    book: Book
    ask: Ask
    defined: Defined
    standing: Standing | None

    def automatic(self) -> rows.Automatic:
        """Return what the server writes by itself."""
        user = self.ask.actor.app if self.ask.user is None else self.ask.user
        return rows.Automatic(self.ask.now, user)

    def row_id(self, key: JsonObject) -> str:
        """Return what the row of this key is known by."""
        return row_id(self.defined.template, self.defined.setting.id, key)

    def bot(self) -> int | None:
        """Return the template's bot."""
        return self.ask.primary_bot if self.defined.owner is None else self.defined.owner

    def done(self, key: JsonObject, data: JsonValue, fields: JsonObject) -> Done:
        """Return the answer about one row."""
        warnings = rows.ignored(self.defined.setting, fields)
        return Done(data=data, warnings=warnings, row=self.row_id(key), key=key)


async def open_case(book: Book, ask: Ask) -> Case:
    """Return what decides on the operation.

    Errors: SettingUnknownError; SettingRefusedError for what is not supported or not allowed; PreconditionFailedError.
    """
    defined = await load_defined(book, guild=ask.guild, template=ask.template, setting=ask.setting)
    if ask.operation == VIEW or not defined.supports(ask.operation):
        raise not_supported(defined.setting.id, ask.operation)
    return await allow(book, ask, defined)


async def allow(book: Book, ask: Ask, defined: Defined) -> Case:
    """Return the case if its caller may do that, and nothing changed since it was read."""
    standing = None if ask.user is None else await load_standing(book, ask.guild, ask.user)
    if ask.user is not None:
        require_write(defined, standing, ask.operation)
    await _require_unchanged_sets(book, ask)
    return Case(book, ask, defined, standing)


async def _require_unchanged_sets(book: Book, ask: Ask) -> None:
    if ask.if_match is None or not ask.if_match.startswith("s"):
        return
    newest = max([await book.last_position_about(stream) for stream in ask.sets], default=0)
    read = int(ask.if_match[1:])
    if newest > read or (newest < read and not ask.continues):
        raise PreconditionFailedError


async def load_row(case: Case, key: JsonObject) -> Row | None:
    """Return the row of this key if it is as it was read; one that there never was is not "changed", it is unknown."""
    name = (case.ask.guild, case.row_id(key))
    row = await case.book.load(ROW, *name)
    if case.ask.if_match is None or not case.ask.if_match.startswith("r"):
        return row
    position = await case.book.last_position(ROW, *name)
    if position == 0 and key:
        return require_row(row, case.defined)
    if position != int(case.ask.if_match[1:]):
        raise PreconditionFailedError
    return row
