"""What a load will do: everything, or only what was chosen; by replacing, or by adding what is missing."""

from collections.abc import Sequence

import pytest

from domain.guilds.aggregate import Channel, Role
from domain.kernel import Event
from domain.loads.events import Item, Options, Plan
from domain.processes.plan_load import Target, Wish, parent_fault, plan_load
from domain.processes.snapshot import Snapshot
from tests.domain.book import RecordedBook
from tests.domain.load_world import (
    CATEGORY,
    SOURCE,
    TARGET,
    THREAD,
    VOICE,
    ban,
    channel,
    channels_of,
    guild,
    role,
    roles_of,
    snapshot_of,
)

NOTHING = Options(roles=False, delete_roles=False, channels=False, delete_channels=False, settings=False, bans=False)
ROLES = Options(channels=False, delete_channels=False, settings=False)
CHANNELS = Options(roles=False, delete_roles=False, settings=False)
EVERYONE = Item(SOURCE, TARGET)
SOURCE_ROLES = (
    role(SOURCE, "@everyone"),
    role(1001, "admin", position=2),
    role(1002, "guest", position=1),
    role(1003, "bot", position=3, managed=True),
    role(1004, "older guest", position=1),
)
TARGET_ROLES = (
    role(TARGET, "@everyone"),
    role(2001, "admin", position=1),
    role(2002, "club", position=2),
    role(2003, "bot", managed=True),
)
SOURCE_CHANNELS = (
    channel(1101, "rules", parent=1102, position=0),
    channel(1102, "info", CATEGORY, position=2),
    channel(1103, "hall", position=1),
    channel(1104, "thread", THREAD, parent=1103),
)
TARGET_CHANNELS = (
    channel(2101, "info", CATEGORY, position=0),
    channel(2102, "rules", parent=2101, position=0),
    channel(2103, "rules", position=0),
    channel(2104, "hall", VOICE, position=1),
)


def planned(source: Sequence[Event], target: Sequence[Event], wish: Wish, banned: Sequence[int] = ()) -> Plan:
    there = RecordedBook(*target)
    into = Target(
        guild=TARGET,
        roles=tuple(roles_of(there, TARGET).values()),
        channels=tuple(channels_of(there, TARGET).values()),
        banned=banned,
    )
    return plan_load(snapshot_of(RecordedBook(guild(SOURCE), *source)), into, wish)


def test_roles_are_deleted_highest_first_and_made_lowest_first_and_those_of_bots_are_left_alone() -> None:
    plan = planned(SOURCE_ROLES, TARGET_ROLES, Wish(options=ROLES))
    assert plan == Plan(delete_roles=(2002, 2001), roles=(EVERYONE, Item(1004), Item(1002), Item(1001)))


def test_channels_are_deleted_before_their_categories_and_made_after_them() -> None:
    plan = planned(SOURCE_CHANNELS, TARGET_CHANNELS, Wish(options=CHANNELS))
    assert plan == Plan(delete_channels=(2102, 2103, 2104, 2101), channels=(Item(1103), Item(1102), Item(1101)))


def test_bans_are_added_where_they_are_missing() -> None:
    bans = [ban(SOURCE, user) for user in (9, 10, 11)]
    assert planned(bans, [], Wish(options=Options(bans=True)), banned=[10]).bans == (9, 11)
    assert planned(bans, [], Wish()).bans == ()


def test_a_step_that_is_off_does_nothing() -> None:
    everything = (*SOURCE_ROLES, *SOURCE_CHANNELS, ban(SOURCE, 9))
    assert planned(everything, (*TARGET_ROLES, *TARGET_CHANNELS), Wish(options=NOTHING)) == Plan()


def test_merging_matches_roles_by_name_and_deletes_and_edits_nothing() -> None:
    plan = planned(SOURCE_ROLES, TARGET_ROLES, Wish(options=ROLES, mode="merge"))
    assert plan == Plan(roles=(Item(1004), Item(1002), Item(1001, 2001)))


def test_merging_matches_channels_by_kind_name_and_parent() -> None:
    plan = planned(SOURCE_CHANNELS, TARGET_CHANNELS, Wish(options=CHANNELS, mode="merge"))
    assert plan == Plan(channels=(Item(1103), Item(1102, 2101), Item(1101, 2102)))


