"""Reads what Kafka carries of the log: each record gives back the row that it was made of, in either mode."""

from datetime import datetime

import msgspec
from kafka.consumer.fetcher import ConsumerRecord

from workers.kafka.records import Row

POSITION_DIGITS_MAX = 18


class _Attributes(msgspec.Struct, frozen=True):
    position: int
    subject: str
    streamversion: int
    type: str
    data: msgspec.Raw
    appendend: int
    time: datetime


_structured = msgspec.json.Decoder(_Attributes, strict=False)


def position_of(record: ConsumerRecord) -> int:
    """Return the position that a record says it has, 0 when it says none."""
    text = next((value for name, value in record.headers if name == "position"), None) or b""
    return int(text) if text.isdigit() and len(text) <= POSITION_DIGITS_MAX else 0


def row_of(record: ConsumerRecord) -> Row | None:
    """Return the row of the log that a record carries, None when it is not what the relay would write."""
    headers = {name: value or b"" for name, value in record.headers}
    try:
        said = _structured.decode(record.value) if "ce_id" not in headers else _binary(headers, record.value)
        meta = headers["meta"]
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError, KeyError, TypeError):
        return None
    place = said.position, said.subject, said.streamversion, said.type
    return Row(*place, bytes(said.data), said.appendend, said.time, meta)


def _binary(headers: dict[str, bytes], value: bytes) -> _Attributes:
    said = {name.removeprefix("ce_"): text.decode() for name, text in headers.items() if name.startswith("ce_")}
    return msgspec.convert({**said, "data": msgspec.Raw(value)}, _Attributes, strict=False)
