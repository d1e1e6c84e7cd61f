"""The guild registry: bots report guilds, and read them back."""

from litestar import Response

from api.book.auth import bot_of
from api.book.errors import answer
from api.book.forms import position_in_query, read_raw, snowflake_in_path
from api.book.guild_changes import read_changes
from api.book.guild_feed import Feed
from api.book.guild_reports import read_in_pieces, read_whole
from api.book.guild_shapes import shown_ban, shown_guild, shown_member, shown_whole
from api.book.pages import PAGING, Paging, page, paging
from api.book.routes import delete, get, post, put
from api.parts import Asked, Parts, parts_of
from api.writing import shown, write
from domain.guilds.aggregate import BAN, CHANNEL, GUILD, MEMBER, ROLE, Channel, Guild, Role
from domain.guilds.commands import apply_changes, bot_left
from domain.guilds.events import MemberBanned, MemberJoined, MemberLeft, MemberUnbanned
from domain.kernel import UnknownError
from projections.guilds import queries
from schemas.book import BIGINT_MAX, Items, Position
from schemas.guild_changes import Changes
from schemas.guilds import BanOut, Fed, GuildOut, MemberOut, Snapshot, WholeGuildOut
from store import past

SCOPE = "guilds:write"
AT = {"at": {"type": "integer", "minimum": 0, "maximum": BIGINT_MAX, "description": "A position of the log."}}


@put("/book/guilds/{guild_id:str}", summary="Report a whole guild", body=Snapshot, answers={200: Fed})
async def report(request: Asked) -> Response[bytes]:
    """Take in a snapshot: only what is different is recorded. The bot that asks is in the guild from now on."""
    guild = snowflake_in_path(request, "guild_id")
    bot = await bot_of(request, SCOPE, guild)
    whole = await read_in_pieces(read_whole, guild, await read_raw(request))
    written = await shown(request, await Feed(request, bot, guild).whole(whole))
    return answer(200, Fed(written.position, written.value), written.headers())


@post("/book/guilds/{guild_id:str}/changes", summary="Report what changed", body=Changes, answers={200: Fed})
async def change(request: Asked) -> Response[bytes]:
    """Take in at most 1000 changes in order, all of them or nothing."""
    guild = snowflake_in_path(request, "guild_id")
    bot = await bot_of(request, SCOPE, guild)
    changes = await read_in_pieces(read_changes, guild, await read_raw(request))
    written = await write(request, bot.actor, apply_changes, guild=guild, changes=changes)
    return answer(200, Fed(written.position, written.value), written.headers())


@delete("/book/guilds/{guild_id:str}", summary="Leave a guild", answers={200: Position})
async def leave(request: Asked) -> Response[bytes]:
    """Note that the bot that asks is not in the guild any more; all that is known of the guild stays."""
    guild = snowflake_in_path(request, "guild_id")
    bot = await bot_of(request, SCOPE, guild)
    written = await write(request, bot.actor, bot_left, guild=guild, bot=bot.app)
    return answer(200, Position(written.position), written.headers())


@get("/book/guilds", summary="List guilds", query=PAGING, answers={200: Items[GuildOut]})
async def listed(request: Asked) -> Response[bytes]:
    """Return the guilds by id that the token is good for, without what is in them."""
    bot = await bot_of(request, None)
    asked = paging(request, int)
    among = None if bot.guilds is None else [guild for guild in bot.guilds if guild <= BIGINT_MAX]
    async with parts_of(request).pool.connection() as connection:
        found = await queries.guilds_after(connection, _after(asked), asked.limit + 1, among)
    return answer(200, page(asked, found, lambda guild: (guild.id,), shown_guild))


@get("/book/guilds/{guild_id:str}", summary="Show a guild", query=AT, answers={200: WholeGuildOut})
async def show(request: Asked) -> Response[bytes]:
    """Return a guild with its roles and channels, as it is or as it was at a position of the log.

    Of members and bans it tells how many there are; they have pages of their own, which show the present.
    """
    guild, at = snowflake_in_path(request, "guild_id"), position_in_query(request, "at")
    await bot_of(request, None, guild)
    parts = parts_of(request)
    return answer(200, await _present(parts, guild) if at is None else await _past(parts, guild, at))


async def _present(parts: Parts, guild: int) -> WholeGuildOut:
    async with parts.pool.connection() as connection:
        found = _known(guild, await queries.guild_of(connection, guild))
        roles, channels = await queries.roles_of(connection, guild), await queries.channels_of(connection, guild)
        counts, bots = await queries.counts_of(connection, guild), await queries.bots_in(connection, guild)
    return shown_whole(found, roles, channels, counts, bots)


async def _past(parts: Parts, guild: int, at: int) -> WholeGuildOut:
    store, about = parts.store, GUILD.stream(guild)
    found = _known(guild, await past.state_at(store, GUILD, at, guild))
    roles = await past.states_about_at(store, ROLE, at, about)
    channels = await past.states_about_at(store, CHANNEL, at, about)
    members = await past.count_at(store, MEMBER, at, MemberJoined, MemberLeft, guild)
    bans = await past.count_at(store, BAN, at, MemberBanned, MemberUnbanned, guild)
    return shown_whole(found, sorted(roles, key=_place), sorted(channels, key=_place), (members, bans), None)


def _place(thing: Role | Channel) -> tuple[int, int]:
    return thing.position, thing.id


def _known(guild: int, found: Guild | None) -> Guild:
    if found is None:
        raise UnknownError(GUILD.context, guild)
    return found


@get("/book/guilds/{guild_id:str}/members", summary="List members", query=PAGING, answers={200: Items[MemberOut]})
async def members(request: Asked) -> Response[bytes]:
    """Return the members of a guild by id."""
    guild, asked = await _asked_of(request)
    async with parts_of(request).pool.connection() as connection:
        _known(guild, await queries.guild_of(connection, guild))
        found = await queries.members_after(connection, guild, _after(asked), asked.limit + 1)
    return answer(200, page(asked, found, lambda member: (member.id,), shown_member))


@get("/book/guilds/{guild_id:str}/bans", summary="List bans", query=PAGING, answers={200: Items[BanOut]})
async def bans(request: Asked) -> Response[bytes]:
    """Return the bans of a guild by the id of who is banned."""
    guild, asked = await _asked_of(request)
    async with parts_of(request).pool.connection() as connection:
        _known(guild, await queries.guild_of(connection, guild))
        found = await queries.bans_after(connection, guild, _after(asked), asked.limit + 1)
    return answer(200, page(asked, found, lambda ban: (ban.id,), shown_ban))


async def _asked_of(request: Asked) -> tuple[int, Paging]:
    guild = snowflake_in_path(request, "guild_id")
    await bot_of(request, None, guild)
    return guild, paging(request, int)


def _after(asked: Paging) -> int:
    return int(asked.after[0]) if asked.after else -1


ROUTES = (report, change, leave, listed, show, members, bans)
