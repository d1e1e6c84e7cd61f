"""Mappers: what loads made of ids, all of it when they end, and the same bytes after a rebuild."""

import json
from datetime import timedelta
from random import Random
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.kernel import Event
from projections.mappers.projector import PROJECTOR as MAPPERS
from projections.mappers.queries import mapper_of, pairs_of, targets_by_id
from projections.mappers.rows import MapperRow, evolve
from projections.rebuild import rebuild
from store.connections import connect
from store.event_store import EventStore
from tests.books import dump, opened, projecting, shown
from tests.load_events import (
    SOURCE,
    TARGET,
    begun,
    deleted,
    finished,
    mapped,
    recorded,
    refused,
    started,
    tell,
)

ONLY = (MAPPERS,)
A, B = "ld_a", "ld_b"
OTHER = 7500
GUILD = {str(SOURCE): str(TARGET)}


def row_after(*events: Event) -> MapperRow | None:
    row = None
    for each in recorded(*events):
        row = evolve(row, each)
    return row


def published(*events: Event) -> dict[str, Any]:
    """Return the mappers of the target by source, after these events."""
    row = row_after(*events)
    return {} if row is None else json.loads(row.published)


def mapper(*events: Event, source: int = SOURCE) -> dict[str, Any]:
    return published(*events)[str(source)]["mapper"]


def test_a_mapper_says_what_the_contract_says() -> None:
    found = mapper(
        started(A),
        begun(A),
        mapped(A, {"7110": "7311"}, "role"),
        mapped(A, {"7120": "7322"}, "category"),
        finished(A),
    )
    assert list(found.items()) == [
        ("source_id", "7100"),
        ("target_id", "7300"),
        ("ids", {"7100": "7300", "7110": "7311", "7120": "7322"}),
        ("loaders", ["64"]),
        ("load_id", A),
        ("outcome", "success"),
        ("updated_at", "2026-02-03T10:20:35.004512Z"),
        ("position", 5),
        ("template_loaders", []),
    ]
    assert list(found["ids"]) == ["7100", "7110", "7120"]


def test_nothing_shows_before_the_load_ends() -> None:
    events = started(A), begun(A), mapped(A, {"1": "2"}), deleted(A, "9")
    assert published(*events) == {}
    again = started(B), begun(B), mapped(B, {"1": "5", "2": "6"}), deleted(B, "2")
    assert mapper(*events, finished(A), *again)["ids"] == {**GUILD, "1": "2"}
    assert mapper(*events, finished(A), *again, finished(B))["ids"] == {**GUILD, "1": "5", "2": "6"}


@pytest.mark.parametrize("outcome", ["failed", "cancelled"])
def test_what_a_load_did_before_it_ended_early_stays(outcome: str) -> None:
    found = mapper(started(A), begun(A), mapped(A, {"1": "2"}), finished(A, outcome=outcome, progress=0.4))
    assert (found["ids"], found["outcome"], found["loaders"]) == ({**GUILD, "1": "2"}, outcome, ["64"])


def test_a_load_that_ended_before_it_began_changes_nothing() -> None:
    before = started(A), begun(A), mapped(A, {"1": "2"}), finished(A)
    assert published(*before, started(B), finished(B, outcome="cancelled", has_begun=False)) == published(*before)
    assert published(started(B), finished(B, outcome="failed", has_begun=False)) == {}


def test_a_refused_load_changes_nothing_while_the_other_goes_on() -> None:
    refusal = refused(B, user=65, running=A), finished(B, user=65, outcome="refused", progress=0, has_begun=False)
    assert mapper(started(A), begun(A), *refusal, mapped(A, {"1": "2"}), finished(A))["loaders"] == ["64"]
    assert row_after(started(A), *refusal) == row_after(started(A))
    assert row_after(*refusal) is None


def test_what_a_load_deletes_is_struck_from_the_mappers_of_every_source() -> None:
    first = started(A, source=OTHER), begun(A, source=OTHER), mapped(A, {"8": "50", "9": "51"}, source=OTHER)
    second = started(B), begun(B), deleted(B, "50", "7000"), mapped(B, {"8": "60"}), finished(B)
    found = published(*first, finished(A, source=OTHER), *second)
    assert found[str(OTHER)]["mapper"]["ids"] == {str(OTHER): str(TARGET), "9": "51"}
    assert found[str(SOURCE)]["mapper"]["ids"] == {**GUILD, "8": "60"}


def test_a_mapper_that_another_load_struck_has_changed_though_its_position_has_not() -> None:
    first = started(A, source=OTHER), begun(A, source=OTHER), mapped(A, {"8": "50"}, source=OTHER)
    second = started(B), begun(B), deleted(B, "50"), finished(B)
    before, after = published(*first, finished(A, source=OTHER)), published(*first, finished(A, source=OTHER), *second)
    assert (before[str(OTHER)]["changed"], after[str(OTHER)]["changed"]) == (4, 8)
    assert after[str(OTHER)]["mapper"]["position"] == 4


def test_a_load_may_delete_what_it_made_itself() -> None:
    events = mapped(A, {"1": "2", "3": "4"}), deleted(A, "2"), mapped(A, {"5": "6"})
    assert mapper(started(A), begun(A), *events, finished(A))["ids"] == {**GUILD, "3": "4", "5": "6"}


def test_the_guild_is_not_struck_whatever_a_load_says() -> None:
    events = started(A), begun(A), mapped(A, {"0": str(TARGET)}, "role"), deleted(A, str(TARGET), "5")
    assert mapper(*events, finished(A))["ids"] == {**GUILD, "0": str(TARGET)}


