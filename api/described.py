"""What the published document says of a route, declared beside its path."""

from typing import Any

import msgspec

Schema = dict[str, Any]


class Described(msgspec.Struct, frozen=True):
    """One route. `answers`: the shape by status, several for one of them, none for an empty answer."""

    summary: str
    answers: dict[int, tuple[Any, ...]]
    body: type[msgspec.Struct] | None = None
    path: dict[str, Schema] = {}
    query: dict[str, Schema] = {}
    credentials: tuple[str, ...] = ()
    """The schemes that are asked for; "" when a caller may come without."""
