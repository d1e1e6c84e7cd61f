"""What the page of one setting shows: its rows, the form that is open, and what may be done by whoever looks."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any
from urllib.parse import quote, urlencode

import msgspec

from api.console.directory import Directory
from api.console.fields import CREATE, Part, Press, Sheet, parts_of
from api.console.showing import Chip, chips_of, title_of
from domain.guilds.permissions import Standing
from domain.settings.access import may_write
from domain.settings.definitions import REORDER, Column, Defined, Setting, Widget
from domain.settings.events import JsonObject

LABELS = {"Create": "Create", "Update": "Save"}
CORNER = "$"


class Cell(msgspec.Struct, frozen=True):
    """A column of a row that is only shown."""

    column: Column
    chips: Sequence[Chip]


class Seen(msgspec.Struct, frozen=True):
    """A row as the visitor may see it; `position` is of its last event, 0 when there was none."""

    fields: JsonObject
    position: int


class Page(msgspec.Struct, frozen=True):
    """Where the page of one setting is, and for whom it is made."""

    guild: int
    defined: Defined
    standing: Standing | None
    directory: Directory = Directory()

    @property
    def setting(self) -> Setting:
        return self.defined.setting

    @property
    def here(self) -> str:
        """Return the page's path."""
        return path_of(self.guild, self.defined.template, self.setting.id)

    def can(self, operation: str) -> bool:
        """Tell whether to offer an operation; whether it is done is decided when it is asked for."""
        return self.defined.supports(operation) and may_write(self.defined, self.standing, operation)

    def is_singleton(self) -> bool:
        """Tell whether there is one row only."""
        return not self.setting.key_columns


class Form(msgspec.Struct, frozen=True, kw_only=True):
    """A form that is open on the page."""

    operation: str
    label: str
    parts: Sequence[Part]
    row: "Row | None" = None
    customs: Sequence[str] = ()
    fault: str | None = None
    meanwhile: str | None = None
    again: str = ""
    cancel: str | None = None


class Row(msgspec.Struct, frozen=True, kw_only=True):
    """A row on the page. `key` is its primary key as JSON."""

    key: str
    title: str
    position: int
    href: str
    history_href: str
    cells: Sequence[Cell] = ()
    form: Form | None = None
    history: Sequence[Any] | None = None


def path_of(guild: int, template: str, setting: str) -> str:
    """Return the path of a setting's page; a setting may be called anything."""
    return f"/console/guilds/{guild}/settings/{quote(template, safe=CORNER)}/{quote(setting, safe='')}"


def key_of(setting: Setting, fields: Mapping[str, Any]) -> JsonObject:
    """Return the primary key of a row, in the order of the columns."""
    return {column.id: fields.get(column.id) for column in setting.key_columns}


def key_text(key: JsonObject) -> str:
    """Write a primary key as pages carry it."""
    return msgspec.json.encode(key).decode()


def row_of(page: Page, seen: Seen, form: Form | None = None, history: Sequence[Any] | None = None) -> Row:
    """Return a row as the page shows it."""
    key = key_text(key_of(page.setting, seen.fields))
    return Row(
        key=key,
        title=title_of(page.setting, seen.fields, page.directory),
        position=seen.position,
        href=f"{page.here}?{urlencode({'row': key})}",
        history_href=f"{page.here}?{urlencode({'history': key})}",
        cells=[Cell(c, chips_of(c, seen.fields.get(c.id), page.directory)) for c in shown_columns(page.setting)],
        form=form,
        history=history,
    )


def shown_columns(setting: Setting) -> list[Column]:
    """Return the columns that a closed row shows."""
    shown = (column for column in setting.columns if not isinstance(column.column_type, Widget))
    return [c for c in shown if "View" not in c.hidden and c.id != setting.index_by and not c.is_secret()]


def form_on(page: Page, sheet: Sheet, row: Row | None = None, **more: Any) -> Form:  # noqa: ANN401 - fields of the form
    """Return an open form: of a new row, or of one that is there."""
    parts = parts_of(sheet)
    cancel = page.here if row is None or not page.is_singleton() else None
    label = LABELS.get(sheet.operation, sheet.operation)
    customs = customs_of(page, parts)
    return Form(operation=sheet.operation, label=label, parts=parts, row=row, customs=customs, cancel=cancel, **more)


def customs_of(page: Page, parts: Iterable[Part]) -> list[str]:
    """Return the template's own operations that have no button among the columns and are no other way to save."""
    pressed = {part.operation for part in parts if isinstance(part, Press)}
    operations = (operation for operation in page.setting.operations if operation not in pressed)
    return [each for each in operations if page.defined.custom(each) == "emit" and page.can(each)]


def offers(page: Page) -> dict[str, bool]:
    """Return what the page offers."""
    standard = {"can_create": CREATE, "can_update": "Update", "can_delete": "Delete", "can_reorder": REORDER}
    offered = {name: page.can(operation) for name, operation in standard.items()}
    if page.is_singleton():  # its only row is made by saving it
        offered["can_create"] = False
    return {**offered, "can_write": any(page.can(each) for each in (*page.setting.operations, "Update"))}
