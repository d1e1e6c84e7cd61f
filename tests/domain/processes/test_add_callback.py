"""Subscribing an app to what it filters: as often as it may, each time under a new id."""

import base64

import pytest

from domain.apps.events import AppDeleted
from domain.callbacks.aggregate import Callback, TooManyCallbacksError
from domain.callbacks.events import CallbackRegistered, CallbackRemoved
from domain.callbacks.signing import SecretMalformedError
from domain.kernel import Event, UnknownError
from domain.processes.add_callback import add_callback
from domain.processes.delete_app import delete_app
from tests.domain.book import FIRST_NEW_ID, Story, given
from tests.domain.samples import BOT, BOTS_CALLBACK

URL = "https://a.example.org"
SECRET = f"whsec_{base64.b64encode(bytes(24)).decode()}"
SEED = f"whsk_{base64.b64encode(bytes(32)).decode()}"


def add(story: Story, secret: str = SECRET, signing: str = "hmac", limit: int = 2) -> Story:
    return story.when(add_callback, app=1, url=URL, secret=secret, signing=signing, guilds=(920,), limit=limit)


def registered(number: int, signing: str = "hmac", secret: str = SECRET) -> CallbackRegistered:
    return CallbackRegistered(
        callback=number,
        app=1,
        event=str(number),
        url=URL,
        secret=secret,
        dialect="book",
        signing=signing,
        guilds=(920,),
    )


@pytest.mark.parametrize(("signing", "secret"), [("hmac", SECRET), ("ed25519", SEED)])
def test_a_callback_is_named_by_its_id(signing: str, secret: str) -> None:
    story = add(given(BOT), secret, signing).then(registered(FIRST_NEW_ID, signing, secret))
    assert isinstance(story.answer, Callback)
    assert (story.answer.id, story.answer.event, story.answer.dialect) == (FIRST_NEW_ID, str(FIRST_NEW_ID), "book")


def test_the_same_may_be_wished_for_twice() -> None:
    add(given(BOT)).again().then(registered(FIRST_NEW_ID + 1))


def test_an_app_has_so_many_callbacks_and_no_more() -> None:
    story = add(given(BOT, BOTS_CALLBACK, registered(7)))  # that of the other dialect does not count
    story.then(registered(FIRST_NEW_ID)).again().refuses(TooManyCallbacksError)
    add(given(BOT, registered(7), registered(8), CallbackRemoved(callback=7, app=1, event="7"))).then(
        registered(FIRST_NEW_ID)
    )


def test_a_secret_of_another_form_is_refused() -> None:
    add(given(BOT), SEED).refuses(SecretMalformedError)


@pytest.mark.parametrize("past", [[], [BOT, AppDeleted(app=1)]])
def test_an_app_that_does_not_exist_is_told_nothing(past: list[Event]) -> None:
    add(given(*past)).refuses(UnknownError)


def test_a_deleted_app_leaves_none_of_them() -> None:
    story = given(BOT, registered(7), registered(8)).when(delete_app, app=1)
    story.then(AppDeleted(app=1), *(CallbackRemoved(callback=each, app=1, event=str(each)) for each in (7, 8)))
