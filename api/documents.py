"""The published document of the API, made from the routes and the wire structs."""

import re
from collections.abc import Iterable
from operator import itemgetter
from typing import Any

import msgspec
from litestar.handlers import HTTPRouteHandler

from api.described import Described, Schema, Surface
from api.webhooks import SECRET_SCHEME, bodies, webhooks

OPENAPI = "3.1.0"
VERSION = "0.1.0"
REF = "#/components/schemas/{name}"
SUCCESSES = range(200, 300)

ABOUT = """Every write is an event in one append-only log, and is answered with its position there, when reads show it.

What is sent is read leniently: a number or a boolean is as good as its text, digits in a text are as good as the
number, unknown keys and the content type are ignored. Everything that is wrong is named in one answer.

A `traceparent` (W3C Trace Context) is kept with what is written, and travels on with its events."""

POSITION: Schema = {"type": "integer", "minimum": 0}
AFTER: Schema = {
    "name": "Guildbook-After",
    "in": "header",
    "description": "Answer when reads show this position of the log; with `Guildbook-Stale` when that takes too long.",
    "schema": POSITION,
}
PREFER: Schema = {
    "name": "Prefer",
    "in": "header",
    "description": "`respond-async`: answer as soon as it is recorded, whether or not reads show it yet.",
    "schema": {"type": "string", "enum": ["respond-async"]},
}
HEADERS: dict[str, Schema] = {
    "X-Request-Id": {
        "description": "The caller's own, or a new one; it stands in the log.",
        "required": True,
        "schema": {"type": "string"},
    },
    "Cache-Control": {"required": True, "schema": {"type": "string"}},
    "Guildbook-Position": {
        "description": "Where the log is with this write in it.",
        "required": True,
        "schema": POSITION,
    },
    "Guildbook-Stale": {
        "description": "Reads do not show the position yet.",
        "schema": {"type": "string", "enum": ["true"]},
    },
    "Retry-After": {"description": "Seconds to wait.", "schema": {"type": "integer", "minimum": 0}},
    "WWW-Authenticate": {"description": "How to say who calls.", "schema": {"type": "string"}},
}

EVENT_STREAM: Schema = {
    "text/event-stream": {
        "schema": {"type": "string", "description": "Events one by one, each with its position as id."}
    }
}

REASONS = {
    200: "Here it is.",
    201: "It was created.",
    202: "It will be done.",
    204: "It is gone.",
    208: "It was so already.",
    304: "It is as it was.",
    400: "A header is wrong.",
    401: "Who calls is not known well enough.",
    403: "That is not allowed.",
    404: "There is no such route, or nothing there.",
    408: "The body took too long to come.",
    409: "It exists already, or too many change it at once.",
    412: "It was changed since it was read.",
    413: "The body is too large.",
    422: "What was sent is wrong; every fault is named.",
    426: "This is for WebSockets.",
    429: "Too many requests.",
    500: "A mistake of ours.",
    502: "The identity provider could not be reached.",
    503: "The book is not available at the moment.",
}
REFUSAL_HEADERS = {
    401: ("WWW-Authenticate",),
    409: ("Retry-After",),
    429: ("Retry-After",),
    503: ("Retry-After",),
}


def document(routes: Iterable[HTTPRouteHandler]) -> dict[str, Any]:
    """Return the OpenAPI document of these routes."""
    handlers = list(routes)
    surfaces = list({_described(handler).surface.name: _described(handler).surface for handler in handlers}.values())
    shapes = sorted(bodies().union(*(_shapes(_described(handler)) for handler in handlers)), key=str)
    schemas, components = msgspec.json.schema_components(shapes, ref_template=REF)
    names = dict(zip(shapes, schemas, strict=True))
    return {
        "openapi": OPENAPI,
        "info": {
            "title": "Guildbook",
            "version": VERSION,
            "summary": "A book of record for bot-run communities.",
            "description": ABOUT,
            "license": {"name": "Apache-2.0", "identifier": "Apache-2.0"},
        },
        "paths": _paths(handlers, names),
        "webhooks": webhooks(names),
        "components": {
            "schemas": components,
            "responses": _refusals(handlers, names),
            "headers": HEADERS | _merged(surface.headers for surface in surfaces),
            "securitySchemes": _merged([*(surface.schemes for surface in surfaces), SECRET_SCHEME]),
        },
    }


def _merged(several: Iterable[dict[str, Schema]]) -> dict[str, Schema]:
    return {name: schema for one in several for name, schema in one.items()}


