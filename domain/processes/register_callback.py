"""Subscribe an app that exists at that moment to a kind of event."""

from domain.apps.aggregate import APP
from domain.callbacks import aggregate
from domain.callbacks.aggregate import CALLBACK, Callback
from domain.kernel import Book, load_known


async def register_callback(book: Book, *, app: int, event: str, url: str, secret: str) -> int:
    """Subscribe the app, or replace where and how it is told; returns the callback's id, which stays."""
    await load_known(book, APP, app)
    state = await book.load(CALLBACK, app, event)
    callback = state.id if state else await book.next_id(CALLBACK.context)
    wish = Callback(callback, app, event, url, secret)
    book.append(CALLBACK.stream(app, event), aggregate.register_callback(state, wish))
    return callback
