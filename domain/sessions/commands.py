"""Commands that concern one session and nothing else."""

from datetime import datetime

from domain.kernel import Book, load_known
from domain.sessions import aggregate
from domain.sessions.aggregate import SESSION
from domain.sessions.events import CloseReason


async def reset_token(book: Book, *, session: int, token_hash: str, expires_at: datetime | None) -> None:
    """Replace the token of a session and renew its end."""
    state = await load_known(book, SESSION, session)
    book.append(SESSION.stream(session), aggregate.reset_token(state, token_hash, expires_at))


async def close_session(book: Book, *, session: int, reason: CloseReason) -> None:
    """Close a session."""
    state = await load_known(book, SESSION, session)
    book.append(SESSION.stream(session), aggregate.close_session(state, reason))


async def close_expired_session(book: Book, *, session: int, now: datetime) -> bool:
    """Close a session whose end has passed, and tell whether it was so; a renewed or closed one is left alone."""
    state = await book.load(SESSION, session)
    if state is None or state.expires_at is None or state.expires_at > now:
        return False
    book.append(SESSION.stream(session), aggregate.close_session(state, "expired"))
    return True
