"""The rules of a callback by itself: a subscription ends once, and nobody else's ends with it."""

import pytest

from domain.callbacks.aggregate import CallbackNotRegisteredError
from domain.callbacks.commands import remove_callback
from domain.callbacks.events import CallbackRemoved
from tests.domain.book import given
from tests.domain.samples import BOTS_CALLBACK


def test_a_callback_is_removed_once() -> None:
    story = given(BOTS_CALLBACK).when(remove_callback, app=1, event="team_deleted")
    story.then(CallbackRemoved(callback=5, app=1, event="team_deleted")).again().refuses(CallbackNotRegisteredError)


@pytest.mark.parametrize(("app", "event"), [(2, "team_deleted"), (1, "account_deleted")])
def test_a_callback_that_is_not_registered_is_not_removed(app: int, event: str) -> None:
    given(BOTS_CALLBACK).when(remove_callback, app=app, event=event).refuses(CallbackNotRegisteredError)
