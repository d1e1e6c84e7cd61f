"""What the operator says of an account, and what the identity provider says of its guilds."""

import pytest

from domain.accounts.aggregate import ACCOUNT
from domain.accounts.commands import ban_account, refresh_guild_list, unban_account
from domain.accounts.events import (
    AccountBanned,
    AccountDeleted,
    AccountUnbanned,
    GuildListRefreshed,
    ListedGuild,
)
from domain.kernel import UnknownError
from domain.permissions import PermissionMissingError
from domain.processes.delete_account import delete_account
from tests.domain.book import given
from tests.domain.samples import INES, app, session_of

BANNED = AccountBanned(account=204, reason="spam")
AZORES = ListedGuild(920, "Azores Gaming", None, 32)
REFRESHED = GuildListRefreshed(account=204, guilds=(AZORES,))


def test_an_account_is_banned_once() -> None:
    story = given(INES).when(ban_account, account=204, reason="spam").then(BANNED)
    story.again().says_nothing()
    state = story.book.state(ACCOUNT, "accounts-204")
    assert state
    assert state.state == "banned"


def test_a_banned_account_is_let_in_again_once() -> None:
    story = given(INES, BANNED).when(unban_account, account=204).then(AccountUnbanned(account=204))
    story.again().says_nothing()
    state = story.book.state(ACCOUNT, "accounts-204")
    assert state
    assert state.state == "normal"


@pytest.mark.parametrize("past", [[], [INES, AccountDeleted(account=204, team=3)]])
def test_only_an_account_that_exists_is_banned_or_let_in(past: list) -> None:
    given(*past).when(ban_account, account=204, reason=None).refuses(UnknownError)
    given(*past).when(unban_account, account=204).refuses(UnknownError)
    given(*past).when(refresh_guild_list, account=204, guilds=()).refuses(UnknownError)


def test_nobody_sheds_a_ban_by_deleting_the_account() -> None:
    given(INES, BANNED).when(delete_account, session_of(INES), account=204).refuses(PermissionMissingError)
    given(INES, BANNED).when(delete_account, app(4), account=204).then(AccountDeleted(account=204, team=3))


def test_a_guild_list_is_taken_note_of_when_it_is_another_one() -> None:
    story = given(INES).when(refresh_guild_list, account=204, guilds=(AZORES,)).then(REFRESHED)
    story.again().says_nothing()
    empty = GuildListRefreshed(account=204, guilds=())
    story.when(refresh_guild_list, account=204, guilds=()).then(empty).again().says_nothing()


def test_an_empty_guild_list_is_one_too() -> None:
    given(INES).when(refresh_guild_list, account=204, guilds=()).then(GuildListRefreshed(account=204, guilds=()))


def test_a_guild_list_that_was_erased_is_none() -> None:
    story = given(INES, GuildListRefreshed(account=204, guilds=None))
    story.when(refresh_guild_list, account=204, guilds=(AZORES,)).then(REFRESHED)
