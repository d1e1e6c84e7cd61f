"""Restore the settings of a guild in another one: its rows are rewritten by what loads have made of its ids."""

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime
from typing import Any

import msgspec

from domain.guilds.aggregate import CHANNEL, GUILD, ROLE
from domain.kernel import Book, Entity, load_known
from domain.permissions import Actor
from domain.processes.draft import Draft, Said
from domain.processes.require_restore import Insight, Who, require_insight, require_rest, require_writer
from domain.processes.setting_case import CREATE, UPDATE, Case, allow
from domain.processes.undo_row import TOUCHED, require_supported
from domain.processes.write_row import change_row, create_row
from domain.settings import rows
from domain.settings.aggregate import ROW, Row, row_id
from domain.settings.commands import load_defined
from domain.settings.definitions import Defined
from domain.settings.events import JsonObject, SettingsRestored
from domain.settings.refusals import SettingRefusedError, SettingUnknownError, denied, row_exists
from domain.settings.restored import RowRestored, changes_between, not_offered
from domain.settings.restores import RESTORE
from domain.settings.rewriting import Present, Rewritten, ids_named, rewrite, settled
from domain.settings.values import same

SettingName = tuple[str, str]
"""A template, and a setting of it."""

CHECKED: dict[str, Entity[Any]] = {"role": ROLE, "channel": CHANNEL}
"""The kinds of ids of which it is known whether they are in the target."""


class Restoring(msgspec.Struct, frozen=True, kw_only=True):
    """A restore as it was asked for: the rows that `source` had at position `at`, into `target`.

    `ids` are those of the source by what they are in the target, as of position `mapping`. `user` is whose rights
    count, None for a bot that restores its own settings. `load`: it belongs to that load, which may still run.
    `source_bots` are bots that may be in the source: when none is, the source is gone.
    """

    id: str
    source: int
    target: int
    at: int
    ids: Mapping[str, str]
    mapping: int
    actor: Actor
    user: int | None
    now: datetime
    overwrites: bool = False
    backup: str | None = None
    load: str | None = None
    source_bots: tuple[int, ...] = ()
    primary_bot: int | None = None

    def who(self) -> Who:
        """Return who asks."""
        return Who(self.actor, self.user, self.primary_bot)


class Part(msgspec.Struct, frozen=True, kw_only=True):
    """Rows of one setting of the source, in their order, that are restored in one append.

    `claimed` are the ids of the target's rows that earlier parts have restored; `before` is what these parts would have
    said when they were only tried.
    """

    template: str
    setting: str
    rows: tuple[Row, ...]
    claimed: frozenset[str] = frozenset()
    before: tuple[Said, ...] = ()


class Restored(msgspec.Struct, frozen=True):
    """What became of the rows of a part, in their order; `claimed` and `said` are for the next part."""

    rows: tuple[RowRestored, ...]
    claimed: frozenset[str]
    said: tuple[Said, ...]


class Desk(msgspec.Struct, frozen=True):
    """Where rows of one setting are restored. `present`: the roles and channels of the target that rows may name."""

    book: Draft
    wish: Restoring
    defined: Defined
    ids: Mapping[str, str]
    present: Present
    claimed: set[str]

    async def case(self, operation: str) -> Case:
        """Return what decides on an operation. Errors: SettingRefusedError."""
        require_supported(self.defined, operation)
        ask = self.wish.who().ask(self.wish.target, self.defined, operation, now=self.wish.now, restore=self.wish.id)
        return await allow(self.book, ask, self.defined)


async def require_restore(book: Book, wish: Restoring, settings: Sequence[SettingName]) -> None:
    """Refuse a restore of these settings as a whole.

    Errors: UnknownError (no such target), LoadRunningError, RestoreDeniedError.
    """
    await load_known(book, GUILD, wish.target)
    await _require_allowed(book, wish, settings)


async def _require_allowed(book: Book, wish: Restoring, settings: Sequence[SettingName]) -> Insight:
    await require_rest(book, wish.target, but=wish.load)
    for template, setting in settings:
        await require_writer(book, wish.target, template, setting, wish.who())
    return await require_insight(book, wish.source, wish.target, user=wish.user, bots=wish.source_bots, load=wish.load)


async def restore_rows(book: Book, wish: Restoring, part: Part) -> Restored:
    """Restore rows. What is so already is not said again, and a row that cannot be there is passed over.

    Errors: LoadRunningError, RestoreDeniedError.
    """
    insight = await _require_allowed(book, wish, [(part.template, part.setting)])
    draft = Draft(book, part.before)
    try:
        desk = await _open_desk(draft, wish, part, insight)
    except SettingRefusedError as refusal:
        return Restored(tuple(_skipped(row.key, refusal) for row in part.rows), part.claimed, part.before)
    rewritten = [rewrite(desk.defined, row.values(), desk.ids, desk.present) for row in part.rows]
    await _look_ahead(desk, rewritten)
    restored = [await _restore(desk, row, new) for row, new in zip(part.rows, rewritten, strict=True)]
    if draft.said:
        await _say_once(book, wish)
        draft.hand_over()
    return Restored(tuple(restored), frozenset(desk.claimed), (*part.before, *draft.said))


