"""Settings as forms: what a page's fields hold for a row, and which row stands in the fields that come back.

A field's name is a letter for its part, a colon, and the column: `m:` which control it is, `f:` what was typed,
`p:` the paths of files, `b:` an empty text that is a value, `x:` a password to forget. A column that nobody touched
is not sent on, so nothing that a page cannot show exactly is changed by looking at it.
"""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any
from urllib.parse import parse_qsl

import msgspec

from api.console import controls
from api.console.controls import Control, control_of
from api.console.texts import TextError, text_of, value_of
from domain.settings.definitions import BitFlag, Column, Inner, String

Fields = dict[str, Any]
FIELDS_MAX = 20_000
YES, NO = "true", "false"


class UnreadableFormError(Exception):
    """The form that was sent cannot be read."""


class Form(msgspec.Struct, frozen=True):
    """The texts of a form by the names of its fields, in order."""

    texts: Mapping[str, Sequence[str]] = {}

    def all(self, part: str, column: str) -> Sequence[str]:
        """Return the texts of one part of a column."""
        return self.texts.get(f"{part}:{column}", ())

    def one(self, part: str, column: str) -> str:
        """Return the last text of one part of a column."""
        return (self.all(part, column) or ("",))[-1]

    def has(self, part: str, column: str) -> bool:
        """Tell whether a part of a column is in the form."""
        return f"{part}:{column}" in self.texts

    def word(self, name: str) -> str:
        """Return a field that belongs to no column."""
        return (self.texts.get(name) or ("",))[-1]

    def with_texts(self, more: Mapping[str, Sequence[str]]) -> "Form":
        """Return the form with other texts in some fields."""
        return Form({**self.texts, **more})


def read_form(content: bytes) -> Form:
    """Read what a browser sent; lines end as we end them. Errors: UnreadableFormError."""
    texts: dict[str, list[str]] = {}
    try:
        pairs = parse_qsl(content.decode("ascii"), keep_blank_values=True, errors="strict", max_num_fields=FIELDS_MAX)
    except ValueError as error:
        raise UnreadableFormError from error
    for name, text in pairs:
        texts.setdefault(name, []).append(text.replace("\r\n", "\n"))
    return Form(texts)


# From fields to a form.


def form_of(columns: Iterable[Column], fields: Mapping[str, Any]) -> Form:
    """Return the form that shows these fields; a column without a value shows none."""
    texts: dict[str, Sequence[str]] = {}
    for column in columns:
        value = fields.get(column.id)
        control = control_of(column, value)
        if control is not None:
            parts = {"m": [control.name], **_parts_of(control, value)}
            texts.update({f"{part}:{column.id}": list(given) for part, given in parts.items()})
    return Form(texts)


def _parts_of(control: Control, value: Any) -> dict[str, Sequence[str]]:  # noqa: ANN401 - any JSON
    match control.name, control.inner:
        case ("lines", inner):
            return {"f": ["\n".join(text_of(inner, item) for item in controls.listed(value))]}
        case ("items" | "choices", inner):
            return {"f": [text_of(inner, item) for item in controls.listed(value)]}
        case ("files", _):
            files = msgspec.convert(value or {}, dict[str, str])
            return {"p": list(files), "f": list(files.values())}
        case ("password", _):
            return {"f": [""]}
        case ("flags", BitFlag(values=flags)):
            return {"f": _flag_texts(flags, value)}
        case (_, inner):
            blank = {"b": [YES]} if value == "" else {}
            return {"f": [_scalar_text(control, inner, value)], **blank}


def _scalar_text(control: Control, inner: Any, value: Any) -> str:  # noqa: ANN401
    match control.name:
        case "moment":
            return controls.moment_of(value) or ""
        case "switch":
            return YES if value is True else NO
        case _:
            return text_of(inner, value)


def _flag_texts(flags: Mapping[str, int], value: Any) -> list[str]:  # noqa: ANN401
    """Return the bits that are checked, after those that have no box."""
    if not isinstance(value, int) or isinstance(value, bool):
        return ["" if value is None else text_of(BitFlag({}), value)]
    checked = [bits for bits in dict.fromkeys(flags.values()) if bits and value & bits == bits]
    rest = value
    for bits in checked:
        rest &= ~bits
    return [str(rest), *map(str, checked)]


