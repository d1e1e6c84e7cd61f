"""The streams of the AsyncAPI document: what the API's own descriptions of their routes say."""

import inspect
from collections.abc import Iterable, Mapping
from typing import Any

from litestar.handlers import HTTPRouteHandler

from api.async_channels import Channel
from api.async_messages import message_of
from api.async_schemas import reference
from api.described import Described, Schema
from domain.catalogue import EVENTS

EVENTS_PATH, SOCKET_PATH = "/book/events", "/book/events/ws"
LOADER_PATHS = {"loads": "/loaders/ws", "loadsBelowApi": "/api/loaders/ws"}
FRAMES = {"start": "Start", "status": "Status", "done": "Done"}
STILL_HERE = "still-here"
OF_PAGES = "limit"  # has no meaning for a stream
WS_BINDING, HTTP_BINDING = "0.1.0", "0.3.0"


def stream_channels(routes: Iterable[HTTPRouteHandler]) -> list[Channel]:
    """Return the channels of the streams that are among these routes."""
    handlers = {path: handler for handler in routes for path in handler.paths}
    loads = [
        _channel(name, path, handlers[path], "sockets", [frame_name(event) for event in FRAMES])
        for name, path in LOADER_PATHS.items()
    ]
    return [
        _channel("events", SOCKET_PATH, handlers[SOCKET_PATH], "sockets", [*EVENTS, STILL_HERE]),
        _channel("serverSentEvents", EVENTS_PATH, handlers[EVENTS_PATH], "http", list(EVENTS)),
        *loads,
    ]


def stream_messages() -> dict[str, Schema]:
    """Return what streams say beside events."""
    position = {"type": "object", "properties": {"position": {"type": "integer"}}, "required": ["position"]}
    silence = message_of(STILL_HERE, "Nothing happened up to this position; the stream is still there.", position)
    return {STILL_HERE: silence} | {frame_name(event): _frame(event, shape) for event, shape in FRAMES.items()}


def frame_name(event: str) -> str:
    """Name the message of a frame of the loader feed."""
    return f"load-{event}"


def _frame(event: str, shape: str) -> Schema:
    payload = {
        "type": "object",
        "properties": {"event": {"const": event}, "data": reference(shape)},
        "required": ["event", "data"],
    }
    said = {"start": "A load begins.", "status": "How far a load is.", "done": "A load has ended, or was refused."}
    return message_of(event, said[event], payload)


def _channel(name: str, path: str, handler: HTTPRouteHandler, server: str, messages: list[str]) -> Channel:
    described: Described = handler.opt["described"]
    said: Schema = {
        "address": path,
        "title": described.summary,
        "summary": described.summary,
        "description": inspect.cleandoc(handler.fn.__doc__ or ""),
        "servers": [{"$ref": f"#/servers/{server}"}],
    }
    asked = {"method": "GET", "query": _query(described.query)}
    operation: dict[str, Any] = {"security": [_security(scheme) for scheme in described.credentials]}
    if server == "sockets":
        said["bindings"] = {"ws": {**asked, "bindingVersion": WS_BINDING}}
    else:
        operation["bindings"] = {"http": {**asked, "bindingVersion": HTTP_BINDING}}
    return Channel(name, "send", said, messages, operation)


def _query(parameters: Mapping[str, Schema]) -> Schema:
    return {"type": "object", "properties": {name: it for name, it in parameters.items() if name != OF_PAGES}}


def _security(scheme: str) -> Schema:
    return {"$ref": f"#/components/securitySchemes/{scheme}"}
