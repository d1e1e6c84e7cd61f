"""Shows callbacks and what was sent to them."""

from datetime import UTC, datetime
from typing import Any

from domain.callbacks.aggregate import POLYMPICS, Callback
from projections.callbacks.public_keys import public_key_of
from projections.callbacks.queries import CallbackFound
from projections.deliveries import Delivery
from schemas.callbacks import AttemptOut, CallbackFigures, CallbackOut, DeliveryOut


def found_in(state: Callback, at: datetime) -> CallbackFound:
    """Return a callback as the query tables will have it, of which the newest event is of then."""
    return CallbackFound(
        id=state.id,
        app=state.app,
        event=state.event,
        url=state.url,
        dialect=state.dialect,
        signing=state.signing,
        public_key=public_key_of(state.secret, state.signing),
        types=list(state.types),
        contexts=list(state.contexts),
        guilds=list(state.guilds),
        description=state.description,
        status=state.status,
        status_since=at,
        failing_since=state.failing_since,
        reason=state.reason,
        overlap_ends_at=state.overlap_ends_at,
        created_at=at,
    )


def shown_callback(found: CallbackFound, figures: CallbackFigures | None, secret: str | None = None) -> CallbackOut:
    """Return a callback as it is sent."""
    words: dict[str, Any] = {"dialect": found.dialect, "signing": found.signing, "status": found.status}
    return CallbackOut(
        id=str(found.id),
        bot_id=str(found.app),
        url=found.url,
        types=tuple(found.types),
        contexts=tuple(found.contexts),
        guilds=tuple(map(str, found.guilds)),
        description=found.description,
        status_since=found.status_since.astimezone(UTC),
        created_at=found.created_at.astimezone(UTC),
        figures=_figures(found, figures),
        event=found.event if found.dialect == POLYMPICS else None,
        reason=found.reason,
        secrets_overlap_until=_in_utc(found.overlap_ends_at),
        public_key=found.public_key,
        secret=secret,
        **words,
    )


def _figures(found: CallbackFound, figures: CallbackFigures | None) -> CallbackFigures:
    counted = figures or CallbackFigures()
    return CallbackFigures(
        pending=counted.pending,
        delivered=counted.delivered,
        dead=counted.dead,
        position=counted.position,
        failing_since=_in_utc(found.failing_since or counted.failing_since),
        last_success_at=_in_utc(counted.last_success_at),
        last_failure_at=_in_utc(counted.last_failure_at),
    )


def shown_delivery(delivery: Delivery) -> DeliveryOut:
    """Return a delivery as it is sent."""
    state: Any = delivery.state
    return DeliveryOut(
        id=delivery.id,
        callback_id=str(delivery.callback),
        position=delivery.position,
        type=delivery.type,
        stream=delivery.entity,
        state=state,
        created_at=delivery.created_at.astimezone(UTC),
        due_at=_in_utc(delivery.due_at),
        finished_at=_in_utc(delivery.finished_at),
        attempts=tuple(
            AttemptOut(
                number=attempt.number,
                started_at=attempt.started_at.astimezone(UTC),
                duration_ms=attempt.duration_ms,
                status=attempt.status,
                error=attempt.error,
                response=attempt.response,
            )
            for attempt in delivery.log
        ),
    )


def _in_utc(moment: datetime | None) -> datetime | None:
    return None if moment is None else moment.astimezone(UTC)
