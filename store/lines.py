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
    NO_JSON,
    SHAPES,
    UNDECODABLE,
    Meta,
    UndecodableEvent,
    decode_events,
    decode_what_can_be,
    meta_if_readable,
)
from store.differences import SECRETS, Withheld, plain
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
    said = [(_object(row[4]), meta_if_readable(row[7])) for row in rows]
    boxes = [box for fields, meta in said for box in (fields.get(BOX), meta.address) if isinstance(box, str)]
    keys = await keyring.for_ids(map(key_id_of, boxes)) if boxes else {}
    return [Line(row, event, *what, keys) for row, event, what in zip(rows, events, said, strict=True)]


def _object(data: bytes) -> dict[str, Any]:
    try:
        return msgspec.json.decode(data, type=dict[str, Any])
    except NO_JSON:
        return {}


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
    stored = {name: _unless_secret(name, value) for name, value in line.fields.items() if name != BOX}
    shape = SHAPES.get(line.row[3])
    if shape is None or not shape.sealed_fields:
        return stored
    sealed = {wire: name for name, wire in shape.sealed_fields.items() if BOX in line.fields or wire in stored}
    if isinstance(line.event, UndecodableEvent) or not (reveals or line.is_erased()):
        shown = dict.fromkeys(sealed, Withheld("sealed"))
    elif line.is_erased():
        shown = dict.fromkeys(sealed, Withheld("erased"))
    else:
        shown = {wire: plain(getattr(line.event, name)) for wire, name in sealed.items()}
    return stored | {name: _unless_secret(name, value) for name, value in shown.items()}


def _unless_secret(name: str, value: Any) -> Any:  # noqa: ANN401 - any JSON
    return Withheld("secret") if value and name in SECRETS else value
