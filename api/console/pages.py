"""The pages of the console: templates filled, headers that keep strangers out, and the files that pages need."""

import asyncio
import hashlib
from collections.abc import Sequence
from datetime import UTC, datetime
from functools import cache
from importlib.metadata import distribution
from pathlib import Path
from typing import Any

import msgspec
from jinja2 import Environment, FileSystemLoader, StrictUndefined
from litestar import Response, get
from litestar.datastructures import Cookie
from litestar.exceptions import NotFoundException

from api.console.directory import member_name
from api.parts import Asked

# Nothing is loaded from elsewhere, nothing is run that stands in a page, and no page is shown inside another.
POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src 'self';"
    " base-uri 'none'; form-action 'self'; frame-ancestors 'none'"
)
HEADERS = {
    "Content-Security-Policy": POLICY,
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "same-origin",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cache-Control": "no-store",
}
ASSET_HEADERS = {"Cache-Control": "max-age=86400", "X-Content-Type-Options": "nosniff"}
# htmx: no scripts out of attributes, no styles of its own, nothing kept in the browser, and refusals are shown too.
HTMX = msgspec.json.encode(
    {
        "allowEval": False,
        "includeIndicatorStyles": False,
        "historyCacheSize": 0,
        "refreshOnHistoryMiss": True,
        "selfRequestsOnly": True,
        "responseHandling": [{"code": "204", "swap": False}, {"code": "...", "swap": True}],
    }
).decode()
FOLDER = Path(__file__).parent
VENDOR = "django-js-lib-htmx"  # htmx as it came, in a package without code that is run; it is read, never imported
ASSETS = {
    "console.css": "text/css",
    "audit.css": "text/css",
    "htmx.js": "text/javascript",
    "live.js": "text/javascript",
}
ROWS_MIN, ROWS_MAX = 2, 24


@cache
def asset_content(name: str) -> bytes:
    """Return a file that pages need."""
    if name == "htmx.js":
        return Path(str(distribution(VENDOR).locate_file("js_lib_htmx/static/htmx/htmx.min.js"))).read_bytes()
    return (FOLDER / "assets" / name).read_bytes()


@cache
def _asset_paths() -> dict[str, str]:
    """Return where each file is: another place for every content, so that a browser never shows an old one."""
    digests = {name: hashlib.sha256(asset_content(name)).hexdigest()[:12] for name in ASSETS}
    return {name: f"/console/assets/{name}?v={digest}" for name, digest in digests.items()}


@cache
def _environment() -> Environment:
    environment = Environment(
        loader=FileSystemLoader(FOLDER / "templates"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    filters = {"initials": initials, "member_name": member_name, "moment": moment, "rows": rows}
    environment.filters.update(filters)  # pyright: ignore[reportUnknownMemberType]
    return environment


def initials(name: str) -> str:
    """Return a name as a badge shows it."""
    words = name.split()
    return "".join(word[0] for word in words[:2]).upper()


def moment(at: str) -> str:
    """Return a time as people read it."""
    return datetime.fromisoformat(at).astimezone(UTC).strftime("%d %b %Y, %H:%M UTC")


def rows(text: str) -> int:
    """Return how many lines a text needs."""
    return min(max(text.count("\n") + 1, ROWS_MIN), ROWS_MAX)


def page(template: str, status: int = 200, **values: object) -> Response[bytes]:
    """Return a page."""
    shared: dict[str, Any] = {"assets": _asset_paths(), "htmx_config": HTMX, "visitor": None, "has_side": False}
    text = _environment().get_template(template).render({**shared, **values})
    return Response(text.encode(), status_code=status, media_type="text/html; charset=utf-8", headers=HEADERS)


def fragment(template: str, **values: object) -> str:
    """Return a part of a page."""
    return _environment().get_template(template).render(values)


def redirect(target: str, cookies: Sequence[Cookie] = ()) -> Response[bytes]:
    """Send a browser elsewhere, to read."""
    return Response(b"", status_code=303, headers={**HEADERS, "Location": target}, cookies=cookies)


@get("/console/assets/{name:str}", include_in_schema=False, opt={"surface": "console"})
async def asset(request: Asked) -> Response[bytes]:
    """Return a file that pages need."""
    name = request.path_params["name"]
    if name not in ASSETS:
        raise NotFoundException
    content = await asyncio.to_thread(asset_content, name)
    return Response(content, media_type=ASSETS[name], headers=ASSET_HEADERS)


ROUTES = (asset,)
