"""What a column may hold: JSON types exactly as they are, nothing is converted."""

import math
import re
from datetime import datetime
from typing import Any, cast

import msgspec

from domain.settings.definitions import (
    SNOWFLAKE_KINDS,
    Array,
    BitFlag,
    Boolean,
    Column,
    Float,
    Inner,
    Integer,
    Json,
    String,
    Widget,
)
from domain.settings.events import JsonValue
from domain.settings.refusals import failed_check, is_null, wrong_type

ARRAY_ITEMS_MAX = 1000
JSON_BYTES_MAX = 1 << 20
JSON_DEPTH_MAX = 64
INTEGER_MIN, INTEGER_MAX = -(1 << 63), (1 << 63) - 1
SNOWFLAKE_MAX = (1 << 64) - 1

SNOWFLAKE = re.compile(r"0|[1-9][0-9]{0,19}")
UUID = re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}", re.IGNORECASE)
TIMESTAMP = re.compile(
    r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d{1,9})?(Z|[+-]([01]\d|2[0-3]):[0-5]\d)", re.IGNORECASE | re.ASCII
)


def check_value(column: Column, value: JsonValue) -> None:
    """Refuse with SettingRefusedError what a column may not hold."""
    if value is None:
        if not column.nullable or column.primary_key:
            raise is_null(column.id)
        return
    match column.column_type:
        case Array(inner=inner):
            _check_array(column.id, inner, value)
        case Widget():
            raise wrong_type(column.id, "Widget", value)
        case scalar:
            _check_inner(column.id, scalar.inner, value)
    if column.primary_key and value == "":
        raise is_null(column.id)


def _check_array(name: str, inner: Inner, value: JsonValue) -> None:
    if not isinstance(value, list):
        raise wrong_type(name, "Array", value)
    items = cast("list[Any]", value)
    if len(items) > ARRAY_ITEMS_MAX:
        raise failed_check(name, "length", f"{len(items)} items are too many", f"0..{ARRAY_ITEMS_MAX}")
    for item in items:
        if item is None:
            raise is_null(name)
        _check_inner(name, inner, item)


def _check_inner(name: str, inner: Inner, value: JsonValue) -> None:
    match inner:
        case String():
            _check_string(name, inner, value)
        case Integer():
            _check_integer(name, value)
        case Float():
            _check_float(name, value)
        case BitFlag():
            _check_bits(name, inner, value)
        case Boolean():
            if not isinstance(value, bool):
                raise wrong_type(name, "Boolean", value)
        case Json():
            _check_json(name, inner, value)


def _check_string(name: str, inner: String, value: JsonValue) -> None:
    if not isinstance(value, str):
        raise wrong_type(name, "String", value)
    if "\0" in value:
        raise failed_check(name, "nul", "must not contain NUL", "text without NUL")
    _check_length(name, inner, len(value))
    if inner.allowed_values and value not in inner.allowed_values:
        raise failed_check(name, "allowed_values", "is not one of the allowed values", ", ".join(inner.allowed_values))
    _check_kind(name, inner.kind, value)


def _check_length(name: str, inner: String, length: int) -> None:
    low, high = inner.min_length or 0, inner.max_length
    if length < low or (high is not None and length > high):
        error = f"{length} characters are too {'few' if length < low else 'many'}"
        raise failed_check(name, "length", error, f"{low}..{'' if high is None else high}")


def _check_kind(name: str, kind: str, value: str) -> None:
    if kind in SNOWFLAKE_KINDS and not is_snowflake(value):
        raise failed_check(name, "snowflake", f"is not the id of a {kind}", f"0..{SNOWFLAKE_MAX}")
    if kind == "uuid" and not UUID.fullmatch(value):
        raise failed_check(name, "uuid", "is not a UUID", "8-4-4-4-12 hexadecimal digits")
    if kind == "timestamp" and not is_timestamp(value):
        raise failed_check(name, "timestamp", "is not a time", "RFC 3339")


