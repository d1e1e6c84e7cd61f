"""Subscribe an app that exists at that moment to what it filters, as often as it may."""

from domain.apps.aggregate import APP
from domain.callbacks import aggregate
from domain.callbacks.aggregate import BOOK, CALLBACK, Callback
from domain.callbacks.signing import HMAC
from domain.kernel import Book, load_known

CALLBACKS_OF_AN_APP_MAX = 50


async def add_callback(
    book: Book,
    *,
    app: int,
    url: str,
    secret: str,
    signing: str = HMAC,
    types: tuple[str, ...] = (),
    contexts: tuple[str, ...] = (),
    guilds: tuple[int, ...] = (),
    description: str = "",
    limit: int = CALLBACKS_OF_AN_APP_MAX,
) -> Callback:
    """Subscribe the app once more; its name for the callback is the new id.

    Errors: UnknownError (no such app), TooManyCallbacksError, SecretMalformedError.
    """
    await load_known(book, APP, app)
    others = await book.load_about(CALLBACK, APP.stream(app))
    number = await book.next_id(CALLBACK.context)
    wish = Callback(
        id=number,
        app=app,
        event=str(number),
        url=url,
        secret=secret,
        dialect=BOOK,
        signing=signing,
        types=types,
        contexts=contexts,
        guilds=guilds,
        description=description,
    )
    book.append(CALLBACK.stream(app, wish.event), aggregate.add_callback(wish, others.values(), limit=limit))
    return wish
