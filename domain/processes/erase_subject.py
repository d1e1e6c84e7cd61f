"""Erase somebody: the account or app goes as if it was deleted, and the key of what was sealed for it is destroyed."""

from typing import Any

from domain.accounts.aggregate import ACCOUNT
from domain.apps.aggregate import APP
from domain.kernel import Book, Entity, UnknownError, UnreadableError
from domain.permissions import OPERATOR
from domain.privacy import aggregate
from domain.privacy.aggregate import SUBJECT
from domain.privacy.commands import require_subject
from domain.processes.delete_account import delete_account
from domain.processes.delete_app import delete_app


async def erase_subject(
    book: Book, *, subject: str, has_key: bool, erasures: int | None = None, reference: str | None = None
) -> bool:
    """Erase a subject, and tell whether there was anything to erase since the last time.

    `has_key`: something was sealed for it when it had been erased so many times; who is faster destroys that key.
    Errors: UnknownError, HeldError.
    """
    require_subject(subject)
    state = await book.load(SUBJECT, subject)
    has_key = has_key and erasures in (None, state.erasures if state else 0)
    is_there = await _is_there(book, subject)
    if not has_key and not is_there:
        if state is None or not state.erasures:
            raise UnknownError("subjects", subject)
        return False
    book.append(SUBJECT.stream(subject), aggregate.erase_subject(state, subject, reference=reference))
    if is_there:  # after it, so that what was told of them before is told apart by its position
        await _delete(book, subject)
    return True


async def _is_there(book: Book, subject: str) -> bool:
    """Tell whether it is an account or an app that exists; a guild is not deleted, whatever is erased of it.

    One that cannot be read cannot be deleted either; its key can.
    """
    context, number = require_subject(subject)
    entities: dict[str, Entity[Any]] = {ACCOUNT.context: ACCOUNT, APP.context: APP}
    try:
        return context in entities and await book.load(entities[context], number) is not None
    except UnreadableError:
        return False


async def _delete(book: Book, subject: str) -> None:
    context, number = require_subject(subject)
    if context == ACCOUNT.context:
        await delete_account(book, OPERATOR, account=number)
    else:
        await delete_app(book, app=number)
