"""The rules of a callback: at most one per app and kind of event."""

import msgspec

from domain.callbacks.events import CallbackRegistered, CallbackRemoved, CallbackReplaced
from domain.kernel import Entity, Event, RefusalError


class Callback(msgspec.Struct, frozen=True):
    """A subscription that exists."""

    id: int
    app: int
    event: str
    url: str
    secret: str


class CallbackNotRegisteredError(RefusalError):
    """The app has no callback for this kind of event."""


# How events change a callback. The names of the events are stored for ever.


def evolve(callback: Callback | None, event: Event) -> Callback | None:
    """Apply one event."""
    match event:
        case CallbackRegistered() | CallbackReplaced():
            return Callback(event.callback, event.app, event.event, event.url, event.secret)
        case CallbackRemoved():
            return None
        case _:
            return callback


CALLBACK = Entity[Callback]("callbacks", evolve)


# What may happen next.


def register_callback(state: Callback | None, wish: Callback) -> list[Event]:
    """Subscribe the app, or send what it is subscribed to elsewhere or with another secret; then the id stays."""
    if state == wish:
        return []
    said = CallbackReplaced if state else CallbackRegistered
    return [said(callback=wish.id, app=wish.app, event=wish.event, url=wish.url, secret=wish.secret)]


def remove_callback(callback: Callback | None) -> list[Event]:
    """End the subscription."""
    if callback is None:
        raise CallbackNotRegisteredError
    return [CallbackRemoved(callback=callback.id, app=callback.app, event=callback.event)]