def _described(handler: HTTPRouteHandler) -> Described:
    return handler.opt["described"]


def _tag(handler: HTTPRouteHandler) -> str:
    """Name the surface and the resource, as the folders do."""
    surface, resource = handler.fn.__module__.split(".")[-2:]
    return f"{surface}.{resource}"


def _shapes(described: Described) -> set[Any]:
    shapes = {shape for several in described.answers.values() for shape in several}
    return (shapes | {described.body, *described.told.values()}) - {None}


def _paths(handlers: Iterable[HTTPRouteHandler], names: dict[Any, Schema]) -> dict[str, Any]:
    paths: dict[str, Any] = {}
    for handler in handlers:
        for path in sorted(handler.paths):
            template = re.sub(r"\{(\w+):\w+\}", r"{\1}", path)
            method = next(iter(handler.http_methods)).lower()
            paths.setdefault(template, {})[method] = _operation(handler, method, template, names)
    return dict(sorted(paths.items()))


def _operation(handler: HTTPRouteHandler, method: str, path: str, names: dict[Any, Schema]) -> dict[str, Any]:
    described = _described(handler)
    operation: dict[str, Any] = {
        "operationId": "_".join([method, *re.findall(r"\w+", path)]),
        "summary": described.summary,
        "description": handler.fn.__doc__,
        "tags": [_tag(handler)],
        "parameters": [*_parameters(described), AFTER if method == "get" else PREFER],
        "responses": {
            str(status): _response(described, method, status, shapes, names)
            for status, shapes in sorted(described.answers.items())
        },
    }
    if described.body is not None:
        operation["requestBody"] = {"required": True, "content": _content([names[described.body]])}
    if described.credentials:
        operation["security"] = [{scheme: []} if scheme else {} for scheme in described.credentials]
    return operation


def _parameters(described: Described) -> list[Schema]:
    in_path = [{"name": name, "in": "path", "required": True, "schema": it} for name, it in described.path.items()]
    in_query = [{"name": name, "in": "query", "schema": schema} for name, schema in described.query.items()]
    in_headers = [{"name": name, "in": "header", "schema": schema} for name, schema in described.headers.items()]
    return [*in_path, *in_query, *in_headers]


def _response(
    described: Described, method: str, status: int, shapes: tuple[Any, ...], names: dict[Any, Schema]
) -> dict[str, Any]:
    surface, schemas = described.surface, [names[shape] for shape in shapes if shape is not None]
    if status in described.told:
        refusal = _refusal(surface, status, schemas)
        return {**refusal, "content": {**refusal["content"], **_content([names[described.told[status]]])}}
    if status not in SUCCESSES:
        return {"$ref": f"#/components/responses/{surface.name}.{status}"}
    own = "Cache-Control" if method == "get" else "Guildbook-Position"
    answer = _answer(status, schemas, own, "Guildbook-Stale", *surface.headers, media_type=described.media_type)
    return {**answer, "content": {**answer["content"], **EVENT_STREAM}} if described.is_stream else answer


def _refusals(handlers: Iterable[HTTPRouteHandler], names: dict[Any, Schema]) -> dict[str, Any]:
    """Return the answers that are no successes: the same for every route of a surface."""
    answers = {
        (described.surface.name, status): (described.surface, shapes)
        for described in map(_described, handlers)
        for status, shapes in described.answers.items()
        if status not in SUCCESSES
    }
    return {
        f"{name}.{status}": _refusal(surface, status, [names[shape] for shape in shapes if shape is not None])
        for (name, status), (surface, shapes) in sorted(answers.items(), key=itemgetter(0))
    }


def _refusal(surface: Surface, status: int, schemas: list[Schema]) -> dict[str, Any]:
    headers = (*REFUSAL_HEADERS.get(status, ()), *surface.headers)
    return _answer(status, schemas, *headers, media_type=surface.refusals)


def _answer(status: int, schemas: list[Schema], *headers: str, media_type: str = "application/json") -> dict[str, Any]:
    references = {name: {"$ref": f"#/components/headers/{name}"} for name in ("X-Request-Id", *headers)}
    content = {"content": _content(schemas, media_type)} if schemas else {}
    return {"description": REASONS[status], "headers": references, **content}


def _content(schemas: list[Schema], media_type: str = "application/json") -> dict[str, Any]:
    shape = {"schema": schemas[0] if len(schemas) == 1 else {"anyOf": schemas}}
    return dict.fromkeys(media_type.split(", "), shape)
