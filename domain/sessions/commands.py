"""Commands that concern the sessions of one account and nothing else."""

from datetime import datetime

from domain.kernel import Book, UnknownError, load_known
from domain.sessions import aggregate
from domain.sessions.aggregate import SESSION, Opening, Session
from domain.sessions.events import CloseReason, tokens_of


async def issue_token(book: Book, *, issuer: int, opening: Opening, now: datetime) -> int:
    """Issue an API token to the account of a session that is still open; returns the id of the new session."""
    state = await load_known(book, SESSION, issuer)
    tokens = await book.load_about(SESSION, tokens_of(state.account))
    session = await book.next_id(SESSION.context)
    events = aggregate.issue_token(state, tokens.values(), opening, session=session, now=now)
    book.append(SESSION.stream(session), events)
    return session


async def reset_token(book: Book, *, session: int, token_hash: str, expires_at: datetime | None) -> None:
    """Replace the token of a session and renew its end."""
    state = await load_known(book, SESSION, session)
    book.append(SESSION.stream(session), aggregate.reset_token(state, token_hash, expires_at))


async def close_session(book: Book, *, session: int, reason: CloseReason) -> None:
    """Close a session."""
    state = await load_known(book, SESSION, session)
    book.append(SESSION.stream(session), aggregate.close_session(state, reason))


async def close_own_session(book: Book, *, account: int, session: int) -> None:
    """Close a session for the account that it is of; nobody learns whether there is one of another account."""
    state = await load_known(book, SESSION, session)
    if state.account != account:
        raise UnknownError(SESSION.context, session)
    book.append(SESSION.stream(session), aggregate.close_session(state, "revoked"))


async def sessions_of(book: Book, *, account_stream: str) -> list[Session]:
    """Return the open sessions of an account, the oldest first; the end of some may have passed."""
    found = await book.load_about(SESSION, account_stream)
    return sorted(found.values(), key=lambda session: session.id)


async def close_expired_session(book: Book, *, session: int, now: datetime) -> bool:
    """Close a session whose end has passed, and tell whether it was so; a renewed or closed one is left alone."""
    state = await book.load(SESSION, session)
    if state is None or state.is_live(now):
        return False
    book.append(SESSION.stream(session), aggregate.close_session(state, "expired"))
    return True
