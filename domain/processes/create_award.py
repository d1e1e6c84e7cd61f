"""Create an award of a team and give it to accounts, all of which exist at that moment."""

from collections.abc import Sequence

from domain.accounts.aggregate import ACCOUNT
from domain.awards import aggregate
from domain.awards.aggregate import AWARD, HOLDING
from domain.kernel import Book, UnknownError, load_known
from domain.permissions import Actor
from domain.teams.aggregate import TEAM


async def create_award(
    book: Book, actor: Actor, *, title: str, image_url: str, team: int, accounts: Sequence[int]
) -> int:
    """Create an award with its first holders and return its id."""
    await load_known(book, TEAM, team)
    known = await book.load_many(ACCOUNT, accounts)
    for account in accounts:
        if ACCOUNT.stream(account) not in known:
            raise UnknownError(ACCOUNT.context, account)
    aggregate.require_manager(actor)
    award = await book.next_id(AWARD.context)
    book.append(AWARD.stream(award), aggregate.create_award(award, title, image_url, team))
    for account in dict.fromkeys(accounts):
        book.append(HOLDING.stream(award, account), aggregate.grant_award(None, award, account))
    return award
