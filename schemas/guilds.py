"""The wire shapes of the guild registry, as bots report guilds and read them back; unknown keys are ignored."""

from datetime import datetime
from typing import Annotated, Literal

import msgspec
from msgspec import UNSET, UnsetType

SAFE_MAX = 2**53 - 1
"""What every JSON reader takes for the number that was written; ids beyond are written as texts."""

Number = Annotated[int, msgspec.Meta(ge=0, le=SAFE_MAX)] | Annotated[str, msgspec.Meta(pattern=r"^[0-9]{1,20}$(?!\n)")]
"""An id or permission bits."""

Small = Annotated[int, msgspec.Meta(ge=-(2**31), le=2**31 - 1)]
Count = Annotated[int, msgspec.Meta(ge=0, le=SAFE_MAX)]


class UserIn(msgspec.Struct, frozen=True):
    """A user, as Discord shows one."""

    id: Number
    username: str | UnsetType | None = UNSET
    global_name: str | UnsetType | None = UNSET
    avatar: str | UnsetType | None = UNSET
    bot: bool | UnsetType | None = UNSET


class MemberIn(msgspec.Struct, frozen=True):
    """A member of a guild."""

    user: UserIn
    nick: str | UnsetType | None = UNSET
    roles: tuple[Number, ...] | UnsetType | None = UNSET
    joined_at: datetime | UnsetType | None = UNSET


class BanIn(msgspec.Struct, frozen=True):
    """A ban: whose it is, by id or as Discord shows one."""

    user_id: Number | UnsetType | None = UNSET
    user: UserIn | UnsetType | None = UNSET
    reason: str | UnsetType | None = UNSET


class OverwriteIn(msgspec.Struct, frozen=True):
    """What a channel allows and denies to a role (0) or a member (1)."""

    id: Number
    type: Literal[0, 1]
    allow: Number | None = None
    deny: Number | None = None


class RoleIn(msgspec.Struct, frozen=True):
    """A role."""

    id: Number
    name: str
    position: Small | UnsetType | None = UNSET
    permissions: Number | UnsetType | None = UNSET
    color: Count | UnsetType | None = UNSET
    hoist: bool | UnsetType | None = UNSET
    mentionable: bool | UnsetType | None = UNSET
    managed: bool | UnsetType | None = UNSET


class ChannelIn(msgspec.Struct, frozen=True):
    """A channel."""

    id: Number
    type: Annotated[int, msgspec.Meta(ge=0, le=2**31 - 1)]
    name: str
    position: Small | UnsetType | None = UNSET
    parent_id: Number | UnsetType | None = UNSET
    topic: str | UnsetType | None = UNSET
    nsfw: bool | UnsetType | None = UNSET
    rate_limit_per_user: Count | UnsetType | None = UNSET
    bitrate: Count | UnsetType | None = UNSET
    user_limit: Count | UnsetType | None = UNSET
    permission_overwrites: tuple[OverwriteIn, ...] | UnsetType | None = UNSET


class GuildDetails(msgspec.Struct, frozen=True, kw_only=True):
    """What may be said of a guild by itself; what is absent stays as it was."""

    description: str | UnsetType | None = UNSET
    preferred_locale: str | UnsetType | None = UNSET
    verification_level: Count | UnsetType | None = UNSET
    default_message_notifications: Count | UnsetType | None = UNSET
    explicit_content_filter: Count | UnsetType | None = UNSET
    afk_channel_id: Number | UnsetType | None = UNSET
    afk_timeout: Count | UnsetType | None = UNSET
    system_channel_id: Number | UnsetType | None = UNSET
    system_channel_flags: Count | UnsetType | None = UNSET
    features: tuple[str, ...] | UnsetType | None = UNSET


class GuildIn(GuildDetails, frozen=True, kw_only=True):
    """What changed of a guild by itself."""

    name: str | UnsetType | None = UNSET
    icon: str | UnsetType | None = UNSET
    owner_id: Number | UnsetType | None = UNSET


class WholeGuildIn(GuildDetails, frozen=True, kw_only=True):
    """What a snapshot says beside the members. Bans stay as they are when they are absent, else they are all."""

    name: str
    icon: str | None
    owner_id: Number
    roles: tuple[RoleIn, ...]
    channels: tuple[ChannelIn, ...]
    bans: tuple[BanIn, ...] | UnsetType | None = UNSET
    members_complete: bool | None = False


class Snapshot(WholeGuildIn, frozen=True, kw_only=True):
    """A whole guild. Members stay as they are when they are absent, and when unlisted unless they are complete."""

    members: tuple[MemberIn, ...] | UnsetType | None = UNSET


class LeanSnapshot(WholeGuildIn, frozen=True, kw_only=True):
    """A snapshot whose members, who may be very many, are not decoded yet."""

    members: tuple[msgspec.Raw, ...] | UnsetType | None = UNSET


class Fed(msgspec.Struct, frozen=True):
    """Where the log is with this report in it, and how much of it was new."""

    position: int
    events: int


class OverwriteOut(msgspec.Struct, frozen=True):
    """What a channel allows and denies to a role (0) or a member (1)."""

    id: str
    type: int
    allow: str
    deny: str


class RoleOut(msgspec.Struct, frozen=True):
    """A role as the registry has it."""

    id: str
    name: str
    position: int
    permissions: str
    color: int
    hoist: bool
    mentionable: bool
    managed: bool


class ChannelOut(msgspec.Struct, frozen=True):
    """A channel as the registry has it."""

    id: str
    type: int
    name: str
    position: int
    parent_id: str | None
    topic: str | None
    nsfw: bool
    rate_limit_per_user: int
    bitrate: int | None
    user_limit: int | None
    permission_overwrites: tuple[OverwriteOut, ...]


class UserOut(msgspec.Struct, frozen=True):
    """A user as the registry has it."""

    id: str
    username: str
    global_name: str | None
    avatar: str | None
    bot: bool


class MemberOut(msgspec.Struct, frozen=True):
    """A member as the registry has it."""

    user: UserOut
    nick: str | None
    roles: tuple[str, ...]
    joined_at: str | None


class BanOut(msgspec.Struct, frozen=True):
    """A ban as the registry has it."""

    user_id: str
    reason: str | None


class GuildOut(msgspec.Struct, frozen=True, kw_only=True):
    """A guild as the registry has it. `origin`: reported by bots (`mirrored`) or made here (`native`)."""

    id: str
    origin: str
    name: str
    icon: str | None
    owner_id: str
    description: str | None
    preferred_locale: str | None
    verification_level: int
    default_message_notifications: int
    explicit_content_filter: int
    afk_channel_id: str | None
    afk_timeout: int | None
    system_channel_id: str | None
    system_channel_flags: int
    features: tuple[str, ...]


class WholeGuildOut(GuildOut, frozen=True, kw_only=True):
    """A guild with its roles and channels, and how many members and bans; of the past nobody knows its bots."""

    roles: tuple[RoleOut, ...]
    channels: tuple[ChannelOut, ...]
    member_count: int
    ban_count: int
    bots: tuple[str, ...] | None
