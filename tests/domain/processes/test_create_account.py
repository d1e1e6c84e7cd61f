"""Registering an account: sign-ups, the permission, the team, the granting rule, and an id that is free."""

import pytest

from domain.accounts.aggregate import AccountAlreadyRegisteredError, SignupsClosedError
from domain.accounts.events import AccountDeleted, SignupsClosed, SignupsOpened
from domain.kernel import UnknownError
from domain.permissions import NOBODY, Actor, PermissionMissingError
from domain.processes.create_account import create_account
from domain.teams.events import TeamDeleted
from tests.domain.book import Story, given
from tests.domain.samples import AZORES, INES, OWNER, account, app, profile, session_of

EDITOR = app(4)


def create(
    story: Story, actor: Actor = EDITOR, *, team: int | None = None, permissions: int = 0, is_open: bool = True
) -> Story:
    wish = {"profile": profile(204), "team": team, "permissions": permissions}
    return story.when(create_account, actor, **wish, signups_default=is_open)


def test_somebody_is_registered_once() -> None:
    create(given()).then(account(204)).again().refuses(AccountAlreadyRegisteredError)


def test_somebody_is_registered_in_a_team_with_permissions() -> None:
    create(given(AZORES), app(1 | 4 | 64), team=3, permissions=64).then(account(204, 3, 64))


def test_to_be_registered_in_a_team_is_no_change_of_team_and_keeps_the_right_to_manage_it() -> None:
    create(given(AZORES), app(1 | 4 | 8), team=3, permissions=32).then(account(204, 3, 32))


@pytest.mark.parametrize("actor", [NOBODY, app(127 & ~4), session_of(OWNER)])
def test_only_a_manager_of_details_registers_somebody(actor: Actor) -> None:
    create(given(), actor).refuses(PermissionMissingError)


@pytest.mark.parametrize("permissions", [1, 16, 32, 64, 4 | 64])
def test_permissions_are_given_by_the_granting_rule(permissions: int) -> None:
    create(given(), app(4 | 16 | 64), permissions=permissions).refuses(PermissionMissingError)


def test_an_owner_registers_another_owner_in_the_own_team_only() -> None:
    owner = session_of(account(206, 3, 4 | 32))
    create(given(AZORES), owner, team=3, permissions=32).then(account(204, 3, 32))
    create(given(AZORES), owner, permissions=32).refuses(PermissionMissingError)
    teamless = session_of(account(206, None, 4 | 32))
    create(given(AZORES), teamless, permissions=32).refuses(PermissionMissingError)


@pytest.mark.parametrize("past", [[], [AZORES, TeamDeleted(team=3)]])
def test_a_team_that_does_not_exist_is_refused_before_anything_else(past: list) -> None:
    create(given(*past, INES), NOBODY, team=3, is_open=False).refuses(UnknownError)


def test_closed_signups_are_refused_before_the_permission() -> None:
    create(given(INES), NOBODY, is_open=False).refuses(SignupsClosedError)


def test_closed_signups_are_refused_to_everybody_and_before_an_id_that_is_taken() -> None:
    create(given(), app(127), is_open=False).refuses(SignupsClosedError)
    create(given(INES), app(127), is_open=False).refuses(SignupsClosedError)


def test_the_permission_is_refused_before_an_id_that_is_taken() -> None:
    create(given(INES), NOBODY).refuses(PermissionMissingError)
    create(given(INES), EDITOR, permissions=64).refuses(PermissionMissingError)


def test_what_was_said_of_signups_counts_more_than_the_setting() -> None:
    create(given(SignupsOpened()), is_open=False).then(account(204))
    create(given(SignupsClosed()), is_open=True).refuses(SignupsClosedError)
    create(given(SignupsClosed(), SignupsOpened()), is_open=False).then(account(204))


def test_an_id_may_be_registered_again_after_its_account_was_deleted() -> None:
    create(given(account(204, 3, 64), AccountDeleted(account=204, team=3))).then(account(204))
