"""What was changed, when and by whom, as the page tells it; and the way back."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any
from urllib.parse import urlencode

import msgspec
from litestar.exceptions import NotFoundException

from api import row_history
from api.console.deeds import ask_for
from api.console.directory import is_snowflake
from api.console.showing import NOTHING, Chip, chips_of, title_of
from api.console.views import Page, Seen, key_text
from api.console.visitors import Visitor
from api.console.visits import with_people
from api.parts import Asked, parts_of
from api.writing import Written, write
from domain.processes.setting_case import Done
from domain.processes.undo_row import undo_row
from domain.settings.access import require_write
from domain.settings.definitions import Column, Widget
from domain.settings.events import JsonObject
from schemas.templates import Deed, Doer

DEEDS_MAX = 20
POSITION_DIGITS_MAX = 18
WORDS = {"Create": "Created", "Update": "Changed", "Delete": "Deleted", "Reorder": "Moved"}
ROW_DEEDS = ("Create", "Update", "Delete")
UPDATE = "Update"


class Change(msgspec.Struct, frozen=True):
    """A column before and after; before is None when there was no row."""

    name: str
    before: Sequence[Chip] | None
    after: Sequence[Chip]


class Entry(msgspec.Struct, frozen=True, kw_only=True):
    """Something that was done; `undo` is its position."""

    word: str
    title: str
    actor: str
    at: str
    changes: Sequence[Change]
    can_undo: bool
    is_newest: bool
    key: str
    undo: int


class Past(msgspec.Struct, frozen=True):
    """What was done, newest first; `older` leads to what was done before."""

    entries: Sequence[Entry]
    older: str | None = None


class Since(msgspec.Struct, frozen=True):
    """What others did to a row: what the columns that they changed held before, and who they were."""

    before: Mapping[str, Any] = {}
    actors: str = ""


async def past_of(request: Asked, page: Page, key: str | None, before: str | None) -> Past:
    """Return what was done to a row, or without a key to all of them.

    It tells values that the rows may not show any more, so it is for those who may change them.
    Errors: SettingRefusedError, NotFoundException.
    """
    require_write(page.defined, page.standing, UPDATE)
    wanted = None if key is None else _key(page, key)
    end = int(before) if before and before.isascii() and before.isdigit() else row_history.BEYOND
    parts = parts_of(request)
    deeds = await row_history.deeds(parts, page.guild, page.defined, key=wanted, before=end, limit=DEEDS_MAX + 1)
    page = await _with_names(request, page, deeds)
    told = deeds[:DEEDS_MAX]
    entries = [_entry(page, deed, is_titled=key is None, is_newest=_is_newest(deeds, deed)) for deed in told]
    older = urlencode({"history": "all" if key is None else key, "before": entries[-1].undo if entries else 0})
    return Past(entries, f"{page.here}?{older}" if len(deeds) > DEEDS_MAX else None)


def _is_newest(deeds: Iterable[Deed], deed: Deed) -> bool:
    """Tell whether nothing was done to the row after this, as far as is told here."""
    return not any(other.key == deed.key and other.position > deed.position for other in deeds)


def _key(page: Page, text: str) -> JsonObject:
    try:
        key = msgspec.json.decode(text, type=dict[str, Any])
    except ValueError as error:
        raise NotFoundException from error
    if set(key) != {column.id for column in page.setting.key_columns}:
        raise NotFoundException
    return {column.id: key[column.id] for column in page.setting.key_columns}


async def _with_names(request: Asked, page: Page, deeds: Sequence[Deed]) -> Page:
    doers = {int(deed.actor.id or 0) for deed in deeds if is_snowflake(deed.actor.id)}
    rows = (row for deed in deeds for row in (deed.before, deed.after) if row is not None)
    return await with_people(request, page, [Seen(row, 0) for row in rows], doers)


def _entry(page: Page, deed: Deed, *, is_titled: bool, is_newest: bool) -> Entry:
    row = deed.after or deed.before
    return Entry(
        word=WORDS.get(deed.operation, deed.operation),
        title=title_of(page.setting, row, page.directory) if row and deed.key and is_titled else "",
        actor=_name(page, deed.actor),
        at=deed.at,
        changes=_changes(page, deed),
        can_undo=deed.operation in ROW_DEEDS,
        is_newest=is_newest,
        key=key_text(deed.key or {}),
        undo=deed.position,
    )


def _name(page: Page, doer: Doer) -> str:
    if doer.id is None:
        return "the operator"
    return page.directory.name_of("user", doer.id) or f"{doer.type} {doer.id}"


def _changes(page: Page, deed: Deed) -> list[Change]:
    """Return the columns that became others; of a password only that it did."""
    before, after = deed.before or {}, deed.after or {}
    columns = [column for column in page.setting.columns if _is_told(column)]
    found = [_change(page, c, deed.before, after) for c in columns if before.get(c.id) != after.get(c.id)]
    found = [change for change in found if change.before is not None or change.after != [NOTHING]]
    if deed.operation == UPDATE and not found:
        return [Change(c.name, None, [Chip("changed", "none")]) for c in columns if c.is_secret()]
    return found


def _is_told(column: Column) -> bool:
    """Tell whether people set this column, after the row was made."""
    is_set = not isinstance(column.column_type, Widget) and not column.primary_key
    return is_set and not {"Create", "Update"} <= {*column.readonly, *column.hidden}


def _change(page: Page, column: Column, before: Mapping[str, Any] | None, after: Mapping[str, Any]) -> Change:
    was = None if before is None else chips_of(column, before.get(column.id), page.directory)
    return Change(column.name, was, chips_of(column, after.get(column.id), page.directory))


async def changes_since(request: Asked, page: Page, key: str, position: int) -> Since:
    """Return what others did to a row after a position."""
    parts, wanted = parts_of(request), _key(page, key)
    deeds = await row_history.deeds(parts, page.guild, page.defined, key=wanted, limit=DEEDS_MAX)
    newer = [deed for deed in deeds if deed.position > position and deed.key is not None]
    page = await _with_names(request, page, newer)
    before: dict[str, Any] = {}
    for deed in newer:  # newest first, so the oldest has the last word
        was, became = deed.before or {}, deed.after or {}
        before.update({name: was.get(name) for name in {*was, *became} if was.get(name) != became.get(name)})
    return Since(before, ", ".join(dict.fromkeys(_name(page, deed.actor) for deed in newer)))


async def undo(request: Asked, visitor: Visitor, page: Page, key: JsonObject, text: str) -> Written[Done]:
    """Bring a row back to how it was before what was done at a position. Errors: those of `undo_row`."""
    if not text.isascii() or not text.isdigit() or len(text) > POSITION_DIGITS_MAX:
        raise NotFoundException
    known, earlier = await row_history.row_at(parts_of(request), page.guild, page.defined, key, int(text) - 1)
    if not known:
        raise NotFoundException
    ask = await ask_for(request, visitor, page, "", fields={})
    return await write(request, visitor.actor, undo_row, ask, key=key, earlier=earlier)
