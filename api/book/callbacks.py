"""Callbacks: bots have themselves told of what they filter, by signed webhooks."""

import secrets
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any

from litestar import Response

from api.book.auth import Bot, bot_of, require_guild
from api.book.callback_access import WRITE, own_callback, reader_of, seen_callback, sees_all
from api.book.callback_forms import read_edit, read_new
from api.book.callback_shapes import found_in, shown_callback
from api.book.errors import ProblemError, answer
from api.book.forms import query_of, read_object, snowflake_in_query
from api.book.pages import PAGING, page, paging
from api.book.repeats import shown_once
from api.book.routes import ID, delete, get, patch, post
from api.parts import Asked, parts_of
from api.writing import Written, write
from domain.callbacks.aggregate import CALLBACK, Callback
from domain.callbacks.commands import edit_callback, remove_callback
from domain.callbacks.signing import KEY_BYTES, secret_of
from domain.processes.add_callback import add_callback
from projections.callbacks.queries import CallbackFound, callback_by_id, callbacks_after
from projections.deliveries import figures_of
from schemas.book import Items
from schemas.callbacks import STATUSES, CallbackOut, EditedCallback, NewCallback

STATUS = {"status": {"type": "string", "enum": [*STATUSES]}}
NEW_KEY_BYTES = 32


@post("/book/callbacks", summary="Add a callback", body=NewCallback, answers={201: CallbackOut})
async def add(request: Asked) -> Response[bytes]:
    """Have the bot told of what happens from now on, as far as it may see that.

    The secret is in this answer only. An answer that is given again under an Idempotency-Key is without it: who has
    lost it rotates it.
    """
    bot = await bot_of(request, WRITE)
    settings = parts_of(request).settings
    wanted = read_new(await read_object(request), allow_private=settings.callbacks_allow_private)
    _require_guilds(bot, wanted["guilds"])
    secret = wanted["secret"] or new_secret(wanted["signing"])
    more = {"app": bot.app, "secret": secret, "limit": settings.callbacks_of_an_app_max}
    written = await write(request, bot.actor, add_callback, **{**wanted, **more})
    assert written.recorded_at is not None
    found = found_in(written.value, written.recorded_at)
    shown, kept = shown_callback(found, None, secret), shown_callback(found, None)
    return shown_once(201, shown, kept, written.headers())


def new_secret(signing: str) -> str:
    """Make a secret."""
    return secret_of(secrets.token_bytes(min(NEW_KEY_BYTES, KEY_BYTES[signing][1])), signing)


def _require_guilds(bot: Bot, guilds: Sequence[int] | None) -> None:
    for guild in guilds or ():
        require_guild(bot, guild)


@get(
    "/book/callbacks",
    summary="List callbacks",
    query={"bot_id": ID, **STATUS, **PAGING},
    answers={200: Items[CallbackOut]},
)
async def listed(request: Asked) -> Response[bytes]:
    """Return the bot's callbacks, oldest first; to a bot with the scope `events:read` those of all bots."""
    bot, asked = await reader_of(request), paging(request, int)
    app, status = snowflake_in_query(request, "bot_id"), _status(request)
    if app not in (None, bot.app) and not sees_all(bot):
        raise ProblemError(403, "These are another bot's callbacks.")
    whose = app if sees_all(bot) else bot.app
    after = int(asked.after[0]) if asked.after else 0
    async with parts_of(request).pool.connection() as connection:
        found = await callbacks_after(connection, after, asked.limit + 1, app=whose, status=status)
        figures = await figures_of(connection, {each.id: each.dialect for each in found})
    return answer(200, page(asked, found, lambda it: (it.id,), lambda it: shown_callback(it, figures.get(it.id))))


def _status(request: Asked) -> str | None:
    status = query_of(request).get("status")
    if status is not None and status not in STATUSES:
        raise ProblemError(400, f"status must be one of {', '.join(STATUSES)}.")
    return status


@get("/book/callbacks/{callback_id:str}", summary="Show a callback", answers={200: CallbackOut})
async def show(request: Asked) -> Response[bytes]:
    """Return a callback and how it does; never its secret."""
    found = await seen_callback(request, await reader_of(request))
    async with parts_of(request).pool.connection() as connection:
        figures = await figures_of(connection, {found.id: found.dialect})
    return answer(200, shown_callback(found, figures.get(found.id)))


@patch("/book/callbacks/{callback_id:str}", summary="Edit a callback", body=EditedCallback, answers={200: CallbackOut})
async def edit(request: Asked) -> Response[bytes]:
    """Send elsewhere, or tell of other events from now on; what waits goes to the new URL.

    A callback that is paused or disabled stays so until it is resumed.
    """
    bot = await bot_of(request, WRITE)
    callback = await own_callback(request, bot)
    settings = parts_of(request).settings
    wanted = read_edit(await read_object(request), allow_private=settings.callbacks_allow_private)
    _require_guilds(bot, wanted["guilds"])
    written = await write(request, bot.actor, edit_callback, app=callback.app, event=callback.event, **wanted)
    return await answer_written(request, callback, written)


async def answer_written(
    request: Asked, callback: Callback, written: Written[Any], secret: str | None = None
) -> Response[bytes]:
    """Answer with a callback as it is after a write, and perhaps with its new secret, which is not kept."""
    found = await _found_after(request, callback, written)
    async with parts_of(request).pool.connection() as connection:
        figures = (await figures_of(connection, {found.id: found.dialect})).get(found.id)
    kept = shown_callback(found, figures)
    if secret is None:
        return answer(200, kept, written.headers())
    return shown_once(200, shown_callback(found, figures, secret), kept, written.headers())


async def _found_after(request: Asked, callback: Callback, written: Written[Any]) -> CallbackFound:
    """Return what the query tables show; when they are late, what the log says."""
    parts = parts_of(request)
    async with parts.pool.connection() as connection:
        found = await callback_by_id(connection, callback.id)
    if found is not None and not written.stale:
        return found
    state = await parts.store.peek(CALLBACK, callback.app, callback.event) or callback
    return found_in(state, written.recorded_at or datetime.now(UTC))


@delete("/book/callbacks/{callback_id:str}", summary="Remove a callback", answers={204: None})
async def remove(request: Asked) -> Response[bytes]:
    """End the callback; what waits is given up."""
    bot = await bot_of(request, WRITE)
    callback = await own_callback(request, bot)
    written = await write(request, bot.actor, remove_callback, app=callback.app, event=callback.event)
    return answer(204, headers=written.headers())


ROUTES = (add, listed, show, edit, remove)
