"""Loads as they are shown: how far they are, step by step, and how they ended; the same bytes after a rebuild."""

import json
from typing import Any

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from domain.kernel import Event
from domain.loads.events import (
    CancelRequested,
    Item,
    LoadStatusReported,
    ObjectFailed,
    ObjectsDeleted,
    Options,
    Plan,
    StepName,
    UsersBanned,
)
from projections import checkpoints
from projections.loads.projector import PROJECTOR as LOADS
from projections.loads.queries import load_by_id, loads_before
from projections.loads.rows import document_of
from projections.mappers.projector import PROJECTOR as MAPPERS
from projections.rebuild import create_tables, rebuild
from projections.runtime import Group
from schemas.loads import Load
from store.connections import connect
from tests.books import dump, opened, projecting, shown
from tests.conftest import cloned
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

BOTH = (LOADS, MAPPERS)
BEYOND = 2**63 - 1
A = "ld_a"
PLAN = Plan(delete_roles=(1, 2), roles=(Item(3), Item(4)), channels=(Item(5),), bans=(6, 7), settings=True)


def load(*events: Event) -> Load:
    return msgspec.json.decode(document_of(recorded(*events)), type=Load)


def status(text: str, progress: float | None = None, step: StepName | None = None) -> LoadStatusReported:
    return LoadStatusReported(load=A, source=SOURCE, target=TARGET, status=text, progress=progress, step=step)


def steps(*events: Event) -> dict[str, tuple[Any, ...]]:
    """Return the state of each step, what it has done, and out of how much."""
    return {step.name: (step.state, step.done, step.total) for step in load(started(A, plan=PLAN), *events).steps}


def test_a_load_that_was_asked_for_shows_all_that_was_asked() -> None:
    event = started(
        A,
        bot=8800,
        mode="merge",
        options=Options(bans=True, settings=False),
        only_roles=(3, 4),
        plan=PLAN,
    )
    found = json.loads(document_of(recorded(event)))
    assert found.pop("steps")[0] == {
        "name": "delete_roles",
        "state": "waiting",
        "done": 0,
        "total": 2,
        "estimated_seconds_left": None,
        "details": None,
    }
    assert list(found.items()) == [
        *(("load_id", A), ("kind", "internal"), ("type", "backup"), ("target_id", "7300"), ("source_id", "7100")),
        *(("backup_id", "4k1vqx09zt"), ("template_id", None), ("user_id", "64"), ("bot_id", "8800")),
        *(("reported_by", None), ("gateway", "registry"), ("mode", "merge")),
        (
            "options",
            {"roles": True, "delete_roles": True, "channels": True, "delete_channels": True}
            | {"settings": False, "bans": True},
        ),
        *(("only", {"roles": ["3", "4"], "channels": None}), ("state", "running"), ("outcome", None)),
        *(("status", "starting"), ("progress", 0.0), ("errors", []), ("mapped", 0), ("restore_id", None)),
        *(("started_at", "2026-02-03T10:20:31.004512Z"), ("finished_at", None), ("position", 1)),
    ]


def test_an_external_load_has_no_steps() -> None:
    found = load(started(A, kind="external", gateway=None, reported_by=8800), status("working", 0.5))
    assert (found.steps, found.only, found.reported_by, found.gateway) == ((), None, "8800", None)
    assert (found.status, found.progress, found.position) == ("working", 0.5, 2)


def test_a_status_without_progress_leaves_that_as_it_was() -> None:
    found = load(started(A), status("deleting roles", 0.25), status("loading roles"))
    assert (found.status, found.progress) == ("loading roles", 0.25)


