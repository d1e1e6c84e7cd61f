"""Rows of the log as auditors are shown them: decoded as far as possible, and whatever is withheld is said to be."""

from collections.abc import Sequence
from typing import Any, NamedTuple

import msgspec
from cryptography.exceptions import InvalidTag
from psycopg.rows import TupleRow

from domain.kernel import Event
from store.codec import (
    ADDRESS_CONTEXT,
    BOX,
    SHAPES,
    UNDECODABLE,
    Meta,
    UndecodableEvent,
    decode_events,
    decode_meta,
    decode_what_can_be,
)
from store.differences import SECRETS, Withheld, plain, without_secrets
from store.keys import DataKey, Keyring, key_id_of, open_box


class Line(NamedTuple):
    """A row of the log, decoded: the fields of its data as they are stored, and the keys that are not erased."""

    row: TupleRow
    event: Event
    fields: dict[str, Any]
    meta: Meta
    keys: dict[str, DataKey]

    def is_erased(self) -> bool:
        """Tell whether what was sealed can never be opened again."""
        box = self.fields.get(BOX)
        return isinstance(box, str) and key_id_of(box) not in self.keys


async def decoded(keyring: Keyring, rows: Sequence[TupleRow]) -> list[Line]:
    """Decode rows (see `log.read_rows`), each as far as that can be done."""
    coded = [(row[3], row[4]) for row in rows]
    try:
        events = await decode_events(coded, keyring)
    except UNDECODABLE:
        events = await decode_what_can_be(coded, keyring)
    said = [(_object(row[4]), _meta(row[7])) for row in rows]
    boxes = [box for fields, meta in said for box in (fields.get(BOX), meta.address) if isinstance(box, str)]
    keys = await keyring.for_ids(map(key_id_of, boxes)) if boxes else {}
    return [Line(row, event, *what, keys) for row, event, what in zip(rows, events, said, strict=True)]


def _object(data: bytes) -> dict[str, Any]:
    try:
        return msgspec.json.decode(data, type=dict[str, Any])
    except (msgspec.MsgspecError, UnicodeDecodeError):
        return {}


def _meta(data: bytes) -> Meta:
    try:
        return decode_meta(data)
    except (msgspec.MsgspecError, UnicodeDecodeError):
        return Meta(actor="", surface="")


def address_of(line: Line, *, reveals: bool) -> str | Withheld | None:
    """Return where the caller asked from, or why that is not shown."""
    box = line.meta.address
    if box is None:
        return None
    if key_id_of(box) not in line.keys:
        return Withheld("erased")
    return _opened_address(line.keys, box) if reveals else Withheld("sealed")


def _opened_address(keys: dict[str, DataKey], box: str) -> str | None:
    try:
        opened = open_box(keys, box, ADDRESS_CONTEXT)
        return None if opened is None else opened.decode()
    except (ValueError, InvalidTag):
        return None


def data_of(line: Line, *, reveals: bool) -> dict[str, Any]:
    """Return the fields as they are stored; in the place of what is sealed what was opened, or why it is not."""
    open_fields = {name: value for name, value in line.fields.items() if name != BOX}
    shape = SHAPES.get(line.row[3])
    if shape is None or isinstance(line.event, UndecodableEvent):
        sealed = shape.sealed_fields.values() if shape else ()
        return {name: _shut(name, value, is_sealed=name in sealed) for name, value in open_fields.items()}
    names = {wire: name for name, wire in shape.sealed_fields.items() if BOX in line.fields or wire in open_fields}
    opened = {wire: getattr(line.event, name) for wire, name in names.items()}
    if line.is_erased():
        opened = dict.fromkeys(opened, Withheld("erased"))
    elif not reveals:
        opened = dict.fromkeys(opened, Withheld("sealed"))
    return plain(without_secrets({**open_fields, **opened}))


def _shut(name: str, value: Any, *, is_sealed: bool) -> Any:  # noqa: ANN401 - any JSON
    if name in SECRETS:
        return Withheld("secret")
    return Withheld("sealed") if is_sealed else value