async def _open_desk(book: Draft, wish: Restoring, part: Part, insight: Insight) -> Desk:
    """Return where the rows are restored. Errors: SettingRefusedError."""
    try:
        defined = await load_defined(book, guild=wish.target, template=part.template, setting=part.setting)
    except SettingUnknownError:
        raise not_offered(part.template, part.setting) from None
    if not insight.covers(defined):
        raise denied(f"take {defined.setting.id} out of the guild {wish.source}", "it cannot be seen there")
    ids = settled(wish.ids) if wish.source == wish.target else wish.ids
    present: dict[str, set[str]] = {}
    for kind, entity in CHECKED.items():
        named = set[str]().union(*(ids_named(defined, row.values(), kind) for row in part.rows))
        present[kind] = await _present(book, wish.target, entity, named | {ids[each] for each in named if each in ids})
    return Desk(book, wish, defined, ids, present, set(part.claimed))


async def _present(book: Book, target: int, entity: Entity[Any], wanted: Collection[str]) -> set[str]:
    """Return which of these are in the target: what the rows name, and what they will name."""
    found = await book.load_many(entity, [(target, each) for each in sorted(wanted)])
    return {each for each in wanted if entity.stream(target, each) in found}


async def _look_ahead(desk: Desk, several: Sequence[Rewritten]) -> None:
    """Read all rows of the target at once that will be wanted one by one."""
    names = [_row_id(desk, new.values) for new in several if new.refusal is None]
    await desk.book.load_many(ROW, [(desk.wish.target, name) for name in names if name])


def _row_id(desk: Desk, values: JsonObject) -> str | None:
    try:
        return row_id(desk.defined.template, desk.defined.setting.id, rows.read_key(desk.defined.setting, values))
    except SettingRefusedError:
        return None


async def _restore(desk: Desk, row: Row, new: Rewritten) -> RowRestored:
    if new.refusal is not None:
        return _skipped(row.key, new.refusal, new)
    key = row.key
    try:
        key = rows.read_key(desk.defined.setting, new.values)
        return await _write(desk, row, key, new)
    except SettingRefusedError as refusal:
        return _skipped(key, refusal, new)


def _skipped(key: JsonObject, refusal: SettingRefusedError, new: Rewritten | None = None) -> RowRestored:
    return RowRestored(key=key, action="skip", unmapped=new.unmapped if new else (), refusal=refusal)


async def _write(desk: Desk, row: Row, key: JsonObject, new: Rewritten) -> RowRestored:
    """Write a row under this key. Errors: SettingRefusedError."""
    name = row_id(desk.defined.template, desk.defined.setting.id, key)
    there = await desk.book.load(ROW, desk.wish.target, name)
    restored = await (_create(desk, row, key, new) if there is None else _change(desk, row, there, name, new))
    desk.claimed.add(name)
    return restored


async def _create(desk: Desk, row: Row, key: JsonObject, new: Rewritten) -> RowRestored:
    """Create the row, after all that are there; those that are created keep their order."""
    setting = desk.defined.setting
    case = await desk.case(CREATE if setting.key_columns else UPDATE)
    stamped = _told(desk.defined, new.values) | rows.touched(setting, (), case.automatic())
    wanted = rows.wanted_new(desk.defined, stamped, (), case.automatic())
    await create_row(case, key, wanted)
    before = {column: value for column, value in row.values().items() if column not in TOUCHED}
    changes = changes_between(desk.defined, before, {column: wanted.values.get(column) for column in before})
    return RowRestored(key=key, action="create", changes=changes, unmapped=new.unmapped)


async def _change(desk: Desk, row: Row, there: Row, name: str, new: Rewritten) -> RowRestored:
    """Change the row that is there if it is to be overwritten; its place stays."""
    wanted = rows.wanted_change(desk.defined, _told(desk.defined, new.values), (), there.values())
    changed = rows.changes_of(desk.defined, there.values(), wanted.values)
    if not changed:
        return RowRestored(key=there.key, action="unchanged", unmapped=new.unmapped)
    if name in desk.claimed or not (desk.wish.overwrites or _is_itself(desk, row, there)):
        raise row_exists(desk.defined.setting.key_name(), 1)
    case = await desk.case(UPDATE)
    await change_row(case, there, wanted, ())
    changes = changes_between(desk.defined, {column: there.values().get(column) for column in changed}, changed)
    return RowRestored(key=there.key, action="update", changes=changes, unmapped=new.unmapped)


def _is_itself(desk: Desk, row: Row, there: Row) -> bool:
    """Tell whether a row is in its own way: in a guild that was loaded into itself."""
    return desk.wish.source == desk.wish.target and same(row.values(), there.values())


def _told(defined: Defined, values: JsonObject) -> JsonObject:
    """Return the columns that a row brings with it. When and by whom it was last changed is about to be another."""
    columns = {column.id for column in defined.setting.stored_columns} - set(TOUCHED)
    return {name: value for name, value in values.items() if name in columns}


async def _say_once(book: Book, wish: Restoring) -> None:
    if await book.load(RESTORE, wish.id) is not None:
        return
    event = SettingsRestored(
        guild=wish.target,
        restore=wish.id,
        source=wish.source,
        at=wish.at,
        mapping=wish.mapping,
        backup=wish.backup,
        load=wish.load,
        user=wish.user,
        overwrites=wish.overwrites,
    )
    book.append(RESTORE.stream(wish.id), [event])
