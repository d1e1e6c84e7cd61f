"""Editing an award: its texts, and the team whose award it is."""

import pytest

from domain.awards.events import AwardDeleted, AwardDetachedFromTeam, AwardEdited, AwardMovedToTeam
from domain.kernel import UnknownError
from domain.permissions import NOBODY, Actor, PermissionMissingError
from domain.processes.edit_award import edit_award
from domain.teams.events import TeamDeleted
from tests.domain.book import given
from tests.domain.samples import AZORES, BRONZE, MADEIRA, OWNER, app, session_of

MANAGER = app(64)


def test_the_texts_of_an_award_are_edited() -> None:
    story = given(BRONZE).when(edit_award, MANAGER, award=8, title="Copper", image_url="c.png")
    story.then(AwardEdited(award=8, title="Copper", image_url="c.png")).again().says_nothing()


@pytest.mark.parametrize("changes", [{"title": "Copper"}, {"image_url": "c.png"}])
def test_only_the_text_that_changes_is_said(changes: dict[str, str]) -> None:
    wish = {"title": "Bronze", "image_url": "b.png"} | changes
    story = given(BRONZE).when(edit_award, MANAGER, award=8, **wish)
    story.then(AwardEdited(award=8, **changes)).again().says_nothing()


@pytest.mark.parametrize("text", [None, ""])
def test_an_empty_text_is_not_supplied(text: str | None) -> None:
    given(BRONZE).when(edit_award, MANAGER, award=8, title=text, image_url=text).says_nothing()


def test_an_award_becomes_one_of_another_team() -> None:
    story = given(AZORES, MADEIRA, BRONZE).when(edit_award, MANAGER, award=8, team=4)
    story.then(AwardMovedToTeam(award=8, team=4)).again().says_nothing()
    story.when(edit_award, MANAGER, award=8, team=3).then(AwardMovedToTeam(award=8, team=3))


def test_an_award_becomes_one_of_no_team_and_of_a_team_again() -> None:
    story = given(AZORES, BRONZE).when(edit_award, MANAGER, award=8, team=None)
    story.then(AwardDetachedFromTeam(award=8, team=3)).again().says_nothing()
    story.when(edit_award, MANAGER, award=8, team=3).then(AwardMovedToTeam(award=8, team=3)).again().says_nothing()


def test_texts_and_team_are_edited_at_once() -> None:
    story = given(AZORES, MADEIRA, BRONZE).when(edit_award, MANAGER, award=8, title="Copper", team=4)
    story.then(AwardEdited(award=8, title="Copper"), AwardMovedToTeam(award=8, team=4)).again().says_nothing()


def test_an_edited_award_keeps_what_was_not_edited() -> None:
    story = given(AZORES, BRONZE).when(edit_award, MANAGER, award=8, title="Copper")
    story.when(edit_award, MANAGER, award=8, title="Copper", image_url="b.png", team=3).says_nothing()


@pytest.mark.parametrize("actor", [NOBODY, app(127 & ~64), session_of(OWNER)])
@pytest.mark.parametrize("wish", [{"title": "Copper"}, {"team": None}, {"team": 3}, {}])
def test_only_a_manager_of_awards_edits_one_even_without_a_change(actor: Actor, wish: dict) -> None:
    given(AZORES, BRONZE).when(edit_award, actor, award=8, **wish).refuses(PermissionMissingError)


@pytest.mark.parametrize("actor", [MANAGER, NOBODY])
@pytest.mark.parametrize("past", [[], [MADEIRA, TeamDeleted(team=4)]])
def test_an_award_does_not_become_one_of_a_team_that_does_not_exist(actor: Actor, past: list) -> None:
    given(BRONZE, *past).when(edit_award, actor, award=8, title="Copper", team=4).refuses(UnknownError)


@pytest.mark.parametrize("actor", [MANAGER, NOBODY])
@pytest.mark.parametrize("past", [[], [BRONZE, AwardDeleted(award=8)]])
def test_an_award_that_does_not_exist_is_not_edited(actor: Actor, past: list) -> None:
    given(*past).when(edit_award, actor, award=8, title="Copper").refuses(UnknownError)
