"""The rules of a team by itself: who creates and renames it."""

import pytest

from domain.kernel import UnknownError
from domain.permissions import NOBODY, Actor, PermissionMissingError
from domain.teams.commands import create_team, rename_team
from domain.teams.events import TeamCreated, TeamDeleted, TeamRenamed
from tests.domain.book import FIRST_NEW_ID, given
from tests.domain.samples import AZORES, INES, OWNER, STRANGER, account, app, session_of

MANAGER = app(8)
OUTSIDERS = [
    NOBODY,
    app(127 & ~8),
    session_of(INES),
    session_of(STRANGER),
    session_of(account(206, 4, 127 & ~8)),
    session_of(account(206, None, 127 & ~8)),
]


def test_a_team_is_created_with_a_new_id_each_time() -> None:
    story = given().when(create_team, MANAGER, name="Azores").answers(FIRST_NEW_ID)
    story.then(TeamCreated(team=FIRST_NEW_ID, name="Azores"))
    story.again().then(TeamCreated(team=FIRST_NEW_ID + 1, name="Azores")).answers(FIRST_NEW_ID + 1)


def test_a_team_may_have_no_name() -> None:
    given().when(create_team, MANAGER, name="").then(TeamCreated(team=FIRST_NEW_ID, name=""))


@pytest.mark.parametrize("actor", [*OUTSIDERS, session_of(OWNER)])
def test_only_a_manager_of_teams_creates_one(actor: Actor) -> None:
    given().when(create_team, actor, name="Azores").refuses(PermissionMissingError)


@pytest.mark.parametrize("actor", [MANAGER, session_of(OWNER), session_of(account(209, None, 8))])
def test_a_manager_of_teams_and_its_owner_rename_a_team(actor: Actor) -> None:
    story = given(AZORES).when(rename_team, actor, team=3, name="Açores")
    story.then(TeamRenamed(team=3, name="Açores")).again().says_nothing()


@pytest.mark.parametrize("actor", OUTSIDERS)
@pytest.mark.parametrize("name", ["Açores", "Azores"])
def test_nobody_else_renames_a_team_not_even_to_the_same_name(actor: Actor, name: str) -> None:
    given(AZORES).when(rename_team, actor, team=3, name=name).refuses(PermissionMissingError)


@pytest.mark.parametrize("actor", [MANAGER, NOBODY])
@pytest.mark.parametrize("past", [[], [AZORES, TeamDeleted(team=3)]])
def test_a_team_that_does_not_exist_is_not_renamed(actor: Actor, past: list) -> None:
    given(*past).when(rename_team, actor, team=3, name="Açores").refuses(UnknownError)
