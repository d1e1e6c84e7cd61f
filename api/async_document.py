"""The published document of everything that is told without being asked for: streams, callbacks, Kafka's topics."""

from collections.abc import Iterable, Sequence
from typing import Any

from litestar.handlers import HTTPRouteHandler

from api.async_callbacks import callback_channels, callback_headers, callback_messages
from api.async_channels import channels_and_operations
from api.async_messages import event_messages, form_traits
from api.async_schemas import all_shapes
from api.async_streams import stream_channels, stream_messages
from api.async_topics import topic_channels, topic_headers, topic_messages
from api.described import Schema, Surface
from api.documents import VERSION
from schemas.cloud_events import CloudEvent
from schemas.events import EventOut
from schemas.kafka import Command, CommandDead, CommandDone, Watermark
from schemas.polympics import AccountTeamUpdate, AccountUpdate, AwardUpdate, TeamUpdate
from schemas.xenon import Done, Start, Status

ASYNCAPI = "3.0.0"
WIRE = (
    *(EventOut, CloudEvent),
    *(Start, Status, Done),
    *(AccountTeamUpdate, AwardUpdate, AccountUpdate, TeamUpdate),
    *(Watermark, Command, CommandDone, CommandDead),
)
ABOUT = """Every write is an event in one append-only log. It is told in the same order in four ways: over WebSockets,
as server-sent events, by callbacks and in Kafka's topics; each can be taken up again at any position.

An event type, and a field of it, is never renamed or removed; new fields come with a default, so read over what you
do not know. Fields that are personal or secret are shown nowhere; in topics they travel encrypted, as they are stored.
Numbers may be as large as ids are: read them as 64-bit integers."""

SERVERS: dict[str, Schema] = {
    "sockets": {
        "host": "{host}",
        "protocol": "ws",
        "description": "An API process; `wss` behind a proxy that speaks TLS.",
        "variables": {"host": {"default": "127.0.0.1:8080"}},
    },
    "http": {
        "host": "{host}",
        "protocol": "http",
        "description": "The same process.",
        "variables": {"host": {"default": "127.0.0.1:8080"}},
    },
    "receiver": {
        "host": "{receiver}",
        "protocol": "https",
        "description": "Where a callback is sent: the URL that was registered, whose host this is.",
        "variables": {"receiver": {"default": "bot.example.org"}},
    },
    "kafka": {
        "host": "{broker}",
        "protocol": "kafka",
        "description": "The broker that `GUILDBOOK_KAFKA` names.",
        "variables": {"broker": {"default": "127.0.0.1:9092"}},
    },
}


def async_document(routes: Sequence[HTTPRouteHandler]) -> dict[str, Any]:
    """Return the AsyncAPI document; the routes are those of the API, of which some are streams."""
    shapes = all_shapes(WIRE)
    channels = [*stream_channels(routes), *callback_channels(), *topic_channels()]
    return {
        "asyncapi": ASYNCAPI,
        "id": "urn:guildbook",
        "info": {
            "title": "Guildbook",
            "version": VERSION,
            "description": ABOUT,
            "license": {"name": "Apache-2.0", "url": "https://www.apache.org/licenses/LICENSE-2.0"},
        },
        "defaultContentType": "application/json",
        "servers": SERVERS,
        **channels_and_operations(channels),
        "components": {
            "messages": event_messages() | stream_messages() | callback_messages(shapes) | topic_messages(),
            "messageTraits": form_traits(),
            "schemas": shapes.schemas | callback_headers() | topic_headers(),
            "securitySchemes": _security_schemes(routes),
        },
    }


def _security_schemes(routes: Iterable[HTTPRouteHandler]) -> dict[str, Schema]:
    surfaces: dict[str, Surface] = {it.name: it for handler in routes for it in [handler.opt["described"].surface]}
    schemes = {name: scheme for surface in surfaces.values() for name, scheme in surface.schemes.items()}
    return {name: _security_scheme(scheme) for name, scheme in schemes.items()}


def _security_scheme(scheme: Schema) -> Schema:
    """Say in the words of AsyncAPI what was said in those of OpenAPI."""
    return {**scheme, "type": "httpApiKey"} if scheme["type"] == "apiKey" else scheme
