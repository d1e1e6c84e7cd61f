"""Edit an account; the team it moves to exists at that moment."""

from domain.accounts import commands
from domain.accounts.aggregate import Edit
from domain.kernel import Book, load_known
from domain.permissions import Actor
from domain.teams.aggregate import TEAM


async def edit_account(book: Book, actor: Actor, *, account: int, edit: Edit) -> None:
    """Change details, team and permissions; all or nothing."""
    if isinstance(edit.team, int):
        await load_known(book, TEAM, edit.team)
    await commands.edit_account(book, actor, account=account, edit=edit)
