"""Reads what was asked for behind the question mark."""

import re

from api.parts import Asked
from api.xenon.errors import RefusedError

ID = re.compile(r"[0-9]{1,20}", re.ASCII)
POSITION = re.compile(r"[0-9]{1,19}", re.ASCII)
GUILDS_MAX = 100


def word_in(request: Asked, name: str) -> str | None:
    """Return a parameter; an empty one is as good as none. Errors: RefusedError."""
    words = set(filter(None, _words(request, name)))
    if len(words) > 1:
        raise RefusedError(400, f"Repeated query parameter: {name}")
    return words.pop() if words else None


def id_in(text: str, name: str) -> int:
    """Return a parameter as the id that it is. Errors: RefusedError."""
    if not ID.fullmatch(text):
        raise RefusedError(400, f"Invalid snowflake: {name}")
    return int(text)


def position_in(request: Asked, name: str) -> int | None:
    """Return a parameter as the position of the log that it is. Errors: RefusedError."""
    words = set(_words(request, name))
    if not words:
        return None
    word = words.pop()
    if words or not POSITION.fullmatch(word):
        raise _invalid(name)
    return int(word)


def guilds_in(request: Asked, name: str) -> frozenset[int] | None:
    """Return a parameter, which may come several times, as the ids that it is. Errors: RefusedError."""
    words = _words(request, name)
    if len(words) > GUILDS_MAX or not all(ID.fullmatch(word) for word in words):
        raise _invalid(name)
    return frozenset(map(int, words)) or None


def _words(request: Asked, name: str) -> list[str]:
    return [word for given, word in request.query_params.multi_items() if given == name]


def _invalid(name: str) -> RefusedError:
    return RefusedError(400, f"Invalid query parameter: {name}")
