"""A guild as one of its members sees it, and what that member and the primary bot may do in its channels."""

from collections.abc import Sequence

import msgspec
from litestar import Response

from api.antiraid.auth import caller_of
from api.antiraid.errors import NotFoundError, answer
from api.antiraid.paths import guild_in_path
from api.antiraid.routes import get
from api.parts import Asked, Parts, parts_of
from domain.guilds.aggregate import Channel, Guild, Member, Role
from domain.guilds.permissions import Standing, standing_among
from projections.guilds import queries
from schemas.antiraid import BaseGuildUserInfo, ChannelPermissions, GuildChannel, GuildRole

BIGINT_MAX = 2**63 - 1


class Found(msgspec.Struct, frozen=True):
    """What the registry knows of a guild, and who of those that are asked for is in it."""

    guild: Guild
    roles: Sequence[Role]
    channels: Sequence[Channel]
    members: dict[int, Member]

    def standing_of(self, user: int) -> Standing | None:
        """Return what decides on the permissions of one of them, None when it is not a member."""
        member = self.members.get(user)
        return standing_among(self.guild, member, self.roles) if member else None


@get(
    "/users/@me/guilds/{guild_id:str}",
    summary="A guild of mine",
    answers={200: BaseGuildUserInfo},
    scope="guilds:read",
    bucket="get_user_guild_base_info",
)
async def guild(request: Asked) -> Response[bytes]:
    """Return a guild that the caller and the primary bot are members of."""
    caller, number, parts = await caller_of(request), guild_in_path(request), parts_of(request)
    bot = parts.settings.antiraid_client_id
    found = await _find(parts, number, caller.account, bot) if number <= BIGINT_MAX else None
    if found is None:
        raise NotFoundError("Guild not found")
    user_standing, bot_standing = found.standing_of(caller.account), found.standing_of(bot)
    if user_standing is None:
        raise NotFoundError("User not found in server")
    if bot_standing is None:
        raise NotFoundError("Bot user not found")
    return answer(200, _shown(found, user_standing, bot_standing, parts.settings.discord_cdn_url))


async def _find(parts: Parts, guild: int, *users: int) -> Found | None:
    async with parts.pool.connection() as connection:
        known = await queries.guild_of(connection, guild)
        if known is None:
            return None
        roles, channels = await queries.roles_of(connection, guild), await queries.channels_of(connection, guild)
        return Found(known, roles, channels, await queries.members_of(connection, guild, users))


def _shown(found: Found, user: Standing, bot: Standing, cdn: str) -> BaseGuildUserInfo:
    return BaseGuildUserInfo(
        owner_id=str(found.guild.owner),
        name=found.guild.name,
        icon=_icon(cdn, found.guild),
        roles=tuple(GuildRole(str(r.id), r.name, r.position, str(r.permissions)) for r in found.roles),
        user_roles=tuple(str(role.id) for role in user.roles),
        bot_roles=tuple(str(role.id) for role in bot.roles),
        channels=tuple(
            ChannelPermissions(str(user.in_channel(channel)), str(bot.in_channel(channel)), _channel(channel))
            for channel in found.channels
        ),
    )


def _icon(cdn: str, guild: Guild) -> str | None:
    if not guild.icon:
        return None
    return f"{cdn}/icons/{guild.id}/{guild.icon}.{'gif' if guild.icon.startswith('a_') else 'webp'}"


def _channel(channel: Channel) -> GuildChannel:
    parent = None if channel.parent is None else str(channel.parent)
    return GuildChannel(str(channel.id), channel.name, channel.position, parent, channel.kind)


ROUTES = (guild,)
