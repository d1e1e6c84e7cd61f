"""The callbacks of the AsyncAPI document, in both dialects."""

from api.async_channels import Channel
from api.async_messages import DELIVERED, headers_of, message_of
from api.async_schemas import Shapes, reference
from api.async_streams import HTTP_BINDING
from api.described import Header, Schema
from api.webhooks import (
    BODIES,
    JSON,
    MEDIA_TYPE,
    POLYMPICS_HEADERS,
    SIGNED,
    SUMMARIES,
    TEXT,
    content_type,
)
from domain.catalogue import EVENTS

POST: Schema = {"bindings": {"http": {"method": "POST", "bindingVersion": HTTP_BINDING}}}
AUTHORIZATION = Header("`Bearer` and the secret, as the clients of this surface expect it.", TEXT)
HEADERS = {
    "CallbackHeaders": {"Content-Type": content_type(MEDIA_TYPE), **SIGNED},
    "PolympicsCallbackHeaders": {
        "Content-Type": content_type(JSON),
        "Authorization": AUTHORIZATION,
        **POLYMPICS_HEADERS,
    },
}

BOOK = """An app registers a URL with `POST /book/callbacks`. It is sent every event that it may see and asks for, one
request each, as a structured CloudEvent, in the order of positions within each stream. Any 2xx is success; anything
else is tried again for about three days, 410 disables the callback."""
POLYMPICS = """An app registers a URL for each kind with `PUT /callback/{event}`. Bodies show how things were right
after what happened. Any 2xx is success; anything else is tried again for about three days."""


def callback_channels() -> list[Channel]:
    """Return one channel for each dialect."""
    return [
        Channel(
            "callbacks",
            "send",
            _said("Callbacks", "Events, to the URLs that apps have registered.", BOOK),
            [DELIVERED.name(stored_type) for stored_type in EVENTS],
            POST,
        ),
        Channel(
            "polympicsCallbacks",
            "send",
            _said("Callbacks of the Polympics surface", "What has become of accounts, teams and awards.", POLYMPICS),
            list(BODIES),
            POST,
        ),
    ]


def callback_messages(shapes: Shapes) -> dict[str, Schema]:
    """Return what the dialect `polympics` sends."""
    headers = reference("PolympicsCallbackHeaders")
    return {
        event: message_of(event, SUMMARIES[event], shapes.references[body], headers) for event, body in BODIES.items()
    }


def callback_headers() -> dict[str, Schema]:
    """Return the headers of both dialects."""
    return {name: headers_of(headers) for name, headers in HEADERS.items()}


def _said(title: str, summary: str, description: str) -> Schema:
    return {
        "address": None,
        "title": title,
        "summary": summary,
        "description": description,
        "servers": [{"$ref": "#/servers/receiver"}],
    }
