"""The rules of an app by itself: its name, its permissions and its password."""

import pytest

from domain.apps.aggregate import APP, App
from domain.apps.commands import create_app, edit_app, reset_token
from domain.apps.events import AppCreated, AppDeleted, AppEdited, AppTokenReset
from domain.kernel import UnknownError
from tests.domain.book import FIRST_NEW_ID, given
from tests.domain.samples import BOT


def test_an_app_is_created_with_a_new_id_each_time() -> None:
    story = given().when(create_app, name="Bot", permissions=95, token_hash="ab").answers(FIRST_NEW_ID)
    story.then(AppCreated(app=FIRST_NEW_ID, name="Bot", permissions=95, token_hash="ab"))
    story.again().answers(FIRST_NEW_ID + 1)


def test_an_app_never_manages_a_team_of_its_own() -> None:
    story = given().when(create_app, name="Bot", permissions=127, token_hash="ab")
    story.then(AppCreated(app=FIRST_NEW_ID, name="Bot", permissions=95, token_hash="ab"))
    story.when(edit_app, app=FIRST_NEW_ID, grant=32).says_nothing()


def test_an_app_is_granted_and_revoked_permissions() -> None:
    story = given(BOT).when(edit_app, app=1, revoke=64).then(AppEdited(app=1, permissions=31)).again().says_nothing()
    story.when(edit_app, app=1, grant=64).then(AppEdited(app=1, permissions=95)).again().says_nothing()


def test_what_an_app_is_granted_and_revoked_at_once_ends_revoked() -> None:
    given(BOT).when(edit_app, app=1, grant=64, revoke=64).then(AppEdited(app=1, permissions=31)).again().says_nothing()


def test_an_app_is_renamed_and_keeps_its_permissions_and_its_password() -> None:
    story = given(BOT).when(edit_app, app=1, name="Robot")
    assert story.book.state(APP, "apps-1") == App(1, "Robot", 95, "ab")
    story.again().says_nothing()
    story.when(edit_app, app=1, revoke=64)
    assert story.book.state(APP, "apps-1") == App(1, "Robot", 31, "ab")


def test_only_what_changes_of_an_app_is_said() -> None:
    given(BOT).when(edit_app, app=1, name="Robot").then(AppEdited(app=1, name="Robot"))


def test_an_app_gets_a_new_password() -> None:
    story = given(BOT).when(reset_token, app=1, token_hash="cd").then(AppTokenReset(app=1, token_hash="cd"))
    assert story.book.state(APP, "apps-1") == App(1, "Bot", 95, "cd")


def test_an_app_that_has_the_password_already_says_nothing() -> None:
    given(BOT).when(reset_token, app=1, token_hash="cd").again().says_nothing()


@pytest.mark.parametrize("past", [[], [BOT, AppDeleted(app=1)]])
def test_an_app_that_does_not_exist_is_neither_edited_nor_let_in(past: list) -> None:
    given(*past).when(edit_app, app=1, name="Robot").refuses(UnknownError)
    given(*past).when(reset_token, app=1, token_hash="cd").refuses(UnknownError)