def is_snowflake(value: str) -> bool:
    """Tell whether a text is an id as we write it: decimal, in 64 bits, no leading zeros."""
    return SNOWFLAKE.fullmatch(value) is not None and int(value) <= SNOWFLAKE_MAX


def is_timestamp(value: str) -> bool:
    """Tell whether a text is a time in RFC 3339, up to 9 fractional digits."""
    if not TIMESTAMP.fullmatch(value):
        return False
    try:
        datetime.fromisoformat(value[:19])
    except ValueError:
        return False
    return True


def _check_integer(name: str, value: JsonValue) -> None:
    if not is_integer(value):
        raise wrong_type(name, "Integer", value)
    if not INTEGER_MIN <= value <= INTEGER_MAX:
        raise failed_check(name, "range", "does not fit into 64 bits", f"{INTEGER_MIN}..{INTEGER_MAX}")


def is_integer(value: JsonValue) -> bool:
    """Tell whether a value is a JSON integer; true and false are none."""
    return isinstance(value, int) and not isinstance(value, bool)


def _check_float(name: str, value: JsonValue) -> None:
    if not isinstance(value, int | float) or isinstance(value, bool):
        raise wrong_type(name, "Float", value)
    if not math.isfinite(value):
        raise failed_check(name, "finite", "is not a finite number", "finite numbers")


def _check_bits(name: str, inner: BitFlag, value: JsonValue) -> None:
    if not is_integer(value):
        raise wrong_type(name, "BitFlag", value)
    mask = inner.mask()
    if value < 0:
        raise failed_check(name, "bitflag", "negative", f"0..{mask}")
    if value & ~mask:
        text = f"bits outside {', '.join(inner.values)}"
        raise failed_check(name, "bitflag", f"unknown bits {value & ~mask}", f"0..{mask}", text)


def _check_json(name: str, inner: Json, value: JsonValue) -> None:
    if inner.style == "template-content":
        _check_sources(name, value)
    if depth_of(value) > JSON_DEPTH_MAX:
        raise failed_check(name, "depth", "is nested too deeply", f"0..{JSON_DEPTH_MAX}")
    size = len(msgspec.json.encode(value))
    if size > JSON_BYTES_MAX:
        raise failed_check(name, "size", f"{size} bytes are too many", f"0..{JSON_BYTES_MAX}")


def _check_sources(name: str, value: JsonValue) -> None:
    if not isinstance(value, dict):
        raise wrong_type(name, "Object", value)
    texts = cast("dict[str, Any]", value).values()
    if not all(isinstance(text, str) for text in texts):
        raise failed_check(name, "template-content", "a source is not a text", "an object of texts by path")


def depth_of(value: JsonValue) -> int:
    """Return how deeply arrays and objects are nested: 0 for a value that is neither."""
    depth, level = 0, [value]
    while inner := [_children(item) for item in level if isinstance(item, dict | list)]:
        depth, level = depth + 1, [child for children in inner for child in children]
    return depth


def _children(value: JsonValue) -> list[Any]:
    return list(cast("dict[str, Any]", value).values()) if isinstance(value, dict) else value


def same(one: JsonValue, other: JsonValue) -> bool:
    """Tell whether two values are the same JSON. 1 is 1.0, as for clients with one kind of number, and not true."""
    if isinstance(one, bool) or isinstance(other, bool):
        return one is other
    if isinstance(one, dict) and isinstance(other, dict):
        ours, theirs = cast("dict[str, Any]", one), cast("dict[str, Any]", other)
        return ours.keys() == theirs.keys() and all(same(value, theirs[name]) for name, value in ours.items())
    if isinstance(one, list) and isinstance(other, list):
        mine, yours = cast("list[Any]", one), cast("list[Any]", other)
        return len(mine) == len(yours) and all(map(same, mine, yours))
    return one == other


def items_of(value: JsonValue) -> list[Any]:
    """Return the values of a column: those of an array, or the one; none for null."""
    if value is None:
        return []
    return cast("list[Any]", value) if isinstance(value, list) else [value]
