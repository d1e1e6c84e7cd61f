"""How a route of this surface is declared: what it answers and takes is said once, beside its path."""

import re
from collections.abc import Callable
from typing import Any, cast

import msgspec
from litestar import route
from litestar.enums import HttpMethod

from api.described import Described, Schema, Surface
from schemas.polympics import BIGINT_MAX, CALLBACK_EVENTS, Faults, Problem

Route = Callable[[Callable[..., Any]], Any]

SURFACE = Surface("polympics", schemes={"basic": {"type": "http", "scheme": "basic"}})
IN_PATH: dict[str, Schema] = {
    "account": {"type": "string", "pattern": "^[0-9]{1,19}$", "description": "A Discord snowflake."},
    "team": {"type": "integer", "minimum": 1, "maximum": BIGINT_MAX},
    "award": {"type": "integer", "minimum": 1, "maximum": BIGINT_MAX},
    "event": {"type": "string", "enum": list(CALLBACK_EVENTS)},
}
WITH_BODY = (408, 413)
FAULTY = 422


def serve(
    method: HttpMethod,
    *paths: str,
    summary: str,
    answers: dict[int, Any],
    refusals: tuple[int, ...] = (),
    body: type[msgspec.Struct] | None = None,
    query: dict[str, Schema] | None = None,
    credentials: tuple[str, ...] = ("basic",),
) -> Route:
    """Declare a route. `refusals` are those that do not follow from what it takes."""
    in_path = {name: IN_PATH[name] for name in re.findall(r"\{(\w+):", paths[0])}
    takes = body is not None or query is not None or bool(in_path)
    statuses = {
        *refusals,
        503,
        400 if method == HttpMethod.GET else 409,
        *((401,) if credentials else ()),
        *((404,) if in_path else ()),
        *(WITH_BODY if body else ()),
        *((FAULTY,) if takes else ()),
    }
    shapes = {status: _several(shape) for status, shape in answers.items()}
    problems = {status: (Faults if status == FAULTY else Problem,) for status in statuses}
    answers = {**shapes, **problems}
    described = Described(SURFACE, summary, answers, body, in_path, query or {}, credentials=credentials)
    return route(
        list(paths), http_method=method, status_code=200, opt={"described": described, "surface": SURFACE.name}
    )


def _several(shape: Any) -> tuple[Any, ...]:  # noqa: ANN401 - any wire type
    return cast("tuple[Any, ...]", shape) if isinstance(shape, tuple) else (shape,)


def get(*paths: str, **described: Any) -> Route:  # noqa: ANN401
    """Declare a route that reads."""
    return serve(HttpMethod.GET, *paths, **described)


def post(*paths: str, **described: Any) -> Route:  # noqa: ANN401
    """Declare a route that creates."""
    return serve(HttpMethod.POST, *paths, **described)


def patch(*paths: str, **described: Any) -> Route:  # noqa: ANN401
    """Declare a route that edits."""
    return serve(HttpMethod.PATCH, *paths, **described)


def put(*paths: str, **described: Any) -> Route:  # noqa: ANN401
    """Declare a route that puts something in its place."""
    return serve(HttpMethod.PUT, *paths, **described)


def delete(*paths: str, **described: Any) -> Route:  # noqa: ANN401
    """Declare a route that deletes."""
    return serve(HttpMethod.DELETE, *paths, **described)
