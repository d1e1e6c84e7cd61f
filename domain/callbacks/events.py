"""The events of a callback: an app's subscription, to one kind of event (Polympics) or to what it filters (/book)."""

from datetime import datetime
from typing import Annotated, ClassVar

from domain.kernel import SEALED, Event, stream_name


class CallbackEvent(Event, frozen=True):
    """Something that happened to one subscription.

    `event` is what it is called beside the app's others: the kind of event in the dialect `polympics`, else its id.
    """

    callback: int
    app: int
    event: str

    def subject(self) -> str:
        return stream_name("apps", self.app)


class CallbackRegistered(CallbackEvent, frozen=True):
    """The app wants to be told; empty filters let everything through."""

    stored_type: ClassVar[str] = "callbacks.CallbackRegistered"
    url: str
    secret: Annotated[str, SEALED]
    dialect: str = "polympics"
    signing: str = "hmac"
    types: tuple[str, ...] = ()
    contexts: tuple[str, ...] = ()
    guilds: tuple[int, ...] = ()
    description: str = ""

    def about(self) -> tuple[str, ...]:
        return (stream_name("apps", self.app),)


class CallbackReplaced(CallbackEvent, frozen=True):
    """The app wants to be told elsewhere, with another secret, or of other events."""

    stored_type: ClassVar[str] = "callbacks.CallbackReplaced"
    url: str
    secret: Annotated[str, SEALED]
    dialect: str = "polympics"
    signing: str = "hmac"
    types: tuple[str, ...] = ()
    contexts: tuple[str, ...] = ()
    guilds: tuple[int, ...] = ()
    description: str = ""


class CallbackRemoved(CallbackEvent, frozen=True):
    """The app does not want to be told any more."""

    stored_type: ClassVar[str] = "callbacks.CallbackRemoved"


class SecretRotated(CallbackEvent, frozen=True):
    """Deliveries are signed with a new secret; with the one before it, too, until `overlap_ends_at`."""

    stored_type: ClassVar[str] = "callbacks.SecretRotated"
    secret: Annotated[str, SEALED]
    overlap_ends_at: datetime


class CallbackPaused(CallbackEvent, frozen=True):
    """Nothing is sent until the callback is resumed; then all that it missed is."""

    stored_type: ClassVar[str] = "callbacks.CallbackPaused"


class CallbackDisabled(CallbackEvent, frozen=True):
    """As if paused, because it has failed for too long."""

    stored_type: ClassVar[str] = "callbacks.CallbackDisabled"
    failing_since: datetime
    reason: str


class CallbackResumed(CallbackEvent, frozen=True):
    """It is sent to again, beginning with what it missed."""

    stored_type: ClassVar[str] = "callbacks.CallbackResumed"


class CallbackReplayed(CallbackEvent, frozen=True):
    """All that it wants after a position is sent again."""

    stored_type: ClassVar[str] = "callbacks.CallbackReplayed"
    after: int


class CallbackTested(CallbackEvent, frozen=True):
    """This event itself is delivered, whatever is filtered."""

    stored_type: ClassVar[str] = "callbacks.CallbackTested"


class DeliveryResent(CallbackEvent, frozen=True):
    """One delivery is sent again."""

    stored_type: ClassVar[str] = "callbacks.DeliveryResent"
    delivery: str


EVENTS: tuple[type[Event], ...] = (
    CallbackRegistered,
    CallbackReplaced,
    CallbackRemoved,
    SecretRotated,
    CallbackPaused,
    CallbackDisabled,
    CallbackResumed,
    CallbackReplayed,
    CallbackTested,
    DeliveryResent,
)
