"""Deleting a team: its members and its awards stay, without a team."""

import pytest

from domain.accounts.events import AccountDeleted, PermissionsRevoked, TeamChanged
from domain.awards.events import AwardDeleted, AwardDetachedFromTeam, AwardMovedToTeam
from domain.kernel import UnknownError
from domain.permissions import NOBODY, Actor, PermissionMissingError
from domain.processes.delete_team import delete_team
from domain.teams.events import TeamDeleted
from tests.domain.book import given
from tests.domain.samples import (
    AZORES,
    BRONZE,
    INES,
    LONER,
    MADEIRA,
    OWNER,
    RUI,
    SILVER,
    STRANGER,
    account,
    app,
    holding,
    session_of,
)

DELETED = TeamDeleted(team=3)
CLEARED = PermissionsRevoked(account=206, permissions=32, reason="team_change")


def freed(account_id: int) -> TeamChanged:
    return TeamChanged(account=account_id, left=3, joined=None, reason="team_deleted")


@pytest.mark.parametrize("actor", [app(8), session_of(OWNER)], ids=["manager of teams", "owner"])
def test_a_team_is_deleted_once(actor: Actor) -> None:
    given(AZORES).when(delete_team, actor, team=3).then(DELETED).again().refuses(UnknownError)


def test_a_deleted_team_leaves_its_members_without_one() -> None:
    story = given(AZORES, MADEIRA, INES, RUI, STRANGER, LONER).when(delete_team, app(8), team=3)
    story.then(DELETED, freed(204), freed(205))


@pytest.mark.parametrize("actor", [app(8), app(127 & ~2), session_of(OWNER)])
def test_members_lose_the_right_to_manage_it_when_the_deleter_does_not_move_accounts(actor: Actor) -> None:
    given(AZORES, INES, OWNER).when(delete_team, actor, team=3).then(DELETED, freed(204), freed(206), CLEARED)


@pytest.mark.parametrize("actor", [app(8 | 2), session_of(account(206, 3, 32 | 2))])
def test_members_keep_the_right_when_the_deleter_moves_accounts(actor: Actor) -> None:
    given(AZORES, INES, OWNER).when(delete_team, actor, team=3).then(DELETED, freed(204), freed(206))


def test_who_was_in_the_team_once_is_left_alone() -> None:
    switched = TeamChanged(account=204, left=3, joined=4, reason="self")
    story = given(AZORES, MADEIRA, INES, switched, RUI, AccountDeleted(account=205, team=3))
    story.when(delete_team, app(8), team=3).then(DELETED)


def test_who_joined_later_is_let_go_too() -> None:
    joined = TeamChanged(account=208, left=None, joined=3, reason="self")
    given(AZORES, LONER, joined).when(delete_team, app(8), team=3).then(DELETED, freed(208))


def test_a_deleted_team_leaves_its_awards_without_one_and_their_holders_with_them() -> None:
    given(AZORES, BRONZE, SILVER, INES, holding(8, 204)).when(delete_team, app(8), team=3).then(
        DELETED, freed(204), AwardDetachedFromTeam(award=8, team=3)
    )


def test_awards_that_came_later_are_let_go_and_those_that_went_before_are_left_alone() -> None:
    came, went = AwardMovedToTeam(award=9, team=3), AwardMovedToTeam(award=8, team=4)
    story = given(AZORES, MADEIRA, BRONZE, SILVER, came, went).when(delete_team, app(8), team=3)
    story.then(DELETED, AwardDetachedFromTeam(award=9, team=3))
    deleted = given(AZORES, BRONZE, AwardDeleted(award=8))
    deleted.when(delete_team, app(8), team=3).then(DELETED)


@pytest.mark.parametrize(
    "actor",
    [NOBODY, app(127 & ~8), session_of(INES), session_of(account(206, 4, 32)), session_of(account(206, None, 32))],
)
def test_nobody_else_deletes_a_team(actor: Actor) -> None:
    given(AZORES, INES).when(delete_team, actor, team=3).refuses(PermissionMissingError)


@pytest.mark.parametrize("actor", [app(8), NOBODY])
def test_a_team_that_does_not_exist_is_not_deleted(actor: Actor) -> None:
    given(MADEIRA).when(delete_team, actor, team=3).refuses(UnknownError)
