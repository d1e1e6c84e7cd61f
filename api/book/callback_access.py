"""Whose callbacks somebody sees and touches: a bot its own, and an auditor sees everybody's."""

import re

from api.book.auth import Bot, bot_of, require_scope
from api.parts import Asked, parts_of
from domain.apps.aggregate import AUDITOR_SCOPE
from domain.callbacks.aggregate import CALLBACK, Callback
from domain.kernel import UnknownError
from projections.callbacks.queries import CallbackFound, callback_by_id
from schemas.book import BIGINT_MAX

READ, WRITE = "callbacks:read", "callbacks:write"


async def reader_of(request: Asked) -> Bot:
    """Return the bot that asks to see callbacks. Errors: ProblemError."""
    bot = await bot_of(request, None)
    if not sees_all(bot):
        require_scope(bot, READ)
    return bot


def sees_all(bot: Bot) -> bool:
    """Tell whether it sees the callbacks of all bots: an auditor does whose token is not limited to some guilds."""
    return bot.may(AUDITOR_SCOPE) and bot.guilds is None


async def seen_callback(request: Asked, bot: Bot) -> CallbackFound:
    """Return the callback that the path names, as far as the bot sees it. Errors: UnknownError."""
    number = _number(request)
    async with parts_of(request).pool.connection() as connection:
        found = await callback_by_id(connection, number)
    if found is None or not (found.app == bot.app or sees_all(bot)):
        raise UnknownError(CALLBACK.context, number)
    return found


async def own_callback(request: Asked, bot: Bot) -> Callback:
    """Return the bot's callback that the path names, as the log has it. Errors: UnknownError."""
    number, store = _number(request), parts_of(request).store
    state = await store.peek(CALLBACK, bot.app, str(number))
    if state is not None:
        return state
    async with parts_of(request).pool.connection() as connection:  # of the other dialect: it has another name
        found = await callback_by_id(connection, number)
    state = await store.peek(CALLBACK, bot.app, found.event) if found is not None else None
    if state is None or state.id != number:
        raise UnknownError(CALLBACK.context, number)
    return state


def _number(request: Asked) -> int:
    text: str = request.path_params["callback_id"]
    if not re.fullmatch(r"[0-9]{1,19}", text, re.ASCII) or int(text) > BIGINT_MAX:
        raise UnknownError(CALLBACK.context, text)
    return int(text)
