"""Runs a load in a guild at Discord: one object after the other, each written down as soon as it is done."""

from collections.abc import Awaitable, Callable, Collection, Mapping
from typing import NamedTuple, TypeVar

import msgspec

from domain.guilds.aggregate import GUILD, Channel, Role
from domain.guilds.commands import apply_changes
from domain.guilds.reports import Change, ChannelGone, ChannelReport, RoleGone, RoleReport
from domain.loads.aggregate import LONG_WAIT, Load, next_work
from domain.loads.commands import finish_load, record_status, record_work
from domain.loads.events import Item, Pair, StepName
from domain.processes.begin_load import begin_load
from domain.processes.plan_load import CATEGORY, parent_fault, parent_of
from domain.processes.translate import overwrites_in_target, settings_in_target
from store.event_store import EventStore
from workers.loader.gateway import DiscordGuild, Found, TargetLostError
from workers.loader.job import Job, running_load
from workers.loader.rest import GatewayError, Pause, RefusedError
from workers.loader.waiting import LoadCancelledError, Waiting

W = TypeVar("W", Role, Channel)

ROLE_STEPS = ("delete_roles", "roles")
UNORDERED = "The roles could not be ordered."
NO_ICON = "The icon of the source could not be fetched; the target keeps its own."
OUT_OF_REACH = "The bot's highest role is not above this one, or it is another bot's."
SEEN_OF_CHANNELS = ("id", "kind", "name", "position", "parent", "topic", "nsfw", "overwrites")
LONG_SECONDS = 10.0


class Done(NamedTuple):
    """What came of one object; see `record_work`."""

    pairs: tuple[Pair, ...] = ()
    deleted: tuple[int, ...] = ()
    banned: tuple[int, ...] = ()
    failed: tuple[tuple[int, str], ...] = ()


async def run(store: EventStore, job: Job, gateway: DiscordGuild) -> None:
    """Do all that a load is to do, from wherever it is; end it when it cannot go on."""
    name = job.load.id
    try:
        if (await store.execute(job.origin, begin_load, load=name, snapshot=job.snapshot)).value:
            return
        target = await gateway.read()
        begun = await running_load(store, name)
        if begun:
            await _Run(store, job, begun, gateway, target).steps()
            if begun.asked.restore_settings:
                await _report(store, job, gateway)
    except LoadCancelledError:
        await store.execute(job.origin, finish_load, load=name, outcome="cancelled")
    except (GatewayError, TargetLostError) as error:
        await store.execute(job.origin, finish_load, load=name, outcome="failed", error=str(error))


def pauses(store: EventStore, job: Job, waiting: Waiting) -> Pause:
    """Return how the load waits for Discord: it says so when that takes long."""

    async def pause(seconds: float) -> None:
        if seconds > LONG_SECONDS:
            await store.execute(job.origin, record_status, load=job.load.id, status=LONG_WAIT)
        await waiting.pause(seconds)

    return pause


async def _report(store: EventStore, job: Job, gateway: DiscordGuild) -> None:
    """Tell the registry, if it knows the target, what was done there: settings are restored before bots tell of it."""
    load = await running_load(store, job.load.id)
    guild = await store.peek(GUILD, job.load.target)
    if load and guild and guild.origin == "mirrored":
        changes = _changes(load, await gateway.read())
        await store.execute(job.origin, apply_changes, guild=guild.id, changes=changes)


def _changes(load: Load, found: Found) -> list[Change]:
    """Return what a load has deleted and made, as it is at Discord now."""
    gone, made = {*load.deleted}, {int(new) for new in load.translated().values()}
    return [
        *(RoleGone(role) for role in load.plan.delete_roles if str(role) in gone),
        *(ChannelGone(channel) for channel in load.plan.delete_channels if str(channel) in gone),
        *(RoleReport(**msgspec.structs.asdict(role)) for role in found.roles.values() if role.id in made),
        *(_channel_report(channel) for channel in found.channels.values() if channel.id in made),
    ]


def _channel_report(channel: Channel) -> ChannelReport:
    return ChannelReport(**{name: getattr(channel, name) for name in SEEN_OF_CHANNELS})


