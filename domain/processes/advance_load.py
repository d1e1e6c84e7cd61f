"""Do the next objects of a load in the guild registry: the guild's events and the load's are one append."""

from collections.abc import Awaitable, Callable, Collection, Mapping, Sequence

import msgspec
from msgspec import UNSET

from domain.guilds import decisions
from domain.guilds.aggregate import BAN, CHANNEL, GUILD, ROLE, Channel
from domain.guilds.reports import BanReport, ChannelReport, GuildReport
from domain.kernel import Book, load_known
from domain.loads import aggregate
from domain.loads.aggregate import LOAD, Load
from domain.loads.events import Outcome, Pair, PairKind, StepName
from domain.processes.begin_load import begin_load
from domain.processes.plan_load import CATEGORY, parent_fault, parent_of
from domain.processes.snapshot import Snapshot
from domain.processes.translate import (
    channel_in_target,
    load_translation,
    named_by,
    role_in_target,
    settings_in_target,
)


class Work(msgspec.Struct, frozen=True):
    """The next objects of a load, each with an id for what it becomes."""

    book: Book
    load: Load
    snapshot: Snapshot
    objects: Sequence[int]
    new_ids: Sequence[int]
    earlier: Mapping[str, str]


class Done(msgspec.Struct, frozen=True, kw_only=True):
    """What was done of them; see `aggregate.record`."""

    pairs: Sequence[Pair] = ()
    deleted: Sequence[int] = ()
    banned: Sequence[int] = ()
    failed: Sequence[tuple[int, str]] = ()


async def advance_load(
    book: Book,
    *,
    load: str,
    snapshot: Snapshot,
    new_ids: Sequence[int],
    earlier: Mapping[str, str] | None = None,
    ends: bool = True,
) -> bool:
    """Do at most as many objects as there are new ids, of one step; tell whether the load has ended.

    `ends` False: it goes on when its plan is done, which is told likewise, as its caller has something else to do then.
    It goes on from what its stream says is done, so whoever calls it, and however often it was interrupted, the target
    becomes the same. `earlier`: what earlier loads of this pair of guilds mapped. Errors: UnknownError (no such load).
    """
    assert new_ids
    state = await load_known(book, LOAD, load)
    if state.outcome is not None:
        return True
    if state.is_cancelled:
        return _end(book, state, "cancelled")
    if not state.has_begun:
        return await begin_load(book, load=load, snapshot=snapshot)
    work = aggregate.next_work(state, len(new_ids))
    if work is None:
        return not ends or _end(book, state, "success")
    step, objects = work
    done = await STEPS[step](Work(book, state, snapshot, objects, new_ids, earlier or {}))
    recorded = aggregate.record(state, step, **msgspec.structs.asdict(done))
    book.append(LOAD.stream(load), recorded)
    # Nothing of the last step is mapped, so only its end says that it is done.
    is_last = step == "settings"
    return is_last and (not ends or _end(book, LOAD.fold(recorded, state) or state, "success"))


def _end(book: Book, load: Load, outcome: Outcome) -> bool:
    book.append(LOAD.stream(load.id), aggregate.finish(load, outcome))
    return True


async def _delete_roles(work: Work) -> Done:
    """Delete roles; no channel that stays names them any more, as on Discord."""
    target, book, doomed = work.load.target, work.book, set(work.load.plan.delete_channels)
    known = await book.load_many(ROLE, [(target, role) for role in work.objects])
    for stream, role in known.items():
        book.append(stream, decisions.delete_role(target, role))
    for stream, channel in (await book.load_about(CHANNEL, GUILD.stream(target))).items():
        book.append(stream, [] if channel.id in doomed else decisions.forget_roles(target, channel, work.objects))
    return Done(deleted=work.objects)


async def _make_roles(work: Work) -> Done:
    """Create roles, or map those that are there; @everyone is there and is edited."""
    target, pairs = work.load.target, list[Pair]()
    roles = {role.id: role for role in work.snapshot.roles}
    existing = {item.source: item.existing for item in work.load.plan.roles if item.existing is not None}
    there = await work.book.load_many(ROLE, [(target, existing[old]) for old in work.objects if old in existing])
    for old, fresh in zip(work.objects, work.new_ids, strict=False):
        is_everyone = old == work.load.source
        known = there.get(ROLE.stream(target, existing.get(old)))
        new = existing[old] if known or is_everyone else fresh
        if known is None or is_everyone:
            events = decisions.report_role(target, known, role_in_target(roles[old], new))
            work.book.append(ROLE.stream(target, new), events)
        pairs.append(Pair(str(old), str(new), "role"))
    return Done(pairs=pairs)


