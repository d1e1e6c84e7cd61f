"""What a load will do: from what a snapshot holds and what is in the target to a plan that says every object."""

from collections import defaultdict, deque
from collections.abc import Callable, Collection, Hashable, Iterable, Mapping, Sequence
from typing import TypeVar

import msgspec

from domain.guilds.aggregate import Channel, Role
from domain.loads.events import Item, Mode, Options, Plan
from domain.processes.snapshot import Snapshot

CATEGORY = 4
THREADS = frozenset({10, 11, 12})  # they belong to messages, and no load has those
NOWHERE = -1

S = TypeVar("S", Role, Channel)
Place = Callable[[int], int]
"""What the parent of an object is in the target."""


class Target(msgspec.Struct, frozen=True, kw_only=True):
    """What is in the guild that is loaded into. `banned`: of the users that the snapshot has bans of."""

    guild: int
    roles: Sequence[Role] = ()
    channels: Sequence[Channel] = ()
    banned: Collection[int] = ()


class Wish(msgspec.Struct, frozen=True, kw_only=True):
    """What a load shall do. `only_*` None: all. `earlier`: what earlier loads of this pair of guilds mapped."""

    options: Options = Options()
    mode: Mode = "replace"
    only_roles: tuple[int, ...] | None = None
    only_channels: tuple[int, ...] | None = None
    earlier: Mapping[str, str] = {}

    def is_selective(self) -> bool:
        """Tell whether it is about some objects only: then it deletes nothing but what it replaces."""
        return self.only_roles is not None or self.only_channels is not None


def plan_load(snapshot: Snapshot, target: Target, wish: Wish) -> Plan:
    """Plan a load. Objects are never in the plan that no load copies: managed roles and threads."""
    roles = _chosen(ordered_roles(snapshot), wish.only_roles) if wish.options.roles else []
    channels = _chosen(ordered_channels(snapshot), wish.only_channels) if wish.options.channels else []
    replaces = wish.mode == "replace"
    banned = set(target.banned)
    return Plan(
        delete_roles=_roles_to_delete(snapshot, target, wish, roles) if replaces and wish.options.delete_roles else (),
        roles=(*_everyone(snapshot, target, wish), *_role_items(snapshot, target, wish, roles)),
        delete_channels=(
            _channels_to_delete(snapshot, target, wish, channels) if replaces and wish.options.delete_channels else ()
        ),
        channels=_channel_items(snapshot, target, wish, channels),
        bans=tuple(ban.id for ban in snapshot.bans if ban.id not in banned) if wish.options.bans else (),
        settings=wish.options.settings,
    )


def ordered_roles(snapshot: Snapshot) -> list[Role]:
    """Return the roles that a load copies, lowest first; of two at one position the older one is higher."""
    roles = (role for role in snapshot.roles if not role.managed and role.id != snapshot.guild.id)
    return sorted(roles, key=lambda role: (role.position, -role.id))


def ordered_channels(snapshot: Snapshot) -> list[Channel]:
    """Return the channels that a load copies: those without parent by position, then the children."""
    channels = (channel for channel in snapshot.channels if channel.kind not in THREADS)
    places = {channel.id: channel for channel in snapshot.channels}
    return sorted(channels, key=lambda each: (parent_of(each, places) is not None, each.position, each.id))


def parent_of(channel: Channel, channels: Mapping[int, Channel]) -> int | None:
    """Return the category of a channel; `channels` are all of its guild. A category is never in another one."""
    return None if parent_fault(channel, channels) else channel.parent


def parent_fault(channel: Channel, channels: Mapping[int, Channel]) -> str | None:
    """Say why a channel cannot be where it says that it is; None when it can."""
    if channel.parent is None:
        return None
    if channel.kind == CATEGORY:
        return "A category cannot be in another channel; it was made by itself."
    parent = channels.get(channel.parent)
    if parent is None:
        return f"Its category {channel.parent} is not in the source; it was made without one."
    return None if parent.kind == CATEGORY else f"Its parent {parent.id} is no category; it was made without one."


def _chosen(objects: Iterable[S], only: tuple[int, ...] | None) -> list[S]:
    chosen = None if only is None else frozenset(only)
    return [each for each in objects if chosen is None or each.id in chosen]


def _everyone(snapshot: Snapshot, target: Target, wish: Wish) -> tuple[Item, ...]:
    """@everyone is there in every guild, so it is edited; merging changes nothing that is there."""
    source = snapshot.guild.id
    is_chosen = wish.only_roles is None or source in wish.only_roles
    is_wanted = wish.options.roles and wish.mode == "replace" and is_chosen
    return (Item(source, target.guild),) if is_wanted and any(role.id == source for role in snapshot.roles) else ()


