"""Who asks: a bot, by its token `<id>.<secret>`, or a session, by its token; with or without a word before it."""

import re

import msgspec

from api.book.errors import ProblemError
from api.parts import Asked, parts_of
from api.tokens import bot_by_token, is_token, session_of
from domain.permissions import Actor
from projections.credentials import SessionCredential

SCHEME = re.compile(r"^(?:bot|bearer|user) +", re.IGNORECASE)
CHALLENGE = {"WWW-Authenticate": "Bearer"}


class Bot(msgspec.Struct, frozen=True):
    """The bot that asks; `guilds` are those that its token is limited to, None when it is not."""

    app: int
    name: str
    actor: Actor
    scopes: frozenset[str]
    guilds: frozenset[int] | None

    def may(self, scope: str) -> bool:
        """Tell whether its token is good for this."""
        return scope in self.scopes

    def reaches(self, guild: int) -> bool:
        """Tell whether its token is good for this guild."""
        return self.guilds is None or guild in self.guilds


class Person(msgspec.Struct, frozen=True):
    """The session that asks; `scopes` is None when its token is good for everything."""

    account: int
    session: int
    uuid: str
    actor: Actor
    scopes: frozenset[str] | None

    def may(self, scope: str) -> bool:
        """Tell whether its token is good for this."""
        return self.scopes is None or scope in self.scopes


async def bot_of(request: Asked, scope: str | None, guild: int | None = None) -> Bot:
    """Return the bot that asks, whose token must be good for this, and for this guild. Errors: ProblemError."""
    caller = await _caller(request)
    if not isinstance(caller, Bot):
        raise ProblemError(403, "Only bots may do this.")
    require_scope(caller, scope)
    require_guild(caller, guild)
    return caller


async def session_or_bot_of(
    request: Asked, *, bot_scope: str | None, session_scope: str | None, guild: int | None = None
) -> Bot | Person:
    """Return who asks, whose token must be good for this, and a bot's for this guild. Errors: ProblemError."""
    caller = await _caller(request)
    require_scope(caller, bot_scope if isinstance(caller, Bot) else session_scope)
    if isinstance(caller, Bot):
        require_guild(caller, guild)
    return caller


async def identity_of(request: Asked) -> str:
    """Return the name of who asks, whatever the token is good for. Errors: ProblemError."""
    return (await _caller(request)).actor.name()


def require_guild(bot: Bot, guild: int | None) -> None:
    """Refuse a token that is limited to other guilds. Errors: ProblemError."""
    if guild is not None and not bot.reaches(guild):
        raise ProblemError(403, f"This token is not for guild {guild}.")


def require_scope(caller: Bot | Person, scope: str | None) -> None:
    """Refuse a token that is not good for this. Errors: ProblemError."""
    if scope is not None and not caller.may(scope):
        raise ProblemError(403, f"This token does not have the '{scope}' scope.")


async def _caller(request: Asked) -> Bot | Person:
    """Find out who asks, once for a request."""
    state = request.scope["state"]
    if "caller" not in state:
        state["caller"] = await _identify(request)
    return state["caller"]


async def _identify(request: Asked) -> Bot | Person:
    text = request.headers.get("authorization", "").strip()
    if not text:
        raise ProblemError(401, "This needs a token.", CHALLENGE)
    token = SCHEME.sub("", text, count=1)
    caller = await (_person(request, token) if is_token(token) else _bot(request, token))
    if caller is None:
        raise ProblemError(401, "This token lets nobody in.", CHALLENGE)
    return caller


async def _bot(request: Asked, token: str) -> Bot | None:
    credential = await bot_by_token(parts_of(request), token)
    if credential is None:
        return None
    guilds = None if credential.guilds is None else frozenset(credential.guilds)
    return Bot(credential.app, credential.name, Actor(app=credential.app), frozenset(credential.scopes), guilds)


async def _person(request: Asked, token: str) -> Person | None:
    found: SessionCredential | None = await session_of(parts_of(request), token)
    if found is None:
        return None
    if found.is_banned():
        raise ProblemError(403, f"User {found.account} is banned from using the API.")
    scopes = None if found.scopes is None else frozenset(found.scopes)
    return Person(found.account, found.session, found.uuid, Actor(account=found.account, session=found.uuid), scopes)
