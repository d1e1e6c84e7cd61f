"""Opening a session: for an account that exists, or for somebody who logs in."""

import pytest

from domain.accounts.aggregate import SignupsClosedError
from domain.accounts.events import AccountDeleted, SignupsClosed, SignupsOpened
from domain.kernel import UnknownError
from domain.permissions import NOBODY, Actor, PermissionMissingError
from domain.processes.open_session import log_in, open_session
from tests.domain.book import FIRST_NEW_ID, Story, given
from tests.domain.samples import INES, SOON, account, app, profile, session, session_of

OPENED = session(FIRST_NEW_ID, 204)


def open_for(story: Story, actor: Actor) -> Story:
    return story.when(open_session, actor, account=204, token_hash="ab", expires_at=SOON)


def enter(story: Story, *, is_open: bool, name: str = "Ines") -> Story:
    who = profile(204, name)
    return story.when(log_in, profile=who, token_hash="ab", expires_at=SOON, signups_default=is_open)


def test_an_app_opens_several_sessions_for_an_account() -> None:
    story = open_for(given(INES), app(16)).then(OPENED).answers(FIRST_NEW_ID)
    story.again().then(session(FIRST_NEW_ID + 1, 204)).answers(FIRST_NEW_ID + 1)


@pytest.mark.parametrize("actor", [NOBODY, app(127 & ~16), session_of(INES), session_of(account(206, 3, 111))])
def test_only_who_may_authenticate_users_opens_a_session(actor: Actor) -> None:
    open_for(given(INES), actor).refuses(PermissionMissingError)


@pytest.mark.parametrize("actor", [app(16), NOBODY])
@pytest.mark.parametrize("past", [[], [INES, AccountDeleted(account=204)]])
def test_a_session_is_opened_for_an_account_that_exists(actor: Actor, past: list) -> None:
    open_for(given(*past), actor).refuses(UnknownError)


def test_who_logs_in_for_the_first_time_gets_an_account_without_team_and_permissions() -> None:
    story = enter(given(), is_open=True).then(account(204), OPENED).answers(FIRST_NEW_ID)
    story.again().then(session(FIRST_NEW_ID + 1, 204))


@pytest.mark.parametrize("is_open", [True, False])
def test_who_is_known_logs_in_and_is_not_synchronised(is_open: bool) -> None:
    enter(given(INES), is_open=is_open, name="Inês").then(OPENED)


def test_who_is_not_known_does_not_log_in_while_signups_are_closed() -> None:
    enter(given(), is_open=False).refuses(SignupsClosedError)
    enter(given(SignupsClosed()), is_open=True).refuses(SignupsClosedError)
    enter(given(SignupsOpened()), is_open=False).then(account(204), OPENED)


def test_who_was_deleted_logs_in_as_somebody_new() -> None:
    past = (account(204, 3, 111), AccountDeleted(account=204, team=3))
    enter(given(*past), is_open=False).refuses(SignupsClosedError)
    enter(given(*past), is_open=True).then(account(204), OPENED)
