"""What the published document says of a route, declared beside its path."""

from typing import Any

import msgspec

Schema = dict[str, Any]


class Surface(msgspec.Struct, frozen=True):
    """What the routes of one surface have in common.

    `refusals`: the media type of every answer that is no success. `schemes`: the ways to say who calls, by their name
    in the document. `headers`: those that answers may have beyond every surface's own.
    """

    name: str
    refusals: str = "application/json"
    schemes: dict[str, Schema] = {}
    headers: dict[str, Schema] = {}


class Described(msgspec.Struct, frozen=True):
    """One route. `answers`: the shape by status, several for one of them, none for an empty answer."""

    surface: Surface
    summary: str
    answers: dict[int, tuple[Any, ...]]
    body: Any = None
    path: dict[str, Schema] = {}
    query: dict[str, Schema] = {}
    headers: dict[str, Schema] = {}
    """Headers that are taken, beyond those that every route takes."""
    told: dict[int, Any] = {}
    """What else is answered with the status of a refusal: the shape of something that was made all the same."""
    is_stream: bool = False
    """Whether a success may also be a stream of server-sent events."""
    media_type: str = "application/json"
    """Of a success; what may be of several has them separated by commas."""
    credentials: tuple[str, ...] = ()
    """The schemes that are asked for; "" when a caller may come without."""


class Header(msgspec.Struct, frozen=True):
    """A header that is sent to others, with a callback or a record."""

    description: str
    schema: Schema
    required: bool = True
