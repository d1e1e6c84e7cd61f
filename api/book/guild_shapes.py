"""How guilds are shown on this surface: as Discord shows them, ids and permissions as texts."""

from collections.abc import Sequence

from domain.guilds.aggregate import Ban, Channel, Guild, Member, Role
from schemas.guilds import (
    BanOut,
    ChannelOut,
    GuildOut,
    MemberOut,
    OverwriteOut,
    RoleOut,
    UserOut,
    WholeGuildOut,
)


def shown_guild(guild: Guild) -> GuildOut:
    """Show a guild by itself."""
    return GuildOut(
        id=str(guild.id),
        origin=guild.origin,
        name=guild.name,
        icon=guild.icon,
        owner_id=str(guild.owner),
        description=guild.description,
        preferred_locale=guild.preferred_locale,
        verification_level=guild.verification_level,
        default_message_notifications=guild.default_message_notifications,
        explicit_content_filter=guild.explicit_content_filter,
        afk_channel_id=_text(guild.afk_channel),
        afk_timeout=guild.afk_timeout,
        system_channel_id=_text(guild.system_channel),
        system_channel_flags=guild.system_channel_flags,
        features=guild.features,
    )


def shown_whole(
    guild: Guild,
    roles: Sequence[Role],
    channels: Sequence[Channel],
    counts: tuple[int, int],
    bots: Sequence[int] | None,
) -> WholeGuildOut:
    """Show a guild with what is in it; `counts` are of members and bans."""
    by_itself = shown_guild(guild)
    return WholeGuildOut(
        **{name: getattr(by_itself, name) for name in by_itself.__struct_fields__},
        roles=tuple(map(shown_role, roles)),
        channels=tuple(map(shown_channel, channels)),
        member_count=counts[0],
        ban_count=counts[1],
        bots=None if bots is None else tuple(map(str, bots)),
    )


def shown_role(role: Role) -> RoleOut:
    """Show a role."""
    return RoleOut(
        id=str(role.id),
        name=role.name,
        position=role.position,
        permissions=str(role.permissions),
        color=role.color,
        hoist=role.hoist,
        mentionable=role.mentionable,
        managed=role.managed,
    )


def shown_channel(channel: Channel) -> ChannelOut:
    """Show a channel."""
    return ChannelOut(
        id=str(channel.id),
        type=channel.kind,
        name=channel.name,
        position=channel.position,
        parent_id=_text(channel.parent),
        topic=channel.topic,
        nsfw=channel.nsfw,
        rate_limit_per_user=channel.rate_limit_per_user,
        bitrate=channel.bitrate,
        user_limit=channel.user_limit,
        permission_overwrites=tuple(
            OverwriteOut(str(o.id), o.kind, str(o.allow), str(o.deny)) for o in channel.overwrites
        ),
    )


def shown_member(member: Member) -> MemberOut:
    """Show a member."""
    user = UserOut(str(member.id), member.username, member.global_name, member.avatar, member.bot)
    return MemberOut(user, member.nick, tuple(map(str, member.roles)), member.joined_at)


def shown_ban(ban: Ban) -> BanOut:
    """Show a ban."""
    return BanOut(str(ban.id), ban.reason)


def _text(number: int | None) -> str | None:
    return None if number is None else str(number)
