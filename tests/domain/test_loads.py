"""The rules of a load by itself: how it is cancelled, and how a bot reports one that it runs."""

import time
from typing import Any

import msgspec
import pytest

from domain.kernel import Event, UnknownError
from domain.loads.aggregate import (
    LOAD,
    OBJECTS_MAX,
    Load,
    LoadFinishedError,
    LoadNotExternalError,
    LoadNotYoursError,
    TooManyObjectsError,
    next_work,
    part_done,
)
from domain.loads.commands import (
    cancel_load,
    expire_load,
    finish_load,
    record_status,
    record_work,
    report_done,
    report_mappings,
    report_status,
)
from domain.loads.events import (
    CancelRequested,
    IdsMapped,
    Item,
    LoadFinished,
    LoadRefused,
    LoadStarted,
    LoadStatusReported,
    ObjectFailed,
    ObjectsDeleted,
    Outcome,
    Pair,
    Plan,
    StepName,
    UsersBanned,
)
from tests.domain.book import Command, Story, given

NAME, BOT = "ld_9r2m4c", 30
WHERE: dict[str, Any] = {"load": NAME, "source": 1000, "target": 2000}
EXTERNAL = LoadStarted(**WHERE, kind="external", type="backup", backup="b", user=7, bot=BOT, reported_by=BOT)
PLAN = Plan(delete_roles=(2001,), roles=(Item(1000, 2000), Item(1001)), bans=(9,), settings=True)
INTERNAL = LoadStarted(**WHERE, kind="internal", type="backup", backup="b", user=7, gateway="registry", plan=PLAN)
GUILDS = IdsMapped(**WHERE, pairs=(Pair("1000", "2000", "guild"),))
ROLE = Pair("1001", "2501", "role")
BOTS = {"load": NAME, "bot": BOT}


def status(text: str, progress: float | None = None, step: StepName | None = None) -> LoadStatusReported:
    return LoadStatusReported(**WHERE, status=text, progress=progress, step=step)


def finished(outcome: Outcome = "success", progress: float = 1.0, **more: object) -> LoadFinished:
    told = LoadFinished(**WHERE, type="backup", backup="b", user=7, outcome=outcome, progress=progress)
    return msgspec.structs.replace(told, **more)


def state_after(*past: Event) -> Load:
    state = LOAD.fold(past)
    assert state
    return state


def external(*past: Event) -> Story:
    return given(EXTERNAL, *past)


def test_a_load_is_cancelled_once() -> None:
    given(INTERNAL).when(cancel_load, load=NAME).then(CancelRequested(**WHERE)).again().says_nothing()


def test_a_load_that_runs_elsewhere_ends_at_once_when_it_is_cancelled() -> None:
    story = external(GUILDS).when(cancel_load, load=NAME)
    story.then(CancelRequested(**WHERE), finished("cancelled", 0)).again().refuses(LoadFinishedError)


def test_a_load_that_has_ended_is_not_cancelled() -> None:
    given(INTERNAL, finished()).when(cancel_load, load=NAME).refuses(LoadFinishedError)
    given().when(cancel_load, load=NAME).refuses(UnknownError)


def test_every_status_of_an_external_load_is_a_sign_of_life() -> None:
    said = status("loading roles", 0.5)
    story = external().when(report_status, **BOTS, status="loading roles", progress=0.5).then(said).again().then(said)
    story.when(report_status, **BOTS, status="waiting").then(status("waiting"))
    assert state_after(EXTERNAL, said, status("waiting")).progress == 0.5


@pytest.mark.parametrize("report", [report_status, report_mappings, report_done])
def test_only_the_bot_that_runs_a_load_reports_it(report: Command[object]) -> None:
    more: dict[str, object] = {
        report_status: {"status": "x"},
        report_mappings: {},
        report_done: {"outcome": "success"},
    }[report]
    given(INTERNAL).when(report, **BOTS, **more).refuses(LoadNotExternalError)
    external().when(report, load=NAME, bot=31, **more).refuses(LoadNotYoursError)
    given().when(report, **BOTS, **more).refuses(UnknownError)
    external(finished("failed", 0)).when(report, **BOTS, **more).refuses(LoadFinishedError)


def test_mappings_come_after_that_of_the_guilds_and_are_said_once() -> None:
    deleted = ObjectsDeleted(**WHERE, ids=("2001", "2002"))
    story = external().when(report_mappings, **BOTS, pairs=[ROLE], deleted=["2001", "2002", "2001"])
    story.then(GUILDS, IdsMapped(**WHERE, pairs=(ROLE,)), deleted).again().says_nothing()


def test_an_object_that_was_made_anew_is_mapped_anew() -> None:
    anew = Pair("1001", "2502", "role")
    story = external(GUILDS, IdsMapped(**WHERE, pairs=(ROLE,))).when(report_mappings, **BOTS, pairs=[ROLE, anew])
    story.then(IdsMapped(**WHERE, pairs=(anew,)))


def test_a_load_that_has_deleted_much_is_told_of_more_in_no_time() -> None:
    before = tuple(map(str, range(40_000)))
    story = external(GUILDS, ObjectsDeleted(**WHERE, ids=before))
    began = time.process_time()
    story.when(report_mappings, **BOTS, deleted=[*before[:5000], "99999"])
    assert time.process_time() - began < 1
    story.then(ObjectsDeleted(**WHERE, ids=("99999",)))


