"""The rules of a session: opened once, its token replaced, closed for good."""

from datetime import datetime

import msgspec

from domain.kernel import Entity, Event
from domain.sessions.events import CloseReason, SessionClosed, SessionKind, SessionOpened, SessionTokenReset


class Session(msgspec.Struct, frozen=True):
    """An open session; its end may have passed."""

    id: int
    account: int
    token_hash: str
    expires_at: datetime | None


# How events change a session. The names of the events are stored for ever.


def evolve(session: Session | None, event: Event) -> Session | None:
    """Apply one event."""
    match event:
        case SessionOpened():
            return Session(event.session, event.account, event.token_hash, event.expires_at)
        case SessionTokenReset() if session:
            return msgspec.structs.replace(session, token_hash=event.token_hash, expires_at=event.expires_at)
        case SessionClosed():
            return None
        case _:
            return session


SESSION = Entity[Session]("sessions", evolve)


# What may happen next.


def open_session(
    session: int, kind: SessionKind, account: int, token_hash: str, expires_at: datetime | None
) -> list[Event]:
    """Open a session."""
    return [
        SessionOpened(session=session, kind=kind, account=account, token_hash=token_hash, expires_at=expires_at),
    ]


def reset_token(session: Session, token_hash: str, expires_at: datetime | None) -> list[Event]:
    """Replace the token and renew the end."""
    reset = SessionTokenReset(session=session.id, token_hash=token_hash, expires_at=expires_at)
    return [] if evolve(session, reset) == session else [reset]


def close_session(session: Session, reason: CloseReason) -> list[Event]:
    """Close the session."""
    return [SessionClosed(session=session.id, reason=reason)]
