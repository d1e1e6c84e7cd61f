"""The wire shapes of the native surface, `/book`; keys are in the order in which they are sent."""

from typing import Generic, TypeVar

import msgspec

T = TypeVar("T")

ID_MAX = 2**64 - 1
BIGINT_MAX = 2**63 - 1
SNOWFLAKE = "^[0-9]{1,20}$"
LIMIT_DEFAULT = 50
LIMIT_MAX = 200


class Fault(msgspec.Struct, frozen=True):
    """One thing that is wrong with what was sent; `pointer` is the JSON pointer of its place in the body."""

    pointer: str
    detail: str


class Problem(msgspec.Struct, frozen=True):
    """What went wrong (RFC 9457)."""

    type: str
    title: str
    status: int
    detail: str


class Faults(Problem, frozen=True):
    """What is wrong with the body, in every place."""

    errors: tuple[Fault, ...]


class Position(msgspec.Struct, frozen=True):
    """Where the log is with this write in it."""

    position: int


class Items(msgspec.Struct, Generic[T], frozen=True):
    """One page; `next_cursor` asks for the next one, null on the last."""

    items: tuple[T, ...]
    next_cursor: str | None
