"""Deleting an app: its callbacks go with it, nobody else's do."""

from domain.apps.events import AppDeleted
from domain.callbacks.events import CallbackRegistered, CallbackRemoved
from domain.kernel import UnknownError
from domain.processes.delete_app import delete_app
from tests.domain.book import given
from tests.domain.samples import BOT, BOTS_CALLBACK

SECOND = CallbackRegistered(callback=6, app=1, event="account_deleted", url="https://a.example.org", secret="x")
OF_ANOTHER = CallbackRegistered(callback=7, app=11, event="team_deleted", url="https://a.example.org", secret="x")


def removed(callback: int, event: str) -> CallbackRemoved:
    return CallbackRemoved(callback=callback, app=1, event=event)


def test_an_app_is_deleted_once() -> None:
    given(BOT).when(delete_app, app=1).then(AppDeleted(app=1)).again().refuses(UnknownError)


def test_a_deleted_app_leaves_no_callback() -> None:
    story = given(BOT, BOTS_CALLBACK, SECOND, OF_ANOTHER).when(delete_app, app=1)
    story.then(AppDeleted(app=1), removed(5, "team_deleted"), removed(6, "account_deleted"))


def test_a_callback_that_was_removed_before_is_left_alone() -> None:
    given(BOT, BOTS_CALLBACK, removed(5, "team_deleted")).when(delete_app, app=1).then(AppDeleted(app=1))


def test_an_app_that_does_not_exist_is_not_deleted() -> None:
    given().when(delete_app, app=1).refuses(UnknownError)
