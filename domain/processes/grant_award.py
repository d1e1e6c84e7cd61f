"""Give an award to an account, or take it; both exist at that moment."""

from domain.accounts.aggregate import ACCOUNT
from domain.awards import aggregate
from domain.awards.aggregate import AWARD, HOLDING
from domain.kernel import Book, load_known
from domain.permissions import Actor


async def grant_award(book: Book, actor: Actor, *, award: int, account: int) -> None:
    """Give an award; says nothing new when it is held already."""
    await _require_manager(book, actor, award, account)
    holding = await book.load(HOLDING, award, account)
    book.append(HOLDING.stream(award, account), aggregate.grant_award(holding, award, account))


async def revoke_award(book: Book, actor: Actor, *, award: int, account: int) -> None:
    """Take an award; refuses when it is not held."""
    await _require_manager(book, actor, award, account)
    holding = await book.load(HOLDING, award, account)
    book.append(HOLDING.stream(award, account), aggregate.revoke_award(holding, "requested"))


async def _require_manager(book: Book, actor: Actor, award: int, account: int) -> None:
    await load_known(book, ACCOUNT, account)
    await load_known(book, AWARD, award)
    aggregate.require_manager(actor)
