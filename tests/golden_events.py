"""The shapes in which events are stored for ever; `python -m tests.golden_events --write` adds new ones to the file."""

import enum
import json
import sys
import types
import typing
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any, get_args, get_origin

import msgspec

GOLDEN = Path(__file__).parent / "golden" / "events.json"
WRITE = "python -m tests.golden_events --write"


class FieldShape(msgspec.Struct, frozen=True):
    """One stored field: its type, whether it must be there, what stands in if it is not, and whether it is sealed."""

    type: str
    required: bool = False
    default: Any = None
    sealed: bool = False
    values: list[str | int] = []


Shapes = dict[str, dict[str, FieldShape]]


def shapes_of(events: Mapping[str, type[msgspec.Struct]]) -> Shapes:
    """Return the shape of each event type, its fields by the names that are stored."""
    return {name: _fields_of(event) for name, event in sorted(events.items())}


def breaches(stored: Shapes, present: Shapes) -> list[str]:
    """Return what was done to a stored shape that would make events unreadable, or read as something else."""
    return [
        *(f"{name}: the event type is gone" for name in stored.keys() - present.keys()),
        *(
            f"{name}.{breach}"
            for name in sorted(stored.keys() & present.keys())
            for breach in _field_breaches(stored[name], present[name])
        ),
    ]


def read_golden() -> Shapes:
    """Return the shapes as they were written down last, none at all before the first time."""
    return msgspec.json.decode(GOLDEN.read_bytes(), type=Shapes) if GOLDEN.exists() else {}


def written(shapes: Shapes) -> str:
    """Return the golden file's text: one line for each field, so that a change shows as one line."""
    return _block((f"  {json.dumps(name)}: {_written_fields(fields)}" for name, fields in shapes.items()), "") + "\n"


def main() -> None:
    """Write the golden file anew, unless what is stored already would change."""
    from domain.catalogue import EVENTS  # noqa: PLC0415  the rest of this module knows no event

    present = shapes_of(EVENTS)
    found = breaches(read_golden(), present)
    if found:
        sys.exit("Stored shapes are for ever:\n" + "\n".join(found))
    if sys.argv[1:] != ["--write"]:
        sys.exit(f"usage: {WRITE}")
    GOLDEN.parent.mkdir(exist_ok=True)
    GOLDEN.write_text(written(present))


def _fields_of(event: type[msgspec.Struct]) -> dict[str, FieldShape]:
    hints = typing.get_type_hints(event, include_extras=True)
    return {field.encode_name: _field_shape(field, hints[field.name]) for field in msgspec.structs.fields(event)}


def _field_shape(field: msgspec.structs.FieldInfo, hint: object) -> FieldShape:
    return FieldShape(
        type=_type_text(hint),
        required=field.required,
        default=_default(field),
        sealed=any((meta.extra or {}).get("sealed") for meta in _metas(hint)),
        values=sorted(_values(hint), key=str),
    )


def _default(field: msgspec.structs.FieldInfo) -> object:
    if field.required:
        return None
    made = field.default_factory() if field.default is msgspec.NODEFAULT else field.default
    if made is msgspec.UNSET:  # such a field is not stored at all
        return "unset"
    return msgspec.json.decode(msgspec.json.encode(made))


def _type_text(hint: object) -> str:
    origin, arguments = get_origin(hint), get_args(hint)
    if hint is None or hint is types.NoneType:
        return "None"
    if hint is ...:
        return "..."
    if origin is typing.Annotated:
        return _annotated_text(hint)
    if origin in (typing.Union, types.UnionType):
        return " | ".join(map(_type_text, arguments))
    if origin is typing.Literal or _is_enum(hint):
        return "one of values"
    if origin is not None:
        return f"{origin.__name__}[{', '.join(map(_type_text, arguments))}]"
    if isinstance(hint, type) and issubclass(hint, msgspec.Struct):
        return _struct_text(hint)
    return getattr(hint, "__name__", str(hint))


def _annotated_text(hint: object) -> str:
    limits = [f"{name}={value}" for meta in _metas(hint) for name, value in _limits(meta)]
    base = _type_text(get_args(hint)[0])
    return f"{base}({', '.join(limits)})" if limits else base


def _struct_text(struct: type[msgspec.Struct]) -> str:
    fields = (f"{name}: {json.dumps(msgspec.to_builtins(field))}" for name, field in _fields_of(struct).items())
    return f"{struct.__name__}({', '.join(fields)})"


def _metas(hint: object) -> list[msgspec.Meta]:
    return [argument for argument in get_args(hint) if isinstance(argument, msgspec.Meta)]


def _limits(meta: msgspec.Meta) -> Iterator[tuple[str, object]]:
    for name in ("gt", "ge", "lt", "le", "multiple_of", "pattern", "min_length", "max_length", "tz"):
        if (value := getattr(meta, name)) is not None:
            yield name, value


def _is_enum(hint: object) -> bool:
    return isinstance(hint, type) and issubclass(hint, enum.Enum)


def _values(hint: object) -> Iterator[str | int]:
    if get_origin(hint) is typing.Literal:
        yield from get_args(hint)
    elif isinstance(hint, type) and issubclass(hint, enum.Enum):
        yield from (member.value for member in hint)
    elif get_origin(hint) is not None:
        yield from (value for argument in get_args(hint) for value in _values(argument))


def _field_breaches(stored: dict[str, FieldShape], present: dict[str, FieldShape]) -> Iterator[str]:
    for name, shape in present.items():
        if name not in stored and shape.required:
            yield f"{name}: a new field needs a default, stored events do not have it"
    for name, shape in stored.items():
        if name not in present:
            yield f"{name}: the field is gone, or has another name"
        elif not set(shape.values) <= set(present[name].values):
            yield f"{name}: values that are stored are not accepted any more"
        elif _without_values(shape) != _without_values(present[name]):
            yield f"{name}: was {_line(shape)}, is {_line(present[name])}"


def _without_values(shape: FieldShape) -> FieldShape:
    return msgspec.structs.replace(shape, values=[])


def _written_fields(fields: dict[str, FieldShape]) -> str:
    return _block((f"    {json.dumps(name)}: {_line(shape)}" for name, shape in fields.items()), "  ")


def _block(lines: Iterable[str], indent: str) -> str:
    inside = ",\n".join(lines)
    return f"{{\n{inside}\n{indent}}}" if inside else "{}"


def _line(shape: FieldShape) -> str:
    said = {name: value for name, value in msgspec.to_builtins(shape).items() if value not in (False, [])}
    if shape.required:
        del said["default"]
    elif shape.default in (False, []):
        said["default"] = shape.default
    return json.dumps(said, ensure_ascii=False)


if __name__ == "__main__":
    main()
