"""Commands that concern one app and nothing else."""

from domain.apps import aggregate
from domain.apps.aggregate import APP, Everywhere
from domain.kernel import Book, load_known


async def create_app(book: Book, *, name: str, permissions: int, token_hash: str) -> int:
    """Create an app and return its id."""
    app = await book.next_id(APP.context)
    book.append(APP.stream(app), aggregate.create_app(app, name, permissions, token_hash))
    return app


async def edit_app(book: Book, *, app: int, name: str | None = None, grant: int = 0, revoke: int = 0) -> None:
    """Rename an app, grant and revoke permissions; both on one bit ends revoked."""
    state = await load_known(book, APP, app)
    book.append(APP.stream(app), aggregate.edit_app(state, name=name, grant=grant, revoke=revoke))


async def reset_token(book: Book, *, app: int, token_hash: str) -> None:
    """Replace the password of an app."""
    state = await load_known(book, APP, app)
    book.append(APP.stream(app), aggregate.reset_token(state, token_hash))


async def create_bot(
    book: Book, *, app: int, name: str, token_hash: str, scopes: tuple[str, ...], guilds: tuple[int, ...] | None = None
) -> None:
    """Create a bot under an id of its own: its Discord user id. Errors: AppExistsError."""
    state = await book.load(APP, app)
    events = aggregate.create_bot(state, app, name=name, token_hash=token_hash, scopes=scopes, guilds=guilds)
    book.append(APP.stream(app), events)


async def reset_bot_token(
    book: Book,
    *,
    app: int,
    token_hash: str | None = None,
    scopes: tuple[str, ...] | None = None,
    guilds: tuple[int, ...] | Everywhere | None = None,
) -> None:
    """Replace the token of a bot, or what it is good for; None is what stays as it is. Errors: NotABotError."""
    state = await load_known(book, APP, app)
    events = aggregate.reset_bot_token(state, token_hash=token_hash, scopes=scopes, guilds=guilds)
    book.append(APP.stream(app), events)
