"""Who asks: a bot, by its token and nothing else."""

import msgspec

from api.limits import take
from api.parts import Asked, Parts, parts_of
from api.tokens import bot_by_token, session_of
from api.xenon.errors import UnauthorizedError
from domain.permissions import Actor


class Bot(msgspec.Struct, frozen=True):
    """The bot that asks; `guilds` are those that its token is limited to, None when it is not."""

    id: int
    guilds: frozenset[int] | None

    def reaches(self, guild: int) -> bool:
        """Tell whether its token is good for this guild."""
        return self.guilds is None or guild in self.guilds

    def reached(self, guilds: frozenset[int] | None) -> frozenset[int] | None:
        """Return those of these guilds that its token is good for; None is all of them."""
        if guilds is None or self.guilds is None:
            return self.guilds if guilds is None else guilds
        return guilds & self.guilds

    def actor(self) -> Actor:
        """Return it as the log names it."""
        return Actor(app=self.id)


def caller_of(request: Asked) -> Bot:
    """Return the bot that was let in."""
    return request.scope["state"]["caller"]


async def identify(parts: Parts, header: str) -> Bot:
    """Return the bot whose token this is. Errors: UnauthorizedError."""
    token = header.strip()
    if not token:
        raise UnauthorizedError("Unauthorized")
    found = await bot_by_token(parts, token)
    if found is not None:
        return Bot(found.app, None if found.guilds is None else frozenset(found.guilds))
    if await session_of(parts, token) is not None:
        raise UnauthorizedError("This endpoint requires a bot token")
    raise UnauthorizedError("Invalid token")


async def enter(request: Asked) -> Bot:
    """Return the bot that asks, counted and remembered with the request. Errors: UnauthorizedError, RateExceededError.

    Who is not let in is counted for where it comes from.
    """
    try:
        bot = await identify(parts_of(request), request.headers.get("authorization", ""))
    except UnauthorizedError:
        await take(request, None, "bot")
        raise
    await take(request, bot.id, "bot")
    request.scope["state"]["caller"] = bot
    return bot
