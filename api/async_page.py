"""The page to browse the AsyncAPI document: channels, what is said in them, and every event type; without a script."""

import re
from collections.abc import Iterable
from pathlib import Path
from typing import Any, NamedTuple, cast

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from litestar import Response, get
from markupsafe import Markup, escape

from api.described import Schema
from api.pages import HEADERS
from api.parts import Asked

PATH = "/docs/streams"
FOLDER = Path(__file__).parent
TEMPLATE = "async_page.html"
NOTHING: Schema = {}
ACTIONS = {"send": "Guildbook sends", "receive": "Guildbook receives"}


class Field(NamedTuple):
    """One value of an object, a header, or a parameter of a query."""

    name: str
    kind: str
    is_required: bool
    description: str


class Shown(NamedTuple):
    """A channel as the page shows it; `types` are those of its events, `others` what else is said."""

    name: str
    action: str
    said: Schema
    query: list[Field]
    headers: list[tuple[str, list[Field]]]
    types: list[str]
    others: list[Schema]


def page_of(document: dict[str, Any]) -> str:
    """Return the page that shows a document."""
    environment = Environment(
        autoescape=True,
        undefined=StrictUndefined,
        loader=FileSystemLoader(FOLDER),
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters.update({"prose": prose})  # pyright: ignore[reportUnknownMemberType]
    schemas = document["components"]["schemas"]
    return environment.get_template(TEMPLATE).render(
        info=document["info"],
        channels=[_shown(document, operation) for operation in document["operations"].values()],
        schemas={name: _schema(schema) for name, schema in schemas.items() if "properties" in schema},
    )


def prose(text: str) -> Markup:
    """Return paragraphs, and code between backticks as code."""
    paragraphs = (re.sub("`([^`]+)`", r"<code>\1</code>", str(escape(part))) for part in text.split("\n\n"))
    return Markup("".join(f"<p>{paragraph}</p>\n" for paragraph in paragraphs if paragraph))  # noqa: S704 - escaped


def kind_of(schema: Schema) -> str:
    """Say in a few words what a value is."""
    match schema:
        case {"$ref": _}:
            return _name(schema)
        case {"const": value}:
            return f"“{value}”"
        case {"enum": values}:
            return " or ".join(f"“{value}”" for value in cast("list[Any]", values))
        case {"anyOf": several}:
            return " or ".join(kind_of(one) for one in cast("list[Schema]", several))
        case {"type": "array", "items": items} if not isinstance(items, list):
            return f"list of {kind_of(items)}"
        case {"format": str(form)}:
            return form
        case {"type": str(kind)}:
            return kind
        case _:
            return "anything"


def _shown(document: dict[str, Any], operation: Schema) -> Shown:
    name = _name(operation["channel"])
    said, components = document["channels"][name], document["components"]
    messages = [components["messages"][message] for message in said["messages"]]
    headers = dict.fromkeys(name for message in messages for name in _headers(components, message))
    bindings: dict[str, Schema] = {**said.get("bindings", {}), **operation.get("bindings", {})}
    events = [message for message in messages if "tags" in message]
    return Shown(
        name=name,
        action=ACTIONS[operation["action"]],
        said=said,
        query=[field for binding in bindings.values() for field in _fields(binding.get("query", NOTHING))],
        headers=[(header, _fields(components["schemas"][header])) for header in headers],
        types=list(dict.fromkeys(message["name"] for message in events)),
        others=[message for message in messages if "tags" not in message],
    )


def _headers(components: dict[str, Any], message: Schema) -> list[str]:
    """Name the headers of a message: its own, and those of its form."""
    traits = [components["messageTraits"][_name(trait)] for trait in message.get("traits", NOTHING)]
    return [_name(part["headers"]) for part in (message, *traits) if "headers" in part]


def _name(reference: Schema) -> str:
    return reference["$ref"].rpartition("/")[2]


def _schema(schema: Schema) -> dict[str, Any]:
    return {"description": schema.get("description", ""), "fields": _fields(schema)}


def _fields(schema: Schema) -> list[Field]:
    required: Iterable[str] = schema.get("required", ())
    return [
        Field(name, kind_of(it), name in required, it.get("description", ""))
        for name, it in schema.get("properties", {}).items()
    ]


@get(PATH, include_in_schema=False)
async def page(request: Asked) -> Response[bytes]:
    """Return the page."""
    return Response(request.app.state["async_page"], media_type="text/html", headers=HEADERS)


@get("/asyncapi.json", include_in_schema=False)
async def asyncapi(request: Asked) -> Response[bytes]:
    """Return the document."""
    return Response(request.app.state["async_document"], media_type="application/json")


ROUTES = (page, asyncapi)
