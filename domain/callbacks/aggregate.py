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


def register_callback(callback: int, app: int, event: str, url: str, secret: str) -> list[Event]:
    """Subscribe an app that is not subscribed."""
    return [CallbackRegistered(callback=callback, app=app, event=event, url=url, secret=secret)]


def replace_callback(callback: Callback, url: str, secret: str) -> list[Event]:
    """Send to another place, or with another secret; the id stays."""
    if (callback.url, callback.secret) == (url, secret):
        return []
    return [
        CallbackReplaced(callback=callback.id, app=callback.app, event=callback.event, url=url, secret=secret),
    ]


def remove_callback(callback: Callback | None) -> list[Event]:
    """End the subscription."""
    if callback is None:
        raise CallbackNotRegisteredError
    return [CallbackRemoved(callback=callback.id, app=callback.app, event=callback.event)]
