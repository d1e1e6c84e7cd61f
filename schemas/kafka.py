"""The wire shapes of Kafka's records beside events: watermarks, and commands with what became of them."""

from typing import Annotated, Any, Literal

import msgspec

COMMAND_PATH = "^/book/"


class Watermark(msgspec.Struct, frozen=True):
    """What one transaction of the relay has published: every event after one position and up to another.

    `offsets` is, by topic and partition, the offset behind the last record of each partition that it wrote to.
    """

    after: int
    to: int
    offsets: dict[str, dict[str, int]]


class Command(msgspec.Struct, frozen=True):
    """A request to the native surface. The record's key is the Idempotency-Key, its header `authorization` a token."""

    method: Literal["POST", "PUT", "PATCH", "DELETE"]
    path: Annotated[str, msgspec.Meta(pattern=COMMAND_PATH)]
    body: Any = None


class CommandDone(msgspec.Struct, frozen=True, omit_defaults=True):
    """A command was done; `position` is where the log is with it, when it wrote something."""

    key: str
    status: int
    position: int | None = None


class CommandDead(msgspec.Struct, frozen=True, omit_defaults=True):
    """A command was refused, or is none; `status` and `problem` are the API's answer, `key` and `value` what came."""

    status: int | None
    problem: Any
    key: str | None
    value: Any
