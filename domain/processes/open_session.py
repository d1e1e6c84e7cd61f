"""Open a session for an account that exists at that moment, or that is created by logging in."""

from datetime import datetime

from domain.accounts import aggregate as accounts
from domain.accounts.aggregate import ACCOUNT, SIGNUPS, Profile
from domain.kernel import Book, load_known
from domain.permissions import Actor, Permission, require
from domain.sessions import aggregate
from domain.sessions.aggregate import SESSION


async def open_session(book: Book, actor: Actor, *, account: int, token_hash: str, expires_at: datetime) -> int:
    """Open a session for any account, for an app that may authenticate users; returns its id."""
    await load_known(book, ACCOUNT, account)
    require(actor.holds(Permission.AUTHENTICATE_USERS))
    return await _open(book, account, token_hash, expires_at)


async def log_in(book: Book, *, profile: Profile, token_hash: str, expires_at: datetime, signups_default: bool) -> int:
    """Open a session for whom the identity provider named, creating the account while sign-ups are open."""
    state = await book.load(ACCOUNT, profile.id)
    if state is None:
        accounts.require_signups(recorded=await book.load(SIGNUPS, "signups"), default=signups_default)
    book.append(ACCOUNT.stream(profile.id), accounts.register_on_login(state, profile))
    return await _open(book, profile.id, token_hash, expires_at)


async def _open(book: Book, account: int, token_hash: str, expires_at: datetime) -> int:
    session = await book.next_id(SESSION.context)
    book.append(SESSION.stream(session), aggregate.open_session(session, "polympics", account, token_hash, expires_at))
    return session
