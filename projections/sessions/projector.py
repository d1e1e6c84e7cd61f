"""Keeps the table `sessions`: those that are open, whether or not their end has passed."""

from collections.abc import Sequence
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
    version: int
    uuid: str | None = None
    name: str | None = None
    scopes: Sequence[str] | None = None


def evolve(row: SessionRow | None, recorded: Recorded) -> SessionRow | None:
    """Apply one event of a session."""
    match recorded.event:
        case SessionOpened() as event:
            return _opened(event, recorded)
        case SessionTokenReset(token_hash=token_hash, expires_at=expires_at) if row:
            new = {"token_hash": token_hash, "expires_at": expires_at, "version": recorded.version}
            return msgspec.structs.replace(row, **new)
        case SessionClosed():
            return None
        case _:
            return row


def _opened(event: SessionOpened, recorded: Recorded) -> SessionRow:
    return SessionRow(
        id=event.session,
        kind=event.kind,
        account=event.account,
        token_hash=event.token_hash,
        expires_at=event.expires_at,
        opened_at=recorded.recorded_at,
        version=recorded.version,
        uuid=event.uuid,
        name=event.called(),
        scopes=event.scopes if event.scoped else None,
    )


def _session(event: SessionOpened | SessionTokenReset | SessionClosed) -> Key:
    return (event.session,)


SESSIONS = RowSet[SessionRow](
    row=SessionRow,
    keys={SessionOpened: _session, SessionTokenReset: _session, SessionClosed: _session},
    evolve=evolve,
    load="""
        SELECT id, kind, account, token_hash, expires_at, opened_at, version, uuid, name, scopes
        FROM sessions
        WHERE id = ANY(%b)
    """,
    save="""
        INSERT INTO sessions (id, kind, account, token_hash, expires_at, opened_at, version, uuid, name, scopes)
        SELECT id, kind, account, token_hash, expires_at, opened_at, version, uuid, name, scopes
        FROM json_populate_recordset(NULL::sessions, %s)
        ON CONFLICT (id) DO UPDATE SET
            (token_hash, expires_at, version) = (EXCLUDED.token_hash, EXCLUDED.expires_at, EXCLUDED.version)
    """,
    delete="DELETE FROM sessions WHERE id = ANY(%b)",
)

PROJECTOR = Projector(
    name="sessions", tables=(resources.files("projections.sessions") / "tables.sql").read_text(), rows=(SESSIONS,)
)
