"""The guilds that somebody is in, as the identity provider listed them, and in which of them the primary bot is."""

from collections.abc import Sequence

from litestar import Response

from api.antiraid.auth import Caller, caller_of
from api.antiraid.errors import BadRequestError, BrokenError, InvalidTokenError, RestrictedError, answer
from api.antiraid.routes import get
from api.discord import DiscordUnreachableError
from api.limits import Bucket
from api.logins import NotGrantedError, guilds_now
from api.parts import Asked, Parts, parts_of
from api.writing import write
from domain.accounts.commands import refresh_guild_list
from domain.accounts.events import ListedGuild
from domain.kernel import UnknownError
from domain.sessions.aggregate import LIST_SCOPE
from projections.accounts.queries import guild_list_of
from projections.guilds.queries import guilds_with
from schemas.antiraid import UserGuild, UserGuildList

BIGINT_MAX = 2**63 - 1
LOGIN_ONLY = "This endpoint is restricted to only Discord Oauth2 login sessions for now."
QUERY = {"refresh": {"type": "string", "enum": ["true", "false"], "default": "false"}}


def _bucket(request: Asked) -> Bucket:
    refreshes = request.query_params.get("refresh") == "true"
    return "get_user_guilds_refresh" if refreshes else "get_user_guilds_norefresh"


@get("/users/@me/guilds", summary="My guilds", answers={200: UserGuildList}, bucket=_bucket, query=QUERY)
async def guild_list(request: Asked) -> Response[bytes]:
    """Return the guilds of the user; with `refresh` they are asked for anew."""
    caller = await caller_of(request)
    _require_list(caller)
    refreshes, parts, headers = _refresh(request), parts_of(request), dict[str, str]()
    guilds = None if refreshes else await _stored(parts, caller.account)
    if guilds is None:
        guilds = await _asked(parts, caller.account)
        headers = await _note(request, caller, guilds)
    shown = UserGuildList(tuple(map(_shown, guilds)), await _with_bot(parts, guilds))
    return answer(200, shown, headers)


def _require_list(caller: Caller) -> None:
    if caller.kind != "login" and LIST_SCOPE not in (caller.scopes or ()):
        raise RestrictedError(LOGIN_ONLY)


def _refresh(request: Asked) -> bool:
    words = request.query_params.getall("refresh", ["false"])
    if words not in (["true"], ["false"]):
        message = "refresh must be true or false"
        raise BadRequestError(message)
    return words == ["true"]


async def _stored(parts: Parts, account: int) -> tuple[ListedGuild, ...] | None:
    async with parts.pool.connection() as connection:
        return await guild_list_of(connection, account)


async def _asked(parts: Parts, account: int) -> tuple[ListedGuild, ...]:
    try:
        return await guilds_now(parts, account)
    except NotGrantedError as error:
        raise BadRequestError(str(error)) from error
    except DiscordUnreachableError as error:
        message = "Failed to get user guilds"
        raise BrokenError(message) from error


async def _note(request: Asked, caller: Caller, guilds: tuple[ListedGuild, ...]) -> dict[str, str]:
    try:
        written = await write(request, caller.actor, refresh_guild_list, account=caller.account, guilds=guilds)
    except UnknownError as error:  # deleted a moment ago
        raise InvalidTokenError from error
    return written.headers()


async def _with_bot(parts: Parts, guilds: Sequence[ListedGuild]) -> tuple[str, ...]:
    """Return the ids of those guilds in which the primary bot is; larger ones than the registry has it is not in."""
    ids = [guild.id for guild in guilds if guild.id <= BIGINT_MAX]
    async with parts.pool.connection() as connection:
        found = await guilds_with(connection, parts.settings.antiraid_client_id, ids)
    return tuple(str(each) for each in ids if each in found)


def _shown(guild: ListedGuild) -> UserGuild:
    return UserGuild(str(guild.id), guild.name, guild.icon, str(guild.permissions))


ROUTES = (guild_list,)
