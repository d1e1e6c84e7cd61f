"""The events of a callback: one app's subscription to one kind of event."""

from typing import Annotated, ClassVar

from domain.kernel import SEALED, Event, stream_name


class CallbackEvent(Event, frozen=True):
    """Something that happened to one subscription."""

    callback: int
    app: int
    event: str

    def subject(self) -> str:
        return stream_name("apps", self.app)


class CallbackRegistered(CallbackEvent, frozen=True):
    """The app wants to be told."""

    stored_type: ClassVar[str] = "callbacks.CallbackRegistered"
    url: str
    secret: Annotated[str, SEALED]

    def about(self) -> tuple[str, ...]:
        return (stream_name("apps", self.app),)


class CallbackReplaced(CallbackEvent, frozen=True):
    """The app wants to be told elsewhere, or with another secret."""

    stored_type: ClassVar[str] = "callbacks.CallbackReplaced"
    url: str
    secret: Annotated[str, SEALED]


class CallbackRemoved(CallbackEvent, frozen=True):
    """The app does not want to be told any more."""

    stored_type: ClassVar[str] = "callbacks.CallbackRemoved"


EVENTS: tuple[type[Event], ...] = (CallbackRegistered, CallbackReplaced, CallbackRemoved)
