"""The rules of a session: opened once, its token replaced, closed for good; and what an API token may do."""

from collections.abc import Iterable
from datetime import datetime

import msgspec

from domain.kernel import Entity, Event, RefusalError
from domain.sessions.events import CloseReason, SessionClosed, SessionKind, SessionOpened, SessionTokenReset

TOKENS_MAX = 100
LIST_SCOPE = "guilds:list"
USUAL_SCOPES = ("sessions:read", "sessions:write", "guilds:read", "settings:read", "settings:write")
SCOPES = frozenset((*USUAL_SCOPES, LIST_SCOPE))
"""What a token may be good for; one without scopes is good for the usual ones, a login for all."""


class Session(msgspec.Struct, frozen=True):
    """An open session; its end may have passed. `scopes` None: all that its kind may do."""

    id: int
    account: int
    token_hash: str
    expires_at: datetime | None
    kind: SessionKind = "polympics"
    uuid: str | None = None
    scopes: tuple[str, ...] | None = None
    name: str | None = None

    def is_live(self, now: datetime) -> bool:
        """Tell whether its end is still to come."""
        return self.expires_at is None or self.expires_at > now


class Opening(msgspec.Struct, frozen=True):
    """What a session is opened with, by those who know it by a UUID. `scopes` None: all that its kind may do."""

    uuid: str
    token_hash: str
    expires_at: datetime | None
    name: str | None = None
    scopes: tuple[str, ...] | None = None


class ScopeMissingError(RefusalError):
    """This session does not have the scope that it wants to give away."""

    def __init__(self, scope: str) -> None:
        super().__init__(scope)
        self.scope = scope


class TooManyTokensError(RefusalError):
    """The account has as many API tokens as it may have."""


# How events change a session. The names of the events are stored for ever.


def evolve(session: Session | None, event: Event) -> Session | None:
    """Apply one event."""
    match event:
        case SessionOpened():
            return _opened(event)
        case SessionTokenReset() if session:
            return msgspec.structs.replace(session, token_hash=event.token_hash, expires_at=event.expires_at)
        case SessionClosed():
            return None
        case _:
            return session


def _opened(event: SessionOpened) -> Session:
    scopes = event.scopes if event.scoped else None
    return Session(
        id=event.session,
        account=event.account,
        token_hash=event.token_hash,
        expires_at=event.expires_at,
        kind=event.kind,
        uuid=event.uuid,
        scopes=scopes,
        name=event.called(),
    )


SESSION = Entity[Session]("sessions", evolve)


# What may happen next.


def open_session(
    session: int, kind: SessionKind, account: int, token_hash: str, expires_at: datetime | None
) -> list[Event]:
    """Open a session."""
    return [
        SessionOpened(session=session, kind=kind, account=account, token_hash=token_hash, expires_at=expires_at),
    ]


def open_with(opening: Opening, session: int, kind: SessionKind, account: int) -> list[Event]:
    """Open a session that is known by a UUID."""
    opened = SessionOpened(
        session=session,
        kind=kind,
        account=account,
        token_hash=opening.token_hash,
        expires_at=opening.expires_at,
        scopes=opening.scopes or (),
        uuid=opening.uuid,
        scoped=opening.scopes is not None,
        label=opening.name,
    )
    return [opened]


def issue_token(
    issuer: Session, tokens: Iterable[Session], opening: Opening, *, session: int, now: datetime
) -> list[Event]:
    """Issue an API token that may do no more than its issuer, unless the account has too many `tokens` already."""
    for scope in USUAL_SCOPES if opening.scopes is None else opening.scopes:
        if scope not in scopes_of(issuer):
            raise ScopeMissingError(scope)
    if sum(token.is_live(now) for token in tokens) >= TOKENS_MAX:
        raise TooManyTokensError
    return open_with(opening, session, "api", issuer.account)


def scopes_of(session: Session) -> frozenset[str]:
    """Return all that a session is good for."""
    if session.scopes is not None:
        return frozenset(session.scopes)
    return SCOPES if session.kind == "login" else frozenset(USUAL_SCOPES)


def reset_token(session: Session, token_hash: str, expires_at: datetime | None) -> list[Event]:
    """Replace the token and renew the end."""
    reset = SessionTokenReset(session=session.id, token_hash=token_hash, expires_at=expires_at)
    return [] if evolve(session, reset) == session else [reset]


def close_session(session: Session, reason: CloseReason) -> list[Event]:
    """Close the session."""
    return [SessionClosed(session=session.id, reason=reason)]
