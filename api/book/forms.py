"""Reads what was sent: ids from the path, words from the query, JSON from the body."""

import asyncio
import re
from typing import Any, cast

import msgspec
import orjson
from litestar.exceptions import ClientException, InternalServerException

from api.book.errors import InvalidError, ProblemError
from api.parts import Asked, parts_of
from domain.kernel import UnknownError
from schemas.book import BIGINT_MAX, ID_MAX, Fault
from store.codec import NUL

WORD = re.compile(r"[A-Za-z0-9_-]{1,64}", re.ASCII)
DIGITS = re.compile(r"[0-9]{1,20}", re.ASCII)


def read_snowflake(value: object) -> int | None:
    """Read an id: digits as a text, as Discord sends them, or a number; None for anything else."""
    number = int(value) if isinstance(value, str) and DIGITS.fullmatch(value) else value
    if isinstance(number, int) and not isinstance(number, bool) and 0 <= number <= ID_MAX:
        return number
    return None


def snowflake_in_path(request: Asked, name: str) -> int:
    """Return an id from the path. Errors: ProblemError."""
    text = request.path_params[name]
    number = read_snowflake(text)
    if number is None:
        raise ProblemError(400, f"{name} must be an id: 1 to 20 digits.")
    if number > BIGINT_MAX:  # Discord gives such ids from 2084 on
        raise ProblemError(404, f"There is nothing with the id {text}.")
    return number


def word_in_path(request: Asked, name: str, context: str) -> str:
    """Return an id that is made of letters and digits. Errors: UnknownError when it can be nobody's."""
    text: str = request.path_params[name]
    if not WORD.fullmatch(text):
        raise UnknownError(context, text)
    return text


def query_of(request: Asked) -> dict[str, str]:
    """Return the query; of a key that comes twice the last counts."""
    return dict(request.query_params.items())


def snowflake_in_query(request: Asked, name: str) -> int | None:
    """Return an id from the query, None when it is absent. Errors: ProblemError."""
    text = query_of(request).get(name)
    number = None if text is None else read_snowflake(text)
    if text is not None and (number is None or number > BIGINT_MAX):
        raise ProblemError(400, f"{name} must be an id: 1 to 20 digits, at most {BIGINT_MAX}.")
    return number


def snowflake_needed(request: Asked, name: str) -> int:
    """Return an id from the query. Errors: ProblemError."""
    number = snowflake_in_query(request, name)
    if number is None:
        raise ProblemError(400, f"{name} must be in the query.")
    return number


def position_in_query(request: Asked, name: str) -> int | None:
    """Return a position of the log from the query, None when it is absent. Errors: ProblemError."""
    text = query_of(request).get(name)
    if text is None:
        return None
    if not re.fullmatch(r"[0-9]{1,19}", text, re.ASCII) or int(text) > BIGINT_MAX:
        raise ProblemError(400, f"{name} must be a position of the log.")
    return int(text)


async def read_raw(request: Asked) -> bytes:
    """Return the body as it came. Errors: ClientException when that takes too long, ProblemError."""
    try:
        async with asyncio.timeout(parts_of(request).settings.body_seconds_max):
            raw = await request.body()
    except (TimeoutError, InternalServerException) as error:  # the latter: the client has gone away
        raise ClientException("Request body too slow.", status_code=408) from error
    if rb"\u0000" in raw and NUL.search(raw):  # PostgreSQL has no place for it in a text
        raise ProblemError(400, "The body has a NUL character.")
    return raw


async def read_object(request: Asked) -> dict[str, Any]:
    """Return the JSON object that was sent; the content type plays no part. Errors: ProblemError, InvalidError."""
    raw = await read_raw(request)
    if not raw.strip():
        raise ProblemError(400, "There is no body; this takes a JSON object.")
    try:
        body = orjson.loads(raw)
    except orjson.JSONDecodeError as error:
        raise ProblemError(400, f"The body is not JSON: {error}.") from error
    if not isinstance(body, dict):
        raise InvalidError([Fault("", "must be an object")])
    return cast("dict[str, Any]", body)


def pointer(*parts: str | int) -> str:
    """Write the JSON pointer of a place in the body."""
    return "".join(f"/{str(part).replace('~', '~0').replace('/', '~1')}" for part in parts)


class Faults:
    """What is wrong with a body, all of it."""

    def __init__(self) -> None:
        self.found: list[Fault] = []

    def add(self, detail: str, *place: str | int) -> None:
        """Note a fault at a place in the body: keys of objects and indexes of lists."""
        self.found.append(Fault(pointer(*place), detail))

    def check(self) -> None:
        """Refuse when there is any fault. Errors: InvalidError."""
        if self.found:
            raise InvalidError(self.found)


def converted(faults: Faults, value: object, wanted: Any, *place: str | int) -> Any:  # noqa: ANN401 - any shape
    """Return what was sent as the type that it should have, or note what is wrong with it first and return None."""
    try:
        return msgspec.convert(value, wanted)
    except msgspec.ValidationError as error:
        detail, _, path = str(error).partition(" - at `")
        faults.add(detail, *place, *places_of(path))
        return None


def places_of(path: str) -> list[str | int]:
    """Read msgspec's word for a place: `$.options[2].name`."""
    return [int(index) if index else name for index, name in re.findall(r"\[(\d+)\]|\.(\w+)", path)]
