"""Commands that concern one template and its bots and nothing else."""

from domain.kernel import Book, load_known
from domain.templates import aggregate
from domain.templates.aggregate import TEMPLATE


async def attach_bot(book: Book, *, template: str, bot: int, user: int | None = None) -> None:
    """Attach a bot; says nothing new when it is attached. `user` None skips the check of who asks.

    Errors: UnknownError, TemplateNotYoursError.
    """
    state = await load_known(book, TEMPLATE, template)
    book.append(TEMPLATE.stream(template), aggregate.attach_bot(state, bot, user))


async def detach_bot(book: Book, *, template: str, bot: int, user: int | None = None) -> None:
    """Detach a bot; says nothing new when it is not attached. Errors: UnknownError, TemplateNotYoursError."""
    state = await load_known(book, TEMPLATE, template)
    book.append(TEMPLATE.stream(template), aggregate.detach_bot(state, bot, user))


async def withdraw_template(book: Book, *, template: str, user: int) -> None:
    """Withdraw a template for ever; mappings of its loads stay. Errors: UnknownError, TemplateNotYoursError."""
    state = await load_known(book, TEMPLATE, template)
    book.append(TEMPLATE.stream(template), aggregate.withdraw_template(state, user))
