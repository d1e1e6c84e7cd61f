"""Commands that concern one callback and nothing else."""

from domain.callbacks import aggregate
from domain.callbacks.aggregate import CALLBACK
from domain.kernel import Book


async def remove_callback(book: Book, *, app: int, event: str) -> None:
    """End an app's subscription to a kind of event."""
    state = await book.load(CALLBACK, app, event)
    book.append(CALLBACK.stream(app, event), aggregate.remove_callback(state))
