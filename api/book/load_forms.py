"""Reads what bots send of loads: those that they want, and how those go that they run themselves."""

from collections.abc import Iterable
from typing import Any, cast

import msgspec

from api.book.forms import DIGITS, Faults
from api.book.strict import read_fields, read_id
from domain.loads.events import Options, Pair
from schemas.loads import PAIRS_MAX, NewEnd, NewLoad, NewMappings, NewStatus, WantedOnly, WantedOptions

KINDS = ("guild", "role", "channel", "category")
INTERNAL_ONLY = ("gateway", "dry_run", "restore_settings")


def read_load(body: dict[str, Any]) -> dict[str, Any]:
    """Return a load that is wanted: `options` and `only_*` as the log has them. Errors: InvalidError."""
    faults = Faults()
    wanted = read_fields(faults, body, NewLoad)
    faults.check()
    _check_what_is_loaded(faults, wanted)
    _check_kind(faults, wanted, body)
    only: WantedOnly = wanted.pop("only") or WantedOnly()
    ids = {f"only_{kind}": _ids(faults, getattr(only, kind), "only", kind) for kind in ("roles", "channels")}
    faults.check()
    return {**wanted, **ids, "options": _options(wanted)}


def _check_what_is_loaded(faults: Faults, wanted: dict[str, Any]) -> None:
    given = {"backup": wanted["backup_id"], "template": wanted["template_id"]}
    for kind, value in given.items():
        if (value is None) == (kind == wanted["type"]):
            faults.add("is missing" if value is None else f"is not for the type {wanted['type']}", f"{kind}_id")


def _check_kind(faults: Faults, wanted: dict[str, Any], body: dict[str, Any]) -> None:
    is_external = wanted["kind"] == "external"
    for name in INTERNAL_ONLY if is_external else ("source_id",):
        if body.get(name):
            faults.add(f"is not for {wanted['kind']} loads", name)


def _options(wanted: dict[str, Any]) -> Options:
    """Return the steps that are wanted; of a template the properties of the guild only when that was said."""
    options: WantedOptions = wanted["options"]
    settings = wanted["type"] == "backup" if options.settings is None else options.settings
    return Options(**{**msgspec.structs.asdict(options), "settings": settings})


def _ids(faults: Faults, sent: Iterable[int | str] | None, *place: str) -> tuple[int, ...] | None:
    if sent is None:
        return None
    found = (read_id(faults, each, *place, number) for number, each in enumerate(sent))
    return tuple(dict.fromkeys(number for number in found if number is not None))


def read_status(body: dict[str, Any]) -> dict[str, Any]:
    """Return how far an external load is. Errors: InvalidError."""
    faults = Faults()
    wanted = read_fields(faults, body, NewStatus)
    faults.check()
    return wanted


def read_end(body: dict[str, Any]) -> dict[str, Any]:
    """Return how an external load ended. Errors: InvalidError."""
    faults = Faults()
    wanted = read_fields(faults, body, NewEnd)
    faults.check()
    return wanted


def read_mappings(body: dict[str, Any]) -> tuple[tuple[Pair, ...], tuple[str, ...]]:
    """Return what an external load has mapped and deleted. Errors: InvalidError."""
    faults = Faults()
    # One by one, since msgspec does not say where in an object something is wrong.
    ids, kinds = _object(faults, body.get("ids"), "ids"), _object(faults, body.get("kinds"), "kinds")
    rest = {name: value for name, value in body.items() if name not in ("ids", "kinds")}
    wanted = read_fields(faults, rest, NewMappings)
    for old, new in ids.items():
        if not (_is_id(old) and _is_id(new)):
            faults.add("must be an id by an id: 1 to 20 digits", "ids", old)
    for old, kind in kinds.items():
        if kind not in KINDS or old not in ids:
            faults.add(f"must be one of {', '.join(KINDS)}, of one of the ids", "kinds", old)
    if len(ids) > PAIRS_MAX:
        faults.add(f"may have {PAIRS_MAX} ids", "ids")
    faults.check()
    return tuple(Pair(old, new, kinds.get(old, "channel")) for old, new in ids.items()), wanted["deleted"]


def _object(faults: Faults, value: object, name: str) -> dict[str, Any]:
    if value is None or isinstance(value, dict):
        return cast("dict[str, Any]", value or {})
    faults.add("must be an object", name)
    return {}


def _is_id(value: object) -> bool:
    return isinstance(value, str) and DIGITS.fullmatch(value) is not None
