"""Says events as CloudEvents 1.0: the one place for webhooks and Kafka, in structured and in binary mode."""

from collections.abc import Iterator
from datetime import datetime
from urllib.parse import quote

import msgspec
from msgspec import UNSET

from domain.catalogue import EVENTS
from domain.kernel import Event
from domain.loads.events import LoadEvent
from schemas.cloud_events import CloudEvent
from store.codec import Meta

STRUCTURED = "application/cloudevents+json"
PRINTABLE = "".join(map(chr, range(0x21, 0x7F))).replace('"', "").replace("%", "")

MICROSECONDS_LENGTH = len("2026-01-01T00:00:00.000000")

_encoder = msgspec.json.Encoder()
_attributes = [
    field.name for field in msgspec.structs.fields(CloudEvent) if field.name not in ("data", "datacontenttype")
]


class _Guild(msgspec.Struct, frozen=True):
    guild: int | None = None


class _Target(msgspec.Struct, frozen=True):
    target: int


_guilds = msgspec.json.Decoder(_Guild)
_targets = msgspec.json.Decoder(_Target)


def cloud_event(
    source: str,
    *,
    position: int,
    stream: str,
    version: int,
    stored_type: str,
    append_end: int,
    recorded_at: datetime,
    meta: Meta,
    guild: int | None = None,
    data: bytes = b"null",
) -> CloudEvent:
    """Make a CloudEvent of what the log says of an event; `data` is the JSON that its reader may see."""
    digits = str(position)
    return CloudEvent(
        id=digits,
        source=source,
        type=stored_type,
        subject=stream,
        time=rfc3339(recorded_at),
        position=digits,
        streamversion=str(version),
        appendend=str(append_end),
        actor=meta.actor,
        surface=meta.surface,
        guild=UNSET if guild is None else str(guild),
        cause=UNSET if meta.cause is None else str(meta.cause),
        request=meta.request or UNSET,
        traceparent=meta.trace or UNSET,
        data=msgspec.Raw(data),
    )


def rfc3339(moment: datetime) -> str:
    """Write a moment, which is in UTC, to the microsecond."""
    return moment.isoformat(timespec="microseconds")[:MICROSECONDS_LENGTH] + "Z"


def structured(event: CloudEvent) -> bytes:
    """Write all of it as one JSON; its content type is STRUCTURED."""
    return _encoder.encode(event)


def attributes(event: CloudEvent) -> Iterator[tuple[str, str]]:
    """Return what is said of the event, for binary mode: its data is the body, and `datacontenttype` that body's."""
    yield "specversion", "1.0"
    for name in _attributes:
        value = getattr(event, name)
        if value is not UNSET:
            yield name, value


def http_headers(event: CloudEvent) -> dict[str, str]:
    """Return the headers that make a body with the event's data a CloudEvent in binary mode."""
    return {f"ce-{name}": quote(value, safe=PRINTABLE) for name, value in attributes(event)}


def guild_in(stored_type: str, data: bytes) -> int | None:
    """Return the guild that stored data names, without decoding the rest of it."""
    event = EVENTS.get(stored_type)
    try:
        if event is None:
            return None
        if issubclass(event, LoadEvent):
            return _targets.decode(data).target
        return _guilds.decode(data).guild if _names_a_guild(event) else None
    except (msgspec.MsgspecError, UnicodeDecodeError):
        return None


def _names_a_guild(event: type[Event]) -> bool:
    return "guild" in event.__struct_fields__
