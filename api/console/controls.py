"""Which control of a page edits a column: chosen by the column's type, and by what stands in it already."""

from datetime import UTC, datetime
from typing import Any, cast

import msgspec

from domain.settings.definitions import Array, BitFlag, Boolean, Column, Float, Inner, Integer, Json, Scalar, String

CHOSEN_KINDS = ("channel", "role")  # of which a guild has few enough to choose from
SEARCHED_KINDS = ("user",)
MAP_STYLE = "template-content"
# What a control may have been instead, when something else stood in the column as the page was made.
INSTEAD = {"text": ("area",), "moment": ("text",), "files": ("json",), "lines": ("items",)}
MULTILINE = ("\n", "\r")


class Control(msgspec.Struct, frozen=True):
    """How one column is edited; `inner` is the type of one value."""

    name: str
    inner: Inner
    is_many: bool = False


def inner_of(column: Column) -> Inner | None:
    """Return the type of one value of a column; None for a widget, which has none."""
    match column.column_type:
        case Scalar(inner=inner) | Array(inner=inner):
            return inner
        case _:
            return None


def is_array(column: Column) -> bool:
    """Tell whether a column holds several values."""
    return isinstance(column.column_type, Array)


def control_of(column: Column, value: Any = None, shown: str | None = None) -> Control | None:  # noqa: ANN401 - any JSON
    """Return the control for a column that holds `value`; `shown` names the one that a page had for it before."""
    inner = inner_of(column)
    if inner is None:
        return None
    name = _of_array(inner, value) if is_array(column) else _of_scalar(inner, value, nullable=column.nullable)
    if shown is not None and shown != name:
        default = _of_array(inner, None) if is_array(column) else _of_scalar(inner, None, nullable=column.nullable)
        name = shown if shown == default or shown in INSTEAD.get(default, ()) else name
    return Control(name, inner, is_array(column))


def _of_scalar(inner: Inner, value: Any, *, nullable: bool) -> str:  # noqa: ANN401
    match inner:
        case String():
            return _of_string(inner, value)
        case Integer() | Float():
            return "number"
        case Boolean():
            return "yes-no" if nullable else "switch"
        case BitFlag():
            return "flags"
        case Json(style=style):
            return "files" if style == MAP_STYLE and _is_map_of_texts(value) else "json"


def _of_string(inner: String, value: Any) -> str:  # noqa: ANN401
    if inner.allowed_values or inner.kind in CHOSEN_KINDS:
        return "choice"
    if inner.kind == "password":
        return "password"
    if inner.kind == "timestamp" and moment_of(value) is not None:
        return "moment"
    return "area" if inner.kind == "textarea" or _is_multiline(value) else "text"


def _of_array(inner: Inner, value: Any) -> str:  # noqa: ANN401
    match inner:
        case String() if inner.allowed_values or inner.kind in CHOSEN_KINDS:
            return "choices"
        case String() if inner.suggestions or inner.kind in (*SEARCHED_KINDS, "textarea", "timestamp"):
            return "items"
        case Json():
            return "items"
        case _:
            return "items" if any(_is_multiline(item) or item == "" for item in listed(value)) else "lines"


def _is_multiline(value: Any) -> bool:  # noqa: ANN401
    return isinstance(value, str) and any(sign in value for sign in MULTILINE)


def _is_map_of_texts(value: Any) -> bool:  # noqa: ANN401
    try:
        msgspec.convert(value or {}, dict[str, str])
    except msgspec.ValidationError:
        return False
    return True


def listed(value: Any) -> list[Any]:  # noqa: ANN401
    """Return the items of a column of several; what no longer fits its column is one of them."""
    if value is None:
        return []
    return cast("list[Any]", value) if isinstance(value, list) else [value]


def moment_of(value: Any) -> str | None:  # noqa: ANN401
    """Return a timestamp as a control for moments shows it, in UTC; None when it is no timestamp."""
    if value is None or value == "":
        return ""
    try:
        moment = datetime.fromisoformat(value)
        if moment.tzinfo is None:
            return None
        return moment.astimezone(UTC).replace(tzinfo=None).isoformat(timespec="seconds")
    except (TypeError, ValueError, OverflowError):
        return None
