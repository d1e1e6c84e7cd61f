"""What a page shows of each column of a form: its control, what stands in it, and what is wrong with it."""

from collections.abc import Mapping, Sequence
from typing import Any

import msgspec

from api.console.controls import Control, control_of
from api.console.directory import Directory, Option
from api.console.forms import Form
from api.console.showing import Chip, chips_of
from domain.settings.definitions import BitFlag, Button, Caution, Column, Info, Json, Setting, String, Widget

CREATE = "Create"
KINDS_WITH_HINTS = {"interval": "1h 30m", "uuid": "00000000-0000-0000-0000-000000000000", "user": "User id, or search"}


class Field(msgspec.Struct, frozen=True, kw_only=True):
    """A column that can be edited."""

    column: Column
    id: str
    control: str
    texts: Sequence[str]
    paths: Sequence[str] = ()
    is_blank: bool = False
    options: Sequence[Option] = ()
    hint: str = ""
    kind: str = ""
    is_json: bool = False
    required: bool = False
    fault: str | None = None
    is_first: bool = False
    """Whether it is the one to look at first."""
    named: Sequence[Chip] = ()
    """Whom the ids in it belong to, as far as they are known."""
    meanwhile: Sequence[Chip] | None = None
    """What somebody else put there while this form was open."""

    def name(self, part: str) -> str:
        """Return the name of a part in the form."""
        return f"{part}:{self.column.id}"

    def spares(self) -> Sequence[str]:
        """Return the items with room for one more."""
        return self.texts if self.texts and not self.texts[-1] else [*self.texts, ""]

    def is_long(self) -> bool:
        """Tell whether an item needs more than a line."""
        return self.is_json or self.kind == "textarea" or any("\n" in text for text in self.texts)

    def is_listed(self) -> bool:
        """Tell whether a list of proposals belongs to it."""
        return self.control in ("text", "items") and (self.kind == "user" or bool(self.options))

    def files(self) -> list[tuple[str, str]]:
        """Return the files with room for one more."""
        pairs = list(zip(self.paths, self.texts, strict=False))
        return pairs if pairs and not any(pairs[-1]) else [*pairs, ("", "")]


class Fixed(msgspec.Struct, frozen=True):
    """A column that is only shown."""

    column: Column
    chips: Sequence[Chip]


class Notice(msgspec.Struct, frozen=True):
    """A text among the columns; `look` is info or warning."""

    column: Column
    text: str
    look: str


class Press(msgspec.Struct, frozen=True):
    """A button among the columns."""

    column: Column
    label: str
    operation: str


Part = Field | Fixed | Notice | Press


class Sheet(msgspec.Struct, frozen=True, kw_only=True):
    """What a form is filled from. `stored` is None for a row that is not there yet."""

    setting: Setting
    operation: str
    form: Form
    stored: Mapping[str, Any] | None = None
    faults: Mapping[str, str] = {}
    meanwhile: Mapping[str, Sequence[Chip]] = {}
    directory: Directory = Directory()


def edited_columns(setting: Setting, operation: str) -> list[Column]:
    """Return the columns that a form of this operation asks for."""
    return [column for column in setting.columns if _is_edited(setting, column, operation)]


def _is_edited(setting: Setting, column: Column, operation: str) -> bool:
    if isinstance(column.column_type, Widget) or column.id == setting.index_by or operation in column.hidden:
        return False
    if column.primary_key:  # chosen once
        return operation == CREATE
    return operation not in column.readonly


def parts_of(sheet: Sheet) -> list[Part]:
    """Return the parts of a form in the order of the columns."""
    edited = {column.id for column in edited_columns(sheet.setting, sheet.operation)}
    parts = [_part(sheet, place, column, column.id in edited) for place, column in enumerate(sheet.setting.columns)]
    return _with_first([part for part in parts if part is not None])


def _with_first(parts: list[Part]) -> list[Part]:
    """Mark the field to begin with: the first of those that are wrong."""
    faulty = [place for place, part in enumerate(parts) if isinstance(part, Field) and part.fault]
    for place in faulty[:1]:
        parts[place] = msgspec.structs.replace(parts[place], is_first=True)
    return parts


def _part(sheet: Sheet, place: int, column: Column, is_edited: bool) -> Part | None:  # noqa: FBT001 - private
    if sheet.operation in column.hidden:
        return None
    match column.column_type:
        case Widget(inner=Button(label=label, op=operation)):
            return Press(column, label, operation)
        case Widget(inner=Info(message=message)):
            return Notice(column, message, "info")
        case Widget(inner=Caution(message=message)):
            return Notice(column, message, "warning")
        case _ if is_edited:
            return _field(sheet, place, column)
        case _ if sheet.stored is None or column.id == sheet.setting.index_by or column.is_secret():
            return None
        case _:
            return Fixed(column, chips_of(column, sheet.stored.get(column.id), sheet.directory))


def _field(sheet: Sheet, place: int, column: Column) -> Field | None:
    form = sheet.form
    control = control_of(column, shown=form.one("m", column.id))
    if control is None:
        return None
    texts = form.all("f", column.id)
    return Field(
        column=column,
        id=f"field-{place}",
        control=control.name,
        texts=texts,
        paths=form.all("p", column.id),
        is_blank=form.has("b", column.id),
        options=_options(control, texts, sheet.directory),
        hint=column.placeholder or KINDS_WITH_HINTS.get(column.kind(), ""),
        kind=column.kind(),
        is_json=isinstance(control.inner, Json),
        required=column.primary_key and control.name in ("text", "choice"),
        named=_named(sheet, column, texts),
        fault=sheet.faults.get(column.id),
        meanwhile=sheet.meanwhile.get(column.id),
    )


def _named(sheet: Sheet, column: Column, texts: Sequence[str]) -> list[Chip]:
    names = [sheet.directory.name_of("user", text) for text in texts] if column.kind() == "user" else []
    return [Chip(f"@{name}", "user") for name in names if name]


def _options(control: Control, texts: Sequence[str], directory: Directory) -> list[Option]:
    """Return what can be chosen, and what is chosen and cannot be any more."""
    match control.inner:
        case BitFlag(values=flags):
            return [Option(str(bits), name) for name, bits in flags.items() if bits]
        case String(suggestions=suggestions) if control.name in ("text", "items"):
            return [Option(text, text) for text in suggestions or ()]
        case String():
            offered = directory.options(control.inner)
            known = {option.value for option in offered}
            return [*offered, *(Option(text, f"{text} (gone)") for text in texts if text and text not in known)]
        case _:
            return []
