"""How events and their meta become the bytes of the log, and come back; sealed fields travel in one box."""

from collections.abc import Sequence
from typing import Annotated, Any, NamedTuple, get_args, get_origin, get_type_hints

import msgspec

from domain.catalogue import EVENTS
from domain.kernel import SEALED, Event
from store.keys import Keyring, subject_of

BOX = "sealed"


class Origin(msgspec.Struct, frozen=True, omit_defaults=True):
    """Who acts, through what: the part of `meta` that a surface says. `address` is sealed before it is stored."""

    actor: str
    surface: str
    request: str | None = None
    on_behalf: str | None = None
    address: str | None = None
    cause: int | None = None
    key: str | None = None
    trace: str | None = None


class Meta(Origin, frozen=True, omit_defaults=True):
    """All that `meta` holds: the origin, and an id that is unique to each append."""

    append: str = ""


class Shape(NamedTuple):
    """How one event type is stored: wire names of its sealed fields, by attribute, and what stands in after erasure."""

    event: type[Event]
    decoder: msgspec.json.Decoder[Event]
    open_fields: dict[str, str]
    sealed_fields: dict[str, str]
    blanks: dict[str, str | None]


def _is_sealed(hint: object) -> bool:
    return get_origin(hint) is Annotated and SEALED in get_args(hint)


def _blank(hint: object) -> str | None:
    return None if type(None) in get_args(get_args(hint)[0]) else ""


def _shape(event: type[Event]) -> Shape:
    hints = get_type_hints(event, include_extras=True)
    names = {field.name: field.encode_name for field in msgspec.structs.fields(event)}
    sealed = {name: wire for name, wire in names.items() if _is_sealed(hints[name])}
    return Shape(
        event=event,
        decoder=msgspec.json.Decoder(event),
        open_fields={name: wire for name, wire in names.items() if name not in sealed},
        sealed_fields=sealed,
        blanks={wire: _blank(hints[name]) for name, wire in sealed.items()},
    )


SHAPES = {stored_type: _shape(event) for stored_type, event in EVENTS.items()}
_encoder = msgspec.json.Encoder()
_meta_decoder = msgspec.json.Decoder(Meta)


class UnknownEventError(Exception):
    """The log holds an event of a type that this version does not know."""


def encode_event(event: Event, keyring: Keyring) -> bytes:
    """Encode; the key of the event's subject has been ensured."""
    shape = SHAPES[event.stored_type]
    subject = event.subject() if shape.sealed_fields else None
    if subject is None:
        return _encoder.encode(event)
    secrets = {wire: getattr(event, name) for name, wire in shape.sealed_fields.items()}
    fields = {wire: getattr(event, name) for name, wire in shape.open_fields.items()}
    box = keyring.seal(subject, _encoder.encode(secrets), event.stored_type)
    return _encoder.encode({**fields, BOX: box})


async def decode_events(rows: Sequence[tuple[str, bytes]], keyring: Keyring) -> list[Event]:
    """Decode (type, data) pairs, fetching all keys that they need at once."""
    parsed = [_parse(stored_type, data) for stored_type, data in rows]
    await keyring.fetch(subject_of(fields[BOX]) for _, fields in parsed if isinstance(fields, dict))
    return [_finish(shape, fields, keyring) for shape, fields in parsed]


def _parse(stored_type: str, data: bytes) -> tuple[Shape, Event | dict[str, Any]]:
    shape = SHAPES.get(stored_type)
    if shape is None:
        raise UnknownEventError(stored_type)
    if not shape.sealed_fields:
        return shape, shape.decoder.decode(data)
    return shape, msgspec.json.decode(data)


def _finish(shape: Shape, fields: Event | dict[str, Any], keyring: Keyring) -> Event:
    if isinstance(fields, Event):
        return fields
    opened = keyring.open(fields.pop(BOX), shape.event.stored_type)
    secrets = shape.blanks if opened is None else msgspec.json.decode(opened)
    return msgspec.convert({**fields, **secrets}, shape.event)


def encode_meta(origin: Origin, append: str, keyring: Keyring) -> bytes:
    """Encode the meta of one append; the key of the actor has been ensured if there is an address to seal."""
    fields = msgspec.to_builtins(origin)
    if origin.address is not None:
        fields["address"] = keyring.seal(origin.actor, origin.address.encode(), "meta.address")
    return _encoder.encode({**fields, "append": append})


def decode_meta(data: bytes) -> Meta:
    """Decode; the address stays sealed."""
    return _meta_decoder.decode(data)
