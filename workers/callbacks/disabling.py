"""Disables callbacks of /book that have failed for too long, or whose receiver says that it is gone."""

from collections.abc import Iterable, Mapping
from datetime import datetime, timedelta
from http import HTTPStatus
from typing import NamedTuple

import structlog

from domain.callbacks.aggregate import BOOK, Callback
from domain.callbacks.commands import disable_callback
from domain.kernel import RefusalError
from store.appender import BookUnavailableError, ConflictError
from store.codec import UNDECODABLE, Origin
from store.connections import DATABASE_DOWN, described
from store.event_store import EventStore

ORIGIN = Origin(actor="callback_sender", surface="callbacks")
GONE = "The receiver answered 410 Gone."

_logger = structlog.get_logger()


class Failure(NamedTuple):
    """An attempt that failed: of what callback, and with what status, if there was an answer."""

    callback: Callback
    status: int | None


def to_disable(
    failures: Iterable[Failure], failing_since: Mapping[int, datetime], now: datetime, hours_max: int
) -> dict[int, tuple[Callback, datetime, str]]:
    """Return which callbacks are to be disabled, since when they fail, and why."""
    found: dict[int, tuple[Callback, datetime, str]] = {}
    for callback, status in failures:
        since = failing_since.get(callback.id, now)
        if callback.dialect != BOOK:
            continue
        if status == HTTPStatus.GONE:
            found[callback.id] = callback, since, GONE
        elif now - since >= timedelta(hours=hours_max):
            found.setdefault(callback.id, (callback, since, f"Nothing was delivered for {hours_max} hours."))
    return found


async def disable(store: EventStore, callback: Callback, failing_since: datetime, reason: str) -> None:
    """Say so in the log, or at the next failure if it cannot be written now."""
    named = {"app": callback.app, "event": callback.event}
    try:
        await store.execute(ORIGIN, disable_callback, **named, failing_since=failing_since, reason=reason)
    except RefusalError:  # it is gone
        return
    except (BookUnavailableError, ConflictError, *DATABASE_DOWN, *UNDECODABLE) as error:
        _logger.warning("callback not disabled yet", callback=callback.id, error=described(error))
        return
    _logger.warning("callback disabled", callback=callback.id, app=callback.app, reason=reason)
