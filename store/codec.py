"""How events and their meta become the bytes of the log, and come back; sealed fields travel in one box."""

import re
from collections.abc import Iterable, Mapping, Sequence
from typing import Annotated, Any, NamedTuple, get_args, get_origin, get_type_hints

import msgspec
from cryptography.exceptions import InvalidTag

from domain.catalogue import EVENTS
from domain.kernel import SEALED, Event, RefusalError, UnreadableError
from store.keys import DataKey, Keyring, key_id_of, open_box, seal

BOX = "sealed"
BOX_KEY = b'"sealed"'
ADDRESS_CONTEXT = "meta.address"
NUL = re.compile(rb"(?<!\\)(?:\\\\)*\\u0000")  # as JSON writes it, and not a backslash before "u0000"


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
    session: str | None = None


class Meta(Origin, frozen=True, omit_defaults=True):
    """All that `meta` holds: the origin, and an id that is unique to each append."""

    append: str = ""


class Shape(NamedTuple):
    """How one event type is stored: wire names of its fields, by attribute, and what stands in after erasure."""

    event: type[Event]
    decoder: msgspec.json.Decoder[Event]
    open_fields: dict[str, str]
    sealed_fields: dict[str, str]
    blanks: dict[str, str | None]
    sealed_defaults: dict[str, Any]

    def has_secrets(self, event: Event) -> bool:
        """Tell whether there is anything to seal: most events that may hold a secret hold none."""
        return any(getattr(event, name) is not default for name, default in self.sealed_defaults.items())


class NulError(RefusalError):
    """A text has a NUL character, and no table has room for one."""


class UnknownEventError(Exception):
    """The log holds an event of a type that this version does not know."""


UNDECODABLE = (msgspec.MsgspecError, UnknownEventError, ValueError, RecursionError, InvalidTag, UnreadableError)
"""How decoding fails when the stored bytes are not what they should be."""
NO_JSON = (msgspec.MsgspecError, UnicodeDecodeError, RecursionError)
"""How it fails when they are not even JSON, or nested without end."""


class UndecodableEvent(Event, frozen=True):
    """Stands for an event that could not be decoded; who needs it is stopped by the error."""

    wanted_type: str
    error: Exception


def _is_sealed(hint: object) -> bool:
    return get_origin(hint) is Annotated and SEALED in get_args(hint)


def _blank(hint: object) -> str | None:
    return None if type(None) in get_args(get_args(hint)[0]) else ""


def _shape(event: type[Event]) -> Shape:
    hints = get_type_hints(event, include_extras=True)
    fields = msgspec.structs.fields(event)
    names = {field.name: field.encode_name for field in fields}
    sealed = {name: wire for name, wire in names.items() if _is_sealed(hints[name])}
    assert BOX not in names.values(), event
    assert not sealed or event.subject is not Event.subject, event
    return Shape(
        event=event,
        decoder=msgspec.json.Decoder(event),
        open_fields={name: wire for name, wire in names.items() if name not in sealed},
        sealed_fields=sealed,
        blanks={wire: _blank(hints[name]) for name, wire in sealed.items()},
        sealed_defaults={field.name: field.default for field in fields if field.name in sealed},
    )


SHAPES = {stored_type: _shape(event) for stored_type, event in EVENTS.items()}
_encoder = msgspec.json.Encoder()
_meta_decoder = msgspec.json.Decoder(Meta)


def subjects_of(events: Iterable[Event], origin: Origin) -> set[str]:
    """Return whose keys are needed to encode these events and their origin."""
    subjects = {event.subject() for event in events if SHAPES[event.stored_type].has_secrets(event)}
    subjects.add(origin.actor if origin.address else None)
    return {subject for subject in subjects if subject is not None}


def encode_event(event: Event, keys: Mapping[str, DataKey]) -> bytes:
    """Encode, with the keys of subjects at hand. Errors: NulError."""
    shape = SHAPES[event.stored_type]
    if not shape.has_secrets(event):
        return _encoded(event)
    secrets = {wire: getattr(event, name) for name, wire in shape.sealed_fields.items()}
    said = {wire: getattr(event, name) for name, wire in shape.open_fields.items()}
    fields = {wire: value for wire, value in said.items() if value is not msgspec.UNSET}
    key = keys[event.subject() or ""]  # a subject is a must here
    return _encoded({**fields, BOX: seal(key, _encoded(secrets), event.stored_type)})


