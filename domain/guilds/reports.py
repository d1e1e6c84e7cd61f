"""What a bot reports of a guild. What it does not say (UNSET) stays as it was, or as nobody knows better."""

from typing import Any

import msgspec
from msgspec import UNSET, UnsetType

from domain.guilds.events import Overwrite
from domain.kernel import Event


class GuildReport(msgspec.Struct, frozen=True, kw_only=True):
    """What a guild is like by itself."""

    id: int
    owner: int | UnsetType = UNSET
    name: str | UnsetType = UNSET
    icon: str | UnsetType | None = UNSET
    description: str | UnsetType | None = UNSET
    preferred_locale: str | UnsetType | None = UNSET
    verification_level: int | UnsetType = UNSET
    default_message_notifications: int | UnsetType = UNSET
    explicit_content_filter: int | UnsetType = UNSET
    afk_channel: int | UnsetType | None = UNSET
    afk_timeout: int | UnsetType | None = UNSET
    system_channel: int | UnsetType | None = UNSET
    system_channel_flags: int | UnsetType = UNSET
    features: tuple[str, ...] | UnsetType = UNSET


class RoleReport(msgspec.Struct, frozen=True, kw_only=True):
    """What a role is like."""

    id: int
    name: str
    position: int | UnsetType = UNSET
    permissions: int | UnsetType = UNSET
    color: int | UnsetType = UNSET
    hoist: bool | UnsetType = UNSET
    mentionable: bool | UnsetType = UNSET
    managed: bool | UnsetType = UNSET


class ChannelReport(msgspec.Struct, frozen=True, kw_only=True):
    """What a channel is like; `overwrites`, if there, are all that it has."""

    id: int
    kind: int
    name: str
    position: int | UnsetType = UNSET
    parent: int | UnsetType | None = UNSET
    topic: str | UnsetType | None = UNSET
    nsfw: bool | UnsetType = UNSET
    rate_limit_per_user: int | UnsetType = UNSET
    bitrate: int | UnsetType | None = UNSET
    user_limit: int | UnsetType | None = UNSET
    overwrites: tuple[Overwrite, ...] | UnsetType = UNSET


class MemberReport(msgspec.Struct, frozen=True, kw_only=True):
    """Somebody who is in the guild; `roles`, if there, are all that it has."""

    id: int
    username: str | UnsetType = UNSET
    global_name: str | UnsetType | None = UNSET
    avatar: str | UnsetType | None = UNSET
    nick: str | UnsetType | None = UNSET
    bot: bool | UnsetType = UNSET
    roles: tuple[int, ...] | UnsetType = UNSET
    joined_at: str | UnsetType | None = UNSET


class BanReport(msgspec.Struct, frozen=True, kw_only=True):
    """Somebody who may not come into the guild."""

    id: int
    reason: str | UnsetType | None = UNSET


class RoleGone(msgspec.Struct, frozen=True):
    """A role was deleted."""

    id: int


class ChannelGone(msgspec.Struct, frozen=True):
    """A channel was deleted."""

    id: int


class MemberGone(msgspec.Struct, frozen=True):
    """Somebody is not in the guild any more."""

    id: int


class BanGone(msgspec.Struct, frozen=True):
    """Somebody may come into the guild again."""

    id: int


Change = (
    GuildReport | RoleReport | RoleGone | ChannelReport | ChannelGone | MemberReport | MemberGone | BanReport | BanGone
)


def told(struct: msgspec.Struct) -> dict[str, Any]:
    """Return what a report or an event says."""
    return {name: value for name, value in msgspec.structs.asdict(struct).items() if value is not UNSET}


def told_of(kind: type[msgspec.Struct], event: Event) -> dict[str, Any]:
    """Return what an event says of a state or a row, whose fields have the same names."""
    return {name: value for name, value in told(event).items() if name in kind.__struct_fields__}
