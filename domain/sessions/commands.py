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
