"""Guilds, roles and channels as Discord's API shows and takes them, and as the registry knows them."""

from typing import Annotated, Any, Literal

import msgspec

from domain.guilds.aggregate import Channel, Guild, Role
from domain.guilds.events import Overwrite
from domain.guilds.reports import GuildReport, told

CATEGORY = 4
TEXT_KINDS = (0, 5, 15, 16)
VOICE_KINDS = (2, 13)
Number = Annotated[int, msgspec.Meta(ge=0, le=2**63 - 1)]  # an id or permissions; query tables hold no larger ones
Small = Annotated[int, msgspec.Meta(ge=-(2**31), le=2**31 - 1)]
WIRE_NAMES = {"afk_channel": "afk_channel_id", "system_channel": "system_channel_id"}


class Made(msgspec.Struct, frozen=True):
    """An object that was made."""

    id: Number


class Someone(msgspec.Struct, frozen=True):
    """A user."""

    id: Number


class ShownMember(msgspec.Struct, frozen=True):
    """A member; its roles."""

    roles: tuple[Number, ...] = ()


class ShownRole(msgspec.Struct, frozen=True):
    """A role."""

    id: Number
    name: str
    position: Small = 0
    permissions: Number = 0
    color: Small = 0
    hoist: bool = False
    mentionable: bool = False
    managed: bool = False

    def known(self) -> Role:
        """Return it as the registry would know it."""
        return Role(**msgspec.structs.asdict(self))


class ShownOverwrite(msgspec.Struct, frozen=True):
    """What a channel allows and denies to a role or member."""

    id: Number
    type: Literal[0, 1]
    allow: Number = 0
    deny: Number = 0


class ShownChannel(msgspec.Struct, frozen=True):
    """A channel."""

    id: Number
    type: Small
    name: str = ""
    position: Small = 0
    parent_id: Number | None = None
    topic: str | None = None
    nsfw: bool = False
    permission_overwrites: tuple[ShownOverwrite, ...] = ()

    def known(self) -> Channel:
        """Return it as the registry would know it."""
        return Channel(
            id=self.id,
            kind=self.type,
            name=self.name,
            position=self.position,
            parent=self.parent_id,
            topic=self.topic,
            nsfw=self.nsfw,
            overwrites=tuple(Overwrite(o.id, o.type, o.allow, o.deny) for o in self.permission_overwrites),
        )


class ShownGuild(msgspec.Struct, frozen=True):
    """A guild."""

    id: Number
    name: str
    owner_id: Number
    roles: tuple[ShownRole, ...] = ()

    def known(self) -> Guild:
        """Return it as the registry would know it."""
        return Guild(id=self.id, name=self.name, owner=self.owner_id)


def role_body(role: Role) -> dict[str, Any]:
    """Return what a role is made of."""
    return {
        "name": role.name,
        "permissions": str(role.permissions),
        "color": role.color,
        "hoist": role.hoist,
        "mentionable": role.mentionable,
    }


def channel_body(channel: Channel) -> dict[str, Any]:
    """Return what a channel is made of; its parent and overwrites name objects of the target already."""
    body: dict[str, Any] = {"name": channel.name, "position": channel.position}
    body["permission_overwrites"] = [
        {"id": str(o.id), "type": o.kind, "allow": str(o.allow), "deny": str(o.deny)} for o in channel.overwrites
    ]
    if channel.kind == CATEGORY:
        return body
    body["parent_id"] = _text(channel.parent)
    body["nsfw"] = channel.nsfw
    if channel.kind in TEXT_KINDS:
        body |= {"topic": channel.topic, "rate_limit_per_user": channel.rate_limit_per_user}
    if channel.kind in VOICE_KINDS:
        body |= {name: value for name in ("bitrate", "user_limit") if (value := getattr(channel, name)) is not None}
    return body


def guild_body(wanted: GuildReport) -> dict[str, Any]:
    """Return the properties of a guild that a load sets, all but its icon: of that, only the name is known."""
    said = {name: value for name, value in told(wanted).items() if name not in ("id", "icon")}
    channels = {WIRE_NAMES[name]: _text(value) for name, value in said.items() if name in WIRE_NAMES}
    return channels | {name: value for name, value in said.items() if name not in WIRE_NAMES and value is not None}


def _text(number: int | None) -> str | None:
    return None if number is None else str(number)
