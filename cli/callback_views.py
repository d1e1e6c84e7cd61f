"""How the terminal shows callbacks and deliveries."""

from datetime import UTC, datetime

from domain.callbacks.aggregate import POLYMPICS, Callback
from projections.deliveries import Delivery
from schemas.callbacks import CallbackFigures

URL_CHARACTERS_MAX = 60
CALLBACK_HEAD = ("ID", "BOT", "STATUS", "PENDING", "DELIVERED", "DEAD", "FAILING SINCE", "TELLS", "URL")
DELIVERY_HEAD = ("DELIVERY", "STATE", "ATTEMPTS", "LAST STATUS", "LAST AT", "NEXT AT", "TYPE", "STREAM")


def row_of(callback: Callback, figures: CallbackFigures) -> tuple[str, ...]:
    """Return a callback as a line of a table."""
    counts = map(str, (figures.pending, figures.delivered, figures.dead))
    url = callback.url if len(callback.url) <= URL_CHARACTERS_MAX else f"{callback.url[: URL_CHARACTERS_MAX - 1]}…"
    since = _moment(callback.failing_since or figures.failing_since)
    return str(callback.id), str(callback.app), callback.status, *counts, since, _told(callback), _one_line(url)


def _told(callback: Callback) -> str:
    if callback.dialect == POLYMPICS:
        return callback.event
    named = ",".join((*callback.types, *callback.contexts)) or "all"
    return f"{named} in {','.join(map(str, callback.guilds))}" if callback.guilds else named


def _moment(at: datetime | None) -> str:
    return at.astimezone(UTC).isoformat(timespec="seconds").replace("+00:00", "Z") if at else "-"


def _one_line(text: str) -> str:
    """Write what came from elsewhere on one line; what a terminal would obey is escaped."""
    return text if text.isprintable() else ascii(text)[1:-1]


def lines_of(callback: Callback, figures: CallbackFigures) -> list[tuple[str, object]]:
    """Return all about a callback but its secrets."""
    overlap = [("Old secret signs until", _moment(callback.overlap_ends_at))] if callback.overlap_ends_at else []
    return [
        ("Callback", callback.id),
        ("Bot", callback.app),
        ("Dialect", callback.dialect),
        ("URL", _one_line(callback.url)),
        ("Tells", _told(callback)),
        ("Description", _one_line(callback.description) or "-"),
        ("Signing", callback.signing),
        *overlap,
        ("Status", f"{callback.status} ({_one_line(callback.reason)})" if callback.reason else callback.status),
        ("Pending", figures.pending),
        ("Delivered", figures.delivered),
        ("Dead", figures.dead),
        ("Up to position", figures.position),
        ("Failing since", _moment(callback.failing_since or figures.failing_since)),
        ("Last success", _moment(figures.last_success_at)),
        ("Last failure", _moment(figures.last_failure_at)),
    ]


def delivery_row_of(delivery: Delivery) -> tuple[str, ...]:
    """Return a delivery as a line of a table."""
    last = delivery.log[-1] if delivery.log else None
    status = "-" if last is None else _one_line(str(last.status or last.error or "-"))
    at = _moment(last.started_at if last else None)
    what = delivery.type or delivery.event
    return (
        *(delivery.id, delivery.state, str(delivery.attempts), status, at),
        *(_moment(delivery.due_at), what, delivery.entity),
    )
