"""What the tables of guilds hold, row by row, and how each event changes it."""

from typing import Any

import msgspec

from domain.guilds.events import (
    ChannelCreated,
    ChannelDeleted,
    ChannelUpdated,
    GuildCreated,
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
from store.log import Recorded


class GuildRow(msgspec.Struct, frozen=True):
    """A row of `guilds`, in the order of its columns."""

    id: int
    origin: str
    owner: int
    name: str
    icon: str | None
    description: str | None
    preferred_locale: str | None
    verification_level: int
    default_message_notifications: int
    explicit_content_filter: int
    afk_channel: int | None
    afk_timeout: int | None
    system_channel: int | None
    system_channel_flags: int
    features: tuple[str, ...]


class RoleRow(msgspec.Struct, frozen=True):
    """A row of `guild_roles`, in the order of its columns."""

    guild: int
    id: int
    name: str
    position: int
    permissions: int
    color: int
    hoist: bool
    mentionable: bool
    managed: bool


class ChannelRow(msgspec.Struct, frozen=True):
    """A row of `guild_channels`, in the order of its columns."""

    guild: int
    id: int
    kind: int
    name: str
    position: int
    parent: int | None
    topic: str | None
    nsfw: bool
    rate_limit_per_user: int
    bitrate: int | None
    user_limit: int | None
    overwrites: list[dict[str, Any]]


class MemberRow(msgspec.Struct, frozen=True):
    """A row of `guild_members`, in the order of its columns."""

    guild: int
    id: int
    username: str
    global_name: str | None
    avatar: str | None
    nick: str | None
    bot: bool
    roles: tuple[int, ...]
    joined_at: str | None


class BanRow(msgspec.Struct, frozen=True):
    """A row of `guild_bans`, in the order of its columns."""

    guild: int
    id: int
    reason: str | None


def evolve_guild(row: GuildRow | None, recorded: Recorded) -> GuildRow | None:
    """Apply one event of a guild."""
    match recorded.event:
        case GuildCreated() as event:
            return GuildRow(id=event.guild, **told_of(GuildRow, event))
        case GuildUpdated() as event if row:
            return msgspec.structs.replace(row, **told_of(GuildRow, event))
        case OwnershipTransferred(owner=owner) if row:
            return msgspec.structs.replace(row, owner=owner)
        case _:
            return row


def evolve_role(row: RoleRow | None, recorded: Recorded) -> RoleRow | None:
    """Apply one event of a role."""
    match recorded.event:
        case RoleCreated() as event:
            return RoleRow(id=event.role, **told_of(RoleRow, event))
        case RoleUpdated() as event if row:
            return msgspec.structs.replace(row, **told_of(RoleRow, event))
        case RoleDeleted():
            return None
        case _:
            return row


def evolve_channel(row: ChannelRow | None, recorded: Recorded) -> ChannelRow | None:
    """Apply one event of a channel."""
    match recorded.event:
        case ChannelCreated(channel=channel, overwrites=overwrites) as event:
            said = told_of(ChannelRow, event)
            said["overwrites"] = list(map(_as_json, overwrites))
            return ChannelRow(id=channel, **said)
        case ChannelUpdated() as event if row:
            return msgspec.structs.replace(row, **told_of(ChannelRow, event))
        case OverwriteSet(overwrite=overwrite) if row:
            return _with_overwrites(row, overwrite.id, _as_json(overwrite))
        case OverwriteRemoved(target=target) if row:
            return _with_overwrites(row, target)
        case ChannelDeleted():
            return None
        case _:
            return row


def _with_overwrites(row: ChannelRow, target: int, *new: dict[str, Any]) -> ChannelRow:
    others = (overwrite for overwrite in row.overwrites if overwrite["id"] != target)
    return msgspec.structs.replace(row, overwrites=[*others, *new])


def _as_json(overwrite: Overwrite) -> dict[str, Any]:
    return msgspec.structs.asdict(overwrite)


def evolve_member(row: MemberRow | None, recorded: Recorded) -> MemberRow | None:
    """Apply one event of a member."""
    match recorded.event:
        case MemberJoined() as event:
            return MemberRow(id=event.user, **told_of(MemberRow, event))
        case MemberUpdated() as event if row:
            return msgspec.structs.replace(row, **told_of(MemberRow, event))
        case MemberRolesChanged() as event if row:
            return msgspec.structs.replace(row, roles=event.roles_after(row.roles))
        case MemberLeft():
            return None
        case _:
            return row


def evolve_ban(row: BanRow | None, recorded: Recorded) -> BanRow | None:
    """Apply one event of a ban."""
    match recorded.event:
        case MemberBanned(guild=guild, user=user, reason=reason):
            return BanRow(guild, user, reason)
        case MemberUnbanned():
            return None
        case _:
            return row
