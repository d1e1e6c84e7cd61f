"""Whatever a guild is like, whatever was in the target, wherever the loader was interrupted: it becomes the same."""

from collections import Counter
from collections.abc import Mapping

import msgspec
from hypothesis import given, settings
from hypothesis import strategies as st

from domain.guilds.aggregate import Channel, Role
from domain.guilds.events import Overwrite
from domain.kernel import Event
from domain.processes.start_load import LoadAsk
from tests.domain.load_world import (
    CATEGORY,
    SOURCE,
    TARGET,
    TEXT,
    THREAD,
    VOICE,
    Run,
    ask,
    channel,
    channels_of,
    guild,
    role,
    roles_of,
)

names = st.sampled_from(["a", "b", "c"])
places = st.integers(0, 3)


@st.composite
def guilds(draw: st.DrawFn, guild_id: int) -> list[Event]:
    """Draw a guild with all that bots ever reported, true or not: cycles, lost parents, overwrites of nobody."""
    roles = [guild_id + 1 + n for n in range(draw(st.integers(0, 5)))]
    channels = [guild_id + 100 + n for n in range(draw(st.integers(0, 8)))]
    held = st.builds(
        Overwrite,
        st.sampled_from([guild_id, *roles, guild_id + 98]),
        st.just(0),
        st.integers(0, 7),
        st.integers(0, 7),
    )
    personal = st.builds(Overwrite, st.sampled_from([7, 8]), st.just(1), st.integers(0, 7), st.integers(0, 7))
    overwrites = st.lists(held | personal, max_size=4, unique_by=lambda each: each.id)
    parents = st.none() | st.sampled_from([*channels, guild_id + 99])
    kinds = st.sampled_from([CATEGORY, CATEGORY, TEXT, VOICE, THREAD])
    everyone = role(guild_id, "@everyone", permissions=draw(st.integers(0, 7)))
    return [
        guild(guild_id, verification_level=draw(st.integers(0, 4)), system_channel=draw(parents)),
        everyone,
        *(
            role(each, draw(names), position=draw(places), permissions=draw(st.integers(0, 7)), managed=draw(rarely))
            for each in roles
        ),
        *(
            channel(each, draw(names), draw(kinds), draw(parents), draw(overwrites), position=draw(places))
            for each in channels
        ),
    ]


rarely = st.sampled_from([False, False, False, True])
sources, targets = guilds(SOURCE), guilds(TARGET)
batches = st.lists(st.tuples(st.integers(1, 4), rarely), min_size=1, max_size=30)


def asked_in(mode: str, **more: object) -> LoadAsk:
    return ask(mode=mode, **more)


def expected_role(state: Role, ids: Mapping[int, int]) -> Role:
    return msgspec.structs.replace(state, id=ids[state.id])


def expected_channel(state: Channel, ids: Mapping[int, int], all_channels: Mapping[int, Channel]) -> Channel:
    """Return what a channel of the source must be in the target, given what each id is there."""
    parent = all_channels.get(state.parent or 0)
    fits = parent is not None and parent.kind == CATEGORY and state.kind != CATEGORY
    kept = [(ids.get(each.id) if each.kind == 0 else each.id, each) for each in state.overwrites]
    overwrites: dict[int, Overwrite] = {}
    for new, each in kept:
        if new is not None and new not in overwrites:  # two bots of one name have one role there
            overwrites[new] = msgspec.structs.replace(each, id=new)
    return msgspec.structs.replace(
        state,
        id=ids[state.id],
        parent=ids[parent.id] if parent and fits else None,
        overwrites=tuple(overwrites.values()),
    )


def ids_of(run: Run) -> dict[int, int]:
    """Return what each id is in the target: as the load mapped it, and of bots by the name of their role."""
    bots = {each.name: each.id for each in roles_of(run.book, TARGET).values() if each.managed}
    source = roles_of(run.book, SOURCE).values()
    managed = {each.id: bots[each.name] for each in source if each.managed and each.name in bots}
    return managed | {int(old): int(pair.new) for old, pair in run.load().pairs.items()}


def require_equal(run: Run, before: Mapping[int, Role]) -> None:
    """The target is what the source is, but for the ids, and for the roles of its own bots."""
    ids, source = ids_of(run), channels_of(run.book, SOURCE)
    copied = [each for each in roles_of(run.book, SOURCE).values() if not each.managed]
    bots = [each for each in before.values() if each.managed]
    assert roles_of(run.book, TARGET) == {each.id: each for each in (*bots, *(expected_role(r, ids) for r in copied))}
    wanted = [expected_channel(each, ids, source) for each in source.values() if each.kind != THREAD]
    assert channels_of(run.book, TARGET) == {each.id: each for each in wanted}


def resumed(past: list[Event], asked: LoadAsk, ways: list[tuple[int, bool]]) -> Run:
    """Run a load in batches of these sizes; some are lost after they were decided."""
    run = Run(*past, asked=asked)
    for size, lost in ways * 50:
        if run.advance(size, lost=lost):
            return run
    return run.finish()


@settings(max_examples=80, deadline=None)
@given(sources, targets, batches)
def test_a_target_becomes_what_the_source_was_however_often_it_is_interrupted(
    source: list[Event], target: list[Event], ways: list[tuple[int, bool]]
) -> None:
    undisturbed = Run(*source, *target)
    before = roles_of(undisturbed.book, TARGET)
    disturbed = resumed([*source, *target], ask(), ways)
    for run in (undisturbed.finish(), disturbed):
        require_equal(run, before)
        assert (run.load().outcome, run.load().progress) == ("success", 1.0)
    assert disturbed.load().pairs.keys() == undisturbed.load().pairs.keys()
    assert [each.object for each in disturbed.load().failed] == [each.object for each in undisturbed.load().failed]
    assert disturbed.load().deleted == undisturbed.load().deleted


