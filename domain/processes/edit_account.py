"""Edit an account; the team it moves to exists at that moment."""

from domain.accounts import aggregate
from domain.accounts.aggregate import ACCOUNT, Edit
from domain.kernel import Book, load_known
from domain.permissions import Actor
from domain.teams.aggregate import TEAM


async def edit_account(book: Book, actor: Actor, *, account: int, edit: Edit) -> None:
    """Change details, team and permissions; all or nothing."""
    if isinstance(edit.team, int):
        await load_known(book, TEAM, edit.team)
    state = await load_known(book, ACCOUNT, account)
    book.append(ACCOUNT.stream(account), aggregate.edit_account(state, actor, edit))
