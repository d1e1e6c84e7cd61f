"""How a route of this surface is declared: what it answers and takes is said once, beside its path."""

from collections.abc import Callable
from typing import Any

import msgspec
from litestar import route
from litestar.enums import HttpMethod

from schemas.polympics import Faults, Problem

Body = type[msgspec.Struct]


class Described(msgspec.Struct, frozen=True):
    """What the published document says of a route. `answers`: shape by status, None for an empty answer."""

    summary: str
    answers: dict[int, Any]
    body: Body | None = None
    query: dict[str, dict[str, Any]] = {}
    authenticated: bool = True
    tag: str = "polympics"


def serve(
    method: HttpMethod,
    *paths: str,
    summary: str,
    answers: dict[int, Any],
    refusals: tuple[int, ...] = (),
    body: Body | None = None,
    query: dict[str, dict[str, Any]] | None = None,
    authenticated: bool = True,
) -> Callable[[Callable[..., Any]], Any]:
    """Declare a route. 422 is among the refusals of a route that takes anything; 401 of one that asks who it is."""
    statuses = [*refusals, 422, *([401] if authenticated else [])]
    problems = {status: Faults if status == 422 else Problem for status in statuses}  # noqa: PLR2004
    described = Described(summary, {**answers, **problems}, body, query or {}, authenticated)
    return route(list(paths), http_method=method, status_code=200, opt={"described": described, "surface": "polympics"})


def get(*paths: str, **described: Any) -> Callable[[Callable[..., Any]], Any]:  # noqa: ANN401
    """Declare a route that reads."""
    return serve(HttpMethod.GET, *paths, **described)


def post(*paths: str, **described: Any) -> Callable[[Callable[..., Any]], Any]:  # noqa: ANN401
    """Declare a route that creates."""
    return serve(HttpMethod.POST, *paths, **described)


def patch(*paths: str, **described: Any) -> Callable[[Callable[..., Any]], Any]:  # noqa: ANN401
    """Declare a route that edits."""
    return serve(HttpMethod.PATCH, *paths, **described)


def put(*paths: str, **described: Any) -> Callable[[Callable[..., Any]], Any]:  # noqa: ANN401
    """Declare a route that puts something in its place."""
    return serve(HttpMethod.PUT, *paths, **described)


def delete(*paths: str, **described: Any) -> Callable[[Callable[..., Any]], Any]:  # noqa: ANN401
    """Declare a route that deletes."""
    return serve(HttpMethod.DELETE, *paths, **described)
