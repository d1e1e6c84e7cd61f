"""Somebody takes events out of the book at a terminal, and somebody else verifies them with nothing but a key."""

import asyncio
import json
import signal
import subprocess
from pathlib import Path

import pytest

from store.bundles import BundleError
from store.folders import written_alone
from tests.books import ask
from tests.cli.commands import COMMAND, ROOT, done, environment, guildbook, refused
from tests.servers import MASTER_KEY
from tests.store.visitors import until
from tests.workers.notary.books import NAME, append, notarize

Settings = dict[str, str]


@pytest.fixture
def book(database_url: str) -> Settings:
    """Return the settings of a book of 30 events, all of them signed for."""
    asyncio.run(_fill(database_url, 30))
    return settings_of(database_url)


def settings_of(url: str) -> Settings:
    return {"GUILDBOOK_DATABASE_URL": url, "GUILDBOOK_MASTER_KEY": MASTER_KEY, "GUILDBOOK_CHECKPOINT_ORIGIN": NAME}


async def _fill(url: str, events: int) -> None:
    await append(url, [[f"teams-{i}" for i in range(events)]])
    await notarize(url)


def test_whoever_gets_an_export_verifies_it_without_the_book(book: Settings, tmp_path: Path) -> None:
    key, kept, folder = done("signing-keys", settings=book).strip(), tmp_path / "kept", tmp_path
    kept.write_text(done("checkpoint", settings=book))
    for options, count in {("--format", "parquet"): 30, ("--stream", "teams-3"): 1}.items():
        folder = tmp_path / f"audit-of-{count}"
        said = guildbook("export", "--to", str(folder), *options, settings=book)
        line = f"Exported {count} events of the 30 that {NAME} signed for to {folder}.\n"
        assert (said.returncode, said.stdout[: len(line)]) == (0, line), said.stderr
    verified = "Verified: {} events of the 30 that book.example.org/tests signed for.\n".format
    whole = str(tmp_path / "audit-of-30")
    assert done("verify", "--bundle", whole, "--key", key, "--against", str(kept)) == verified(30)
    own = done("verify", "--bundle", str(folder))
    assert own.startswith(f"{verified(1)}That rests on the key that the export itself names.")


def test_what_does_not_hold_is_told_and_the_exit_code_says_so(book: Settings, tmp_path: Path) -> None:
    folder = tmp_path / "audit"
    done("export", "--to", str(folder), settings=book)
    events = folder / "events-000001.ndjson"
    events.write_text(events.read_text().replace("teams-6 1", "teams-6 2"))
    told = guildbook("verify", "--bundle", str(folder))
    assert told.returncode == 1
    assert told.stdout.splitlines() == [
        "events-000001.ndjson: it is not the file that the manifest names",
        "position 7: it is not what was recorded",
        "The export is not what was recorded: 2 findings.",
    ]


def test_taking_events_out_is_recorded_as_the_operators_deed(book: Settings, tmp_path: Path) -> None:
    done("export", "--to", str(tmp_path / "audit"), "--context", "teams", "--reveal", settings=book)
    done("export", "--to", str(tmp_path / "audit"), "--context", "teams", "--reveal", settings=book)  # nothing is new
    printed = done("events", "--type", "privacy.AuditExported", "--json", settings=book)
    [told] = [json.loads(line) for line in printed.splitlines()]
    assert (told["stream"], told["meta"]["actor"]) == ("privacy-reader-operator", "operator")
    wanted = {"query": "context=teams", "format": "ndjson", "first": 1, "last": 30, "reveals": True}
    assert told["data"] == {"reader": "operator", **wanted}


def test_two_exports_do_not_mingle_in_one_folder(book: Settings, tmp_path: Path) -> None:
    with written_alone(tmp_path, BundleError):
        told = refused("export", "--to", str(tmp_path), settings=book)
    assert told == f"guildbook: Another command writes into {tmp_path} just now."
    done("export", "--to", str(tmp_path), settings=book)


def test_what_no_checkpoint_covers_is_left_out_and_said(book: Settings, tmp_path: Path) -> None:
    asyncio.run(append(book["GUILDBOOK_DATABASE_URL"], [["awards-1"], ["awards-2"]]))
    said = done("export", "--to", str(tmp_path / "audit"), settings=book)
    assert said.endswith("Left out: 2 recorded after that, which no checkpoint covered when the export began.\n")


def test_an_export_that_was_killed_goes_on(database_url: str, tmp_path: Path) -> None:
    """Two parts are written; the first is kept, whenever it is killed after that."""
    asyncio.run(_fill(database_url, 40_000))
    settings, folder = settings_of(database_url), tmp_path / "audit"
    command = [*COMMAND, "export", "--to", str(folder)]
    with subprocess.Popen(command, cwd=ROOT, env=environment(settings), stderr=subprocess.DEVNULL) as process:
        until((folder / "events-000002.ndjson.new").exists)
        process.send_signal(signal.SIGKILL)
        process.wait()
    assert "no export that is finished" in refused("verify", "--bundle", str(folder))
    first = (folder / "events-000001.ndjson").stat()
    said = guildbook("export", "--to", str(folder), settings=settings)
    assert "Exported 40000 events" in said.stdout, said.stderr
    assert (folder / "events-000001.ndjson").stat().st_mtime_ns == first.st_mtime_ns
    assert done("verify", "--bundle", str(folder)).startswith("Verified: 40000 events")


def test_a_column_that_no_proof_covers_is_said_to_be(book: Settings, tmp_path: Path) -> None:
    done("export", "--to", str(tmp_path / "audit"), "--reveal", settings=book)
    assert "`revealed` is in no proof" in done("verify", "--bundle", str(tmp_path / "audit"))


def test_parquet_without_pyarrow_is_refused_before_anything_is_written(book: Settings, tmp_path: Path) -> None:
    (tmp_path / "pyarrow.py").write_text("raise ImportError")
    settings = {**book, "PYTHONPATH": f"{tmp_path}:{ROOT}"}
    said = refused("export", "--to", str(tmp_path / "audit"), "--format", "parquet", settings=settings)
    assert "pip install 'guildbook[parquet]'" in said
    assert not (tmp_path / "audit").exists()
    done("export", "--to", str(tmp_path / "audit"), "--format", "parquet", settings=book)
    assert "guildbook[parquet]" in refused("verify", "--bundle", str(tmp_path / "audit"), settings=settings)


def test_what_is_asked_wrongly_is_said(book: Settings, tmp_path: Path) -> None:
    folder = str(tmp_path / "audit")
    assert "no time with an offset" in refused("export", "--to", folder, "--since", "2026-01-01", code=2)
    assert "--stream must be a word" in refused("export", "--to", folder, "--stream", "a\tb", code=2)
    assert "no export that is finished" in refused("verify", "--bundle", str(tmp_path))
    both = ("verify", "--bundle", str(tmp_path), "--proof", __file__)
    assert "--bundle goes with" in refused(*both, code=2)
    done("export", "--to", folder, "--stream", "teams-3", settings=book)
    assert "holds another export: stream=teams-3" in refused("export", "--to", folder, settings=book)
    ask(
        book["GUILDBOOK_DATABASE_URL"],
        "SET session_replication_role = replica; UPDATE book.log SET data = '{}' WHERE position = 2",
    )
    told = guildbook("export", "--to", f"{folder}-2", settings=book)
    assert (told.returncode, "run `guildbook verify`" in told.stderr) == (1, True)
