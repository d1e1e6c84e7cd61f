"""Editing an account that moves: the team exists at that moment."""

import pytest

from domain.accounts.aggregate import Edit
from domain.accounts.events import TeamChanged
from domain.kernel import UnknownError
from domain.permissions import NOBODY, Actor
from domain.processes.edit_account import edit_account
from domain.teams.events import TeamDeleted
from tests.domain.book import given
from tests.domain.samples import AZORES, INES, MADEIRA, app, session_of


@pytest.mark.parametrize("actor", [app(2), session_of(INES), NOBODY])
@pytest.mark.parametrize("past", [[], [MADEIRA, TeamDeleted(team=4)]])
def test_nobody_moves_to_a_team_that_does_not_exist(actor: Actor, past: list) -> None:
    edit = Edit(name="Zoe", team=4)
    given(INES, *past).when(edit_account, actor, account=204, edit=edit).refuses(UnknownError)


def test_a_team_that_exists_is_moved_to() -> None:
    story = given(AZORES, MADEIRA, INES).when(edit_account, app(2), account=204, edit=Edit(team=4))
    story.then(TeamChanged(account=204, left=3, joined=4, reason="moved")).again().says_nothing()
