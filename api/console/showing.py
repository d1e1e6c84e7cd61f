"""How values look to people: names in place of ids, words in place of bits."""

import re
from collections.abc import Mapping
from datetime import datetime
from typing import Any

import msgspec
import orjson

from api.console import controls
from api.console.directory import SIGNS, Directory
from api.console.texts import flags_text, text_of
from domain.settings.definitions import BitFlag, Boolean, Column, Inner, Json, Setting, String

PLACE = re.compile(r"\{([^{}]+)\}")
EXCERPT_CHARACTERS_MAX = 160
FILES_MAX = 6
KNOWN_KINDS = ("role", "channel", "user")


class Chip(msgspec.Struct, frozen=True):
    """One value as it is shown. `look`: plain, none, role, channel, user, gone, on, off, code."""

    text: str
    look: str = "plain"
    colour: str = ""


NOTHING = Chip("\N{EN DASH}", "none")


def chips_of(column: Column, value: Any, directory: Directory) -> list[Chip]:  # noqa: ANN401 - any JSON
    """Return what a column holds, at least one chip."""
    inner = controls.inner_of(column)
    if inner is None or value is None or value in ("", []):
        return [NOTHING]
    if not controls.is_array(column):
        return _chips(inner, value, directory)
    return [chip for item in controls.listed(value) for chip in _chips(inner, item, directory)]


def _chips(inner: Inner, value: Any, directory: Directory) -> list[Chip]:  # noqa: ANN401
    match inner, value:
        case String(kind=kind), str() if kind in KNOWN_KINDS:
            return [named(kind, value, directory)]
        case String(kind="timestamp"), str():
            return [Chip(_moment(value))]
        case Boolean(), bool():
            return [Chip("yes", "on") if value else Chip("no", "off")]
        case BitFlag(values=flags), int() if value:
            return [Chip(name) for name in flags_text(flags, value).split(" | ")]
        case BitFlag(), 0:
            return [NOTHING]
        case Json(style=controls.MAP_STYLE), dict():
            return _files(list(map(str, value)))  # pyright: ignore[reportUnknownArgumentType, reportUnknownVariableType]
        case Json(), _:
            return [Chip(_excerpt(orjson.dumps(value).decode()), "code")]
        case _:
            return [Chip(_excerpt(text_of(inner, value)))]


def named(kind: str, number: str, directory: Directory) -> Chip:
    """Return something by its name, or by its number when it is not there."""
    name = directory.name_of(kind, number)
    if name is None:
        return Chip(number, "gone")
    return Chip(f"{SIGNS[kind]}{name}", kind, directory.colour_of(kind, number))


def _moment(text: str) -> str:
    shown = controls.moment_of(text)
    return f"{datetime.fromisoformat(shown):%d %b %Y, %H:%M:%S} UTC" if shown else text


def _files(paths: list[str]) -> list[Chip]:
    more = [Chip(f"+{len(paths) - FILES_MAX}")] if len(paths) > FILES_MAX else []
    return [*(Chip(path, "code") for path in paths[:FILES_MAX]), *more] or [NOTHING]


def _excerpt(text: str) -> str:
    return text if len(text) <= EXCERPT_CHARACTERS_MAX else f"{text[:EXCERPT_CHARACTERS_MAX]}…"


def line_of(column: Column, value: Any, directory: Directory) -> str:  # noqa: ANN401
    """Return what a column holds in one line."""
    return ", ".join(chip.text for chip in chips_of(column, value, directory))


def title_of(setting: Setting, row: Mapping[str, Any], directory: Directory) -> str:
    """Return what a row is called: by the setting's own pattern, or else by its key."""
    columns = {column.id: column for column in setting.columns}

    def shown(found: re.Match[str]) -> str:
        column = columns.get(found[1].strip())
        return line_of(column, row.get(column.id), directory) if column else ""

    if setting.title_template:
        title = PLACE.sub(shown, setting.title_template).strip()
        if title:
            return title
    return " · ".join(line_of(column, row.get(column.id), directory) for column in setting.key_columns)
