"""Keeps the table `callbacks`; their secrets stay in the log, sealed."""

from datetime import datetime
from importlib import resources
from typing import Any

import msgspec

from domain.callbacks.events import (
    CallbackDisabled,
    CallbackEvent,
    CallbackPaused,
    CallbackRegistered,
    CallbackRemoved,
    CallbackReplaced,
    CallbackResumed,
    SecretRotated,
)
from projections.callbacks.public_keys import public_key_of
from projections.rows import Key, Projector, RowSet
from store.log import Recorded


class CallbackRow(msgspec.Struct, frozen=True):
    """A row of `callbacks`, in the order of its columns."""

    id: int
    app: int
    event: str
    url: str
    dialect: str
    signing: str
    public_key: str | None
    types: tuple[str, ...]
    contexts: tuple[str, ...]
    guilds: tuple[int, ...]
    description: str
    status: str
    status_since: datetime
    failing_since: datetime | None
    reason: str | None
    overlap_ends_at: datetime | None
    created_at: datetime


def evolve(row: CallbackRow | None, recorded: Recorded) -> CallbackRow | None:
    """Apply one event of a callback."""
    event = recorded.event
    match event:
        case CallbackRegistered():
            return _registered(event, recorded.recorded_at)
        case CallbackReplaced():
            return msgspec.structs.replace(row or _registered(event, recorded.recorded_at), **_replaced(event))
        case CallbackRemoved():
            return None
        case _:
            return msgspec.structs.replace(row, **_changed(row, event, recorded.recorded_at)) if row else None


def _registered(event: CallbackRegistered | CallbackReplaced, at: datetime) -> CallbackRow:
    return CallbackRow(
        id=event.callback,
        app=event.app,
        event=event.event,
        dialect=event.dialect,
        signing=event.signing,
        public_key=public_key_of(event.secret, event.signing),
        status="active",
        status_since=at,
        failing_since=None,
        reason=None,
        overlap_ends_at=None,
        created_at=at,
        **_replaced(event),
    )


def _replaced(event: CallbackRegistered | CallbackReplaced) -> dict[str, Any]:
    return {
        "url": event.url,
        "types": event.types,
        "contexts": event.contexts,
        "guilds": event.guilds,
        "description": event.description,
    }


def _changed(row: CallbackRow, event: object, at: datetime) -> dict[str, Any]:
    match event:
        case SecretRotated():
            public_key = public_key_of(event.secret, row.signing)
            return {"public_key": public_key, "overlap_ends_at": event.overlap_ends_at}
        case CallbackPaused():
            return {"status": "paused", "status_since": at}
        case CallbackDisabled():
            why = {"failing_since": event.failing_since, "reason": event.reason}
            return {"status": "disabled", "status_since": at, **why}
        case CallbackResumed():
            return {"status": "active", "status_since": at, "failing_since": None, "reason": None}
        case _:
            return {}


def _callback(event: CallbackEvent) -> Key:
    return (event.callback,)


KINDS = (
    *(CallbackRegistered, CallbackReplaced, CallbackRemoved),
    *(SecretRotated, CallbackPaused, CallbackDisabled, CallbackResumed),
)

CALLBACKS = RowSet[CallbackRow](
    row=CallbackRow,
    keys=dict.fromkeys(KINDS, _callback),
    evolve=evolve,
    load="""
        SELECT
            id, app, event, url, dialect, signing, public_key, types, contexts, guilds, description,
            status, status_since, failing_since, reason, overlap_ends_at, created_at
        FROM callbacks
        WHERE id = ANY(%b)
    """,
    save="""
        INSERT INTO callbacks (
            id, app, event, url, dialect, signing, public_key, types, contexts, guilds, description,
            status, status_since, failing_since, reason, overlap_ends_at, created_at
        )
        SELECT
            id, app, event, url, dialect, signing, public_key, types, contexts, guilds, description,
            status, status_since, failing_since, reason, overlap_ends_at, created_at
        FROM json_populate_recordset(NULL::callbacks, %s)
        ON CONFLICT (id) DO UPDATE SET
            (url, types, contexts, guilds, description)
            = (EXCLUDED.url, EXCLUDED.types, EXCLUDED.contexts, EXCLUDED.guilds, EXCLUDED.description),
            (status, status_since, failing_since, reason)
            = (EXCLUDED.status, EXCLUDED.status_since, EXCLUDED.failing_since, EXCLUDED.reason),
            (public_key, overlap_ends_at) = (EXCLUDED.public_key, EXCLUDED.overlap_ends_at)
    """,
    delete="DELETE FROM callbacks WHERE id = ANY(%b)",
)

PROJECTOR = Projector(
    name="callbacks", tables=(resources.files("projections.callbacks") / "tables.sql").read_text(), rows=(CALLBACKS,)
)
