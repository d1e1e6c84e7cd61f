"""The wire shapes of changes in a guild, as bots report them; unknown keys are ignored."""

import msgspec

from schemas.guilds import BanIn, ChannelIn, GuildIn, MemberIn, Number, RoleIn


class UserGone(msgspec.Struct, frozen=True):
    """Whose membership or ban ended."""

    user_id: Number


class Gone(msgspec.Struct, frozen=True):
    """What was deleted."""

    id: Number


class GuildUpdate(msgspec.Struct, frozen=True, tag="guild.update"):
    """The guild is like this."""

    guild: GuildIn


class RoleUpsert(msgspec.Struct, frozen=True, tag="role.upsert"):
    """A role is new, or like this."""

    role: RoleIn


class RoleDelete(msgspec.Struct, frozen=True, tag="role.delete"):
    """A role was deleted."""

    role: Gone


class ChannelUpsert(msgspec.Struct, frozen=True, tag="channel.upsert"):
    """A channel is new, or like this."""

    channel: ChannelIn


class ChannelDelete(msgspec.Struct, frozen=True, tag="channel.delete"):
    """A channel was deleted."""

    channel: Gone


class MemberUpsert(msgspec.Struct, frozen=True, tag="member.upsert"):
    """A member is new, or like this."""

    member: MemberIn


class MemberRemove(msgspec.Struct, frozen=True, tag="member.remove"):
    """A member is not there any more."""

    member: UserGone


class BanAdd(msgspec.Struct, frozen=True, tag="ban.add"):
    """Somebody is banned."""

    ban: BanIn


class BanRemove(msgspec.Struct, frozen=True, tag="ban.remove"):
    """Somebody is not banned any more."""

    ban: UserGone


ChangeIn = (
    GuildUpdate
    | RoleUpsert
    | RoleDelete
    | ChannelUpsert
    | ChannelDelete
    | MemberUpsert
    | MemberRemove
    | BanAdd
    | BanRemove
)
"""One change: what it is about stands under the first word of its type."""


class Changes(msgspec.Struct, frozen=True):
    """What changed in a guild, in order: all of it is taken in, or nothing."""

    changes: tuple[ChangeIn, ...]


class LeanChanges(msgspec.Struct, frozen=True):
    """Changes that are not decoded yet."""

    changes: tuple[msgspec.Raw, ...]
