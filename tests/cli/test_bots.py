"""The operator's commands for bots, with no server about."""

import json
import re
import time

import pytest

from domain.apps.aggregate import AUDITOR_SCOPE, BOT_SCOPES
from tests.cli.commands import done, refused
from tests.servers import MASTER_KEY

Settings = dict[str, str]
NUMBER = "310000000000000007"
EVERYTHING = ",".join(BOT_SCOPES)


@pytest.fixture
def book(database_url: str) -> Settings:
    return {"GUILDBOOK_DATABASE_URL": database_url, "GUILDBOOK_MASTER_KEY": MASTER_KEY}


def token(printed: str) -> str:
    """Return the token that was printed, which begins with the bot's id."""
    found = re.fullmatch(r"Bot: (\d+)\nToken: (\1\.[A-Za-z0-9_-]{43})\n", printed)
    assert found, printed
    return found[2]


def test_a_bot_is_created_under_its_discord_id(book: Settings) -> None:
    created = token(done("bots", "create", "doorman", "--id", NUMBER, settings=book))
    assert created.startswith(f"{NUMBER}.")
    shown = done("bots", "view", NUMBER, settings=book)
    assert shown == f"Bot: {NUMBER}\nName: doorman\nScopes: {EVERYTHING}\nGuilds: all\n"
    again = refused("bots", "create", "doorman", "--id", NUMBER, settings=book)
    assert again == "guildbook: there is an app with this id already."


def test_a_bot_without_an_id_gets_a_new_snowflake(book: Settings) -> None:
    tokens = [token(done("bots", "create", "doorman", settings=book)) for _ in range(2)]
    numbers = [int(text.partition(".")[0]) for text in tokens]
    assert numbers[0] < numbers[1]
    made_ms = (numbers[0] >> 22) + 1_420_070_400_000
    assert 0 <= time.time() * 1000 - made_ms < 60_000


def test_a_token_is_limited_to_scopes_and_guilds(book: Settings) -> None:
    limits = ["--scope", "stats:write", "--scope", "guilds:write", "--guild", "920", "--guild", "921", "--guild", "920"]
    done("bots", "create", "doorman", "--id", NUMBER, *limits, settings=book)
    assert done("bots", "view", NUMBER, settings=book).endswith("Scopes: guilds:write,stats:write\nGuilds: 920,921\n")
    done("bots", "edit", NUMBER, "--everywhere", "-n", "porter", settings=book)
    shown = done("bots", "view", NUMBER, settings=book)
    assert shown == f"Bot: {NUMBER}\nName: porter\nScopes: guilds:write,stats:write\nGuilds: all\n"
    done("bots", "edit", NUMBER, "--scope", "settings:define", "--guild", "922", settings=book)
    assert done("bots", "view", NUMBER, settings=book).endswith("Scopes: settings:define\nGuilds: 922\n")


def test_the_whole_log_is_shown_to_nobody_for_whom_it_was_not_asked(book: Settings) -> None:
    done("bots", "create", "doorman", "--id", NUMBER, settings=book)
    assert AUDITOR_SCOPE not in done("bots", "view", NUMBER, settings=book)
    done("bots", "edit", NUMBER, "--scope", AUDITOR_SCOPE, settings=book)
    assert f"Scopes: {AUDITOR_SCOPE}\n" in done("bots", "view", NUMBER, settings=book)


def test_a_token_is_reset_and_keeps_what_it_is_good_for(book: Settings) -> None:
    created = token(done("bots", "create", "doorman", "--id", NUMBER, "--scope", "stats:write", settings=book))
    assert token(done("bots", "reset-token", NUMBER, settings=book)) != created
    assert "Scopes: stats:write\n" in done("bots", "view", NUMBER, settings=book)


def test_bots_are_listed_beside_no_other_apps(book: Settings) -> None:
    done("apps", "create", "dashboard", settings=book)
    done("bots", "create", "doorman", "--id", NUMBER, "--guild", "920", settings=book)
    listed = done("bots", "list", settings=book).splitlines()
    assert [line.split() for line in listed] == [
        ["BOT", "NAME", "SCOPES", "GUILDS"],
        [NUMBER, "doorman", EVERYTHING, "920"],
    ]


def test_a_bot_is_deleted_and_may_come_back(book: Settings) -> None:
    done("bots", "create", "doorman", "--id", NUMBER, settings=book)
    done("bots", "delete", NUMBER, settings=book)
    assert refused("bots", "view", NUMBER, settings=book) == f"guildbook: there is no bot {NUMBER}"
    token(done("bots", "create", "doorman", "--id", NUMBER, settings=book))


def test_an_app_that_is_no_bot_is_not_taken_for_one(book: Settings) -> None:
    done("apps", "create", "dashboard", settings=book)
    for words in (("view", "1"), ("reset-token", "1"), ("edit", "1", "--everywhere"), ("delete", "1")):
        assert refused("bots", *words, settings=book) == "guildbook: this app is no bot."
    assert "dashboard" in done("apps", "list", settings=book)


def test_a_secret_is_nowhere_in_the_log(book: Settings) -> None:
    secret = token(done("bots", "create", "doorman", settings=book)).partition(".")[2]
    lines = done("events", "--json", settings=book).splitlines()
    assert [json.loads(line)["type"] for line in lines] == ["apps.AppCreated", "apps.BotTokenReset"]
    assert not any(secret in line for line in lines)


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("create", "doorman", "--scope", "everything"), "'everything' is not one of"),
        (("create", "doorman", "--id", "0"), "range"),
        (("create", ""), "a name is 1 to 255"),
        (("edit", NUMBER, "--everywhere", "--guild", "920"), "do not go together"),
        (("view", "doorman"), "not a valid integer"),
    ],
)
def test_a_wrong_call_is_a_matter_of_usage(arguments: tuple[str, ...], said: str) -> None:
    assert said in refused("bots", *arguments, code=2)
