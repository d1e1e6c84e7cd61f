"""Register an account, in a team that exists at that moment, while sign-ups are open."""

from domain.accounts import aggregate
from domain.accounts.aggregate import ACCOUNT, SIGNUPS, Profile
from domain.kernel import Book, load_known
from domain.permissions import Actor
from domain.teams.aggregate import TEAM


async def create_account(
    book: Book, actor: Actor, *, profile: Profile, team: int | None, permissions: int, signups_default: bool
) -> None:
    """Register somebody; refuses closed sign-ups first, then the permission, then an id that is taken."""
    if team is not None:
        await load_known(book, TEAM, team)
    aggregate.require_signups(recorded=await book.load(SIGNUPS, "signups"), default=signups_default)
    state = await book.load(ACCOUNT, profile.id)
    events = aggregate.create_account(state, actor, profile, team=team, permissions=permissions)
    book.append(ACCOUNT.stream(profile.id), events)
