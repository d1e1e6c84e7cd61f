"""What may happen next in a guild: from what is known and what is reported to what is new, in few events."""

from collections.abc import Collection
from typing import Any

import msgspec
from msgspec import UNSET

from domain.guilds.aggregate import Ban, Channel, Guild, Member, Role
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
from domain.guilds.permissions import OF_ROLE
from domain.guilds.reports import BanReport, ChannelReport, GuildReport, MemberReport, RoleReport, told
from domain.kernel import Event, RefusalError


class NativeGuildError(RefusalError):
    """The guild was made here; nobody else can report what it is like."""


class EveryoneDeletedError(RefusalError):
    """A guild is never without its @everyone role."""


def require_mirrored(guild: Guild | None) -> None:
    """Refuse a report on a guild that was made here."""
    if guild is not None and guild.origin == "native":
        raise NativeGuildError


def report_guild(guild: Guild | None, report: GuildReport) -> list[Event]:
    """Say what is different from what was known of a guild; the first report must name it and its owner."""
    if guild is None:
        return [GuildCreated(guild=report.id, origin="mirrored", **_details(report))]
    changes = _changes(guild, report)
    owner = changes.pop("owner", guild.owner)
    updated: list[Event] = [GuildUpdated(guild=guild.id, **changes)] if changes else []
    if owner != guild.owner:
        updated.append(OwnershipTransferred(guild=guild.id, former=guild.owner, owner=owner))
    return updated


def report_role(guild: int, role: Role | None, report: RoleReport) -> list[Event]:
    """Say what is different from what was known of a role."""
    if role is None:
        return [RoleCreated(guild=guild, role=report.id, **_details(report))]
    changes = _changes(role, report)
    return [RoleUpdated(guild=guild, role=role.id, **changes)] if changes else []


def delete_role(guild: int, role: Role | None) -> list[Event]:
    """Delete a role; one that is not there is gone already."""
    if role is None:
        return []
    if role.id == guild:
        raise EveryoneDeletedError
    return [RoleDeleted(guild=guild, role=role.id)]


def report_channel(guild: int, channel: Channel | None, report: ChannelReport) -> list[Event]:
    """Say what is different from what was known of a channel."""
    if channel is None:
        return [ChannelCreated(guild=guild, channel=report.id, **_details(report))]
    changes = _changes(channel, report)
    overwrites = changes.pop("overwrites", channel.overwrites)
    updated: list[Event] = [ChannelUpdated(guild=guild, channel=channel.id, **changes)] if changes else []
    return updated + _report_overwrites(guild, channel, overwrites)


def _report_overwrites(guild: int, channel: Channel, overwrites: tuple[Overwrite, ...]) -> list[Event]:
    known, reported = {o.id: o for o in channel.overwrites}, {o.id: o for o in overwrites}
    gone = [target for target in known if target not in reported]
    removed = [OverwriteRemoved(guild=guild, channel=channel.id, target=target) for target in gone]
    news = [overwrite for overwrite in overwrites if known.get(overwrite.id) != overwrite]
    return [*removed, *(OverwriteSet(guild=guild, channel=channel.id, overwrite=overwrite) for overwrite in news)]


def forget_roles(guild: int, channel: Channel, roles: Collection[int]) -> list[Event]:
    """Take the overwrites of roles that are gone out of a channel."""
    gone = [overwrite.id for overwrite in channel.overwrites if overwrite.kind == OF_ROLE and overwrite.id in roles]
    return [OverwriteRemoved(guild=guild, channel=channel.id, target=role) for role in gone]


def delete_channel(guild: int, channel: Channel | None) -> list[Event]:
    """Delete a channel; one that is not there is gone already."""
    return [ChannelDeleted(guild=guild, channel=channel.id)] if channel else []


def report_member(guild: int, member: Member | None, report: MemberReport) -> list[Event]:
    """Say what is different from what was known of a member; nobody ever holds @everyone."""
    details = _details(report)
    roles = set(details.pop("roles", member.roles if member else ())) - {guild}
    if member is None:
        return [MemberJoined(guild=guild, user=report.id, roles=tuple(sorted(roles)), **details)]
    updated = _update_member(guild, member, details)
    had = set(member.roles)
    if roles == had:
        return updated
    added, removed = tuple(sorted(roles - had)), tuple(sorted(had - roles))
    return [*updated, MemberRolesChanged(guild=guild, user=member.id, added=added, removed=removed)]


def _update_member(guild: int, member: Member, details: dict[str, Any]) -> list[Event]:
    changes = {name: value for name, value in details.items() if getattr(member, name) != value}
    if not changes:
        return []
    shown = {name: getattr(member, name) for name in ("username", "global_name", "avatar", "nick")}
    return [MemberUpdated(guild=guild, user=member.id, **shown | changes)]


def remove_member(guild: int, member: Member | None) -> list[Event]:
    """Let a member go; one that is not there is gone already."""
    return [MemberLeft(guild=guild, user=member.id)] if member else []


def report_ban(guild: int, ban: Ban | None, report: BanReport) -> list[Event]:
    """Say that somebody is banned, if that or the reason is new."""
    reason = report.reason if report.reason is not UNSET else ban.reason if ban else None
    return [] if ban == Ban(report.id, reason) else [MemberBanned(guild=guild, user=report.id, reason=reason)]


def lift_ban(guild: int, ban: Ban | None) -> list[Event]:
    """Lift a ban; one that is not there is lifted already."""
    return [MemberUnbanned(guild=guild, user=ban.id)] if ban else []


def _details(report: msgspec.Struct) -> dict[str, Any]:
    """Return what a report says beside whom it is about."""
    details = told(report)
    del details["id"]
    return details


def _changes(state: msgspec.Struct, report: msgspec.Struct) -> dict[str, Any]:
    """Return what a report says that is not so already."""
    return {name: value for name, value in told(report).items() if getattr(state, name) != value}
