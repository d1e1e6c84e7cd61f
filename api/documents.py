"""The published document of the API, made from the routes and the wire structs, and a page to browse it."""

import re
from importlib import resources
from typing import Any

import msgspec
from litestar import Litestar, Response, get
from litestar.handlers import HTTPRouteHandler

from api.parts import Asked

OPENAPI = "3.1.0"
VERSION = "0.1.0"
REF = "#/components/schemas/{name}"
ASSETS = {"swagger-ui-bundle.js": "text/javascript", "swagger-ui.css": "text/css"}
PAGE = """<!doctype html>
<html lang="en">
<head><meta charset="utf-8"><title>Guildbook API</title><link rel="stylesheet" href="/docs/swagger-ui.css"></head>
<body><div id="page"></div><script src="/docs/swagger-ui-bundle.js"></script>
<script>SwaggerUIBundle({url: "/openapi.json", dom_id: "#page", deepLinking: true})</script></body>
</html>
"""


def document(app: Litestar) -> dict[str, Any]:
    """Return the OpenAPI document of every route that is described."""
    handlers = [handler for route in app.routes for handler in _handlers(route) if "described" in handler.opt]
    names: dict[Any, dict[str, Any]] = {}
    shapes = {shape for handler in handlers for shape in _shapes(handler)}
    ordered = sorted(shapes, key=str)
    schemas, components = msgspec.json.schema_components(ordered, ref_template=REF)
    names = dict(zip(ordered, schemas, strict=True))
    paths: dict[str, Any] = {}
    for handler in handlers:
        for path in sorted(handler.paths):
            operations = paths.setdefault(_template(path), {})
            operations[next(iter(handler.http_methods)).lower()] = _operation(handler, path, names)
    return {
        "openapi": OPENAPI,
        "info": {
            "title": "Guildbook",
            "version": VERSION,
            "description": "A book of record for bot-run communities.",
            "license": {"name": "Apache-2.0", "identifier": "Apache-2.0"},
        },
        "paths": dict(sorted(paths.items())),
        "components": {"schemas": components, "securitySchemes": {"basic": {"type": "http", "scheme": "basic"}}},
    }


def _handlers(route: Any) -> list[HTTPRouteHandler]:  # noqa: ANN401 - the framework's routes share no type with it
    return list(dict.fromkeys(getattr(route, "route_handlers", ())))


def _shapes(handler: HTTPRouteHandler) -> list[Any]:
    described = handler.opt["described"]
    return [shape for shape in (described.body, *described.answers.values()) if shape is not None]


def _template(path: str) -> str:
    return re.sub(r"\{(\w+):\w+\}", r"{\1}", path)


def _operation(handler: HTTPRouteHandler, path: str, names: dict[Any, dict[str, Any]]) -> dict[str, Any]:
    described = handler.opt["described"]
    operation: dict[str, Any] = {
        "operationId": _operation_id(handler, path),
        "summary": described.summary,
        "description": handler.fn.__doc__,
        "tags": [described.tag],
        "parameters": [*_path_parameters(path), *_query_parameters(described.query)],
        "responses": {str(status): _response(shape, names) for status, shape in sorted(described.answers.items())},
    }
    if described.body is not None:
        operation["requestBody"] = {"required": True, "content": _json(names[described.body])}
    if described.authenticated:
        operation["security"] = [{"basic": []}]
    return operation


def _operation_id(handler: HTTPRouteHandler, path: str) -> str:
    words = re.findall(r"\w+", path.replace(":str", ""))
    return "_".join([next(iter(handler.http_methods)).lower(), *words])


def _path_parameters(path: str) -> list[dict[str, Any]]:
    return [
        {"name": name, "in": "path", "required": True, "schema": {"type": "string"}}
        for name in re.findall(r"\{(\w+):", path)
    ]


def _query_parameters(query: dict[str, dict[str, Any]]) -> list[dict[str, Any]]:
    return [{"name": name, "in": "query", "required": False, "schema": schema} for name, schema in query.items()]


def _response(shape: Any, names: dict[Any, dict[str, Any]]) -> dict[str, Any]:  # noqa: ANN401 - any wire type
    if shape is None:
        return {"description": "Done; there is no body."}
    return {"description": (getattr(shape, "__doc__", None) or "One of these."), "content": _json(names[shape])}


def _json(schema: dict[str, Any]) -> dict[str, Any]:
    return {"application/json": {"schema": schema}}


@get("/openapi.json", include_in_schema=False)
async def openapi(request: Asked) -> Response[bytes]:
    """Return the document."""
    content = msgspec.json.encode(document(request.app))
    return Response(content, media_type="application/json", headers={"Cache-Control": "no-cache"})


@get(["/docs", "/redoc"], include_in_schema=False)
async def page() -> Response[str]:
    """Return a page to browse the document, which needs nothing from elsewhere."""
    return Response(PAGE, media_type="text/html")


@get("/docs/{asset:str}", include_in_schema=False)
async def asset(request: Asked) -> Response[bytes]:
    """Return a part of that page."""
    name = request.path_params["asset"]
    if name not in ASSETS:
        return Response(b'{"detail":"Not Found"}', status_code=404, media_type="application/json")
    folder = resources.files("swagger_ui_bundle") / "vendor"
    found = next(file for version in folder.iterdir() if (file := version / name).is_file())
    return Response(found.read_bytes(), media_type=ASSETS[name], headers={"Cache-Control": "max-age=86400"})


ROUTES = (openapi, page, asset)
