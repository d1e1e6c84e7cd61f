"""Writes rows of the log as records of Kafka: CloudEvents whose data is what is stored, sealed boxes included."""

from collections.abc import Callable
from datetime import datetime
from typing import NamedTuple

import msgspec

from schemas.cloud_events import CloudEvent
from schemas.settings import Settings
from store.codec import Meta, decode_meta
from workers.cloud_events import STRUCTURED, attributes, cloud_event, guild_in, structured
from workers.kafka.topics import context_of

Headers = list[tuple[str, bytes]]

CONTENT_TYPE = ("content-type", STRUCTURED.encode())
BINARY_CONTENT_TYPE = ("content-type", b"application/json")
UNKNOWN = Meta(actor="unknown", surface="unknown")  # of an event whose meta was tampered with


class Row(NamedTuple):
    """An event as the log holds it, not decoded."""

    position: int
    stream: str
    version: int
    type: str
    data: bytes
    append_end: int
    recorded_at: datetime
    meta: bytes


class Record(NamedTuple):
    """What Kafka is told of an event: the key keeps a stream in order."""

    context: str
    key: bytes
    value: bytes
    headers: Headers


def writer(settings: Settings) -> Callable[[Row], Record]:
    """Return how rows are written in the mode that is set."""
    source = settings.event_source
    if settings.kafka_mode == "binary":
        return lambda row: _binary(row, _event(source, row, b"null"))
    return lambda row: _structured(row, _event(source, row, row.data))


def _event(source: str, row: Row, data: bytes) -> CloudEvent:
    return cloud_event(
        source,
        position=row.position,
        stream=row.stream,
        version=row.version,
        stored_type=row.type,
        append_end=row.append_end,
        recorded_at=row.recorded_at,
        meta=_meta(row.meta),
        guild=guild_in(row.type, row.data),
        data=data,
    )


def _structured(row: Row, event: CloudEvent) -> Record:
    return _record(row, event, structured(event), CONTENT_TYPE)


def _binary(row: Row, event: CloudEvent) -> Record:
    record = _record(row, event, row.data, BINARY_CONTENT_TYPE)
    record.headers.extend((f"ce_{name}", value.encode()) for name, value in attributes(event))
    return record


def _record(row: Row, event: CloudEvent, value: bytes, content_type: tuple[str, bytes]) -> Record:
    headers = [
        ("position", event.position.encode()),
        ("version", event.streamversion.encode()),
        ("meta", row.meta),
        content_type,
    ]
    if event.traceparent:
        headers.append(("traceparent", event.traceparent.encode()))
    return Record(context_of(row.type), row.stream.encode(), value, headers)


def _meta(data: bytes) -> Meta:
    try:
        return decode_meta(data)
    except (msgspec.MsgspecError, UnicodeDecodeError):
        return UNKNOWN
