"""Commands that concern one account, or the sign-ups, and nothing else."""

from domain.accounts import aggregate
from domain.accounts.aggregate import ACCOUNT, SIGNUPS
from domain.accounts.events import ListedGuild
from domain.kernel import Book, load_known


async def turn_signups(book: Book, *, is_open: bool) -> None:
    """Open or close sign-ups."""
    recorded = await book.load(SIGNUPS, "signups")
    book.append(SIGNUPS.stream("signups"), aggregate.turn_signups(recorded, is_open=is_open))


async def make_superuser(book: Book, *, account: int) -> None:
    """Give the account all that an account can hold."""
    state = await load_known(book, ACCOUNT, account)
    book.append(ACCOUNT.stream(account), aggregate.make_superuser(state))


async def ban_account(book: Book, *, account: int, reason: str | None) -> None:
    """Shut an account out of the API."""
    state = await load_known(book, ACCOUNT, account)
    book.append(ACCOUNT.stream(account), aggregate.ban_account(state, reason))


async def unban_account(book: Book, *, account: int) -> None:
    """Let an account in again."""
    state = await load_known(book, ACCOUNT, account)
    book.append(ACCOUNT.stream(account), aggregate.unban_account(state))


async def refresh_guild_list(book: Book, *, account: int, guilds: tuple[ListedGuild, ...]) -> None:
    """Take note of the guilds that an account is in."""
    state = await load_known(book, ACCOUNT, account)
    book.append(ACCOUNT.stream(account), aggregate.refresh_guild_list(state, guilds))
