"""The rules of a callback: at most one per app and name; what it is told, and whether it is sent to at present."""

from collections.abc import Collection
from datetime import datetime
from typing import Any

import msgspec

from domain.callbacks.events import (
    CallbackDisabled,
    CallbackEvent,
    CallbackPaused,
    CallbackRegistered,
    CallbackRemoved,
    CallbackReplaced,
    CallbackReplayed,
    CallbackResumed,
    CallbackTested,
    DeliveryResent,
    SecretRotated,
)
from domain.callbacks.signing import HMAC, key_of
from domain.kernel import Entity, Event, RefusalError

POLYMPICS, BOOK = "polympics", "book"
ACTIVE, PAUSED, DISABLED = "active", "paused", "disabled"


class Callback(msgspec.Struct, frozen=True):
    """A subscription that exists. `event` is its name beside the app's others: a kind of event, or its id.

    `failing_since` and `reason` say why it is disabled; `previous_secret` signs, too, until `overlap_ends_at`.
    """

    id: int
    app: int
    event: str
    url: str
    secret: str
    dialect: str = POLYMPICS
    signing: str = HMAC
    types: tuple[str, ...] = ()
    contexts: tuple[str, ...] = ()
    guilds: tuple[int, ...] = ()
    description: str = ""
    status: str = ACTIVE
    previous_secret: str | None = None
    overlap_ends_at: datetime | None = None
    failing_since: datetime | None = None
    reason: str | None = None

    def is_active(self) -> bool:
        """Tell whether it is sent to at present."""
        return self.status == ACTIVE

    def wants(self, stored_type: str, guild: int | None) -> bool:
        """Tell whether its filters let an event through: it is named by type or by context, and is in such a guild."""
        context = stored_type.partition(".")[0]
        is_named = not (self.types or self.contexts) or stored_type in self.types or context in self.contexts
        return is_named and (not self.guilds or guild in self.guilds)


class CallbackNotRegisteredError(RefusalError):
    """The app has no callback for this kind of event."""


class PolympicsCallbackError(RefusalError):
    """The callback was registered on the Polympics surface: its URL and secret are set there, and it has no filters."""


class NotReplayableError(RefusalError):
    """What a Polympics callback was told is not kept, so it cannot be told it again."""


class CallbackInactiveError(RefusalError):
    """The callback is not sent to at present: resume it first."""


class TooManyCallbacksError(RefusalError):
    """The app has as many callbacks as one may have."""

    def __init__(self, limit: int) -> None:
        super().__init__(limit)
        self.limit = limit


# How events change a callback. The names of the events are stored for ever.


def evolve(callback: Callback | None, event: Event) -> Callback | None:
    """Apply one event."""
    match event:
        case CallbackRegistered():
            return _registered(event)
        case CallbackReplaced():
            return msgspec.structs.replace(callback or _registered(event), **_replaced(event))
        case CallbackRemoved():
            return None
        case CallbackEvent() if callback:
            return msgspec.structs.replace(callback, **_changed(callback, event))
        case _:
            return callback


def _registered(event: CallbackRegistered | CallbackReplaced) -> Callback:
    state = Callback(event.callback, event.app, event.event, event.url, event.secret, event.dialect, event.signing)
    return msgspec.structs.replace(state, **_replaced(event))


def _replaced(event: CallbackRegistered | CallbackReplaced) -> dict[str, Any]:
    return {
        "url": event.url,
        "secret": event.secret,
        "types": event.types,
        "contexts": event.contexts,
        "guilds": event.guilds,
        "description": event.description,
    }


def _changed(callback: Callback, event: CallbackEvent) -> dict[str, Any]:
    match event:
        case SecretRotated():
            before = {"previous_secret": callback.secret, "overlap_ends_at": event.overlap_ends_at}
            return {"secret": event.secret, **before}
        case CallbackPaused():
            return {"status": PAUSED}
        case CallbackDisabled():
            return {"status": DISABLED, "failing_since": event.failing_since, "reason": event.reason}
        case CallbackResumed():
            return {"status": ACTIVE, "failing_since": None, "reason": None}
        case _:
            return {}


CALLBACK = Entity[Callback]("callbacks", evolve)


# What may happen next.


