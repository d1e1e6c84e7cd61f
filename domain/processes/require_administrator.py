"""Who may take a guild as a backup or load something into it: its owner, and who is ADMINISTRATOR there."""

from domain.guilds.aggregate import GUILD
from domain.guilds.commands import load_standing
from domain.kernel import Book, RefusalError, load_known


class NotAdministratorError(RefusalError):
    """The user must be owner or administrator of the guild."""


async def require_administrator(book: Book, guild: int, user: int) -> None:
    """Refuse everybody else. Errors: UnknownError (no such guild), NotAdministratorError."""
    known = await load_known(book, GUILD, guild)
    if known.owner == user:
        return
    standing = await load_standing(book, guild, user)
    if standing is None or not standing.holds("ADMINISTRATOR"):
        raise NotAdministratorError