def _role_items(snapshot: Snapshot, target: Target, wish: Wish, roles: Sequence[Role]) -> list[Item]:
    found = _match_roles(snapshot, target, wish, roles) if wish.mode == "merge" else {}
    return [Item(role.id, found.get(role.id)) for role in roles]


def _channel_items(snapshot: Snapshot, target: Target, wish: Wish, channels: Sequence[Channel]) -> tuple[Item, ...]:
    """Say which channels are there; categories that were not chosen, but are there, take in the chosen channels."""
    chosen = {channel.id for channel in channels}
    found = _match_channels(snapshot, target, wish, channels)
    there = {old: new for old, new in found.items() if wish.mode == "merge" or old not in chosen}
    asked = (channel.id for channel in ordered_channels(snapshot) if channel.id in chosen or channel.id in there)
    return tuple(Item(old, there.get(old)) for old in asked)


def _roles_to_delete(snapshot: Snapshot, target: Target, wish: Wish, roles: Sequence[Role]) -> tuple[int, ...]:
    there = sorted(_own_roles(target), key=lambda role: (-role.position, role.id))
    replaced = set(_match_roles(snapshot, target, wish, roles).values()) if wish.is_selective() else None
    return tuple(role.id for role in there if replaced is None or role.id in replaced)


def _channels_to_delete(snapshot: Snapshot, target: Target, wish: Wish, channels: Sequence[Channel]) -> tuple[int, ...]:
    there = sorted(target.channels, key=lambda each: (each.kind == CATEGORY, each.position, each.id))
    if wish.is_selective():
        found = _match_channels(snapshot, target, wish, channels)
        replaced = {found[channel.id] for channel in channels if channel.id in found}
        there = [channel for channel in there if channel.id in replaced]
    return tuple(channel.id for channel in there)


def _own_roles(target: Target) -> list[Role]:
    """Return the roles of the target that are not a bot's, and not @everyone."""
    return [role for role in target.roles if not role.managed and role.id != target.guild]


def _match_roles(snapshot: Snapshot, target: Target, wish: Wish, roles: Sequence[Role]) -> dict[int, int]:
    def likeness(role: Role, _: Place) -> Hashable:
        return role.name

    there = sorted(_own_roles(target), key=lambda role: (role.position, -role.id))
    return _match(roles, there, _known(snapshot, target, wish), likeness, is_strict=wish.mode == "merge")


def _match_channels(snapshot: Snapshot, target: Target, wish: Wish, channels: Sequence[Channel]) -> dict[int, int]:
    """Match channels, and the categories that they are in, by kind, name and parent."""
    places = {channel.id: channel for channel in snapshot.channels}
    asked = {channel.id for channel in channels} | {parent_of(channel, places) for channel in channels}
    wanted = [channel for channel in ordered_channels(snapshot) if channel.id in asked]

    def likeness(channel: Channel, place: Place) -> Hashable:
        parent = parent_of(channel, places) if places.get(channel.id) is channel else channel.parent
        return channel.kind, channel.name, None if parent is None else place(parent)

    there = sorted(target.channels, key=lambda channel: (channel.position, channel.id))
    return _match(wanted, there, _known(snapshot, target, wish), likeness, is_strict=wish.mode == "merge")


def _known(snapshot: Snapshot, target: Target, wish: Wish) -> dict[int, int]:
    """Return what objects of the source are known to be in the target; in its own guild each is itself."""
    same = snapshot.guild.id == target.guild
    own = {each.id: each.id for each in (*snapshot.roles, *snapshot.channels)} if same else {}
    return own | {int(old): int(new) for old, new in wish.earlier.items()}


def _match(
    wanted: Sequence[S],
    there: Sequence[S],
    known: Mapping[int, int],
    likeness: Callable[[S, Place], Hashable],
    *,
    is_strict: bool,
) -> dict[int, int]:
    """Return what is there for those that are wanted: the one that is known, or else one that is like it.

    Each is there for one only. `is_strict`: one that is known counts only while it is like the one that is wanted.
    """
    free = {each.id: likeness(each, int) for each in there}
    found: dict[int, int] = {}
    for each in wanted:
        same = known.get(each.id)
        if same in free and (not is_strict or free[same] == likeness(each, lambda old: known.get(old, NOWHERE))):
            del free[same]
            found[each.id] = same
    alike: defaultdict[Hashable, deque[int]] = defaultdict(deque)
    for one, like in free.items():
        alike[like].append(one)
    for each in wanted:
        if each.id not in found and (candidates := alike[likeness(each, lambda old: found.get(old, NOWHERE))]):
            found[each.id] = candidates.popleft()
    return found
