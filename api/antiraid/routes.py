"""How a route of this surface is declared: who may ask, how often, what it takes and answers, said beside its path."""

import re
from collections.abc import Callable
from typing import Any, cast

import msgspec
from litestar import route
from litestar.enums import HttpMethod

from api.antiraid.auth import Scope, identify, welcome
from api.antiraid.errors import InvalidTokenError, NoAuthTokenError
from api.described import Described, Schema, Surface
from api.limits import Bucket, take
from api.parts import Asked
from schemas.antiraid import ApiError

Route = Callable[[Callable[..., Any]], Any]
BucketOf = Bucket | Callable[[Asked], Bucket] | None

TEXT: Schema = {"type": "string"}
WHOLE: Schema = {"type": "integer", "minimum": 0}
SURFACE = Surface(
    "antiraid",
    schemes={
        "token": {
            "type": "apiKey",
            "in": "header",
            "name": "Authorization",
            "description": "The token of a session; `Bearer ` or `User ` may stand before it.",
        }
    },
    headers={
        "RateLimit-Policy": {"description": 'The tightest: `"<bucket>";q=<requests>;w=<seconds>`.', "schema": TEXT},
        "RateLimit": {"description": 'What is left of it: `"<bucket>";r=<requests>;t=<seconds>`.', "schema": TEXT},
        "Bucket": {"description": "The same for older clients.", "schema": TEXT},
        "Req-Limit": {"description": "How many requests fit into it.", "schema": WHOLE},
        "Req-Made": {"description": "How many are in it.", "schema": WHOLE},
    },
)
IN_PATH: dict[str, Schema] = {
    "guild_id": {"type": "string", "pattern": "^[0-9]{1,20}$", "description": "A Discord snowflake."},
    "session_id": {"type": "string", "format": "uuid"},
}
ALWAYS = (429, 500, 503)
AUTHENTICATED = (401, 403)
WITH_BODY = (400, 408, 413)


class Admission(msgspec.Struct, frozen=True):
    """Who may ask, and how often."""

    auth: bool
    scope: Scope | None
    bucket: BucketOf


def serve(
    method: HttpMethod,
    path: str,
    *,
    summary: str,
    answers: dict[int, Any],
    refusals: tuple[int, ...] = (),
    auth: bool = True,
    scope: Scope | None = None,
    bucket: BucketOf = None,
    body: Any = None,  # noqa: ANN401 - any wire type
    query: dict[str, Schema] | None = None,
    headers: dict[str, Schema] | None = None,
) -> Route:
    """Declare a route. `refusals` are those that do not follow from what it takes; None answers with nothing."""
    in_path = {name: IN_PATH[name] for name in re.findall(r"\{(\w+):", path)}
    statuses = {
        *refusals,
        *ALWAYS,
        *(AUTHENTICATED if auth else ()),
        *(WITH_BODY if body else ()),
        *((404,) if in_path else ()),
        *((400,) if method == HttpMethod.GET or in_path or query else ()),
    }
    described = Described(
        surface=SURFACE,
        summary=summary,
        answers={**dict.fromkeys(statuses, (ApiError,)), **{status: _several(it) for status, it in answers.items()}},
        body=body,
        path=in_path,
        query=query or {},
        headers=headers or {},
        credentials=("token",) if auth else (),
    )
    opt = {"described": described, "surface": SURFACE.name, "admission": Admission(auth, scope, bucket)}
    return route(path, http_method=method, status_code=200, before_request=admit, opt=opt)


async def admit(request: Asked) -> None:
    """Find out who asks, count the request, and let it in. Errors: RefusedError."""
    admission: Admission = request.route_handler.opt["admission"]
    bucket = admission.bucket(request) if callable(admission.bucket) else admission.bucket
    buckets = (bucket,) if bucket else ()
    if not admission.auth:
        await take(request, None, *buckets, "anonymous")
        return
    try:
        credential = await identify(request)
    except (NoAuthTokenError, InvalidTokenError):
        await take(request, None, "anonymous")
        raise
    await take(request, credential.account, *buckets, "user")
    caller = welcome(request, credential)
    if admission.scope is not None:
        caller.require(admission.scope)


def _several(shape: Any) -> tuple[Any, ...]:  # noqa: ANN401 - any wire type
    return cast("tuple[Any, ...]", shape) if isinstance(shape, tuple) else (shape,)


def get(path: str, **described: Any) -> Route:  # noqa: ANN401
    """Declare a route that reads."""
    return serve(HttpMethod.GET, path, **described)


def post(path: str, **described: Any) -> Route:  # noqa: ANN401
    """Declare a route that does something."""
    return serve(HttpMethod.POST, path, **described)


def delete(path: str, **described: Any) -> Route:  # noqa: ANN401
    """Declare a route that takes something away."""
    return serve(HttpMethod.DELETE, path, **described)