def test_a_load_has_an_end_to_what_it_can_map_and_delete() -> None:
    before = tuple(map(str, range(OBJECTS_MAX - 2)))
    story = external(GUILDS, ObjectsDeleted(**WHERE, ids=before))
    story.when(report_mappings, **BOTS, pairs=[ROLE]).then(IdsMapped(**WHERE, pairs=(ROLE,)))
    story.when(report_mappings, **BOTS, pairs=[Pair("1002", "2502", "role")]).refuses(TooManyObjectsError)
    story.when(report_mappings, **BOTS, deleted=["99999"]).refuses(TooManyObjectsError)
    story.when(report_mappings, **BOTS, pairs=[ROLE]).says_nothing()


def test_what_the_source_is_in_the_target_is_not_a_bots_to_say() -> None:
    story = external().when(report_mappings, **BOTS, pairs=[Pair("1000", "9", "role"), Pair("1000", "9", "guild")])
    story.then(GUILDS).again().says_nothing()


def test_a_report_of_nothing_says_nothing() -> None:
    external().when(report_mappings, **BOTS).says_nothing()


def test_an_external_load_ends_as_its_bot_says_once() -> None:
    past = (GUILDS, status("loading roles", 0.5))
    ended = finished("failed", 0.5, error="no rights")
    story = external(*past).when(report_done, **BOTS, outcome="failed", error="no rights").then(ended)
    story.again().says_nothing().answers(state_after(EXTERNAL, *past, ended))
    story.when(report_done, **BOTS, outcome="success").refuses(LoadFinishedError)


def test_a_load_that_mapped_nothing_has_not_begun_unless_it_succeeded() -> None:
    external().when(report_done, **BOTS, outcome="failed").then(finished("failed", 0, has_begun=False))
    external().when(report_done, **BOTS, outcome="success").then(GUILDS, finished())


def test_an_external_load_of_which_nobody_hears_ends() -> None:
    story = external(GUILDS).when(expire_load, load=NAME, seen=2, error="silence")
    story.then(finished("failed", 0, error="silence")).answers(True).again().says_nothing().answers(False)


def test_a_load_that_was_heard_of_in_the_meantime_goes_on() -> None:
    external(GUILDS).when(expire_load, load=NAME, seen=1, error="silence").says_nothing().answers(False)
    given(INTERNAL).when(expire_load, load=NAME, seen=1, error="silence").says_nothing().answers(False)


def test_a_worker_ends_a_load_once() -> None:
    story = given(INTERNAL, GUILDS, status("loading roles", 0.2)).when(
        finish_load, load=NAME, outcome="failed", error="lost"
    )
    story.then(finished("failed", 0.2, error="lost")).again().says_nothing()


def test_a_gateway_does_step_by_step_what_is_planned_and_nothing_twice() -> None:
    deleted = ObjectsDeleted(**WHERE, ids=("2001",), step="delete_roles")
    everyone, banned = Pair("1000", "2000", "role"), UsersBanned(**WHERE, users=(9,))
    failed = ObjectFailed(**WHERE, step="roles", object=1001, message="forbidden")
    story = given(INTERNAL, GUILDS)
    story.when(record_work, load=NAME, step="delete_roles", deleted=[2001])
    story.then(deleted, status("deleting roles", 0.2, step="delete_roles"))
    assert next_work(state_of(story), 1) == ("roles", (1000,))
    story.when(record_work, load=NAME, step="roles", pairs=[everyone])
    story.then(IdsMapped(**WHERE, pairs=(everyone,)), status("loading roles", 0.4, step="roles"))
    assert next_work(state_of(story), 9) == ("roles", (1001,))
    story.when(record_work, load=NAME, step="roles", failed=[(1001, "forbidden")])
    story.then(failed, status("loading roles", 0.6, step="roles"))
    story.when(record_work, load=NAME, step="bans", banned=[9])
    story.then(banned, status("loading bans", 0.8, step="bans"))
    assert next_work(state_of(story), 1) == ("settings", (2000,))
    assert state_of(story).translated() == {"1000": "2000"}
    assert state_of(story).pairs["1000"].kind == "guild"


def state_of(story: Story) -> Load:
    state = story.book.state(LOAD, LOAD.stream(NAME))
    assert state
    return state


def test_nothing_is_recorded_of_a_load_that_has_ended() -> None:
    given(INTERNAL, finished()).when(record_work, load=NAME, step="roles", pairs=[ROLE]).refuses(LoadFinishedError)
    given(INTERNAL, finished()).when(record_status, load=NAME, status="waiting").says_nothing()


def test_a_gateway_says_once_that_it_waits() -> None:
    waiting = status("waiting for long ratelimit", 0.0, step="roles")
    story = given(INTERNAL).when(record_status, load=NAME, status="waiting for long ratelimit", step="roles")
    story.then(waiting).again().says_nothing()


def test_a_load_without_a_plan_has_nothing_to_do() -> None:
    refused = LoadRefused(**WHERE, kind="internal", type="backup", backup="b", user=7, running="ld_other")
    for state in (state_after(EXTERNAL), state_after(refused)):
        assert (next_work(state, 25), part_done(state)) == (None, 0.0)
