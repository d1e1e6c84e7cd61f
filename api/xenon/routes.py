"""How a route of this surface is declared: at the root and below `/api`, and counted for the bot that asks."""

import re
from collections.abc import Callable
from typing import Any

from litestar import route
from litestar.enums import HttpMethod

from api.described import Described, Schema, Surface
from api.limits import take
from api.parts import Asked, parts_of
from api.xenon.auth import enter
from api.xenon.errors import RefusedError
from schemas.xenon import ApiError, RateLimited

Route = Callable[[Callable[..., Any]], Any]

PREFIXES = ("", "/api")
TEXT: Schema = {"type": "string"}
SNOWFLAKE: Schema = {"type": "string", "pattern": "^[0-9]{1,20}$"}
POSITION: Schema = {"type": "integer", "minimum": 0}
SURFACE = Surface(
    "xenon",
    schemes={
        "bot_token": {
            "type": "apiKey",
            "in": "header",
            "name": "Authorization",
            "description": "The token of a bot, with no word before it.",
        }
    },
    headers={
        "RateLimit-Policy": {"description": 'How often one may ask: `"bot";q=<requests>;w=<seconds>`.', "schema": TEXT},
        "RateLimit": {"description": 'What is left of it: `"bot";r=<requests>;t=<seconds>`.', "schema": TEXT},
    },
)
IN_PATH: dict[str, Schema] = {"template_id": {"type": "string", "pattern": "^[A-Za-z0-9_-]{1,64}$"}}
ALWAYS = (429, 500, 503)
WITH_BODY = (400, 408, 413)


def serve(
    method: HttpMethod,
    path: str,
    *,
    summary: str,
    answers: dict[int, Any],
    refusals: tuple[int, ...] = (),
    auth: bool = True,
    body: Any = None,  # noqa: ANN401 - any wire type
    query: dict[str, Schema] | None = None,
    credentials: tuple[str, ...] | None = None,
) -> Route:
    """Declare a route. `refusals` are those that do not follow from what it takes; None answers with nothing.

    Without `auth` anybody is answered; `credentials` are what the document says nevertheless.
    """
    in_path = {name: IN_PATH[name] for name in re.findall(r"\{(\w+):", path)}
    statuses = {*refusals, *ALWAYS, *((401,) if auth else ()), *(WITH_BODY if body else ())}
    shapes = {status: (RateLimited if status == 429 else ApiError,) for status in statuses}  # noqa: PLR2004
    described = Described(
        surface=SURFACE,
        summary=summary,
        answers={**shapes, **{status: (shape,) for status, shape in answers.items()}},
        body=body,
        path=in_path,
        query=query or {},
        credentials=credentials or (("bot_token",) if auth else ()),
    )
    opt = {"described": described, "surface": SURFACE.name, "auth": auth}
    paths = [f"{prefix}{path}" for prefix in PREFIXES]
    return route(paths, http_method=method, status_code=200, before_request=admit, opt=opt)


async def admit(request: Asked) -> None:
    """Find out who asks, and count the request. Errors: RefusedError, RateExceededError."""
    await (enter(request) if request.route_handler.opt["auth"] else take(request, None, "bot"))
    if _announced(request) > parts_of(request).settings.xenon_body_bytes_max:
        raise RefusedError(413, "Body too large")


def _announced(request: Asked) -> int:
    """Return how large a body was announced, also where none is read."""
    text = request.headers.get("content-length", "0")
    return int(text) if text.isdecimal() else 0


def get(path: str, **described: Any) -> Route:  # noqa: ANN401
    """Declare a route that reads."""
    return serve(HttpMethod.GET, path, **described)


def post(path: str, **described: Any) -> Route:  # noqa: ANN401
    """Declare a route that does something."""
    return serve(HttpMethod.POST, path, **described)


def delete(path: str, **described: Any) -> Route:  # noqa: ANN401
    """Declare a route that takes something away."""
    return serve(HttpMethod.DELETE, path, **described)
