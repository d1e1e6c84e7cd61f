"""The wire shapes of callbacks and of what was sent to them; keys are in the order in which they are sent."""

from datetime import datetime
from typing import Annotated, Literal

import msgspec

from schemas.guilds import Number

BIGINT_MAX = 2**63 - 1
OVERLAP_HOURS_MAX = 168
STATUSES = ("active", "paused", "disabled")
DELIVERY_STATES = ("pending", "delivered", "superseded", "blocked", "cancelled", "dead")

Url = Annotated[
    str, msgspec.Meta(min_length=1, max_length=2047, description="http or https, without user name and password.")
]
Word = Annotated[str, msgspec.Meta(min_length=1, max_length=100)]
Words = Annotated[tuple[Word, ...], msgspec.Meta(max_length=200)]
Guilds = Annotated[tuple[Number, ...], msgspec.Meta(max_length=100)]
Description = Annotated[str, msgspec.Meta(max_length=255)]
Secret = Annotated[
    str,
    msgspec.Meta(
        max_length=255,
        description="`whsec_` and the base64 of 24 to 64 bytes for hmac, `whsk_` and that of 32 bytes for ed25519.",
    ),
]


class NewCallback(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A callback that is wanted. Filters that are left out let everything through that the bot may see.

    An event is told when its type is among `types` or its context among `contexts`, and its guild among `guilds`.
    Without a secret it is given one.
    """

    url: Url
    types: Words = ()
    contexts: Words = ()
    guilds: Guilds = ()
    signing: Literal["hmac", "ed25519"] = "hmac"
    secret: Secret | None = None
    description: Description = ""


class EditedCallback(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What is to be different of a callback; what is left out, or null, stays as it is."""

    url: Url | None = None
    types: Words | None = None
    contexts: Words | None = None
    guilds: Guilds | None = None
    description: Description | None = None


class NewSecret(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Another secret, made here when none is given; the one before it signs, too, for so long."""

    secret: Secret | None = None
    overlap_hours: Annotated[int, msgspec.Meta(ge=0, le=OVERLAP_HOURS_MAX)] = 24


class Replay(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """From where all is to be sent again: what comes after this position of the log."""

    after: Annotated[int, msgspec.Meta(ge=0, le=BIGINT_MAX)]


class CallbackFigures(msgspec.Struct, frozen=True):
    """How a callback does. `dead` counts what was given up, `delivered` all that ever arrived.

    All that it wants up to `position` has arrived or was given up.
    """

    pending: int = 0
    delivered: int = 0
    dead: int = 0
    position: int = 0
    failing_since: datetime | None = None
    last_success_at: datetime | None = None
    last_failure_at: datetime | None = None


class CallbackOut(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """A callback. `event` is there in the dialect `polympics`, `public_key` with ed25519, `reason` when it is disabled.

    `secret` is shown once, by the answer that makes it; `secrets_overlap_until` is until when the one before it signs.
    """

    id: str
    bot_id: str
    dialect: Literal["book", "polympics"]
    url: str
    signing: Literal["hmac", "ed25519"]
    types: tuple[str, ...]
    contexts: tuple[str, ...]
    guilds: tuple[str, ...]
    description: str
    status: Literal["active", "paused", "disabled"]
    status_since: datetime
    created_at: datetime
    figures: CallbackFigures
    event: str | None = None
    reason: str | None = None
    secrets_overlap_until: datetime | None = None
    public_key: str | None = None
    secret: str | None = None


class CallbackProbe(msgspec.Struct, frozen=True):
    """The delivery that a test makes."""

    delivery: str
    position: int


class AttemptOut(msgspec.Struct, frozen=True):
    """One attempt: a status, or the error that there was instead. `response` is the beginning of the answer."""

    number: int
    started_at: datetime
    duration_ms: int
    status: int | None
    error: str | None
    response: str | None


class DeliveryOut(msgspec.Struct, frozen=True):
    """An event on its way to a callback; `id` is its `webhook-id`, `due_at` when it is tried next."""

    id: str
    callback_id: str
    position: int
    type: str | None
    stream: str
    state: Literal["pending", "delivered", "superseded", "blocked", "cancelled", "dead"]
    created_at: datetime
    due_at: datetime | None
    finished_at: datetime | None
    attempts: tuple[AttemptOut, ...]
