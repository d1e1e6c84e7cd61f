"""How a route of this surface is declared: what it answers and takes is said once, beside its path."""

import re
from collections.abc import Callable
from typing import Any, cast

from litestar import route
from litestar.enums import HttpMethod

from api.book.errors import MEDIA_TYPE
from api.book.repeats import IN_HEADER, once_per_key
from api.described import Described, Schema, Surface
from schemas.book import SNOWFLAKE, Faults, Problem
from schemas.privacy import SUBJECT

Route = Callable[[Callable[..., Any]], Any]

SURFACE = Surface(
    "book",
    refusals=MEDIA_TYPE,
    schemes={
        "bot": {"type": "http", "scheme": "bearer", "description": "The token of a bot, `<id>.<secret>`."},
        "session": {"type": "http", "scheme": "bearer", "description": "The token of a session."},
    },
)
ID: Schema = {"type": "string", "pattern": SNOWFLAKE, "description": "A snowflake."}
IN_PATH: dict[str, Schema] = {
    "guild_id": ID,
    "target": ID,
    "name": {"type": "string", "minLength": 1, "maxLength": 64},
    "template": {"type": "string", "minLength": 1, "maxLength": 64},
    "setting": {"type": "string", "minLength": 1, "maxLength": 64},
    "backup_id": {"type": "string", "minLength": 1, "maxLength": 64},
    "template_id": {"type": "string", "minLength": 1, "maxLength": 64},
    "load_id": {"type": "string", "minLength": 1, "maxLength": 32},
    "callback_id": {"type": "string", "pattern": "^[0-9]{1,19}$"},
    "size": {"type": "string", "pattern": "^[1-9][0-9]{0,18}$", "description": "How many events it covers."},
    "subject": {"type": "string", "pattern": SUBJECT, "description": "The stream of a person, an app or a guild."},
    "stream": {"type": "string", "minLength": 1, "maxLength": 255, "description": "As `guilds-guild-920`."},
    "delivery_id": {"type": "string", "minLength": 1, "maxLength": 64},
}
FAULTY = 422


def serve(
    method: HttpMethod,
    path: str,
    *,
    summary: str,
    answers: dict[int, Any],
    refusals: tuple[int, ...] = (),
    body: Any = None,  # noqa: ANN401 - any wire type
    query: dict[str, Schema] | None = None,
    told: dict[int, Any] | None = None,
    headers: dict[str, Schema] | None = None,
    is_stream: bool = False,
    media_type: str = "application/json",
    credentials: tuple[str, ...] = ("bot",),
) -> Route:
    """Declare a route below `/book`. `refusals` are those that do not follow from what it takes."""
    in_path = {name: IN_PATH[name] for name in re.findall(r"\{(\w+):", path)}
    statuses = {
        *refusals,
        *(400, 401, 403, 500, 503),
        *(() if method == HttpMethod.GET else (408, 409, 413, FAULTY)),
        *((404,) if in_path else ()),
    }
    shapes = {status: _several(shape) for status, shape in answers.items()}
    problems = {status: (Faults, Problem) if status == FAULTY else (Problem,) for status in statuses}
    described = Described(
        surface=SURFACE,
        summary=summary,
        answers={**shapes, **problems},
        body=body,
        path=in_path,
        query=query or {},
        headers={**(headers or {}), **({} if method == HttpMethod.GET else IN_HEADER)},
        told=told or {},
        is_stream=is_stream,
        media_type=media_type,
        credentials=credentials,
    )
    declared = route(
        path,
        http_method=method,
        status_code=200,
        opt={"described": described, "surface": SURFACE.name},
    )
    return declared if method == HttpMethod.GET else lambda handler: declared(once_per_key(handler))


def _several(shape: Any) -> tuple[Any, ...]:  # noqa: ANN401 - any wire type
    return cast("tuple[Any, ...]", shape) if isinstance(shape, tuple) else (shape,)


def get(path: str, **described: Any) -> Route:  # noqa: ANN401
    """Declare a route that reads."""
    return serve(HttpMethod.GET, path, **described)


def post(path: str, **described: Any) -> Route:  # noqa: ANN401
    """Declare a route that does something."""
    return serve(HttpMethod.POST, path, **described)


def put(path: str, **described: Any) -> Route:  # noqa: ANN401
    """Declare a route that puts something in its place."""
    return serve(HttpMethod.PUT, path, **described)


def patch(path: str, **described: Any) -> Route:  # noqa: ANN401
    """Declare a route that changes what is named and leaves the rest."""
    return serve(HttpMethod.PATCH, path, **described)


def delete(path: str, **described: Any) -> Route:  # noqa: ANN401
    """Declare a route that takes something away."""
    return serve(HttpMethod.DELETE, path, **described)
