"""Delete an account together with its sessions and its holdings of awards."""

from domain.accounts import aggregate as accounts
from domain.accounts.aggregate import ACCOUNT
from domain.awards import aggregate as awards
from domain.awards.aggregate import HOLDING
from domain.kernel import Book, load_known
from domain.permissions import Actor
from domain.sessions import aggregate as sessions
from domain.sessions.aggregate import SESSION


async def delete_account(book: Book, actor: Actor, *, account: int) -> None:
    """Delete an account; nobody gets in as it and no award is held by it afterwards."""
    state = await load_known(book, ACCOUNT, account)
    stream = ACCOUNT.stream(account)
    book.append(stream, accounts.delete_account(state, actor))
    for name, session in (await book.load_about(SESSION, stream)).items():
        book.append(name, sessions.close_session(session, "account_deleted"))
    for name, holding in (await book.load_about(HOLDING, stream)).items():
        book.append(name, awards.revoke_award(holding, "account_deleted"))
