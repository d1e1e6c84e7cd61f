"""The events of a session."""

from datetime import datetime
from typing import Annotated, ClassVar, Literal

from domain.kernel import SEALED, Event, stream_name

SessionKind = Literal["polympics", "login", "api", "botserver", "oauth", "key"]
CloseReason = Literal["account_deleted", "revoked", "expired"]


class SessionOpened(Event, frozen=True):
    """An account got a way in; only the SHA-256 (hex) of its token is known here.

    It may do what its `kind` may do; when it is `scoped`, only what `scopes` name of that, which may be nothing.
    `label` is what its owner calls it. Old events have that in `name`, unsealed; nothing is written there any more.
    """

    stored_type: ClassVar[str] = "sessions.SessionOpened"
    session: int
    kind: SessionKind
    account: int
    token_hash: str
    expires_at: datetime | None = None
    name: str | None = None
    scopes: tuple[str, ...] = ()
    uuid: str | None = None
    scoped: bool = False
    label: Annotated[str | None, SEALED] = None

    def subject(self) -> str:
        return stream_name("accounts", self.account)

    def about(self) -> tuple[str, ...]:
        account = stream_name("accounts", self.account)
        return (account, tokens_of(self.account)) if self.kind == "api" else (account,)

    def called(self) -> str | None:
        """Return what its owner calls it, None also when that was erased."""
        return self.name if self.label is None else self.label


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


def tokens_of(account: int) -> str:
    """Name what all API tokens of an account speak of, so that they are found without its other sessions."""
    return stream_name("accounts", account, "tokens")
