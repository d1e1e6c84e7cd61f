"""What an auditor does from a terminal: verify the book, take proofs away, and hold the book to them later."""

import asyncio
from pathlib import Path

import pytest

from tests.books import ask
from tests.cli.commands import done, guildbook, refused
from tests.servers import MASTER_KEY, free_port
from tests.workers.notary.books import NAME, append, notarize

Settings = dict[str, str]


@pytest.fixture
def book(database_url: str) -> Settings:
    """Return the settings of a book of 30 events, of which 20 are signed for."""
    asyncio.run(_fill(database_url))
    return {
        "GUILDBOOK_DATABASE_URL": database_url,
        "GUILDBOOK_MASTER_KEY": MASTER_KEY,
        "GUILDBOOK_CHECKPOINT_ORIGIN": NAME,
    }


async def _fill(url: str) -> None:
    await append(url, [[f"teams-{i}"] for i in range(20)])
    await notarize(url)
    await append(url, [[f"awards-{i}"] for i in range(10)])


def test_an_honest_book_is_verified_whole_and_by_the_event(book: Settings, tmp_path: Path) -> None:
    verified = guildbook("verify", settings=book)
    assert (verified.returncode, verified.stdout) == (
        0,
        "Verified: 30 events, signed up to 20; 10 after that wait to be signed.\n",
    )
    assert "verifying: 30 of 30" in verified.stderr
    key = done("signing-keys", settings=book).strip()
    kept, proof = tmp_path / "kept", tmp_path / "5.tlog-proof"
    kept.write_text(done("checkpoint", settings=book))
    assert kept.read_text().startswith(f"{NAME}\n20\n")
    assert done("verify", "--key", key, "--against", str(kept), settings=book) == verified.stdout
    done("prove", "5", "--output", str(proof), settings=book)
    said = done("verify", "--proof", str(proof), "--key", key)  # with no book about
    assert "  teams-4@1  teams.TeamRenamed  " in said
    assert said.endswith(f"Verified: it is event 5 of the 20 that {NAME} signed for.\n")
    assert done("verify", "--proof", str(proof), "--key", key, "--checkpoint", str(kept)) == said


def test_what_does_not_fit_is_named_with_its_position(book: Settings, tmp_path: Path) -> None:
    kept = tmp_path / "kept"
    kept.write_text(done("checkpoint", settings=book))
    url = book["GUILDBOOK_DATABASE_URL"]
    ask(url, "SET session_replication_role = replica; UPDATE book.log SET data = '{}' WHERE position = 7")
    found = guildbook("verify", settings=book)
    assert found.returncode == 1
    assert found.stdout.splitlines() == [
        "position 7: its hash is not the one in the tree",
        "The log is not what was recorded: 1 finding in 30 events.",
    ]
    ask(
        url,
        "SET session_replication_role = replica; DELETE FROM book.tiles; DELETE FROM book.signed_checkpoints;"
        "DELETE FROM operations.checkpoints",
    )
    asyncio.run(notarize(url))
    assert guildbook("verify", settings=book).returncode == 0  # who holds all keys can rewrite everything
    against = guildbook("verify", "--against", str(kept), settings=book)
    assert against.returncode == 1
    assert against.stdout.startswith("position 20: the log up to here is not the one that the checkpoint was kept of")


def test_after_a_rotation_both_keys_are_published(book: Settings) -> None:
    [old] = done("signing-keys", settings=book).splitlines()
    first, second = done("signing-keys", "--rotate", settings=book).splitlines()
    assert first == old != second


def test_a_proof_that_does_not_hold_is_refused(book: Settings, tmp_path: Path) -> None:
    key = done("signing-keys", settings=book).strip()
    proof = tmp_path / "proof"
    done("prove", "5", "--output", str(proof), settings=book)
    right = proof.read_text()
    proof.write_text(right.replace("index 4", "index 5"))
    assert "The proof does not hold." in refused("verify", "--proof", str(proof), "--key", key)
    proof.write_text("trust me")
    assert "not the proof of an event" in refused("verify", "--proof", str(proof), "--key", key)
    proof.write_bytes(b"\xff")
    assert refused("verify", "--proof", str(proof), "--key", key)


def test_what_is_not_what_was_recorded_is_not_proved(book: Settings, tmp_path: Path) -> None:
    file = str(tmp_path / "proof")
    for change in ("UPDATE book.log SET data = '{}'", "DELETE FROM book.log"):
        ask(
            book["GUILDBOOK_DATABASE_URL"],
            f"SET session_replication_role = replica; {change} WHERE position = 7",
        )
        assert "run `guildbook verify`" in refused("prove", "7", "--output", file, settings=book)
    ask(book["GUILDBOOK_DATABASE_URL"], "SET session_replication_role = replica; DELETE FROM book.tiles")
    assert "run `guildbook verify`" in refused("prove", "6", "--output", file, settings=book)
    assert not Path(file).exists()


@pytest.mark.parametrize("note", ["x", f"{NAME}\n20\n{'A' * 43}=\n\n\u2014 {NAME} AAAAAAAA\n"])
def test_a_checkpoint_that_is_none_proves_nothing(book: Settings, tmp_path: Path, note: str) -> None:
    changed = "SET session_replication_role = replica; UPDATE book.signed_checkpoints SET note = $note${}$note$"
    ask(book["GUILDBOOK_DATABASE_URL"], changed.format(note))
    proof = tmp_path / "5.tlog-proof"
    assert "run `guildbook verify`" in refused("prove", "5", "--output", str(proof), settings=book)
    assert not proof.exists()


def test_a_witness_whose_key_is_none_is_refused_before_anything_starts(book: Settings, tmp_path: Path) -> None:
    settings = {**book, "GUILDBOOK_CHECKPOINT_WITNESSES": "https://w.example me"}
    for command in (("work", "projector", "notary"), ("up", "--port", str(free_port()))):
        said = refused(*command, "--data", str(tmp_path), settings=settings)
        assert said.startswith("guildbook: GUILDBOOK_CHECKPOINT_WITNESSES: 'me' is not a public key")


def test_what_is_asked_wrongly_is_said(book: Settings, tmp_path: Path) -> None:
    file = tmp_path / "file"
    file.write_text("trust me")
    assert "no checkpoint covers position 21" in refused("prove", "21", settings=book)
    assert "no checkpoint of 19 covers position 2" in refused("prove", "2", "--size", "19", settings=book)
    assert "there is no such checkpoint" in refused("checkpoint", "--size", "19", settings=book)
    assert "This is not a signed note." in refused("verify", "--against", str(file), settings=book)
    assert "is not a public key" in refused("verify", "--key", "me", settings=book, code=2)
    assert "whose signature you trust" in refused("verify", "--proof", str(file), code=2)
    proof = ("verify", "--proof", str(file), "--against", str(file))
    assert "--checkpoint FILE" in refused(*proof, code=2)
    assert "--against FILE" in refused("verify", "--checkpoint", str(file), settings=book, code=2)
