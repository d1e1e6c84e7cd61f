"""The operator's commands against a database, with no server about."""

import json
import re

import pytest

from domain.permissions import APP_BITS
from tests.cli.commands import credentials, done, guildbook, refused
from tests.servers import MASTER_KEY

Settings = dict[str, str]


@pytest.fixture
def book(database_url: str) -> Settings:
    return {"GUILDBOOK_DATABASE_URL": database_url, "GUILDBOOK_MASTER_KEY": MASTER_KEY}


def test_an_app_is_created_viewed_edited_and_deleted(book: Settings) -> None:
    first = done("apps", "create", "bot", "-g", "manage-teams,manage_awards", settings=book)
    assert re.fullmatch(r"Username: A1\nPassword: \S{44}\nPermissions: manage_teams,manage_awards\n", first)
    again = done("apps", "edit", "A1", "-t", "-g", "manage-permissions", "-r", "manage-teams", "-n", "b", settings=book)
    assert credentials(again).startswith("A1:")
    assert credentials(again) != credentials(first)
    shown = done("apps", "view", "1", settings=book)
    assert shown == "Username: A1\nName: b\nPermissions: manage_permissions,manage_awards\n"
    assert "A1        b     manage_permissions,manage_awards" in done("apps", "list", settings=book)
    done("apps", "delete", "A1", settings=book)
    assert refused("apps", "view", "A1", settings=book) == "guildbook: there is no app 1"


def test_all_is_everything_that_an_app_can_have(book: Settings) -> None:
    done("apps", "create", "bot", "--all", settings=book)
    [created] = done("events", "--json", settings=book).splitlines()
    assert json.loads(created)["data"]["permissions"] == APP_BITS


def test_managing_ones_own_team_is_dropped_with_a_warning(book: Settings) -> None:
    created = guildbook("apps", "create", "bot", "-g", "manage-own-team", settings=book)
    assert "warning: manage_own_team" in created.stderr
    assert "Permissions: none" in created.stdout


def test_a_password_is_nowhere_in_the_log(book: Settings) -> None:
    password = credentials(done("apps", "create", "bot", "--all", settings=book)).partition(":")[2]
    assert password not in done("events", "--json", "--reveal", settings=book)


def test_an_unknown_account_does_not_become_superuser(book: Settings) -> None:
    assert refused("users", "superuser", "5", settings=book) == "guildbook: there is no account 5"


def test_signups_are_turned_and_turned_again_only_once(book: Settings) -> None:
    for word in ("close", "close", "open"):
        done("signups", word, settings=book)
    assert done("signups", "status", settings=book) == "open (by the book)\n"
    assert len(done("events", settings=book).splitlines()) == 2


def test_events_are_read_in_parts_and_by_stream(book: Settings) -> None:
    for name in ("one", "two", "three"):
        done("apps", "create", name, settings=book)
    [second] = done("events", "--after", "1", "--limit", "1", settings=book).splitlines()
    assert re.match(r'2  \S+  operator  apps-2@1  apps\.AppCreated  app=2 name="two"', second)
    [third] = done("events", "--stream", "apps-3", settings=book).splitlines()
    assert third.startswith("3  ")


def test_tables_are_rebuilt_where_there_were_none(book: Settings) -> None:
    assert "run `guildbook up`" in refused("sessions", "prune", settings=book)
    assert "Tables that differed: 0." in done("rebuild", settings=book)
    assert done("sessions", "prune", settings=book) == "Closed: 0\n"


def test_a_database_is_migrated_once(book: Settings) -> None:
    assert done("migrate", settings=book) == "Nothing to do.\n"
