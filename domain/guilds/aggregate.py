"""The rules of a guild: what it, its roles, channels, members and bans are after each event."""

import msgspec

from domain.guilds.events import (
    ChannelCreated,
    ChannelDeleted,
    ChannelUpdated,
    GuildCreated,
    GuildOrigin,
    GuildUpdated,
    MemberBanned,
    MemberJoined,
    MemberLeft,
    MemberRolesChanged,
    MemberUnbanned,
    MemberUpdated,
    Overwrite,
    OverwriteRemoved,
    OverwriteSet,
    OwnershipTransferred,
    RoleCreated,
    RoleDeleted,
    RoleUpdated,
)
from domain.guilds.reports import told_of
from domain.kernel import Entity, Event


class Guild(msgspec.Struct, frozen=True, kw_only=True):
    """A guild that is known."""

    id: int
    origin: GuildOrigin = "mirrored"
    owner: int
    name: str
    icon: str | None = None
    description: str | None = None
    preferred_locale: str | None = None
    verification_level: int = 0
    default_message_notifications: int = 0
    explicit_content_filter: int = 0
    afk_channel: int | None = None
    afk_timeout: int | None = None
    system_channel: int | None = None
    system_channel_flags: int = 0
    features: tuple[str, ...] = ()


class Role(msgspec.Struct, frozen=True, kw_only=True):
    """A role of a guild. The one with the guild's own id is @everyone."""

    id: int
    name: str
    position: int = 0
    permissions: int = 0
    color: int = 0
    hoist: bool = False
    mentionable: bool = False
    managed: bool = False


class Channel(msgspec.Struct, frozen=True, kw_only=True):
    """A channel of a guild. `kind` is Discord's number, 4 a category."""

    id: int
    kind: int
    name: str
    position: int = 0
    parent: int | None = None
    topic: str | None = None
    nsfw: bool = False
    rate_limit_per_user: int = 0
    bitrate: int | None = None
    user_limit: int | None = None
    overwrites: tuple[Overwrite, ...] = ()


class Member(msgspec.Struct, frozen=True, kw_only=True):
    """Somebody in a guild; `roles` may name roles that are gone, and never @everyone."""

    id: int
    username: str = ""
    global_name: str | None = None
    avatar: str | None = None
    nick: str | None = None
    bot: bool = False
    roles: tuple[int, ...] = ()
    joined_at: str | None = None


class Ban(msgspec.Struct, frozen=True):
    """Somebody who may not come into a guild."""

    id: int
    reason: str | None = None


# How events change them. The names of the events are stored for ever.


def evolve_guild(guild: Guild | None, event: Event) -> Guild | None:
    """Apply one event of a guild."""
    match event:
        case GuildCreated():
            return Guild(id=event.guild, **told_of(Guild, event))
        case GuildUpdated() if guild:
            return msgspec.structs.replace(guild, **told_of(Guild, event))
        case OwnershipTransferred(owner=owner) if guild:
            return msgspec.structs.replace(guild, owner=owner)
        case _:
            return guild


def evolve_role(role: Role | None, event: Event) -> Role | None:
    """Apply one event of a role."""
    match event:
        case RoleCreated():
            return Role(id=event.role, **told_of(Role, event))
        case RoleUpdated() if role:
            return msgspec.structs.replace(role, **told_of(Role, event))
        case RoleDeleted():
            return None
        case _:
            return role


def evolve_channel(channel: Channel | None, event: Event) -> Channel | None:
    """Apply one event of a channel."""
    match event:
        case ChannelCreated():
            return Channel(id=event.channel, **told_of(Channel, event))
        case ChannelUpdated() if channel:
            return msgspec.structs.replace(channel, **told_of(Channel, event))
        case OverwriteSet(overwrite=overwrite) if channel:
            return _with_overwrites(channel, overwrite.id, overwrite)
        case OverwriteRemoved(target=target) if channel:
            return _with_overwrites(channel, target)
        case ChannelDeleted():
            return None
        case _:
            return channel


def _with_overwrites(channel: Channel, target: int, *new: Overwrite) -> Channel:
    others = (overwrite for overwrite in channel.overwrites if overwrite.id != target)
    return msgspec.structs.replace(channel, overwrites=(*others, *new))


def evolve_member(member: Member | None, event: Event) -> Member | None:
    """Apply one event of a member."""
    match event:
        case MemberJoined():
            return Member(id=event.user, **told_of(Member, event))
        case MemberUpdated() if member:
            return msgspec.structs.replace(member, **told_of(Member, event))
        case MemberRolesChanged() if member:
            return msgspec.structs.replace(member, roles=event.roles_after(member.roles))
        case MemberLeft():
            return None
        case _:
            return member


def evolve_ban(ban: Ban | None, event: Event) -> Ban | None:
    """Apply one event of a ban."""
    match event:
        case MemberBanned(user=user, reason=reason):
            return Ban(user, reason)
        case MemberUnbanned():
            return None
        case _:
            return ban


GUILD = Entity[Guild]("guilds", evolve_guild, kind="guild")
ROLE = Entity[Role]("guilds", evolve_role, kind="role")  # by guild and role
CHANNEL = Entity[Channel]("guilds", evolve_channel, kind="channel")  # by guild and channel
MEMBER = Entity[Member]("guilds", evolve_member, kind="member")  # by guild and user
BAN = Entity[Ban]("guilds", evolve_ban, kind="ban")  # by guild and user
