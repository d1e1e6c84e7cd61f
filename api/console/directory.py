"""The names of what a guild has, for choosing from them and for showing what was chosen."""

from collections.abc import Iterable, Mapping
from typing import Any

import msgspec

from api.console.controls import listed
from domain.guilds.aggregate import Channel, Member, Role
from domain.settings.definitions import Column, String

CATEGORY = 4
VOICE_KINDS = (2, 13)
SIGNS = {"channel": "#", "role": "@", "user": "@"}


class Option(msgspec.Struct, frozen=True):
    """Something to choose; `group` is what it stands under."""

    value: str
    label: str
    group: str = ""
    colour: str = ""


class Directory(msgspec.Struct, frozen=True):
    """The roles, the channels and some of the members of one guild, by id."""

    guild: str = ""
    roles: Mapping[str, Role] = {}
    channels: Mapping[str, Channel] = {}
    members: Mapping[str, Member] = {}

    def name_of(self, kind: str, number: str) -> str | None:
        """Return the name of something, None when it is not known, or not any more."""
        found = {"role": self.roles, "channel": self.channels, "user": self.members}.get(kind, {}).get(number)
        match found:
            case Member():
                return member_name(found)
            case Role() | Channel():
                return found.name.removeprefix(SIGNS["role"])
            case _:
                return None

    def colour_of(self, kind: str, number: str) -> str:
        """Return the colour of a role as pages write it; nothing for one without."""
        role = self.roles.get(number) if kind == "role" else None
        return f"#{role.color & 0xFFFFFF:06x}" if role and role.color else ""

    def options(self, inner: String) -> list[Option]:
        """Return what a text can be chosen from."""
        if inner.allowed_values:
            return [Option(value, value) for value in inner.allowed_values]
        match inner.kind:
            case "role":
                return self._roles()
            case "channel":
                return self._channels()
            case _:
                return []

    def _roles(self) -> list[Option]:
        above = sorted(self.roles.values(), key=lambda role: (-role.position, role.id))
        return [Option(str(role.id), role.name, "", self.colour_of("role", str(role.id))) for role in above]

    def _channels(self) -> list[Option]:
        ordered = sorted(self.channels.values(), key=_place_in(self.channels))
        return [Option(str(one.id), _channel_label(one), self._group(one)) for one in ordered if one.kind != CATEGORY]

    def _group(self, channel: Channel) -> str:
        parent = self.channels.get(str(channel.parent))
        return parent.name if parent else ""


def _place_in(channels: Mapping[str, Channel]) -> Any:  # noqa: ANN401 - a key of sorted
    """Return the order in which chat clients list channels: those without a category first."""

    def place(channel: Channel) -> tuple[int, int, int, int]:
        parent = channels.get(str(channel.parent))
        above, number = (parent.position, parent.id) if parent else (-1, 0)
        return above, number, channel.position, channel.id

    return place


def _channel_label(channel: Channel) -> str:
    return channel.name if channel.kind in VOICE_KINDS else f"#{channel.name}"


def member_name(member: Member) -> str:
    """Return the name that people know somebody by."""
    return member.nick or member.global_name or member.username or str(member.id)


def people_in(columns: Iterable[Column], rows: Iterable[Mapping[str, Any]]) -> set[int]:
    """Return the users whom rows name."""
    named = [column.id for column in columns if column.kind() == "user"]
    found: set[int] = set()
    for row in rows:
        for name in named:
            found.update(int(item) for item in listed(row.get(name)) if is_snowflake(item))
    return found


def is_snowflake(value: object) -> bool:
    """Tell whether this can be the id of somebody."""
    return isinstance(value, str) and value.isascii() and value.isdigit() and 0 < int(value or 0) < 2**63