@settings(max_examples=80, deadline=None)
@given(sources, targets, batches)
def test_merging_creates_what_is_missing_and_changes_nothing_that_is_there(
    source: list[Event], target: list[Event], ways: list[tuple[int, bool]]
) -> None:
    run = Run(*source, *target, asked=asked_in("merge"))
    roles, channels = roles_of(run.book, TARGET), channels_of(run.book, TARGET)
    run = resumed([*source, *target], asked_in("merge"), ways)
    after_roles, after_channels = roles_of(run.book, TARGET), channels_of(run.book, TARGET)
    assert {each: after_roles[each] for each in roles} == roles
    assert {each: after_channels[each] for each in channels} == channels
    wanted = Counter(each.name for each in roles_of(run.book, SOURCE).values() if not each.managed)
    there = Counter(each.name for each in roles.values() if not each.managed)
    assert Counter(each.name for each in after_roles.values() if not each.managed) == wanted | there


@settings(max_examples=60, deadline=None)
@given(sources, targets)
def test_merging_twice_creates_nothing_the_second_time(source: list[Event], target: list[Event]) -> None:
    first = Run(*source, *target, asked=asked_in("merge")).finish()
    again = asked_in("merge", load="ld_again", earlier=first.load().translated())
    second = Run(*[event for event in first.log if event.stored_type != "backups.BackupTaken"], asked=again).finish()
    assert second.load().translated() == first.load().translated()
    assert roles_of(second.book, TARGET) == roles_of(first.book, TARGET)
    assert channels_of(second.book, TARGET) == channels_of(first.book, TARGET)


@settings(max_examples=60, deadline=None)
@given(sources, targets, st.integers(0, 12))
def test_a_cancelled_load_ends_at_the_next_batch_and_keeps_what_it_mapped(
    source: list[Event], target: list[Event], done: int
) -> None:
    run = Run(*source, *target)
    ended = any(run.advance(1) for _ in range(done))
    if ended:
        return
    before, held = run.load(), (roles_of(run.book, TARGET), channels_of(run.book, TARGET))
    run.cancel()
    assert run.advance(1)
    load = run.load()
    assert (load.outcome, load.pairs, load.progress) == ("cancelled", before.pairs, before.progress)
    assert (roles_of(run.book, TARGET), channels_of(run.book, TARGET)) == held


@settings(max_examples=60, deadline=None)
@given(sources, targets, st.sets(st.integers(SOURCE, SOURCE + 5)), st.sets(st.integers(SOURCE + 100, SOURCE + 107)))
def test_a_selective_load_makes_what_was_chosen_and_deletes_only_what_that_replaces(
    source: list[Event], target: list[Event], only_roles: set[int], only_channels: set[int]
) -> None:
    only = {"only_roles": tuple(only_roles), "only_channels": tuple(only_channels)}
    run = Run(*source, *target, asked=ask(**only))
    roles, channels = roles_of(run.book, TARGET), channels_of(run.book, TARGET)
    load, ids = run.finish().load(), ids_of(run)
    chosen = [each for each in roles_of(run.book, SOURCE).values() if each.id in only_roles and not each.managed]
    chosen_channels = [each for each in channels_of(run.book, SOURCE).values() if each.id in only_channels]
    made = [expected_role(each, ids) for each in chosen]
    gone = set(map(int, load.deleted))
    assert roles_of(run.book, TARGET) == {
        **{each: state for each, state in roles.items() if each not in gone},
        **{each.id: each for each in made},
    }
    assert len(gone) <= len(chosen) + len(chosen_channels)
    left = {each.id for each in channels.values() if each.id in gone and each.kind == CATEGORY}
    after = channels_of(run.book, TARGET)
    kept = {each.id: left_over(each, left, gone) for each in channels.values() if each.id not in gone}
    assert {each: after[each] for each in kept} == kept
    new = {ids[each.id] for each in chosen_channels if each.kind != THREAD}
    assert after.keys() == kept.keys() | new
    assert not new & kept.keys()


def left_over(channel: Channel, categories: set[int], gone: set[int]) -> Channel:
    """Return a channel that was not deleted: it is in none of these categories, and names nothing that is gone."""
    overwrites = tuple(each for each in channel.overwrites if each.kind != 0 or each.id not in gone)
    parent = None if channel.parent in categories else channel.parent
    return msgspec.structs.replace(channel, parent=parent, overwrites=overwrites)


@settings(max_examples=60, deadline=None)
@given(sources)
def test_a_guild_that_is_loaded_into_itself_is_as_it_was(source: list[Event]) -> None:
    run = Run(*source, asked=ask(target=SOURCE))
    roles, channels = roles_of(run.book, SOURCE), channels_of(run.book, SOURCE)
    run.finish()
    ids = {each.id: each.id for each in roles.values() if each.managed} | {
        int(old): int(pair.new) for old, pair in run.load().pairs.items()
    }
    kept = [each for each in roles.values() if each.managed]
    copied = [expected_role(each, ids) for each in roles.values() if not each.managed]
    assert roles_of(run.book, SOURCE) == {each.id: each for each in (*kept, *copied)}
    wanted = [expected_channel(each, ids, channels) for each in channels.values() if each.kind != THREAD]
    assert channels_of(run.book, SOURCE) == {each.id: each for each in wanted}