def test_a_step_that_begins_ends_those_before_it() -> None:
    assert steps() == {
        "delete_roles": ("waiting", 0, 2),
        "roles": ("waiting", 0, 2),
        "delete_channels": ("skipped", 0, 0),
        "channels": ("waiting", 0, 1),
        "bans": ("waiting", 0, 2),
        "settings": ("waiting", 0, 1),
    }
    gone = ObjectsDeleted(load=A, source=SOURCE, target=TARGET, ids=("1",), step="delete_roles")
    first = status("deleting roles", 0.1, "delete_roles"), gone
    assert list(steps(*first).values())[:2] == [("running", 1, 2), ("waiting", 0, 2)]
    second = *first, status("loading roles", 0.2, "roles"), begun(A), mapped(A, {"3": "8"}, "role")
    found = steps(*second)
    assert (found["delete_roles"], found["roles"]) == (("done", 1, 2), ("running", 1, 2))
    third = *second, status("loading channels", 0.6, "channels"), mapped(A, {"5": "9"}, "category")
    found = steps(*third)
    assert (found["roles"], found["delete_channels"]) == (("done", 1, 2), ("skipped", 0, 0))
    assert found["channels"] == ("running", 1, 1)
    assert steps(*third, UsersBanned(load=A, source=SOURCE, target=TARGET, users=(6, 7)))["bans"] == ("waiting", 2, 2)


def test_a_long_wait_is_of_the_step_that_runs() -> None:
    running = status("loading roles", 0.2, "roles")
    wait = status("waiting for long ratelimit")
    assert steps(wait) == steps()
    assert steps(running, wait)["roles"][0] == "rate_limited"
    assert steps(running, wait, running)["roles"][0] == "running"
    assert steps(running, wait)["delete_roles"][0] == "done"


def test_how_long_the_steps_will_take_is_told_by_how_long_their_objects_took() -> None:
    gone = ObjectsDeleted(load=A, source=SOURCE, target=TARGET, ids=("1",), step="delete_roles")
    told = gone, status("deleting roles", 0.1, "delete_roles")  # two seconds after the load was asked for

    def left(*events: Event) -> list[int | None]:
        return [step.estimated_seconds_left for step in load(started(A, plan=PLAN), *events).steps]

    assert left() == [None] * 6
    assert left(*told) == [2, 4, None, 2, 4, 2]
    assert left(*told, status("waiting for long ratelimit")) == [None, 6, None, 3, 6, 3]  # nobody knows how long
    assert left(*told, finished(A, outcome="cancelled")) == [None] * 6


def test_the_properties_of_the_guild_are_counted_when_they_were_set() -> None:
    done = status("loading settings", 0.9, "settings")
    failed = ObjectFailed(load=A, source=SOURCE, target=TARGET, step="settings", object=TARGET, message="too long")
    assert steps()["settings"] == ("waiting", 0, 1)
    assert steps(done)["settings"] == ("running", 1, 1)
    assert steps(done, finished(A))["settings"] == ("done", 1, 1)
    assert steps(failed, done, finished(A))["settings"] == ("done", 0, 1)


def test_what_is_mapped_is_counted() -> None:
    everyone = mapped(A, {str(SOURCE): str(TARGET)}, "role")  # has the guild's pair already
    assert load(started(A), begun(A), everyone, mapped(A, {"1": "2", "3": "4"}, "role")).mapped == 3


def test_an_object_that_failed_is_told_and_the_load_goes_on() -> None:
    failed = ObjectFailed(load=A, source=SOURCE, target=TARGET, step="roles", object=3, message="too many")
    found = load(started(A, plan=PLAN), failed)
    assert msgspec.to_builtins(found.errors) == (
        {"step": "roles", "kind": "role", "source_object_id": "3", "message": "too many"},
    )
    assert found.state == "running"


def test_a_load_that_succeeded_has_done_all_that_was_to_do() -> None:
    found = load(started(A, plan=PLAN), begun(A), finished(A))
    assert (found.state, found.outcome, found.progress, found.errors) == ("finished", "success", 1, ())
    assert [step.state for step in found.steps] == ["done", "done", "skipped", "done", "done", "done"]
    assert found.finished_at
    assert (found.position, found.restore_id) == (3, None)
    assert load(started(A), finished(A, restore="r-1")).restore_id == "r-1"


