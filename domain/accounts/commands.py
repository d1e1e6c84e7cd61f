"""Commands that concern one account, or the sign-ups, and nothing else."""

from domain.accounts import aggregate
from domain.accounts.aggregate import ACCOUNT, SIGNUPS
from domain.kernel import Book, load_known


async def turn_signups(book: Book, *, is_open: bool) -> None:
    """Open or close sign-ups."""
    recorded = await book.load(SIGNUPS, "signups")
    book.append(SIGNUPS.stream("signups"), aggregate.turn_signups(recorded, is_open=is_open))


async def make_superuser(book: Book, *, account: int) -> None:
    """Give the account all that an account can hold."""
    state = await load_known(book, ACCOUNT, account)
    book.append(ACCOUNT.stream(account), aggregate.make_superuser(state))
