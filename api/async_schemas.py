"""The shapes of the AsyncAPI document: each event type's data, as it is shown and as it is stored."""

import inspect
from collections.abc import Sequence
from typing import Any, NamedTuple, cast

import msgspec

from api.described import Schema
from domain.catalogue import EVENTS
from domain.kernel import Event
from store.codec import BOX, SHAPES
from store.differences import SECRETS

REF = "#/components/schemas/{name}"
STORED = "{type}.stored"

SEALED_BOX: Schema = {
    "type": "string",
    "description": "What is personal or secret, encrypted; it opens with the keys of the database until it is erased.",
}


class Shapes(NamedTuple):
    """Every schema by its name, and how to refer to that of a wire shape."""

    schemas: dict[str, Schema]
    references: dict[Any, Schema]


def all_shapes(wire: Sequence[Any]) -> Shapes:
    """Return the schemas of all event types, under their stored names, and of these wire shapes.

    Beside an event's data, as it is shown, stands what more is stored, where there is more.
    """
    events = list(EVENTS.values())
    found, components = msgspec.json.schema_components([*events, *wire], ref_template=REF)
    schemas = cast("dict[str, Schema]", _in_draft_7(components))
    for event, schema in zip(events, found, strict=False):
        name, whole = event.stored_type, schemas.pop(schema["$ref"].rpartition("/")[2])
        schemas[name] = _shown(event, whole)
        if is_stored_otherwise(name):
            schemas[STORED.format(type=name)] = _stored(event, whole)
    return Shapes(dict(sorted(schemas.items())), dict(zip(wire, found[len(events) :], strict=True)))


def is_stored_otherwise(stored_type: str) -> bool:
    """Tell whether more is stored of an event than is shown."""
    shape = SHAPES[stored_type]
    return bool(shape.sealed_fields) or any(name in shape.open_fields.values() for name in SECRETS)


def reference(name: str) -> Schema:
    """Refer to a schema."""
    return {"$ref": REF.format(name=name)}


def text_of(event: type) -> str:
    """Return what an event says of itself."""
    return inspect.getdoc(event) or ""


def _shown(event: type[Event], whole: Schema) -> Schema:
    hidden = {*SECRETS, *SHAPES[event.stored_type].sealed_fields.values()}
    return {
        "title": event.stored_type,
        "description": text_of(event),
        "type": "object",
        "properties": {field: schema for field, schema in whole["properties"].items() if field not in hidden},
        "required": [field for field in whole["required"] if field not in hidden],
    }


def _stored(event: type[Event], whole: Schema) -> Schema:
    """Return what is stored beyond what is shown: the hashes of tokens, and the box with what is sealed."""
    more = {field: schema for field, schema in whole["properties"].items() if field in SECRETS}
    box = {BOX: SEALED_BOX} if SHAPES[event.stored_type].sealed_fields else {}
    return {"allOf": [reference(event.stored_type), {"type": "object", "properties": more | box}]}


def _in_draft_7(schema: Any) -> Any:  # noqa: ANN401 - any JSON
    """Say the same in the words of JSON Schema draft 7, which is what AsyncAPI knows."""
    match schema:
        case {"description": str(text), **rest}:
            return {"description": inspect.cleandoc(text), **_in_draft_7(rest)}
        case {"prefixItems": places, **rest}:
            return {**_in_draft_7(rest), "items": _in_draft_7(places)}
        case {"discriminator": {"propertyName": _}, **rest}:  # each of several has a constant that tells it apart
            return _in_draft_7(rest)
        case dict():
            parts = cast("dict[str, Any]", schema)
            return {name: _in_draft_7(part) for name, part in parts.items()}
        case list():
            return [_in_draft_7(part) for part in cast("list[Any]", schema)]
        case _:
            return schema
