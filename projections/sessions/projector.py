"""Keeps the table `sessions`: those that are open, whether or not their end has passed."""

from datetime import datetime
from importlib import resources

import msgspec

from domain.sessions.events import SessionClosed, SessionOpened, SessionTokenReset
from projections.rows import Key, Projector, RowSet
from store.log import Recorded


class SessionRow(msgspec.Struct, frozen=True):
    """A row of `sessions`, in the order of its columns."""

    id: int
    kind: str
    account: int
    token_hash: str
    expires_at: datetime | None
    opened_at: datetime


def evolve(row: SessionRow | None, recorded: Recorded) -> SessionRow | None:
    """Apply one event of a session."""
    match recorded.event:
        case SessionOpened() as event:
            at = recorded.recorded_at
            return SessionRow(event.session, event.kind, event.account, event.token_hash, event.expires_at, at)
        case SessionTokenReset(token_hash=token_hash, expires_at=expires_at) if row:
            return msgspec.structs.replace(row, token_hash=token_hash, expires_at=expires_at)
        case SessionClosed():
            return None
        case _:
            return row


def _session(event: SessionOpened | SessionTokenReset | SessionClosed) -> Key:
    return (event.session,)


SESSIONS = RowSet[SessionRow](
    row=SessionRow,
    keys={SessionOpened: _session, SessionTokenReset: _session, SessionClosed: _session},
    evolve=evolve,
    load="SELECT id, kind, account, token_hash, expires_at, opened_at FROM sessions WHERE id = ANY(%b)",
    save="""
        INSERT INTO sessions (id, kind, account, token_hash, expires_at, opened_at)
        SELECT id, kind, account, token_hash, expires_at, opened_at
        FROM json_populate_recordset(NULL::sessions, %s)
        ON CONFLICT (id) DO UPDATE SET
            (token_hash, expires_at) = (EXCLUDED.token_hash, EXCLUDED.expires_at)
    """,
    delete="DELETE FROM sessions WHERE id = ANY(%b)",
)

PROJECTOR = Projector(
    name="sessions", tables=(resources.files("projections.sessions") / "tables.sql").read_text(), rows=(SESSIONS,)
)
