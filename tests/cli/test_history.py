"""What an auditor asks at a terminal: what became of an entity, what it was, and where something was spoken of."""

import asyncio
import json

import pytest

from domain.accounts.aggregate import Edit
from domain.permissions import OPERATOR
from domain.processes.create_account import create_account
from domain.processes.edit_account import edit_account
from store.codec import Origin
from tests.books import ORIGIN, ask, opened
from tests.cli.commands import done, refused
from tests.domain.samples import profile
from tests.servers import MASTER_KEY
from tests.store.test_history import put

Settings = dict[str, str]
STREAM = "accounts-204"


@pytest.fixture
def book(database_url: str) -> Settings:
    """Return the settings of a book in which an account was created from somewhere, and then renamed."""
    asyncio.run(_fill(database_url))
    return {"GUILDBOOK_DATABASE_URL": database_url, "GUILDBOOK_MASTER_KEY": MASTER_KEY}


async def _fill(url: str) -> None:
    origin = Origin(actor="apps-77", surface="polympics", request="req-1", address="192.0.2.7")
    wishes = {"team": None, "permissions": 0, "signups_default": True}
    async with opened(url) as store:
        await store.execute(origin, create_account, OPERATOR, profile=profile(204), **wishes)
        await store.execute(ORIGIN, edit_account, OPERATOR, account=204, edit=Edit(name="Rui"))


def looks(book: Settings) -> list[str]:
    """Return what is recorded of the operator's reading."""
    query = "SELECT convert_from(data, 'UTF8') FROM book.log WHERE stream = 'privacy-reader-operator' ORDER BY version"
    said = [json.loads(str(row[0])) for row in ask(book["GUILDBOOK_DATABASE_URL"], query)]
    return [f"{look['query']}{' revealed' if look['reveals'] else ''}" for look in said]


def test_a_history_says_what_changed_and_opens_personal_fields_when_asked(book: Settings) -> None:
    created, *more = done("history", STREAM, settings=book).splitlines()
    assert created.endswith("apps-77 (polympics) from (sealed)  accounts-204@1  accounts.AccountCreated")
    assert more[-1] == "    name: (sealed) -> (sealed)"
    assert done("history", STREAM, "--reveal", settings=book).splitlines()[-1] == '    name: "Ines" -> "Rui"'
    steps = [json.loads(line) for line in done("history", STREAM, "--reveal", "--json", settings=book).splitlines()]
    assert [(step["version"], step["address"]) for step in steps] == [(1, "192.0.2.7"), (2, None)]
    assert looks(book) == [f"stream {STREAM}", f"stream {STREAM} revealed"]


def test_it_says_what_an_entity_was(book: Settings) -> None:
    then = done("history", STREAM, "--as-of", "1", "--reveal", settings=book).splitlines()
    assert then[0] == "At position 1, since 1:"
    assert '    name: "Ines"' in then
    late = json.loads(done("history", STREAM, "--as-of", "2999-01-01T00:00:00Z", "--json", "--reveal", settings=book))
    assert (late["state"]["name"], late["step"]["version"]) == ("Rui", 2)
    assert done("history", STREAM, "--as-of", "0", settings=book) == "Nothing at position 0.\n"


def test_events_are_searched_without_a_server(book: Settings) -> None:
    assert [line.split("  ")[-1] for line in done("search", "204", settings=book).splitlines()] == [
        "accounts.DetailsChanged",
        "accounts.AccountCreated",
    ]
    [hit] = done("search", "accounts", "--request", "req-1", "--json", settings=book).splitlines()
    assert json.loads(hit)["actor"] == "apps-77"
    assert done("search", "Ines", settings=book) == ""
    assert looks(book) == ["search q=204", "search q=accounts&request=%3F-1", "search q=%3F"]


def test_opening_personal_fields_of_the_whole_log_is_recorded(book: Settings) -> None:
    done("events", settings=book)
    assert looks(book) == []
    done("events", "--reveal", "--stream", STREAM, settings=book)
    assert looks(book) == [f"events {STREAM} revealed"]


def test_what_there_is_not_is_said(book: Settings) -> None:
    assert "there is no stream accounts-7" in refused("history", "accounts-7", settings=book)
    for then in ("soon", "9" * 5000):
        assert "is no position and no time" in refused("history", STREAM, "--as-of", then, settings=book, code=2)
    for odd in (("history", "\udcff"), ("history", "x" * 256), ("search", "--actor", "\udcff")):
        assert "nothing is called so" in refused(*odd, settings=book, code=2)
    assert "nothing is called so" in refused("events", "--stream", "\udcff", settings=book, code=2)
    for odd in ("\udcff", "x " * 200):
        assert "is no text, or more than 255" in refused("search", odd, settings=book, code=2)


def test_nothing_that_was_recorded_gives_orders_to_a_terminal(book: Settings) -> None:
    rules = b'{"rules": [{"data_class": "a\\u001b[31m", "days": 5}]}'
    put(book["GUILDBOOK_DATABASE_URL"], "privacy-retention", "privacy.RetentionChanged", rules)
    for told in (("history", "privacy-retention"), ("history", "privacy-retention", "--as-of", "99")):
        printed = done(*told, settings=book)
        assert "a\\x1b[31m" in printed
        assert "\x1b" not in printed
