"""Reads what a bot says may be set, and names every fault of it by a JSON pointer."""

import re
from collections.abc import Collection, Iterator, Mapping
from typing import Any, NamedTuple, TypeVar, cast

import msgspec

from domain.settings.definitions import Column, ColumnType, DefinitionError, Policy, Setting, to_wire
from domain.settings.events import JsonObject, JsonValue
from domain.settings.faults import Fault, faults_of_ids, faults_of_policy, faults_of_setting, pointer
from domain.settings.values import depth_of

T = TypeVar("T", bound=msgspec.Struct)

DEPTH_MAX = 100
RESERVED = "$"
NAME = re.compile(r"[A-Za-z0-9 ._$-]{1,64}")
SNOWFLAKE = re.compile(r"[0-9]{1,20}", re.ASCII)
SNOWFLAKE_MAX = (1 << 64) - 1
PLACE = re.compile(r" - at `\$(.*)`$")
A_KEY = "[...]"
STEP = re.compile(r"\.([^.\[]+)|\[(\d+)\]")


class Read(NamedTuple):
    """A template as it is stored: checked, every key there, and no other."""

    guilds: tuple[int, ...] | None
    settings: tuple[JsonObject, ...]
    policies: dict[str, JsonObject]


def read_template(
    name: str, settings: JsonValue, policies: JsonValue, guild_ids: JsonValue, flags: Collection[str]
) -> Read:
    """Read a template; `flags` are the permissions that policies may name.

    Errors: DefinitionError, with every fault.
    """
    if depth_of([settings, policies]) > DEPTH_MAX:
        raise DefinitionError(("", f"must not be nested more than {DEPTH_MAX} deep"))
    faults: list[Fault] = [] if NAME.fullmatch(name) else [("/name", "must be 1 to 64 of A-Z a-z 0-9 space . _ $ -")]
    read = _read_settings(settings, faults)
    by_setting = _read_policies(policies, {setting.id: setting for setting in read}, flags, faults)
    guilds = _read_guilds(guild_ids, faults)
    wire = tuple(to_wire(setting) for setting in read)
    ruled = {name: to_wire(policy) for name, policy in by_setting.items()}
    faults.extend((where, "must not contain NUL") for where in _nuls({"settings": wire, "policies": ruled}))
    if faults:
        raise DefinitionError(*faults)
    return Read(guilds, wire, ruled)


def _read_settings(given: JsonValue, faults: list[Fault]) -> list[Setting]:
    if not isinstance(given, list):
        faults.append(("/settings", "must be an array"))
        return []
    wanted = [_read_setting(each, pointer("settings", n), faults) for n, each in enumerate(cast("list[Any]", given))]
    settings = [setting for setting in wanted if setting]
    # A pointer counts what came in, so ids are compared only when all of it could be read.
    if len(settings) == len(wanted):
        faults.extend(faults_of_ids([setting.id for setting in settings], "settings"))
    return settings


def _read_setting(given: JsonValue, at: str, faults: list[Fault]) -> Setting | None:
    found: list[Fault] = []
    setting = _read(Setting, given, at, found)
    if setting and not found:
        found.extend((at + where, text) for where, text in faults_of_setting(setting))
    faults.extend(found)
    return setting


def _read_policies(
    given: JsonValue, settings: Mapping[str, Setting], flags: Collection[str], faults: list[Fault]
) -> dict[str, Policy]:
    if not isinstance(given, dict | None):
        faults.append(("/policies", "must be an object"))
        return {}
    policies: dict[str, Policy] = {}
    for name, each in cast("JsonObject", given or {}).items():
        at, found = pointer("policies", name), list[Fault]()
        policy = _read(Policy, each, at, found)
        if name not in settings:
            found.append((at, "there is no such setting"))
        elif policy:
            policies[name] = policy
            found.extend((at + where, text) for where, text in faults_of_policy(settings[name], policy, flags))
        faults.extend(found)
    return policies


def _read_guilds(given: JsonValue, faults: list[Fault]) -> tuple[int, ...] | None:
    if given is None:
        return None
    if not isinstance(given, list):
        faults.append(("/guild_ids", "must be an array or null"))
        return None
    ids = cast("list[Any]", given)
    faults.extend((pointer("guild_ids", n), "is no id") for n, each in enumerate(ids) if not _is_id(each))
    return tuple(int(each) for each in ids if _is_id(each))


def _is_id(value: JsonValue) -> bool:
    return isinstance(value, str) and SNOWFLAKE.fullmatch(value) is not None and int(value) <= SNOWFLAKE_MAX


def _read(kind: type[T], given: JsonValue, at: str, faults: list[Fault]) -> T | None:
    """Return the struct, with as many faults as it has keys that are wrong; null stands for a default."""
    if not isinstance(given, dict):
        faults.append((at, "must be an object"))
        return None
    keys, values, before = cast("JsonObject", given), dict[str, Any](), len(faults)
    for field in msgspec.structs.fields(kind):
        if keys.get(field.name) is None and not field.required:
            continue
        where = at + pointer(field.name)
        if field.name not in keys:
            faults.append((where, "is missing"))
        else:
            values[field.name] = _read_key(field.type, field.name, keys[field.name], where, faults)
    return kind(**values) if len(faults) == before else None


def _read_key(kind: Any, name: str, given: JsonValue, at: str, faults: list[Fault]) -> Any:  # noqa: ANN401 - any type
    if name == "columns" and isinstance(given, list):
        columns = cast("list[Any]", given)
        return tuple(_read(Column, each, at + pointer(n), faults) for n, each in enumerate(columns))
    try:
        return msgspec.convert(_without_nulls(given) if kind == ColumnType else given, kind)
    except msgspec.ValidationError as error:
        faults.append((at + _place(error), PLACE.sub("", str(error))))
        return None


def _without_nulls(value: JsonValue) -> JsonValue:
    """Leave out what is null in a column's type: it has its default."""
    if not isinstance(value, dict):
        return value
    keys = cast("JsonObject", value)
    return {name: _without_nulls(each) for name, each in keys.items() if each is not None}


def _place(error: msgspec.ValidationError) -> str:
    """Return where an error is, as far as it says so: of a key in a map it does not."""
    found = PLACE.search(str(error))
    return pointer(*(name or n for name, n in STEP.findall(found[1].replace(A_KEY, "")))) if found else ""


def _nuls(value: JsonValue, *steps: object) -> Iterator[str]:
    """Return where a text has a NUL, which query tables could not hold."""
    if isinstance(value, str) and "\0" in value:
        yield pointer(*steps)
    elif isinstance(value, dict):
        for name, each in cast("JsonObject", value).items():
            yield from [pointer(*steps)] if "\0" in name else _nuls(each, *steps, name)
    elif isinstance(value, list | tuple):
        for n, each in enumerate(cast("list[Any]", value)):
            yield from _nuls(each, *steps, n)
