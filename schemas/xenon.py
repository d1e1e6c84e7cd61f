"""Wire shapes of the Xenon surface: the bots of a template, and the frames of the loader feed."""

from typing import Literal

import msgspec

LoadType = Literal["backup", "template"]
Outcome = Literal["success", "failed", "cancelled", "refused"]


class ApiError(msgspec.Struct, frozen=True):
    """Why a request was refused."""

    error: str


class RateLimited(msgspec.Struct, frozen=True):
    """The same when it came too soon; `retry_after` is the time until the next one is admitted, in milliseconds."""

    error: str
    retry_after: float


class Attachment(msgspec.Struct, frozen=True):
    """Which user wants a bot to be attached to a template; without one, nobody asks whose template it is."""

    user: str | None = None


class Nothing(msgspec.Struct, frozen=True):
    """It is done."""


class Bots(msgspec.Struct, frozen=True):
    """The bots of a template, in the order in which they were attached."""

    bots: list[str]


class Start(msgspec.Struct, frozen=True, omit_defaults=True, kw_only=True):
    """A load begins; `id` is the target."""

    id: str
    type: LoadType
    source_id: str
    backup_id: str | None = None
    template_id: str | None = None
    user_id: str
    load_id: str
    position: int


class Status(msgspec.Struct, frozen=True):
    """How far a load is."""

    id: str
    status: str
    load_id: str
    progress: float
    position: int


class Done(msgspec.Struct, frozen=True, omit_defaults=True, kw_only=True):
    """A load has ended, or was refused."""

    id: str
    type: LoadType
    source_id: str
    backup_id: str | None = None
    template_id: str | None = None
    user_id: str
    load_id: str
    outcome: Outcome
    progress: float
    position: int


class Frame(msgspec.Struct, frozen=True):
    """What a reader of the feed is told."""

    event: Literal["start", "status", "done"]
    data: Start | Status | Done
