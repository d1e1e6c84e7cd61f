"""Events as CloudEvents: what the official library reads of them is what the log says."""

from datetime import UTC, datetime

import msgspec
import pytest
from cloudevents.core.bindings.http import HTTPMessage, from_http
from cloudevents.core.formats.json import JSONFormat

from schemas.cloud_events import CloudEvent
from store.codec import Meta
from workers.cloud_events import (
    STRUCTURED,
    attributes,
    cloud_event,
    guild_in,
    http_headers,
    rfc3339,
    structured,
)

MOMENT = datetime(2026, 3, 4, 5, 6, 7, 8, tzinfo=UTC)
DATA = b'{"guild":9007199254740993,"name":"In\xc3\xaas \\"x\\""}'
META = Meta(actor="accounts-204", surface="book", request="r 1%\u00e9", cause=16, trace="00-a-b-01", append="a")

pytestmark = pytest.mark.judge


def said(meta: Meta = META, guild: int | None = 9007199254740993) -> CloudEvent:
    return cloud_event(
        "/guildbook",
        position=4294967296,
        stream="settings-9-x",
        version=3,
        stored_type="settings.RowCreated",
        append_end=4294967299,
        recorded_at=MOMENT,
        meta=meta,
        guild=guild,
        data=DATA,
    )


EXPECTED = {
    "specversion": "1.0",
    "id": "4294967296",
    "source": "/guildbook",
    "type": "settings.RowCreated",
    "subject": "settings-9-x",
    "time": MOMENT,
    "datacontenttype": "application/json",
    "position": "4294967296",
    "streamversion": "3",
    "appendend": "4294967299",
    "actor": "accounts-204",
    "surface": "book",
    "guild": "9007199254740993",
    "cause": "16",
    "request": "r 1%\u00e9",
    "traceparent": "00-a-b-01",
}


def test_a_structured_event_is_read() -> None:
    event = from_http(HTTPMessage({"content-type": STRUCTURED}, structured(said())), JSONFormat())
    assert dict(event.get_attributes()) == EXPECTED
    assert event.get_data() == msgspec.json.decode(DATA)


def test_an_event_in_headers_is_read() -> None:
    message = HTTPMessage({"content-type": "application/json", **http_headers(said())}, DATA)
    event = from_http(message, JSONFormat())
    assert dict(event.get_attributes()) == EXPECTED
    assert event.get_data() == msgspec.json.decode(DATA)


def test_headers_can_be_sent() -> None:
    assert all(value.isascii() and value.isprintable() and " " not in value for value in http_headers(said()).values())


def test_what_is_not_known_is_not_said() -> None:
    names = dict(attributes(said(Meta(actor="operator", surface="cli"), guild=None)))
    assert not names.keys() & {"guild", "cause", "request", "traceparent"}
    assert b"null" not in structured(said(Meta(actor="operator", surface="cli"), guild=None))


def test_data_is_what_it_was_to_the_byte() -> None:
    assert structured(said()).endswith(b',"data":' + DATA + b"}")


@pytest.mark.parametrize(
    ("stored_type", "data", "guild"),
    [
        ("guilds.MemberJoined", b'{"guild":12,"user":3}', 12),
        ("loads.LoadStarted", b'{"load":"a","source":1,"target":2}', 2),
        ("teams.TeamCreated", b'{"team":1,"name":"x"}', None),
        ("unknown.Event", b'{"guild":12}', None),
        ("guilds.MemberJoined", b"{", None),
    ],
)
def test_the_guild_of_an_event_is_named(stored_type: str, data: bytes, guild: int | None) -> None:
    assert guild_in(stored_type, data) == guild


def test_a_whole_second_has_microseconds_too() -> None:
    assert rfc3339(MOMENT.replace(microsecond=0)) == "2026-03-04T05:06:07.000000Z"