@pytest.mark.parametrize(
    ("end", "why", "errors"),
    [
        ({"outcome": "cancelled"}, "The load was cancelled.", []),
        ({"outcome": "failed", "error": "The target is gone."}, "The target is gone.", ["The target is gone."]),
    ],
)
def test_a_load_that_ended_early_says_at_what_and_why(end: dict[str, Any], why: str, errors: list[str]) -> None:
    asked = CancelRequested(load=A, source=SOURCE, target=TARGET)
    found = load(started(A, plan=PLAN), status("loading roles", 0.3, "roles"), asked, finished(A, progress=0.3, **end))
    assert [step.state for step in found.steps] == ["done", "failed", "skipped", "skipped", "skipped", "skipped"]
    assert (found.steps[1].details, [error.message for error in found.errors]) == (why, errors)
    assert (found.state, found.outcome, found.progress) == ("finished", end["outcome"], 0.3)


def test_a_refused_load_says_which_one_runs() -> None:
    end = finished(A, outcome="refused", progress=0, has_begun=False, error="Another load runs.")
    found = load(refused(A, running="ld_b"), end)
    assert (found.state, found.outcome, found.status, found.progress) == ("finished", "refused", "refused", 0)
    assert [error.message for error in found.errors] == ["Load ld_b runs in the guild."]


async def test_loads_are_found_by_id_by_guild_and_by_state(database_url: str) -> None:
    async with opened(database_url) as store, projecting(database_url, BOTH):
        for name, target in (("a", TARGET), ("b", 7), ("c", TARGET), ("d", 8)):
            made = await tell(store, started(name, target=target))
        await tell(store, finished("c"))
        await shown(database_url, BOTH)
        async with await connect(database_url) as connection:
            found = await load_by_id(connection, "c")
            assert found
            document = msgspec.json.decode(found.document, type=Load)
            assert (found.target, document.load_id, document.outcome) == (TARGET, "c", "success")
            assert await load_by_id(connection, "C") is None

            async def ids(before: int = BEYOND, limit: int = 9, **only: Any) -> list[str]:  # noqa: ANN401
                loads = await loads_before(connection, before, limit, **only)
                return [msgspec.json.decode(each.document)["load_id"] for each in loads]

            assert await ids() == ["d", "c", "b", "a"]
            assert await ids(made, limit=1) == ["c"]
            assert await ids(target=TARGET) == ["c", "a"]
            assert await ids(state="finished") == ["c"]
            assert await ids(state="running", among=[TARGET, 7]) == ["b", "a"]


LOADS_MAX = 3
NAMES = st.sampled_from([f"ld_{number}" for number in range(LOADS_MAX)])
TOLD = st.one_of(
    st.builds(started, NAMES, plan=st.sampled_from([None, PLAN])),
    st.builds(refused, NAMES),
    st.builds(begun, NAMES),
    st.builds(mapped, NAMES, st.dictionaries(st.sampled_from("1234"), st.sampled_from("5678")), st.just("role")),
    st.builds(deleted, NAMES, st.sampled_from("5678")),
    st.builds(finished, NAMES, outcome=st.sampled_from(["success", "failed", "refused"]), has_begun=st.booleans()),
)


@settings(max_examples=8, deadline=None)
@given(events=st.lists(TOLD, min_size=1, max_size=40), cuts=st.lists(st.integers(1, 9), min_size=1, max_size=4))
async def test_however_the_log_is_cut_the_rows_are_the_same(
    server_url: str, template: str, events: list[Event], cuts: list[int]
) -> None:
    with cloned(server_url, template) as url:
        async with opened(url) as store:
            for event in events:
                await tell(store, event)
            async with await connect(url) as connection:
                await create_tables(connection, BOTH)
                for projector in BOTH:
                    await checkpoints.begin(connection, projector.name, 0, checkpoints.fingerprint(projector))
                group = Group(BOTH, 0)
                while await group.step(connection, store.keyring, cuts[group.position % len(cuts)]):
                    pass
            assert group.projectors == list(BOTH)
            rows = dump(url, BOTH)
            assert await rebuild(url, store.keyring, BOTH) == []
        assert dump(url, BOTH) == rows
