"""The rules of a bot: an app under its Discord id, whose token is good for some things, in some guilds."""

import pytest

from domain.apps.aggregate import APP, App, AppExistsError, Everywhere, NotABotError
from domain.apps.commands import create_bot, edit_app, reset_bot_token, reset_token
from domain.apps.events import AppCreated, AppDeleted, BotTokenReset
from domain.kernel import UnknownError
from tests.domain.book import given
from tests.domain.samples import BOT

NUMBER = 310000000000000007
CREATED = AppCreated(app=NUMBER, name="Doorman", permissions=0, token_hash="")
LET_IN = BotTokenReset(app=NUMBER, token_hash="ab", scopes=("guilds:write",), guilds=(920,))
WISHES = {"app": NUMBER, "name": "Doorman", "token_hash": "ab", "scopes": ("guilds:write",), "guilds": (920,)}


def test_a_bot_is_created_under_its_discord_id_without_a_password() -> None:
    given().when(create_bot, **WISHES).then(CREATED, LET_IN).again().refuses(AppExistsError)


def test_no_bot_takes_the_id_of_an_app() -> None:
    given(BOT).when(create_bot, **{**WISHES, "app": 1}).refuses(AppExistsError)


def test_a_bot_that_was_deleted_may_come_back() -> None:
    given(CREATED, LET_IN, AppDeleted(app=NUMBER)).when(create_bot, **WISHES).then(CREATED, LET_IN)


def test_a_new_token_is_good_for_what_the_old_one_was() -> None:
    reset = BotTokenReset(app=NUMBER, token_hash="cd", scopes=("guilds:write",), guilds=(920,))
    given(CREATED, LET_IN).when(reset_bot_token, app=NUMBER, token_hash="cd").then(reset).again().says_nothing()


def test_a_token_stays_when_what_it_is_good_for_changes() -> None:
    story = given(CREATED, LET_IN).when(reset_bot_token, app=NUMBER, scopes=("stats:write",))
    story.then(BotTokenReset(app=NUMBER, token_hash="ab", scopes=("stats:write",), guilds=(920,)))
    story.when(reset_bot_token, app=NUMBER, guilds=(921, 922))
    story.then(BotTokenReset(app=NUMBER, token_hash="ab", scopes=("stats:write",), guilds=(921, 922)))
    story.when(reset_bot_token, app=NUMBER, guilds=Everywhere())
    story.then(BotTokenReset(app=NUMBER, token_hash="ab", scopes=("stats:write",))).again().says_nothing()


def test_a_bot_keeps_its_token_when_it_is_renamed_or_gets_a_password() -> None:
    story = (
        given(CREATED, LET_IN).when(edit_app, app=NUMBER, name="Porter").when(reset_token, app=NUMBER, token_hash="x")
    )
    assert story.book.state(APP, f"apps-{NUMBER}") == App(NUMBER, "Porter", 0, "x", "ab", ("guilds:write",), (920,))


def test_an_app_that_is_no_bot_has_no_token_to_reset() -> None:
    given(BOT).when(reset_bot_token, app=1, token_hash="cd").refuses(NotABotError)


@pytest.mark.parametrize("past", [[], [CREATED, LET_IN, AppDeleted(app=NUMBER)]])
def test_a_bot_that_does_not_exist_gets_no_token(past: list) -> None:
    given(*past).when(reset_bot_token, app=NUMBER, token_hash="cd").refuses(UnknownError)
