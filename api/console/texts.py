"""How one value of a column is written as text in a form, and read from it."""

import re
from typing import Any

import orjson

from domain.settings.definitions import BitFlag, Boolean, Float, Inner, Integer, Json, String
from schemas.book import BIGINT_MAX

ID = re.compile(r"[0-9]{1,19}")
NAME = re.compile(r"[A-Za-z0-9_-]{1,64}", re.ASCII)
INTEGER = re.compile(r"[+-]?[0-9]{1,4000}")
NUMBER = re.compile(r"[+-]?([0-9]+\.?[0-9]*|\.[0-9]+)([eE][+-]?[0-9]{1,9})?")
WORDS = {"true": True, "yes": True, "on": True, "false": False, "no": False, "off": False}
BETWEEN_FLAGS = " | "


class TextError(ValueError):
    """A text cannot be read; the message says why, for whom has typed it."""


def text_of(inner: Inner, value: Any) -> str:  # noqa: ANN401 - any JSON
    """Write a value; one that does not fit its type is written as JSON."""
    match inner, value:
        case _, None:
            return ""
        case Json(), _:
            return json_text(value)
        case BitFlag(values=flags), int() if not isinstance(value, bool):
            return flags_text(flags, value)
        case _, str():
            return value
        case _:
            return orjson.dumps(value).decode()


def value_of(inner: Inner, text: str) -> Any:  # noqa: ANN401 - any JSON
    """Read a value; what is no value of this type stays text, and is for the domain to refuse. Errors: TextError."""
    match inner:
        case String():
            return text
        case Integer() if INTEGER.fullmatch(text.strip()):
            return int(text)
        case Float() if NUMBER.fullmatch(text.strip()):
            return int(text) if INTEGER.fullmatch(text.strip()) else float(text)
        case Boolean():
            return WORDS.get(text.strip().lower(), text)
        case BitFlag(values=flags):
            return _flags(flags, text)
        case Json():
            return json_value(text)
        case _:
            return text


def id_of(text: str) -> int | None:
    """Read an id, or a position of the log; None when it is neither."""
    return int(text) if ID.fullmatch(text) and int(text) <= BIGINT_MAX else None


def name_of(text: str) -> str:
    """Read what a backup, template, load or restore is called; nothing when none can be called so."""
    name = text.strip()
    return name if NAME.fullmatch(name) else ""


def json_text(value: Any) -> str:  # noqa: ANN401
    """Write JSON as people read it."""
    return orjson.dumps(value, option=orjson.OPT_INDENT_2).decode()


def json_value(text: str) -> Any:  # noqa: ANN401
    """Read JSON. Errors: TextError."""
    try:
        return orjson.loads(text)
    except ValueError as error:
        raise TextError(f"This is not JSON: {error}") from error


def flags_text(flags: dict[str, int], value: int) -> str:
    """Write flags by their names, and what has no name as a number."""
    names = [name for name, bits in flags.items() if bits and value & bits == bits]
    rest = value & ~_united(flags[name] for name in names)
    return BETWEEN_FLAGS.join([*names, *([str(rest)] if rest or not names else [])])


def _united(bits: Any) -> int:  # noqa: ANN401
    united = 0
    for one in bits:
        united |= one
    return united


def _flags(flags: dict[str, int], text: str) -> int | str:
    parts = [part.strip() for part in text.split("|")]
    numbers = [flags.get(part, int(part) if INTEGER.fullmatch(part) else None) for part in parts]
    known = [number for number in numbers if number is not None]
    return _united(known) if len(known) == len(parts) else text
