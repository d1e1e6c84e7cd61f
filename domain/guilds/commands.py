"""Commands by which bots report what a guild is like. What is said is only what is new."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

import msgspec

from domain.guilds import decisions
from domain.guilds.aggregate import BAN, CHANNEL, GUILD, MEMBER, ROLE, Guild
from domain.guilds.permissions import Standing, standing_among
from domain.guilds.reports import (
    BanGone,
    BanReport,
    Change,
    ChannelGone,
    ChannelReport,
    GuildReport,
    MemberGone,
    MemberReport,
    RoleGone,
    RoleReport,
)
from domain.kernel import Book, Entity, Event, load_known


class Kind(msgspec.Struct, frozen=True):
    """What a guild has many of: its streams, and how a report and an end are decided."""

    entity: Entity[Any]
    report: Callable[[int, Any, Any], list[Event]]
    end: Callable[[int, Any], list[Event]]


ROLES = Kind(ROLE, decisions.report_role, decisions.delete_role)
CHANNELS = Kind(CHANNEL, decisions.report_channel, decisions.delete_channel)
MEMBERS = Kind(MEMBER, decisions.report_member, decisions.remove_member)
BANS = Kind(BAN, decisions.report_ban, decisions.lift_ban)
REPORTED: dict[type[Change], Kind] = {
    RoleReport: ROLES,
    ChannelReport: CHANNELS,
    MemberReport: MEMBERS,
    BanReport: BANS,
}
ENDED: dict[type[Change], Kind] = {RoleGone: ROLES, ChannelGone: CHANNELS, MemberGone: MEMBERS, BanGone: BANS}


async def load_standing(book: Book, guild: int, user: int) -> Standing | None:
    """Return what decides on a member's permissions, None when there is no such guild or member."""
    known, member = await book.load(GUILD, guild), await book.load(MEMBER, guild, user)
    if known is None or member is None:
        return None
    roles = await book.load_many(ROLE, [(guild, role) for role in (guild, *member.roles)])
    return standing_among(known, member, roles.values())


async def report_guild(
    book: Book, *, report: GuildReport, roles: Sequence[RoleReport], channels: Sequence[ChannelReport], bot: int
) -> int:
    """Take in a guild with all of its roles and channels, as the bot sees it that is in it; return how much was new."""
    guild = await book.load(GUILD, report.id)
    decisions.require_mirrored(guild)
    stream = GUILD.stream(report.id)
    known_roles, known_channels = await book.load_about(ROLE, stream), await book.load_about(CHANNEL, stream)
    count = _say(book, stream, decisions.report_guild(guild, report))
    for kind, known, reports in ((ROLES, known_roles, roles), (CHANNELS, known_channels, channels)):
        count += _report(book, report.id, kind, known, reports)
        reported = {kind.entity.stream(report.id, each.id) for each in reports}
        count += _end(
            book, report.id, kind, {stream: state for stream, state in known.items() if stream not in reported}
        )
    return count + await _mark_present(book, report.id, bot)


async def _mark_present(book: Book, guild: int, bot: int) -> int:
    if await book.load(MEMBER, guild, bot) is not None:
        return 0
    return _report(book, guild, MEMBERS, {}, [MemberReport(id=bot, bot=True)])


def _report(book: Book, guild: int, kind: Kind, known: Mapping[str, Any], reports: Iterable[Any]) -> int:
    streams = ((kind.entity.stream(guild, report.id), report) for report in reports)
    return sum(_say(book, stream, kind.report(guild, known.get(stream), report)) for stream, report in streams)


def _end(book: Book, guild: int, kind: Kind, known: Mapping[str, Any]) -> int:
    return sum(_say(book, stream, kind.end(guild, state)) for stream, state in known.items())


def _say(book: Book, stream: str, events: list[Event]) -> int:
    book.append(stream, events)
    return len(events)


async def report_members(
    book: Book, *, guild: int, members: Sequence[MemberReport] = (), gone: Sequence[int] = ()
) -> int:
    """Take in some of the members, and that some are not there any more; return how much was new."""
    return await _report_some(book, guild, MEMBERS, members, gone)


async def report_bans(book: Book, *, guild: int, bans: Sequence[BanReport] = (), gone: Sequence[int] = ()) -> int:
    """Take in some of the bans, and that some were lifted; return how much was new."""
    return await _report_some(book, guild, BANS, bans, gone)


async def _report_some(
    book: Book, guild: int, kind: Kind, reports: Sequence[MemberReport | BanReport], gone: Sequence[int]
) -> int:
    await _load_mirrored(book, guild)
    known = await book.load_many(kind.entity, [(guild, user) for user in (*(r.id for r in reports), *gone)])
    count = _report(book, guild, kind, known, reports)
    ended = {kind.entity.stream(guild, user) for user in gone}
    return count + _end(book, guild, kind, {stream: state for stream, state in known.items() if stream in ended})


async def _load_mirrored(book: Book, guild: int) -> Guild:
    known = await load_known(book, GUILD, guild)
    decisions.require_mirrored(known)
    return known


async def bot_left(book: Book, *, guild: int, bot: int) -> None:
    """Note that a bot is not in the guild any more; what it reported stays."""
    await _load_mirrored(book, guild)
    member = await book.load(MEMBER, guild, bot)
    book.append(MEMBER.stream(guild, bot), decisions.remove_member(guild, member))


async def apply_changes(book: Book, *, guild: int, changes: Sequence[Change]) -> int:
    """Take in what changed in a guild, in order: all of it or nothing; return how much was new."""
    states: dict[str, Any] = {GUILD.stream(guild): await _load_mirrored(book, guild)}
    for kind in (ROLES, CHANNELS, MEMBERS, BANS):
        ids = {change.id for change in changes if kind in (REPORTED.get(type(change)), ENDED.get(type(change)))}
        if ids:
            states |= await book.load_many(kind.entity, [(guild, entity_id) for entity_id in sorted(ids)])
    count = 0
    for change in changes:
        entity, entity_id, events = _decide(guild, states, change)
        stream = entity.stream(*entity_id)
        states[stream] = entity.fold(events, states.get(stream))
        count += _say(book, stream, events)
    return count


def _decide(guild: int, states: Mapping[str, Any], change: Change) -> tuple[Entity[Any], tuple[int, ...], list[Event]]:
    if isinstance(change, GuildReport):
        return GUILD, (guild,), decisions.report_guild(states[GUILD.stream(guild)], change)
    kind = REPORTED.get(type(change)) or ENDED[type(change)]
    state = states.get(kind.entity.stream(guild, change.id))
    events = kind.report(guild, state, change) if type(change) in REPORTED else kind.end(guild, state)
    return kind.entity, (guild, change.id), events
