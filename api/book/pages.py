"""Lists come in pages: `limit` says how long, and an opaque `cursor` where the next one begins."""

import base64
import re
from collections.abc import Callable, Sequence
from typing import Any, NamedTuple, TypeVar, cast

import orjson

from api.book.errors import ProblemError
from api.book.forms import query_of
from api.described import Schema
from api.parts import Asked
from schemas.book import BIGINT_MAX, LIMIT_DEFAULT, LIMIT_MAX, Items

T = TypeVar("T")
R = TypeVar("R")

PAGING: dict[str, Schema] = {
    "limit": {"type": "integer", "minimum": 1, "maximum": LIMIT_MAX, "default": LIMIT_DEFAULT},
    "cursor": {"type": "string", "description": "The `next_cursor` of the page before."},
}
Key = int | str

_NO_CURSOR = ProblemError(400, "cursor must be the next_cursor of another page.")


class Paging(NamedTuple):
    """Which page is asked for: `after` is the key of the last item of the page before, None for the first."""

    limit: int
    after: tuple[Key, ...] | None


def paging(request: Asked, *kinds: type[Key]) -> Paging:
    """Read which page is asked for; a key of an item has parts of these kinds. Errors: ProblemError."""
    query = query_of(request)
    limit = query.get("limit", str(LIMIT_DEFAULT))
    if not re.fullmatch(r"0*[0-9]{1,3}", limit, re.ASCII) or not 1 <= int(limit) <= LIMIT_MAX:
        raise ProblemError(400, f"limit must be a number from 1 to {LIMIT_MAX}.")
    cursor = query.get("cursor")
    return Paging(int(limit), None if cursor is None else _read_cursor(cursor, kinds))


def page(paging: Paging, found: Sequence[R], key: Callable[[R], tuple[Key, ...]], shown: Callable[[R], T]) -> Items[T]:
    """Make a page of what was found, which is one item more than the limit when there is a next page."""
    items = found[: paging.limit]
    following = _cursor(key(items[-1])) if len(found) > paging.limit else None
    return Items(tuple(map(shown, items)), following)


def _cursor(key: tuple[Key, ...]) -> str:
    return base64.urlsafe_b64encode(orjson.dumps(key)).rstrip(b"=").decode()


def _read_cursor(text: str, kinds: tuple[type[Key], ...]) -> tuple[Key, ...]:
    try:
        parts: Any = orjson.loads(base64.urlsafe_b64decode(text + "=" * (-len(text) % 4)))
    except ValueError:
        parts = None
    if not isinstance(parts, list) or [type(part) for part in cast("list[Any]", parts)] != list(kinds):
        raise _NO_CURSOR
    key = tuple(cast("list[Key]", parts))
    if not all("\0" not in part if isinstance(part, str) else abs(part) <= BIGINT_MAX for part in key):
        raise _NO_CURSOR
    return key
