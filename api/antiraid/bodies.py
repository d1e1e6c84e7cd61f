"""Reads the JSON that was sent, strictly, and says in one sentence which field is wrong."""

import asyncio
import re
from typing import Any, TypeVar, cast

import msgspec
import orjson
from litestar.exceptions import ClientException, InternalServerException

from api.antiraid.errors import BadRequestError
from api.parts import Asked, parts_of

S = TypeVar("S", bound=msgspec.Struct)

FREE = "fields"  # what is in there is told to each template, which answers for itself
JSON_TYPE = re.compile(r"application/(?:[\w.-]+\+)?json")
WRONG = re.compile(r"(?P<what>.*?)(?: - at `\$(?P<path>.*)`)?")
MISSING = re.compile(r"Object missing required field `(\w+)`")


async def read_body(request: Asked, shape: type[S]) -> S:
    """Return the body as this shape; keys that it does not have are ignored. Errors: BadRequestError."""
    media_type = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if media_type and not JSON_TYPE.fullmatch(media_type):
        raise BadRequestError("body: the content type must be application/json")
    body = _parse(await _received(request))
    for name, value in body.items():
        if "\0" in name or (name != FREE and _holds_nul(value)):
            raise BadRequestError(f"{_word(name)}: NUL is not allowed")
    return _convert(body, shape)


async def _received(request: Asked) -> bytes:
    try:
        async with asyncio.timeout(parts_of(request).settings.body_seconds_max):
            raw = await request.body()
    except (TimeoutError, InternalServerException) as error:  # the latter: the client has gone away
        raise ClientException("Request body too slow.", status_code=408) from error
    if not raw.strip():
        raise BadRequestError("body: required")
    return raw


def _parse(raw: bytes) -> dict[str, Any]:
    try:
        body: object = orjson.loads(raw)
    except orjson.JSONDecodeError as error:
        raise BadRequestError(f"body: not JSON: {error.msg} (at character {error.pos})") from error
    if not isinstance(body, dict):
        raise BadRequestError("body: must be an object")
    return cast("dict[str, Any]", body)


def _holds_nul(value: object) -> bool:
    """Look into all texts; without recursion, as nobody has said yet how deep this may be."""
    waiting = [value]
    while waiting:
        part = waiting.pop()
        if isinstance(part, str) and "\0" in part:
            return True
        if isinstance(part, dict):
            part = [*cast("dict[str, object]", part), *cast("dict[str, object]", part).values()]
        if isinstance(part, list):
            waiting += cast("list[object]", part)
    return False


def _convert(body: dict[str, Any], shape: type[S]) -> S:
    try:
        return msgspec.convert(body, shape)
    except msgspec.ValidationError as error:
        raise BadRequestError(_sentence(str(error))) from error


def _sentence(fault: str) -> str:
    """Put the field first."""
    found = WRONG.fullmatch(fault)
    what, path = (found["what"], (found["path"] or "").lstrip(".")) if found else (fault, "")
    missing = MISSING.fullmatch(what)
    if missing:
        return f"{'.'.join(filter(None, (path, missing[1])))}: required"
    return f"{path or 'body'}: {what[:1].lower()}{what[1:]}"


def _word(name: str) -> str:
    return name.replace("\0", "\\0")
