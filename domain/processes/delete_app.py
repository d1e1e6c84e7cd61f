"""Delete an app together with its callbacks."""

from domain.apps import aggregate as apps
from domain.apps.aggregate import APP
from domain.callbacks import aggregate as callbacks
from domain.callbacks.aggregate import CALLBACK
from domain.kernel import Book, load_known


async def delete_app(book: Book, *, app: int) -> None:
    """Delete an app; it gets in no more and is told nothing more."""
    state = await load_known(book, APP, app)
    book.append(APP.stream(app), apps.delete_app(state))
    for stream, callback in (await book.load_about(CALLBACK, APP.stream(app))).items():
        book.append(stream, callbacks.remove_callback(callback))