def test_a_channel_is_not_matched_when_its_category_is_to_be_made() -> None:
    plan = planned(SOURCE_CHANNELS, TARGET_CHANNELS[2:], Wish(options=CHANNELS, mode="merge"))
    assert plan.channels == (Item(1103), Item(1102), Item(1101))


def test_each_object_is_matched_once_and_what_was_mapped_earlier_is_preferred() -> None:
    source, target = [role(1001, "a"), role(1002, "a"), role(1003, "a")], [role(2001, "a"), role(2002, "a")]
    plan = planned(source, target, Wish(options=ROLES, mode="merge", earlier={"1003": "2001"}))
    existing = {item.source: item.existing for item in plan.roles}
    assert existing[1003] == 2001
    assert sorted(existing.values(), key=str) == [2001, 2002, None]


def test_a_role_that_has_another_name_by_now_is_not_merged_into() -> None:
    plan = planned([role(1001, "a")], [role(2001, "b")], Wish(options=ROLES, mode="merge", earlier={"1001": "2001"}))
    assert plan.roles == (Item(1001),)


def test_chosen_roles_replace_what_they_were_mapped_to_or_what_has_their_name() -> None:
    only = (1001, 1002)
    plan = planned(SOURCE_ROLES, TARGET_ROLES, Wish(options=ROLES, only_roles=only))
    assert plan == Plan(delete_roles=(2001,), roles=(Item(1002), Item(1001)))
    plan = planned(SOURCE_ROLES, TARGET_ROLES, Wish(options=ROLES, only_roles=only, earlier={"1002": "2002"}))
    assert plan.delete_roles == (2002, 2001)


def test_everyone_is_edited_when_it_is_chosen() -> None:
    assert planned(SOURCE_ROLES, TARGET_ROLES, Wish(options=ROLES, only_roles=(SOURCE,))).roles == (EVERYONE,)


def test_a_chosen_channel_replaces_its_like_in_the_category_that_is_there() -> None:
    plan = planned(SOURCE_CHANNELS, TARGET_CHANNELS, Wish(options=CHANNELS, only_channels=(1101,)))
    assert plan == Plan(delete_channels=(2102,), channels=(Item(1102, 2101), Item(1101)))


def test_choosing_roles_lets_no_channel_be_deleted_that_is_not_replaced() -> None:
    plan = planned((*SOURCE_ROLES, *SOURCE_CHANNELS), TARGET_CHANNELS, Wish(only_roles=()))
    assert plan.delete_channels == (2102, 2101)
    assert (plan.roles, plan.delete_roles) == ((), ())


def test_nothing_is_replaced_by_a_step_that_is_off() -> None:
    options = Options(roles=False, channels=False, settings=False)
    plan = planned(SOURCE_ROLES, TARGET_ROLES, Wish(options=options, only_roles=(1001,)))
    assert plan == Plan()


def test_in_its_own_guild_a_chosen_object_replaces_itself() -> None:
    snapshot = Snapshot(guild=snapshot_of(RecordedBook(guild(SOURCE))).guild, roles=(Role(id=1001, name="a"),))
    target = Target(guild=SOURCE, roles=(Role(id=1001, name="renamed"), Role(id=1002, name="a")))
    plan = plan_load(snapshot, target, Wish(options=ROLES, only_roles=(1001,)))
    assert plan == Plan(delete_roles=(1001,), roles=(Item(1001),))


@pytest.mark.parametrize(
    ("kind", "parent", "fault"),
    [
        (0, None, None),
        (0, 2, None),
        (4, None, None),
        (4, 2, "A category cannot be in another channel; it was made by itself."),
        (4, 1, "A category cannot be in another channel; it was made by itself."),
        (0, 3, "Its parent 3 is no category; it was made without one."),
        (0, 1, "Its parent 1 is no category; it was made without one."),
        (0, 9, "Its category 9 is not in the source; it was made without one."),
    ],
)
def test_a_parent_that_cannot_be_one_is_said(kind: int, parent: int | None, fault: str | None) -> None:
    one = Channel(id=1, kind=kind, name="one", parent=parent)
    others = [Channel(id=2, kind=4, name="two", parent=1), Channel(id=3, kind=0, name="three")]
    assert parent_fault(one, {each.id: each for each in (one, *others)}) == fault
