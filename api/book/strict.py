"""Reads bodies of which every key counts: what is unknown is a fault, and every fault is named with its place."""

from typing import Any

import msgspec

from api.book.forms import Faults, converted
from schemas.book import BIGINT_MAX
from schemas.guilds import Number

IDS = (Number, Number | None)


def read_fields(faults: Faults, body: dict[str, Any], shape: type[msgspec.Struct]) -> dict[str, Any]:
    """Return the fields of a shape as they were sent, or their defaults; ids as numbers, what is wrong as None."""
    fields = {field.name: field for field in msgspec.structs.fields(shape)}
    for name in body:
        if name not in fields:
            faults.add("is not known here", name)
    return {name: _read(faults, body, field) for name, field in fields.items()}


def _read(faults: Faults, body: dict[str, Any], field: msgspec.structs.FieldInfo) -> Any:  # noqa: ANN401 - as it was sent
    name = field.name
    if name not in body:
        if field.required:
            faults.add("is missing", name)
        return _default(field)
    value = converted(faults, body[name], field.type, name)
    return read_id(faults, value, name) if field.type in IDS else value


def _default(field: msgspec.structs.FieldInfo) -> Any:  # noqa: ANN401 - any value
    if field.required:
        return None
    return field.default if field.default_factory is msgspec.NODEFAULT else field.default_factory()


def read_id(faults: Faults, value: int | str | None, *place: str | int) -> int | None:
    """Return an id as a number, or note that it is none."""
    if value is None:
        return None
    number = int(value)
    if number > BIGINT_MAX:
        faults.add(f"must be at most {BIGINT_MAX}", *place)
        return None
    return number
