"""Giving an award to an account, and taking it."""

import pytest

from domain.accounts.events import AccountDeleted, TeamChanged
from domain.awards.aggregate import AwardNotHeldError
from domain.awards.events import AwardDeleted, AwardGranted, AwardRevoked
from domain.kernel import UnknownError
from domain.permissions import NOBODY, Actor, PermissionMissingError
from domain.processes.grant_award import grant_award, revoke_award
from tests.domain.book import Command, given
from tests.domain.samples import BRONZE, INES, OWNER, RUI, SILVER, app, holding, session_of

MANAGER = app(64)
GRANTED = AwardGranted(award=8, account=204)
REVOKED = AwardRevoked(award=8, account=204, reason="requested")

both = pytest.mark.parametrize("command", [grant_award, revoke_award])


def test_an_award_is_given_and_asked_twice_nothing_new_is_said() -> None:
    given(INES, BRONZE).when(grant_award, MANAGER, award=8, account=204).then(GRANTED).again().says_nothing()


def test_an_award_is_given_again_after_it_was_taken() -> None:
    given(INES, BRONZE, GRANTED, REVOKED).when(grant_award, MANAGER, award=8, account=204).then(GRANTED)


def test_an_award_is_taken_once() -> None:
    story = given(INES, BRONZE, GRANTED).when(revoke_award, MANAGER, award=8, account=204)
    story.then(REVOKED).again().refuses(AwardNotHeldError)


def test_an_award_is_held_by_each_account_and_each_award_by_itself() -> None:
    past = (INES, RUI, BRONZE, SILVER, holding(8, 205), holding(9, 204))
    given(*past).when(revoke_award, MANAGER, award=8, account=204).refuses(AwardNotHeldError)
    given(*past).when(grant_award, MANAGER, award=8, account=204).then(GRANTED)


def test_an_award_survives_its_holders_change_of_team() -> None:
    left = TeamChanged(account=204, left=3, joined=None, reason="self")
    given(INES, BRONZE, GRANTED, left).when(revoke_award, MANAGER, award=8, account=204).then(REVOKED)


@both
@pytest.mark.parametrize("actor", [NOBODY, app(127 & ~64), session_of(OWNER), session_of(INES)])
@pytest.mark.parametrize("past", [[], [GRANTED]], ids=["not held", "held"])
def test_only_a_manager_of_awards_gives_and_takes(command: Command[None], actor: Actor, past: list) -> None:
    given(INES, BRONZE, *past).when(command, actor, award=8, account=204).refuses(PermissionMissingError)


@both
@pytest.mark.parametrize("actor", [MANAGER, NOBODY])
@pytest.mark.parametrize(
    "past",
    [[INES], [BRONZE], [INES, AccountDeleted(account=204), BRONZE], [INES, BRONZE, AwardDeleted(award=8)]],
    ids=["no award", "no account", "deleted account", "deleted award"],
)
def test_both_the_award_and_the_account_exist(command: Command[None], actor: Actor, past: list) -> None:
    given(*past).when(command, actor, award=8, account=204).refuses(UnknownError)