async def _delete_channels(work: Work) -> Done:
    """Delete channels. What was in a category, or was named by the guild, is so no more, as on Discord."""
    target, book = work.load.target, work.book
    known = await book.load_many(CHANNEL, [(target, channel) for channel in work.objects])
    for stream, channel in known.items():
        book.append(stream, decisions.delete_channel(target, channel))
    categories = {channel.id for channel in known.values() if channel.kind == CATEGORY}
    if categories:
        await _free_children(work, categories)
    guild = await book.load(GUILD, target)
    if guild:
        report = GuildReport(
            id=target,
            afk_channel=None if guild.afk_channel in work.objects else UNSET,
            system_channel=None if guild.system_channel in work.objects else UNSET,
        )
        book.append(GUILD.stream(target), decisions.report_guild(guild, report))
    return Done(deleted=work.objects)


async def _free_children(work: Work, categories: Collection[int]) -> None:
    target = work.load.target
    for stream, channel in (await work.book.load_about(CHANNEL, GUILD.stream(target))).items():
        if channel.parent in categories and channel.id not in work.objects:
            report = ChannelReport(id=channel.id, kind=channel.kind, name=channel.name, parent=None)
            work.book.append(stream, decisions.report_channel(target, channel, report))


async def _make_channels(work: Work) -> Done:
    """Create channels, or map those that are there."""
    target, pairs, failed = work.load.target, list[Pair](), list[tuple[int, str]]()
    channels = {channel.id: channel for channel in work.snapshot.channels}
    existing = {item.source: item.existing for item in work.load.plan.channels if item.existing is not None}
    there = await work.book.load_many(CHANNEL, [(target, existing[old]) for old in work.objects if old in existing])
    names = [name for old in work.objects for name in named_by(channels[old])]
    translation = await load_translation(work.book, work.load, work.snapshot, work.earlier, names)
    for old, fresh in zip(work.objects, work.new_ids, strict=False):
        known = there.get(CHANNEL.stream(target, existing.get(old)))
        translation[old] = known.id if known else fresh
        fault = None if known else _make_channel(work, channels, old, translation)
        failed += [(old, fault)] if fault else []
        kind: PairKind = "category" if channels[old].kind == CATEGORY else "channel"
        pairs.append(Pair(str(old), str(translation[old]), kind))
    return Done(pairs=pairs, failed=failed)


def _make_channel(work: Work, channels: Mapping[int, Channel], old: int, translation: Mapping[int, int]) -> str | None:
    """Create a channel and return why it is not where it was: one whose category cannot be its parent has none."""
    channel, new, target = channels[old], translation[old], work.load.target
    parent = parent_of(channel, channels)
    placed = None if parent is None else translation.get(parent)
    report = channel_in_target(channel, new, placed, translation)
    work.book.append(CHANNEL.stream(target, new), decisions.report_channel(target, None, report))
    if parent is not None and placed is None:
        return f"Its category {parent} is not in the target; it was made without one."
    return parent_fault(channel, channels)


async def _ban(work: Work) -> Done:
    """Add the bans that are missing."""
    target = work.load.target
    reasons = {ban.id: ban.reason for ban in work.snapshot.bans}
    known = await work.book.load_many(BAN, [(target, user) for user in work.objects])
    for user in work.objects:
        stream = BAN.stream(target, user)
        if stream not in known:
            report = BanReport(id=user, reason=reasons.get(user))
            work.book.append(stream, decisions.report_ban(target, None, report))
    return Done(banned=work.objects)


async def _set_properties(work: Work) -> Done:
    target, source = work.load.target, work.snapshot.guild
    guild = await load_known(work.book, GUILD, target)
    names = [channel for channel in (source.afk_channel, source.system_channel) if channel is not None]
    translation = await load_translation(work.book, work.load, work.snapshot, work.earlier, names)
    report = settings_in_target(source, target, translation)
    work.book.append(GUILD.stream(target), decisions.report_guild(guild, report))
    return Done()


STEPS: dict[StepName, Callable[[Work], Awaitable[Done]]] = {
    "delete_roles": _delete_roles,
    "roles": _make_roles,
    "delete_channels": _delete_channels,
    "channels": _make_channels,
    "bans": _ban,
    "settings": _set_properties,
}
