"""What an operator does about people from a terminal, with no server about."""

import asyncio
import json
import stat
from pathlib import Path

import pytest

from domain.accounts.aggregate import Profile
from domain.permissions import OPERATOR
from domain.processes.create_account import create_account
from tests.books import ORIGIN, ask, opened, projecting, shown
from tests.cli.commands import done, refused
from tests.servers import MASTER_KEY

Settings = dict[str, str]
ID = 204778476102877187
WHO = f"accounts-{ID}"


@pytest.fixture
def book(database_url: str) -> Settings:
    """Return the settings of a book that knows somebody."""
    asyncio.run(_fill(database_url))
    return {"GUILDBOOK_DATABASE_URL": database_url, "GUILDBOOK_MASTER_KEY": MASTER_KEY}


async def _fill(url: str) -> None:
    made = {"profile": Profile(ID, "Inês-herself", "0412", None), "team": None, "permissions": 0}
    async with opened(url) as store, projecting(url):
        await store.execute(ORIGIN, create_account, OPERATOR, **made, signups_default=True)
        await shown(url)


def test_somebody_is_erased_and_all_is_cleared_when_the_command_ends(book: Settings) -> None:
    said = done("erase", WHO, "--yes", "--reference", "request 12", settings=book)
    assert said.startswith(f"Erased: {WHO}, at position ")
    assert ask(book["GUILDBOOK_DATABASE_URL"], "SELECT count(*) FROM projections.accounts") == [(0,)]
    [row] = done("privacy", "show", WHO, settings=book).splitlines()[1:]
    assert row.split()[-2:] == ["yes", "no"]  # cleared, and without a key
    assert done("erase", WHO, "--yes", settings=book) == said  # once more says the same


@pytest.mark.parametrize("reference", ["", "x" * 129, "two\nlines"])
def test_a_reference_that_the_api_would_refuse_is_refused(book: Settings, reference: str) -> None:
    for command in (("erase", WHO, "--yes"), ("privacy", "hold", WHO), ("privacy", "release", WHO)):
        assert "1 to 128 printable characters" in refused(*command, "--reference", reference, settings=book, code=2)


def test_nobody_is_erased_whom_nobody_knows(book: Settings) -> None:
    assert refused("erase", "teams-3", "--yes", settings=book) == "guildbook: there is no subject teams-3"
    assert refused("erase", "accounts-5", "--yes", settings=book) == "guildbook: there is no subject accounts-5"


def test_who_is_held_stays_until_it_is_released(book: Settings) -> None:
    done("privacy", "hold", WHO, "--reference", "case 7", settings=book)
    assert "case 7" in refused("erase", WHO, "--yes", settings=book)
    done("privacy", "release", WHO, "--reference", "case 7", settings=book)
    assert "case 7" not in done("privacy", "show", settings=book)


def test_all_that_there_is_about_somebody_goes_to_a_file_that_only_its_owner_reads(
    book: Settings, tmp_path: Path
) -> None:
    file = tmp_path / "ines.json"
    said = done("privacy", "export", WHO, "--to", str(file), settings=book)
    assert said == f"Exported: 1 events about {WHO}, to {file}.\n"
    found = json.loads(file.read_text())
    assert [event["type"] for event in found["events"]] == ["accounts.AccountCreated"]
    assert (found["subject"], found["tables"]["accounts"][0]["name"]) == (WHO, "Inês-herself")
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert refused("privacy", "export", WHO, "--to", str(file), settings=book).endswith("is there already")


def test_an_export_that_fails_leaves_nothing_of_anybody_behind(book: Settings, tmp_path: Path) -> None:
    ask(book["GUILDBOOK_DATABASE_URL"], "DROP TABLE projections.guild_bans")
    refused("privacy", "export", WHO, "--to", str(tmp_path / "ines.json"), settings=book)
    assert list(tmp_path.iterdir()) == []


def test_a_case_is_named_by_a_text(book: Settings) -> None:
    for odd in ("\udcff", "", "a\u2028b"):
        line = refused("privacy", "hold", WHO, "--reference", odd, settings=book, code=2)
        assert "it must be 1 to 128 printable characters" in line


def test_rules_of_retention_are_shown_and_tried_out(book: Settings) -> None:
    set_rules = ("privacy", "retention", "--unseen-people", "730", "--deleted-accounts", "30")
    rules = done(*set_rules, settings=book).splitlines()
    assert [line.split() for line in rules[1:]] == [["deleted_accounts", "30"], ["unseen_people", "730"]]
    assert len(done("privacy", "retention", "--dry-run", settings=book).splitlines()) == 1
