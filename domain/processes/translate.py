"""What objects of a source are like in the target: what they name there has other ids, or is left out."""

from collections.abc import Iterable, Mapping
from typing import Any

import msgspec
from msgspec import UNSET
from msgspec.structs import replace

from domain.guilds.aggregate import CHANNEL, GUILD, ROLE, Channel, Guild, Role
from domain.guilds.events import Overwrite
from domain.guilds.permissions import OF_MEMBER, OF_ROLE
from domain.guilds.reports import ChannelReport, GuildReport, RoleReport
from domain.kernel import Book
from domain.loads.aggregate import Load
from domain.processes.snapshot import Snapshot

COPIED_SETTINGS = (
    "name",
    "icon",
    "description",
    "verification_level",
    "default_message_notifications",
    "explicit_content_filter",
    "afk_timeout",
    "system_channel_flags",
)


async def load_translation(
    book: Book, load: Load, snapshot: Snapshot, earlier: Mapping[str, str], ids: Iterable[int]
) -> dict[int, int]:
    """Return what these ids are in the target: this load's own pairs, then earlier ones whose objects still exist.

    In its own guild an object that exists is itself. A bot's role is the role of that name that a bot has there.
    """
    own, wanted = load.translated(), dict.fromkeys(ids)
    found = {each: int(own[str(each)]) for each in wanted if str(each) in own}
    supposed = {each: _supposed(load, earlier, each) for each in wanted if each not in found}
    names = [(load.target, there) for there in dict.fromkeys(supposed.values()) if there is not None]
    known = {**await book.load_many(ROLE, names), **await book.load_many(CHANNEL, names)}
    exist = {state.id for state in known.values()}
    found |= {each: there for each, there in supposed.items() if there is not None and there in exist}
    managed = [role for role in snapshot.roles if role.managed and role.id in wanted and role.id not in found]
    return found | await _bots_roles(book, load.target, managed) if managed else found


def _supposed(load: Load, earlier: Mapping[str, str], old: int) -> int | None:
    new = earlier.get(str(old))
    if new is not None:
        return int(new)
    return old if load.source == load.target else None


async def _bots_roles(book: Book, target: int, roles: Iterable[Role]) -> dict[int, int]:
    there = (await book.load_about(ROLE, GUILD.stream(target))).values()
    by_name = {role.name: role.id for role in there if role.managed}
    return {role.id: by_name[role.name] for role in roles if role.name in by_name}


def named_by(channel: Channel) -> list[int]:
    """Return the ids that a channel names and that are others in the target: its category, and roles."""
    roles = [overwrite.id for overwrite in channel.overwrites if overwrite.kind == OF_ROLE]
    return roles if channel.parent is None else [channel.parent, *roles]


def role_in_target(role: Role, new: int) -> RoleReport:
    """Return what the role is like there."""
    return replace(RoleReport(**_told(RoleReport, role)), id=new)


def channel_in_target(channel: Channel, new: int, parent: int | None, translation: Mapping[int, int]) -> ChannelReport:
    """Return what the channel is like there; `parent` is of the target."""
    overwrites = overwrites_in_target(channel.overwrites, translation)
    return replace(ChannelReport(**_told(ChannelReport, channel)), id=new, parent=parent, overwrites=overwrites)


def overwrites_in_target(overwrites: Iterable[Overwrite], translation: Mapping[int, int]) -> tuple[Overwrite, ...]:
    """Return the overwrites as they are there; those of members stay, those of roles that are not there go."""
    rewritten: dict[int, Overwrite] = {}
    for overwrite in overwrites:
        new = overwrite.id if overwrite.kind == OF_MEMBER else translation.get(overwrite.id)
        if new is not None:
            rewritten.setdefault(new, replace(overwrite, id=new))
    return tuple(rewritten.values())


def settings_in_target(guild: Guild, target: int, translation: Mapping[int, int]) -> GuildReport:
    """Return what the guild's properties are there; a channel that is not there leaves it as it is."""
    copied: dict[str, Any] = {name: getattr(guild, name) for name in COPIED_SETTINGS}
    channels = {name: getattr(guild, name) for name in ("afk_channel", "system_channel")}
    rewritten: dict[str, Any] = {
        name: None if channel is None else translation.get(channel, UNSET) for name, channel in channels.items()
    }
    return GuildReport(id=target, **copied, **rewritten)


def _told(kind: type[msgspec.Struct], state: Role | Channel) -> dict[str, Any]:
    return {name: getattr(state, name) for name in kind.__struct_fields__}