def test_who_loaded_a_backup_is_told_apart_from_who_loaded_a_template_in_order_of_first_load() -> None:
    users = ("backup", 65), ("template", 71), ("backup", 64), ("template", 64), ("backup", 65), ("template", 71)
    events: list[Event] = []
    for number, (kind, user) in enumerate(users):
        load = f"ld_{number}"
        events += [started(load, type=kind, user=user), begun(load), finished(load, type=kind, user=user)]
    found = mapper(*events)
    assert (found["loaders"], found["template_loaders"]) == (["65", "64"], ["71", "64"])


def test_a_pair_that_is_mapped_again_keeps_its_place() -> None:
    first = started(A), begun(A), mapped(A, {"1": "2", "3": "4"}), finished(A)
    found = mapper(*first, started(B), begun(B), mapped(B, {"5": "9", "1": "8"}), finished(B))
    assert list(found["ids"].items()) == [*GUILD.items(), ("1", "8"), ("3", "4"), ("5", "9")]


def test_the_guild_is_first_though_it_was_told_last() -> None:
    assert list(mapper(started(A), mapped(A, {"1": "2"}), begun(A), finished(A))["ids"]) == [str(SOURCE), "1"]


def test_source_and_target_may_be_the_same_guild() -> None:
    did = begun(A, source=TARGET), mapped(A, {"1": "2"}, source=TARGET)
    found = mapper(started(A, source=TARGET), *did, finished(A, source=TARGET), source=TARGET)
    assert found["ids"] == {str(TARGET): str(TARGET), "1": "2"}


def test_what_is_told_of_a_load_after_its_end_is_not_heard() -> None:
    events = started(A), begun(A), finished(A)
    assert published(*events, mapped(A, {"1": "2"}), deleted(A, "3"), finished(A)) == published(*events)
    assert published(mapped(A, {"1": "2"}), finished(A)) == {}


class Tale:
    """Loads into one guild from a few others, one event after the other from a seed; and what they come to."""

    def __init__(self, seed: int) -> None:
        self._random = Random(seed)
        self._ids = iter(range(9000, 10**6))
        self.shown: dict[int, dict[str, str]] = {}
        self.events: list[Event] = []

    def load(self, number: int) -> None:
        """Run one load, and do to the mappers what the contract says."""
        load, source = f"ld_{number}", self._random.choice((SOURCE, OTHER, TARGET))
        ids = {str(old): str(next(self._ids)) for old in self._random.sample(range(9), 3)}
        gone = self._some_that_are_there()
        outcome = self._random.choice(("success", "failed", "cancelled"))
        has_begun = self._random.random() < 0.8
        did = begun(load, source=source), deleted(load, *gone, source=source), mapped(load, ids, source=source)
        end = finished(load, source=source, outcome=outcome, has_begun=has_begun)
        self.events += [started(load, source=source), *(did if has_begun else ()), end]
        if has_begun:
            self.shown = {each: {o: n for o, n in pairs.items() if n not in gone} for each, pairs in self.shown.items()}
            self.shown[source] = {**self.shown.get(source, {}), str(source): str(TARGET), **ids}

    def _some_that_are_there(self) -> list[str]:
        there = sorted({new for pairs in self.shown.values() for new in pairs.values()} - {str(TARGET)})
        return self._random.sample(there, self._random.randint(0, len(there)))


@given(seed=st.integers(0, 2**32), count=st.integers(1, 12))
def test_whatever_is_loaded_the_mappers_are_what_the_contract_says(seed: int, count: int) -> None:
    tale = Tale(seed)
    for number in range(count):
        tale.load(number)
    found = {int(source): each["mapper"]["ids"] for source, each in published(*tale.events).items()}
    assert found == tale.shown


async def test_mappers_are_read_and_are_the_same_after_a_rebuild(database_url: str) -> None:
    async with opened(database_url) as store, projecting(database_url, ONLY):
        end = await tell(store, started(A), begun(A), mapped(A, {"1": "2"}), finished(A))
        await shown(database_url, ONLY)
        async with await connect(database_url) as connection:
            found = await mapper_of(connection, TARGET, str(SOURCE))
            assert found
            assert json.loads(found.document)["ids"] == {**GUILD, "1": "2"}
            assert (found.changed, found.is_running) == (end, False)
            assert found.ended_at
            assert await pairs_of(connection, TARGET, SOURCE) == {**GUILD, "1": "2"}
            assert await pairs_of(connection, TARGET, OTHER) == {}
            for target, source in ((TARGET, "0"), (TARGET, 'x"'), (SOURCE, str(SOURCE)), (TARGET, "")):
                assert await mapper_of(connection, target, source) is None
        await running_and_ended(database_url, store)
        rows = dump(database_url, ONLY)
        assert await rebuild(database_url, store.keyring, ONLY) == []
        assert dump(database_url, ONLY) == rows


async def running_and_ended(url: str, store: EventStore) -> None:
    """Begin another load, and see that it runs; end it, and see that."""
    async with await connect(url) as connection:
        position = await tell(store, started(B), begun(B))
        await shown(url, ONLY)
        first = (await targets_by_id(connection, [TARGET, SOURCE]))[TARGET]
        assert (first.position, first.is_running) == (position, True)
        position = await tell(store, finished(B, outcome="cancelled", has_begun=False))
        await shown(url, ONLY)
        [(target, last)] = (await targets_by_id(connection, [TARGET, SOURCE])).items()
        assert (target, last.position, last.is_running) == (TARGET, position, False)
        assert last.ended_at
        assert first.ended_at
        assert last.ended_at - first.ended_at > timedelta()
