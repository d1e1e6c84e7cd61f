"""Reads the JSON object that was sent; the content type plays no part."""

import asyncio
from typing import cast

import orjson
from litestar.exceptions import ClientException, InternalServerException

from api.parts import Asked, parts_of
from api.xenon.errors import RefusedError
from api.xenon.queries import ID

REQUIRED = "JSON body required"


async def user_in_body(request: Asked) -> int | None:
    """Return the user that the body names, None when it names nobody. Errors: RefusedError, ClientException."""
    raw = await _received(request)
    if not raw.strip():
        raise RefusedError(400, REQUIRED)
    try:
        body: object = orjson.loads(raw)
    except orjson.JSONDecodeError as error:
        raise RefusedError(400, "Invalid JSON body") from error
    if not isinstance(body, dict):
        raise RefusedError(400, REQUIRED)
    user = cast("dict[str, object]", body).get("user")
    if user is None:
        return None
    if not isinstance(user, str) or not ID.fullmatch(user):
        raise RefusedError(400, "Invalid snowflake: user")
    return int(user)


async def _received(request: Asked) -> bytes:
    try:
        async with asyncio.timeout(parts_of(request).settings.body_seconds_max):
            return await request.body()
    except (TimeoutError, InternalServerException) as error:  # the latter: the client has gone away
        raise ClientException("Request body too slow.", status_code=408) from error