def add_callback(wish: Callback, others: Collection[Callback], *, limit: int) -> list[Event]:
    """Subscribe an app once more, to what is filtered. Errors: TooManyCallbacksError, SecretMalformedError."""
    if sum(other.dialect == BOOK for other in others) >= limit:
        raise TooManyCallbacksError(limit)
    key_of(wish.secret, wish.signing)
    return [_said(CallbackRegistered, wish)]


def register_callback(state: Callback | None, wish: Callback) -> list[Event]:
    """Subscribe the app, or send what it is subscribed to elsewhere or with another secret; then the id stays.

    Who registers knows nothing of pauses, so it is sent to from now on.
    """
    if state is None:
        return [_said(CallbackRegistered, wish)]
    is_same = (state.url, state.secret) == (wish.url, wish.secret)
    return [*([] if is_same else [_said(CallbackReplaced, wish)]), *resume_callback(state)]


def _said(said: type[CallbackRegistered | CallbackReplaced], wish: Callback) -> Event:
    return said(
        callback=wish.id,
        app=wish.app,
        event=wish.event,
        url=wish.url,
        secret=wish.secret,
        dialect=wish.dialect,
        signing=wish.signing,
        types=wish.types,
        contexts=wish.contexts,
        guilds=wish.guilds,
        description=wish.description,
    )


def edit_callback(
    callback: Callback,
    *,
    url: str | None = None,
    types: tuple[str, ...] | None = None,
    contexts: tuple[str, ...] | None = None,
    guilds: tuple[int, ...] | None = None,
    description: str | None = None,
) -> list[Event]:
    """Send elsewhere, or tell of other events; None is what stays as it is. Errors: PolympicsCallbackError."""
    _require_book(callback)
    wishes = {"url": url, "types": types, "contexts": contexts, "guilds": guilds, "description": description}
    wish = msgspec.structs.replace(callback, **{name: value for name, value in wishes.items() if value is not None})
    return [] if wish == callback else [_said(CallbackReplaced, wish)]


def remove_callback(callback: Callback | None) -> list[Event]:
    """End the subscription."""
    if callback is None:
        raise CallbackNotRegisteredError
    return [CallbackRemoved(**_named(callback))]


def rotate_secret(callback: Callback, *, secret: str, overlap_ends_at: datetime) -> list[Event]:
    """Sign with another secret, and with the one before it for a while. The one before that signs no more.

    Errors: PolympicsCallbackError, SecretMalformedError.
    """
    _require_book(callback)
    key_of(secret, callback.signing)
    if secret == callback.secret:
        return []
    return [SecretRotated(**_named(callback), secret=secret, overlap_ends_at=overlap_ends_at)]


def pause_callback(callback: Callback) -> list[Event]:
    """Send nothing until it is resumed; one that is disabled is not sent to anyway."""
    return [CallbackPaused(**_named(callback))] if callback.is_active() else []


def disable_callback(callback: Callback, *, failing_since: datetime, reason: str) -> list[Event]:
    """Send nothing until it is resumed, since it has failed for too long."""
    if not callback.is_active():
        return []
    return [CallbackDisabled(**_named(callback), failing_since=failing_since, reason=reason)]


def resume_callback(callback: Callback) -> list[Event]:
    """Send again, beginning with what it missed."""
    return [] if callback.is_active() else [CallbackResumed(**_named(callback))]


def replay_callback(callback: Callback, *, after: int) -> list[Event]:
    """Send all that it wants after a position once more. Errors: NotReplayableError."""
    if callback.dialect != BOOK:
        raise NotReplayableError
    return [CallbackReplayed(**_named(callback), after=after)]


def probe_callback(callback: Callback) -> list[Event]:
    """Send the event that says so. Errors: CallbackInactiveError."""
    if not callback.is_active():
        raise CallbackInactiveError
    return [CallbackTested(**_named(callback))]


def resend_delivery(callback: Callback, *, delivery: str) -> list[Event]:
    """Send one delivery once more."""
    return [DeliveryResent(**_named(callback), delivery=delivery)]


def _require_book(callback: Callback) -> None:
    if callback.dialect != BOOK:
        raise PolympicsCallbackError


def _named(callback: Callback) -> dict[str, Any]:
    return {"callback": callback.id, "app": callback.app, "event": callback.event}
