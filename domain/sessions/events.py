"""The events of a session."""

from datetime import datetime
from typing import ClassVar, Literal

from domain.kernel import Event, stream_name

SessionKind = Literal["polympics", "login", "api", "botserver", "oauth", "key"]
CloseReason = Literal["account_deleted", "revoked", "expired"]


class SessionOpened(Event, frozen=True):
    """An account got a way in; only the SHA-256 (hex) of its token is known here."""

    stored_type: ClassVar[str] = "sessions.SessionOpened"
    session: int
    kind: SessionKind
    account: int
    token_hash: str
    expires_at: datetime | None = None
    name: str | None = None
    scopes: tuple[str, ...] = ()

    def about(self) -> tuple[str, ...]:
        return (stream_name("accounts", self.account),)


class SessionTokenReset(Event, frozen=True):
    """The old token is dead, this is the SHA-256 (hex) of the new one, with a new end."""

    stored_type: ClassVar[str] = "sessions.SessionTokenReset"
    session: int
    token_hash: str
    expires_at: datetime | None = None


class SessionClosed(Event, frozen=True):
    """The session lets nobody in any more."""

    stored_type: ClassVar[str] = "sessions.SessionClosed"
    session: int
    reason: CloseReason


EVENTS: tuple[type[Event], ...] = (SessionOpened, SessionTokenReset, SessionClosed)
