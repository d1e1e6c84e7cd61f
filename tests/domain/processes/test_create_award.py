"""Creating an award of a team, held from the beginning by accounts that exist."""

import pytest

from domain.accounts.events import AccountDeleted
from domain.awards.events import AwardCreated
from domain.kernel import UnknownError
from domain.permissions import NOBODY, Actor, PermissionMissingError
from domain.processes.create_award import create_award
from domain.teams.events import TeamDeleted
from tests.domain.book import FIRST_NEW_ID, Story, given
from tests.domain.samples import AZORES, INES, OWNER, STRANGER, app, holding, session_of

MANAGER = app(64)
CREATED = AwardCreated(award=FIRST_NEW_ID, title="Gold", image_url="g.png", team=3)


def create(story: Story, actor: Actor, *accounts: int) -> Story:
    return story.when(create_award, actor, title="Gold", image_url="g.png", team=3, accounts=accounts)


def test_an_award_is_created_without_holders_and_with_a_new_id_each_time() -> None:
    story = create(given(AZORES), MANAGER).then(CREATED).answers(FIRST_NEW_ID)
    story.again().answers(FIRST_NEW_ID + 1)


def test_an_award_is_held_from_the_beginning_by_members_of_any_team() -> None:
    story = create(given(AZORES, INES, STRANGER), MANAGER, 207, 204)
    story.then(CREATED, holding(FIRST_NEW_ID, 207), holding(FIRST_NEW_ID, 204))


def test_an_account_that_is_named_twice_holds_the_award_once() -> None:
    create(given(AZORES, INES), MANAGER, 204, 204).then(CREATED, holding(FIRST_NEW_ID, 204))


@pytest.mark.parametrize("actor", [NOBODY, app(127 & ~64), session_of(OWNER)])
def test_only_a_manager_of_awards_creates_one(actor: Actor) -> None:
    create(given(AZORES, INES), actor, 204).refuses(PermissionMissingError)


@pytest.mark.parametrize("actor", [MANAGER, NOBODY])
@pytest.mark.parametrize("past", [[], [AZORES, TeamDeleted(team=3)]])
def test_an_award_is_created_for_a_team_that_exists(actor: Actor, past: list) -> None:
    create(given(*past), actor).refuses(UnknownError)


@pytest.mark.parametrize("actor", [MANAGER, NOBODY])
def test_an_award_is_given_to_accounts_that_exist(actor: Actor) -> None:
    gone = AccountDeleted(account=207)
    story = create(given(AZORES, INES, STRANGER, gone), actor, 204, 207).refuses(UnknownError)
    assert isinstance(story.refusal, UnknownError)
    assert (story.refusal.context, story.refusal.entity_id) == ("accounts", 207)
