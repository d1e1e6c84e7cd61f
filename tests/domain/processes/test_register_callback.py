"""Subscribing an app: one callback per app and kind of event, whose id stays as long as it does."""

import pytest

from domain.apps.events import AppDeleted
from domain.callbacks.events import (
    CallbackDisabled,
    CallbackPaused,
    CallbackRegistered,
    CallbackRemoved,
    CallbackReplaced,
    CallbackResumed,
)
from domain.kernel import Event, UnknownError
from domain.processes.register_callback import register_callback
from tests.domain.book import FIRST_NEW_ID, Story, given
from tests.domain.samples import BOT, BOTS_CALLBACK, SOON

REMOVED = CallbackRemoved(callback=5, app=1, event="team_deleted")


def register(story: Story, **changes: str) -> Story:
    wish = {"event": "team_deleted", "url": "https://a.example.org", "secret": "x"} | changes
    return story.when(register_callback, app=1, **wish)


def registered(callback: int, event: str = "team_deleted") -> CallbackRegistered:
    return CallbackRegistered(callback=callback, app=1, event=event, url="https://a.example.org", secret="x")


def test_an_app_subscribes_and_asked_twice_nothing_new_is_said() -> None:
    story = register(given(BOT)).then(registered(FIRST_NEW_ID)).answers(FIRST_NEW_ID)
    story.again().says_nothing().answers(FIRST_NEW_ID)


@pytest.mark.parametrize(("url", "secret"), [("https://b.example.org", "x"), ("https://a.example.org", "y")])
def test_a_callback_that_is_replaced_keeps_its_id(url: str, secret: str) -> None:
    story = register(given(BOT, BOTS_CALLBACK), url=url, secret=secret)
    story.then(CallbackReplaced(callback=5, app=1, event="team_deleted", url=url, secret=secret)).answers(5)
    story.again().says_nothing().answers(5)


def test_a_callback_that_is_registered_again_after_its_removal_gets_a_new_id() -> None:
    register(given(BOT, BOTS_CALLBACK, REMOVED)).then(registered(FIRST_NEW_ID)).answers(FIRST_NEW_ID)


def test_each_kind_of_event_has_a_callback_of_its_own() -> None:
    register(given(BOT, BOTS_CALLBACK), event="account_deleted").then(registered(FIRST_NEW_ID, "account_deleted"))


@pytest.mark.parametrize("past", [[], [BOT, AppDeleted(app=1)]])
def test_an_app_that_does_not_exist_does_not_subscribe(past: list) -> None:
    register(given(*past)).refuses(UnknownError)


@pytest.mark.parametrize(
    "stopped",
    [
        CallbackPaused(callback=5, app=1, event="team_deleted"),
        CallbackDisabled(callback=5, app=1, event="team_deleted", failing_since=SOON, reason="HTTP 500"),
    ],
)
def test_who_registers_again_is_sent_to_again(stopped: Event) -> None:
    resumed = CallbackResumed(callback=5, app=1, event="team_deleted")
    register(given(BOT, BOTS_CALLBACK, stopped)).then(resumed).again().says_nothing()
    replaced = CallbackReplaced(callback=5, app=1, event="team_deleted", url="https://b.example.org", secret="x")
    register(given(BOT, BOTS_CALLBACK, stopped), url="https://b.example.org").then(replaced, resumed)