def _encoded(value: object) -> bytes:
    data = _encoder.encode(value)
    if rb"\u0000" in data and NUL.search(data):
        raise NulError
    return data


async def decode_events(rows: Sequence[tuple[str, bytes]], keyring: Keyring) -> list[Event]:
    """Decode (type, data) pairs, fetching all keys that they need at once. Errors: those of the first bad one."""
    parsed = [_parse(stored_type, data) for stored_type, data in rows]
    boxes = [fields[BOX] for _, fields in parsed if isinstance(fields, dict) and BOX in fields]
    keys = await keyring.for_ids(map(key_id_of, boxes)) if boxes else {}
    return [_finish(shape, fields, keys) for shape, fields in parsed]


def decode_with(rows: Sequence[tuple[str, bytes]], keys: Mapping[str, DataKey]) -> list[Event]:
    """Decode (type, data) pairs with these keys and no others. Errors: those of the first bad one."""
    return [_finish(*_parse(stored_type, data), keys) for stored_type, data in rows]


async def decode_what_can_be(rows: Sequence[tuple[str, bytes]], keyring: Keyring) -> list[Event]:
    """Decode as `decode_events` does, with an UndecodableEvent in the place of each that cannot be."""
    return [await _decode_or_stand_in(row, keyring) for row in rows]


async def _decode_or_stand_in(row: tuple[str, bytes], keyring: Keyring) -> Event:
    try:
        return (await decode_events([row], keyring))[0]
    except UNDECODABLE as error:
        return UndecodableEvent(wanted_type=row[0], error=error)


def decode_closed(stored_type: str, data: bytes) -> Event:
    """Decode without opening the box: sealed fields are what they are after erasure, to whoever reads this."""
    try:
        shape, fields = _parse(stored_type, data)
        return fields if isinstance(fields, Event) else msgspec.convert(_without_box(shape, fields), shape.event)
    except UNDECODABLE as error:
        return UndecodableEvent(wanted_type=stored_type, error=error)


def _without_box(shape: Shape, fields: dict[str, Any]) -> dict[str, Any]:
    is_sealed = fields.pop(BOX, None) is not None
    return {**fields, **shape.blanks} if is_sealed else fields


def _parse(stored_type: str, data: bytes) -> tuple[Shape, Event | dict[str, Any]]:
    shape = SHAPES.get(stored_type)
    if shape is None:
        raise UnknownEventError(stored_type)
    if not shape.sealed_fields or BOX_KEY not in data:
        return shape, shape.decoder.decode(data)
    fields = msgspec.json.decode(data, type=dict[str, Any])
    if not isinstance(fields.get(BOX, ""), str):
        raise msgspec.ValidationError(BOX)
    return shape, fields


def _finish(shape: Shape, fields: Event | dict[str, Any], keys: Mapping[str, DataKey]) -> Event:
    if isinstance(fields, Event):
        return fields
    box = fields.pop(BOX, None)
    if box is None:  # nothing was sealed, or it is from before the type had sealed fields
        return msgspec.convert(fields, shape.event)
    opened = open_box(keys, box, shape.event.stored_type)
    secrets = shape.blanks if opened is None else msgspec.json.decode(opened)
    return msgspec.convert({**fields, **secrets}, shape.event)


def encode_meta(origin: Origin, append: str, keys: Mapping[str, DataKey]) -> bytes:
    """Encode the meta of one append, with the key of the actor at hand if there is an address to seal."""
    fields = msgspec.to_builtins(origin)
    if origin.address is not None:
        fields["address"] = seal(keys[origin.actor], origin.address.encode(), ADDRESS_CONTEXT)
    return _encoder.encode({**fields, "append": append})


def decode_meta(data: bytes) -> Meta:
    """Decode; the address stays sealed."""
    return _meta_decoder.decode(data)


def meta_if_readable(data: bytes) -> Meta:
    """Decode; of what cannot be read it is not known who did it."""
    try:
        return decode_meta(data)
    except NO_JSON:
        return Meta(actor="", surface="")