# From a form to fields.


def fields_of(
    columns: Iterable[Column], form: Form, stored: Mapping[str, Any] | None = None
) -> tuple[Fields, dict[str, str]]:
    """Return the fields of a form, and by column what cannot be read.

    With the row that is stored, only what somebody touched.
    """
    fields: Fields = {}
    faults: dict[str, str] = {}
    shown = None if stored is None else form_of(columns := list(columns), stored)
    for column in columns:
        control = control_of(column, shown=form.one("m", column.id))
        if control is None or not form.has("m", column.id) or _is_untouched(column.id, form, shown):
            continue
        try:
            fields[column.id] = _value(column, control, form, (stored or {}).get(column.id))
        except TextError as error:
            faults[column.id] = str(error)
    return fields, faults


def _is_untouched(column: str, form: Form, shown: Form | None) -> bool:
    if shown is None or form.has("x", column):
        return False
    return all(_texts(part, column, form) == _texts(part, column, shown) for part in "mpf")


def _texts(part: str, column: str, form: Form) -> Any:  # noqa: ANN401
    """Return what stands in one part, as a browser would send it: of boxes the checked, of items those with text."""
    texts = [text.replace("\r\n", "\n").replace("\r", "\n") for text in form.all(part, column)]
    match part, form.one("m", column):
        case ("f", "switch"):
            return texts[-1:]
        case ("f", "choices" | "flags"):
            return sorted({*texts} - {""})
        case ("f", "items"):
            return [text for text in texts if text]
        case (_, "files"):
            return [pair for pair in zip(form.all("p", column), texts, strict=False) if any(pair)]
        case _:
            return texts


def _value(column: Column, control: Control, form: Form, stored: Any) -> Any:  # noqa: ANN401
    texts = form.all("f", column.id)
    text = form.one("f", column.id)
    match control.name:
        case "lines":
            return _items(control.inner, text.split("\n"))
        case "items":
            return _items(control.inner, texts)
        case "choices":
            return _in_order({*texts} - {""}, texts, controls.listed(stored))
        case "files":
            return _files(form.all("p", column.id), texts)
        case "flags":
            return _flags(texts, nullable=column.nullable)
        case _:
            return _scalar(column, control, text, is_blank=form.has("b", column.id))


def _items(inner: Inner, texts: Iterable[str]) -> list[Any]:
    return [value_of(inner, text) for text in texts if (text if isinstance(inner, String) else text.strip())]


def _in_order(chosen: set[str], texts: Sequence[str], stored: list[Any]) -> list[str]:
    """Return what was chosen: first what stood there before, as it stood."""
    kept = [item for item in stored if item in chosen]
    return [*kept, *(text for text in dict.fromkeys(texts) if text and text not in kept)]


def _files(paths: Sequence[str], texts: Sequence[str]) -> dict[str, str]:
    pairs = [(path, text) for path, text in zip(paths, texts, strict=False) if path or text]
    if len({path for path, _ in pairs}) < len(pairs):
        raise TextError("Two files have the same path.")
    return dict(pairs)


def _flags(texts: Sequence[str], *, nullable: bool) -> int | str | None:
    given = [text for text in texts if text]
    if not given:
        return None if nullable else 0
    united = 0
    for text in given:
        if not text.isascii() or not text.isdigit():
            return text
        united |= int(text)
    return united


def _scalar(column: Column, control: Control, text: str, *, is_blank: bool) -> Any:  # noqa: ANN401
    if control.name == "switch":
        return text == YES
    if text == "":
        return _empty(column, control, is_blank=is_blank)
    if control.name == "moment":
        return _moment(text)
    return value_of(control.inner, text)


def _empty(column: Column, control: Control, *, is_blank: bool) -> str | None:
    if control.name == "json" and not column.nullable:
        raise TextError("This needs JSON, such as {}.")
    may_be_blank = isinstance(control.inner, String) and (is_blank or not column.nullable)
    return "" if may_be_blank else None


def _moment(text: str) -> str:
    """Return the moment in UTC; one that is incomplete stays as it is, and is refused."""
    seconds = text if text.count(":") > 1 else f"{text}:00"
    return f"{seconds}Z" if controls.moment_of(f"{seconds}Z") else text
