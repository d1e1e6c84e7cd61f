"""Commands that concern one callback and nothing else; it is known by its app and its name there."""

from datetime import datetime

from domain.callbacks import aggregate
from domain.callbacks.aggregate import CALLBACK, Callback
from domain.kernel import Book, UnknownError


async def remove_callback(book: Book, *, app: int, event: str) -> None:
    """End an app's subscription. Errors: CallbackNotRegisteredError."""
    state = await book.load(CALLBACK, app, event)
    book.append(CALLBACK.stream(app, event), aggregate.remove_callback(state))


async def edit_callback(
    book: Book,
    *,
    app: int,
    event: str,
    url: str | None = None,
    types: tuple[str, ...] | None = None,
    contexts: tuple[str, ...] | None = None,
    guilds: tuple[int, ...] | None = None,
    description: str | None = None,
) -> None:
    """Send elsewhere, or tell of other events; None is what stays as it is. Errors: PolympicsCallbackError."""
    state = await _known(book, app, event)
    events = aggregate.edit_callback(
        state, url=url, types=types, contexts=contexts, guilds=guilds, description=description
    )
    book.append(CALLBACK.stream(app, event), events)


async def rotate_secret(book: Book, *, app: int, event: str, secret: str, overlap_ends_at: datetime) -> None:
    """Sign with another secret, and with the one before it for a while.

    Errors: PolympicsCallbackError, SecretMalformedError.
    """
    state = await _known(book, app, event)
    events = aggregate.rotate_secret(state, secret=secret, overlap_ends_at=overlap_ends_at)
    book.append(CALLBACK.stream(app, event), events)


async def pause_callback(book: Book, *, app: int, event: str) -> None:
    """Send nothing until it is resumed."""
    state = await _known(book, app, event)
    book.append(CALLBACK.stream(app, event), aggregate.pause_callback(state))


async def disable_callback(book: Book, *, app: int, event: str, failing_since: datetime, reason: str) -> None:
    """Send nothing until it is resumed, since it has failed for too long."""
    state = await _known(book, app, event)
    events = aggregate.disable_callback(state, failing_since=failing_since, reason=reason)
    book.append(CALLBACK.stream(app, event), events)


async def resume_callback(book: Book, *, app: int, event: str) -> None:
    """Send again, beginning with what it missed."""
    state = await _known(book, app, event)
    book.append(CALLBACK.stream(app, event), aggregate.resume_callback(state))


async def replay_callback(book: Book, *, app: int, event: str, after: int) -> None:
    """Send all that it wants after a position once more. Errors: NotReplayableError."""
    state = await _known(book, app, event)
    book.append(CALLBACK.stream(app, event), aggregate.replay_callback(state, after=after))


async def probe_callback(book: Book, *, app: int, event: str) -> None:
    """Send the event that says so. Errors: CallbackInactiveError."""
    state = await _known(book, app, event)
    book.append(CALLBACK.stream(app, event), aggregate.probe_callback(state))


async def resend_delivery(book: Book, *, app: int, event: str, delivery: str) -> None:
    """Send one delivery once more."""
    state = await _known(book, app, event)
    book.append(CALLBACK.stream(app, event), aggregate.resend_delivery(state, delivery=delivery))


async def _known(book: Book, app: int, event: str) -> Callback:
    state = await book.load(CALLBACK, app, event)
    if state is None:
        raise UnknownError(CALLBACK.context, event)
    return state
