"""What who asks may see of the log, and whether that is still so."""

from collections.abc import Awaitable, Callable

from api.book.auth import Bot, Person, session_or_bot_of
from api.book.errors import ProblemError
from api.parts import Asked, parts_of
from api.roles import is_auditor
from domain.apps.aggregate import AUDITOR_SCOPE
from projections.guilds.queries import guilds_of_member
from projections.sights import Sight
from schemas.book import BIGINT_MAX


async def sight_of(request: Asked) -> Sight:
    """Return what who asks may see as of now. Errors: ProblemError."""
    caller = await session_or_bot_of(request, bot_scope=None, session_scope=AUDITOR_SCOPE)
    return await _sight(request, caller, BIGINT_MAX)


async def lasting_sight_of(request: Asked) -> tuple[Sight, str, Callable[[], Awaitable[bool]]]:
    """Return what who asks may see from now on, their name, and how to ask whether that is still so.

    Errors: ProblemError.
    """
    caller = await session_or_bot_of(request, bot_scope=None, session_scope=AUDITOR_SCOPE)
    parts = parts_of(request)
    as_of = await parts.head()
    await parts.freshness.wait(as_of, parts.settings.freshness_seconds_max)

    async def is_allowed() -> bool:
        request.scope["state"].pop("caller", None)
        try:
            now = await session_or_bot_of(request, bot_scope=None, session_scope=AUDITOR_SCOPE)
        except ProblemError:
            return False
        return _rights(now) == _rights(caller)

    return await _sight(request, caller, as_of), caller.actor.name(), is_allowed


async def _sight(request: Asked, caller: Bot | Person, as_of: int) -> Sight:
    if not isinstance(caller, Bot):
        sees_all = is_auditor(request, caller)
        return Sight(caller.actor.name(), None, None, sees_all=sees_all, guilds=set(), as_of=as_of)
    sees_all = caller.may(AUDITOR_SCOPE)
    guilds = set[int]()
    if not sees_all:
        async with parts_of(request).pool.connection() as connection:
            guilds = await guilds_of_member(connection, caller.app)
    return Sight(caller.actor.name(), caller.app, caller.guilds, sees_all=sees_all, guilds=guilds, as_of=as_of)


def _rights(caller: Bot | Person) -> tuple[object, ...]:
    return caller.actor, caller.scopes, caller.guilds if isinstance(caller, Bot) else None