class _Run:
    """A load under way. The target is kept as it is, as far as this load changes it."""

    def __init__(self, store: EventStore, job: Job, load: Load, gateway: DiscordGuild, target: Found) -> None:
        self._store = store
        self._job = job
        self._gateway = gateway
        self._target = target
        self._load = load
        self._may_be_made = job.load.has_begun  # one object was under way, perhaps, when somebody else ran this load
        self._is_ordered = False
        self._roles = {role.id: role for role in job.snapshot.roles}
        self._channels = {channel.id: channel for channel in job.snapshot.channels}
        self._steps: dict[StepName, Callable[[int], Awaitable[Done]]] = {
            "delete_roles": self._delete_role,
            "roles": self._make_role,
            "delete_channels": self._delete_channel,
            "channels": self._make_channel,
            "bans": self._ban,
            "settings": self._set_properties,
        }

    async def steps(self) -> None:
        """Do all that is left. Errors: LoadCancelledError, TargetLostError and those of the gateway."""
        while not self._load.is_cancelled:
            work = next_work(self._load, 1)
            if not self._is_ordered and (work is None or work[0] not in ROLE_STEPS):
                await self._order_roles()
            if work is None:
                return
            step, [number] = work
            await self._record(step, await self._do(step, number))
            if step == "settings":  # the last one; nothing but the end says that it is done
                return
        raise LoadCancelledError

    async def _do(self, step: StepName, number: int) -> Done:
        """Do one object; that one is refused does not end the load."""
        try:
            return await self._steps[step](number)
        except RefusedError as error:
            return Done(failed=((number, str(error)),))

    async def _record(self, step: StepName, done: Done) -> None:
        record = {"load": self._load.id, "step": step, **done._asdict()}
        self._load = (await self._store.execute(self._job.origin, record_work, **record)).value

    async def _delete_role(self, number: int) -> Done:
        role = self._target.roles.get(number)
        if role and (role.managed or role.position >= self._target.reach):
            return Done(failed=((number, OUT_OF_REACH),))
        await self._gateway.delete_role(number)
        self._target.roles.pop(number, None)
        return Done(deleted=(number,))

    async def _make_role(self, number: int) -> Done:
        role, there = self._roles[number], _existing(self._load.plan.roles, number)
        if number == self._load.source:
            there = self._load.target
            await self._gateway.edit_role(number, there, role)
        elif there not in self._target.roles:
            there = await self._made(number, role, self._gateway.find_role, self._gateway.create_role)
            self._target.roles[there] = msgspec.structs.replace(role, id=there)
        return Done(pairs=(Pair(str(number), str(there), "role"),))

    async def _order_roles(self) -> None:
        """Order the roles that this load has made, lowest first; ordered again, they stay."""
        self._is_ordered = True
        own = self._load.translated()
        made = [item.source for item in self._load.plan.roles if item.existing is None and str(item.source) in own]
        if not made:
            return
        try:
            await self._gateway.order_roles({int(own[str(old)]): place for place, old in enumerate(made, start=1)})
        except RefusedError as error:
            await self._record("roles", Done(failed=((made[-1], f"{UNORDERED} {error}"),)))

    async def _delete_channel(self, number: int) -> Done:
        await self._gateway.delete_channel(number)
        self._target.channels.pop(number, None)
        return Done(deleted=(number,))

    async def _make_channel(self, number: int) -> Done:
        channel, there = self._channels[number], _existing(self._load.plan.channels, number)
        failed = None
        if there not in self._target.channels:
            wanted, failed = self._channel_in_target(channel)
            there = await self._made(number, wanted, self._gateway.find_channel, self._gateway.create_channel)
            self._target.channels[there] = msgspec.structs.replace(wanted, id=there)
        pair = Pair(str(number), str(there), "category" if channel.kind == CATEGORY else "channel")
        return Done(pairs=(pair,), failed=((number, failed),) if failed else ())

    def _channel_in_target(self, channel: Channel) -> tuple[Channel, str | None]:
        """Return what a channel is like in the target, and what it cannot be like."""
        translation = self._translation()
        parent, fault = parent_of(channel, self._channels), parent_fault(channel, self._channels)
        placed = None if parent is None else translation.get(parent)
        if parent is not None and placed is None:
            fault = f"Its category {parent} is not in the target; it was made without one."
        overwrites = overwrites_in_target(channel.overwrites, translation)
        return msgspec.structs.replace(channel, parent=placed, overwrites=overwrites), fault

    async def _ban(self, number: int) -> Done:
        reasons = {ban.id: ban.reason for ban in self._job.snapshot.bans}
        await self._gateway.ban(number, reasons.get(number))
        return Done(banned=(number,))

    async def _set_properties(self, number: int) -> Done:
        source = self._job.snapshot.guild
        icon = await self._gateway.icon_of(source)
        await self._gateway.edit_guild(settings_in_target(source, number, self._translation()), icon)
        return Done(failed=((number, NO_ICON),) if source.icon and icon is None else ())

    async def _made(
        self,
        number: int,
        wanted: W,
        find: Callable[[W, Collection[int]], Awaitable[int | None]],
        create: Callable[[int, W, Collection[int]], Awaitable[int]],
    ) -> int:
        """Make an object, unless it was made when this load was interrupted."""
        taken = {int(pair.new) for pair in self._load.pairs.values()}
        may_be_made, self._may_be_made = self._may_be_made, False
        found = await find(wanted, taken) if may_be_made else None
        return await create(number, wanted, taken) if found is None else found

    def _translation(self) -> Mapping[int, int]:
        """Return what ids of the source are in the target; see `domain.processes.translate.load_translation`."""
        there = {**self._target.roles, **self._target.channels}
        earlier = {int(old): int(new) for old, new in self._job.earlier.items() if int(new) in there}
        own = {int(old): int(new) for old, new in self._load.translated().items()}
        itself = {each: each for each in there} if self._load.source == self._load.target else {}
        bots = {role.name: role.id for role in self._target.roles.values() if role.managed}
        managed = {role.id: bots[role.name] for role in self._roles.values() if role.managed and role.name in bots}
        return {**managed, **itself, **earlier, **own}


def _existing(items: tuple[Item, ...], number: int) -> int | None:
    return next((item.existing for item in items if item.source == number), None)
