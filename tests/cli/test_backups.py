"""What an operator does from a terminal: back the book up, restore it elsewhere, and see it as it was."""

import asyncio
import subprocess
from pathlib import Path

import pytest

from tests.books import ask, dump, opened, projecting, shown
from tests.cli.commands import COMMAND, ROOT, done, environment, guildbook, refused
from tests.deeds import Deeds, do_many
from tests.servers import MASTER_KEY
from tests.workers.notary.books import NAME, notarize

Settings = dict[str, str]
LOG = "SELECT position, stream, version, type, data, meta, append_end, recorded_at FROM book.log ORDER BY position"


@pytest.fixture
def book(database_url: str) -> Settings:
    """Return the settings of a book that was signed up to its head, with its tables."""
    asyncio.run(more_deeds(database_url, 21))
    return settings_of(database_url)


def settings_of(url: str) -> Settings:
    return {
        "GUILDBOOK_DATABASE_URL": url,
        "GUILDBOOK_MASTER_KEY": MASTER_KEY,
        "GUILDBOOK_CHECKPOINT_ORIGIN": NAME,
    }


async def more_deeds(url: str, seed: int) -> None:
    async with opened(url) as store, projecting(url):
        await do_many(store, Deeds(seed), 150)
        await notarize(url)
        await shown(url)


def test_a_backup_grows_and_restores_to_the_same_book(book: Settings, empty_url: str, tmp_path: Path) -> None:
    url = book["GUILDBOOK_DATABASE_URL"]
    folder, keys = tmp_path / "backup", tmp_path / "keys"
    backup = ("backup", "--to", str(folder), "--keys-to", str(keys))
    first = done(*backup, settings=book)
    assert done(*backup, settings=book) == first
    before = {path.name: path.stat().st_mtime_ns for path in folder.glob("*.gz")}
    asyncio.run(more_deeds(url, 22))
    [(head,)] = ask(url, "SELECT book.head()")
    assert done(*backup, settings=book) == f"Backed up: {head} events, signed up to {head}.\n"
    after = {path.name: path.stat().st_mtime_ns for path in folder.glob("*.gz")}
    assert len(after) == 2 * len(before)
    assert before.items() < after.items()
    restored = settings_of(empty_url)
    said = done("restore", str(folder), "--keys", str(keys), "--into", empty_url, settings=book)
    assert said.startswith(f"Restored: {head} events, as the checkpoint of {head} says; ")
    assert ask(empty_url, LOG) == ask(url, LOG)
    assert dump(empty_url) == dump(url)
    assert done("verify", settings=restored) == f"Verified: {head} events, signed up to {head}.\n"
    assert done("rebuild", "--verify", settings=restored)


def test_a_book_as_it_was_gets_a_folder_of_its_own(book: Settings, tmp_path: Path) -> None:
    url = book["GUILDBOOK_DATABASE_URL"]
    [(head,)] = ask(url, "SELECT book.head()")
    assert isinstance(head, int)
    into = tmp_path / "as-it-was"
    said = done("replay", "--to", str(head), "--into", str(into), settings=book)
    assert said.startswith(f"Replayed: {head} events, as the checkpoint of {head} says; ")
    assert said.endswith(f"See for yourself: guildbook verify --data {into}\n")
    assert (into / "master.key").read_text() == MASTER_KEY
    assert (into / "master.key").stat().st_mode & 0o077 == 0
    assert done("verify", "--data", str(into)) == f"Verified: {head} events, signed up to {head}.\n"
    compared = done("rebuild", "--verify", "--data", str(into))
    assert compared.startswith("Verified: accounts, apps, ")
    assert compared.endswith(f" are what the log says up to position {head}.\n")
    again = guildbook("replay", "--to", str(head), "--into", str(into), settings=book)
    assert (again.returncode, again.stdout) == (1, "")
    assert "There is a book already" in again.stderr


def test_tables_that_are_not_what_the_log_says_end_with_an_exit_code(book: Settings) -> None:
    ask(book["GUILDBOOK_DATABASE_URL"], "UPDATE projections.teams SET name = 'mine'")
    found = guildbook("rebuild", "--verify", "teams", "awards", settings=book)
    assert found.returncode == 1
    first, last = found.stdout.splitlines()
    assert first.startswith("teams: differs (")
    assert "; among them (" in first
    assert last.endswith(": 1 differ, 0 projectors could not be compared.")
    assert "teams: differed" in done("rebuild", "teams", settings=book)
    assert done("rebuild", "--verify", "teams", settings=book).startswith("Verified: teams are what the log says")


def test_what_cannot_be_backed_up_or_restored_is_said(book: Settings, empty_url: str, tmp_path: Path) -> None:
    folder, keys = tmp_path / "backup", tmp_path / "keys"
    to = ("--to", str(folder), "--keys-to")
    assert "a folder apart" in refused("backup", *to, str(folder / "keys"), settings=book, code=2)
    without = guildbook("backup", "--to", str(folder), settings=book)
    assert (without.returncode, "no keys were saved" in without.stderr) == (0, True)
    done("backup", *to, str(keys), settings=book)
    restore = ("restore", str(folder), "--into", empty_url)
    assert "holds no keys of this book" in refused(*restore, "--keys", str(tmp_path), settings=book)
    assert "the master key of the book only" in refused(*restore, "--keys", str(keys))
    other = {"GUILDBOOK_MASTER_KEY": "A" * 43 + "="}
    assert "is not the one" in refused(*restore, "--keys", str(keys), settings=other)
    kept = tmp_path / "kept"
    kept.write_bytes(b"\xff")
    assert "decode" in refused(*restore, "--checkpoint", str(kept), settings=book)
    assert "the backup ends at" in refused(*restore, "--to", "1000000", settings=book)
    assert "is no position and no time" in refused(*restore, "--to", "yesterday", settings=book, code=2)
    assert "There is no backup in" in refused("restore", str(tmp_path), "--into", empty_url)
    asyncio.run(more_deeds(book["GUILDBOOK_DATABASE_URL"], 23))
    done("backup", "--to", str(folder), settings=book)
    assert "the keys are older than the backup" in refused(*restore, "--keys", str(keys), settings=book)
    assert "the book ends at" in refused("replay", "--to", "1000000", "--into", empty_url, settings=book)
    assert ask(empty_url, "SELECT 1 FROM pg_namespace WHERE nspname = 'book'") == []


def test_what_was_refused_without_keys_is_simply_started_again(book: Settings, tmp_path: Path) -> None:
    done("backup", "--to", str(tmp_path / "backup"), settings=book)
    restore = ("restore", str(tmp_path / "backup"), "--into", str(tmp_path / "new"))
    before = guildbook(*restore, "--to", "2020-01-01T00:00:00Z")
    assert (before.returncode, "There is no event up to there" in before.stderr) == (1, True)
    assert done(*restore).startswith("Restored: ")


@pytest.mark.parametrize("command", [("backup", "--to"), ("export", "--to"), ("privacy", "export", "apps-310", "--to")])
def test_a_place_that_takes_no_more_is_named_in_one_line(
    book: Settings, tmp_path: Path, command: tuple[str, ...]
) -> None:
    place = str(tmp_path / "place")
    limited = ("sh", "-c", 'ulimit -f 0; exec "$@"', "sh", *COMMAND, *command, place)
    told = subprocess.run(
        limited, cwd=ROOT, env=environment(book), capture_output=True, text=True, timeout=60, check=False
    )
    assert (told.returncode, told.stderr.splitlines()[-1]) == (1, f"guildbook: {place}: File too large")
    assert done(*command, place, settings=book)
