"""Open a login session for whom the identity provider named, who is created or brought up to date with it."""

from domain.accounts import aggregate as accounts
from domain.accounts.aggregate import ACCOUNT, SIGNUPS, Profile
from domain.kernel import Book
from domain.sessions import aggregate
from domain.sessions.aggregate import SESSION, Opening


async def open_login(book: Book, *, profile: Profile, opening: Opening, signups_default: bool) -> int:
    """Let somebody in, creating the account while sign-ups are open; returns the id of the session."""
    state = await book.load(ACCOUNT, profile.id)
    if state is None:
        accounts.require_signups(recorded=await book.load(SIGNUPS, "signups"), default=signups_default)
        events = accounts.register_on_login(state, profile)
    else:
        events = accounts.sync_profile(state, profile)
    book.append(ACCOUNT.stream(profile.id), events)
    session = await book.next_id(SESSION.context)
    book.append(SESSION.stream(session), aggregate.open_with(opening, session, "login", profile.id))
    return session
