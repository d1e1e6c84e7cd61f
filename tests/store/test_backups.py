"""The log is backed up to files that are only added to, its keys elsewhere; what comes back is the book, or refused."""

import json
import os
from collections.abc import Callable
from datetime import datetime
from pathlib import Path

import pytest

from domain.permissions import OPERATOR
from domain.teams.commands import create_team
from projections.catalogue import PROJECTORS
from projections.rebuild import rebuild
from store import backups
from store.backup_files import BackupError, KeysManifest, Manifest, read_manifest
from store.connections import connect
from store.copying import Copied, CopyError, Extent, Moment, copy_book
from store.restores import open_backup, what_was_signed
from tests.books import KEY, ORIGIN, ask, opened
from tests.deeds import Deeds, do_many
from tests.store.test_copying import LOG, READERS, erase
from tests.workers.notary.books import notarize, verdict

NAMES = "SELECT name FROM projections.accounts"


class Folders:
    """Where a test keeps a backup, and its keys."""

    def __init__(self, path: Path) -> None:
        self.log, self.keys = path / "log", path / "keys"

    async def back_up(self, url: str) -> Manifest:
        async with await connect(url) as connection:
            manifest = await backups.back_up(connection, self.log, lambda *_: None)
            await backups.back_up_keys(connection, self.keys, manifest)
        return manifest

    async def restore(
        self, into: str, *kept: str, to: Moment | None = None, with_keys: bool = True, unsigned: bool = False
    ) -> Copied:
        backup = open_backup(self.log, self.keys if with_keys else None)
        signed = what_was_signed(backup, backup.own_keys(KEY), kept, may_be_unsigned=unsigned)
        return await copy_book(into, backup, Extent(to or backup.head, signed), READERS, lambda *_: None)


@pytest.fixture
def folders(tmp_path: Path) -> Folders:
    return Folders(tmp_path)


@pytest.fixture
async def book(database_url: str) -> str:
    """A book that is signed up to its head."""
    await do_more(database_url, 41)
    return database_url


async def do_more(url: str, seed: int) -> None:
    async with opened(url) as store:
        await do_many(store, Deeds(seed), 200)
    await notarize(url)


def written(folder: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in folder.glob("*.gz")}


async def test_what_is_new_is_added_in_bounded_files_and_all_comes_back(
    book: str, empty_url: str, folders: Folders, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(backups, "SEGMENT_BYTES_MAX", 5_000)
    monkeypatch.setattr("store.live_book.READ_EVENTS", 7)
    first = await folders.back_up(book)
    before = written(folders.log)
    assert len(first.segments) > 2
    assert await folders.back_up(book) == first
    await do_more(book, 42)
    second = await folders.back_up(book)
    assert second.segments[: len(first.segments)] == first.segments
    assert before.items() < written(folders.log).items()
    copied = await folders.restore(empty_url)
    assert copied.position == second.position() == copied.held_against[0]
    assert ask(empty_url, LOG) == ask(book, LOG)
    for table in ("links", "keys", "signing_keys", "signed_checkpoints", "cosignatures"):
        rows = f"SELECT t::text FROM book.{table} AS t ORDER BY 1"
        assert ask(empty_url, rows) == ask(book, rows)
    assert (await verdict(empty_url)).findings == ()


async def test_a_moment_of_the_past_comes_back_and_is_proved_to_be_the_beginning_of_all(
    book: str, empty_url: str, folders: Folders, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("store.restores.READ_EVENTS", 16)
    [(size,)] = ask(book, "SELECT max(size) FROM book.signed_checkpoints")
    await do_more(book, 49)
    await folders.back_up(book)
    [(then,)] = ask(book, "SELECT recorded_at FROM book.log WHERE position = %s + 1", size)
    assert isinstance(then, datetime)
    assert isinstance(size, int)
    copied = await folders.restore(empty_url, to=then)
    assert copied.position == size < copied.held_against[0]
    assert ask(empty_url, LOG) == ask(book, LOG)[: copied.position]
    found = await verdict(empty_url)
    assert (found.signed, found.findings) == (size, ())


async def test_what_was_signed_later_is_added_without_an_event(book: str, folders: Folders) -> None:
    async with opened(book) as store:
        await do_many(store, Deeds(43), 20)
    first = await folders.back_up(book)
    checkpoint = await notarize(book)
    second = await folders.back_up(book)
    assert first.segments[-1].signed < second.segments[-1].signed == checkpoint.size == first.position()
    assert open_backup(folders.log, None).last_note() == checkpoint.note


async def test_who_is_cut_off_in_the_midst_leaves_the_backup_as_it_was(
    book: str, empty_url: str, folders: Folders, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("store.live_book.READ_EVENTS", 20)

    def fall_over(position: int, _head: int) -> None:
        if position > 30:
            raise KeyboardInterrupt

    async with await connect(book) as connection:
        with pytest.raises(KeyboardInterrupt):
            await backups.back_up(connection, folders.log, fall_over)
    assert read_manifest(folders.log, Manifest) is None
    whole = await folders.back_up(book)
    assert (await folders.restore(empty_url)).position == whole.position()


async def test_another_book_or_another_course_of_it_is_not_added(
    book: str, empty_url: str, folders: Folders, tmp_path: Path
) -> None:
    older = Folders(tmp_path / "older")
    await older.back_up(book)
    await do_more(book, 44)
    await folders.back_up(book)
    await older.restore(empty_url)
    with pytest.raises(BackupError, match="not of this book, or of another course"):
        await folders.back_up(empty_url)  # it ends before the backup does
    await do_more(empty_url, 45)
    await do_more(empty_url, 46)
    with pytest.raises(BackupError, match="not of this book, or of another course"):
        await folders.back_up(empty_url)
    async with await connect(book) as connection:
        manifest = await backups.back_up(connection, folders.log, lambda *_: None)
        with pytest.raises(BackupError, match="keys of another book"):
            await backups.back_up_keys(connection, folders.keys, read_of_another(manifest))


def read_of_another(manifest: Manifest) -> Manifest:
    return Manifest("0" * 64, manifest.last, manifest.segments, manifest.sequences, manifest.made_at)


async def test_what_is_not_what_was_recorded_is_not_backed_up(book: str, folders: Folders) -> None:
    ask(book, "SET session_replication_role = replica; UPDATE book.log SET data = '{}' WHERE position = 60")
    with pytest.raises(BackupError, match="guildbook verify"):
        await folders.back_up(book)


def cut(path: Path) -> None:
    path.write_bytes(path.read_bytes()[:-40])


def change(path: Path) -> None:
    content = bytearray(path.read_bytes())
    content[len(content) // 2] ^= 1
    path.write_bytes(content)


def put_a_pipe(path: Path) -> None:
    path.unlink()
    os.mkfifo(path)


HARMS: tuple[Callable[[Path], None], ...] = (cut, change, Path.unlink, put_a_pipe)


async def test_a_file_that_is_not_what_was_written_is_refused(book: str, folders: Folders) -> None:
    await folders.back_up(book)
    for what in ("log/000001-log", "log/000001-links", "keys/*-keys"):
        [file] = folders.log.parent.glob(f"{what}.copy.gz")
        right = file.read_bytes()
        for harm in HARMS:
            harm(file)
            with pytest.raises(BackupError, match=r"is not what was written|is missing"):
                open_backup(folders.log, folders.keys)
            file.unlink(missing_ok=True)
            file.write_bytes(right)
    open_backup(folders.log, folders.keys)


MISSING: tuple[tuple[str, list[str | int], object], ...] = (
    ("log", ["segments"], []),
    ("log", ["segments", 0, "to"], 10**30),
    ("log", ["segments", 0, "files"], {}),
    ("log", ["segments", 0, "files", "links", "name"], "../a\0b"),
    ("log", ["sequences"], {"keys; drop": 5}),
    ("keys", ["files"], {}),
    ("keys", ["position"], "x"),
)


@pytest.mark.parametrize(("folder", "place", "value"), MISSING)
async def test_a_manifest_that_is_not_what_was_written_is_refused(
    book: str, folders: Folders, folder: str, place: list[str | int], value: object
) -> None:
    await folders.back_up(book)
    path = folders.log.parent / folder / "manifest.json"
    manifest = inner = json.loads(path.read_text())
    for step in place[:-1]:
        inner = inner[step]
    inner[place[-1]] = value
    path.write_text(json.dumps(manifest))
    with pytest.raises(BackupError, match=r"manifest.json (is not what was written|cannot be read)"):
        open_backup(folders.log, folders.keys)


async def test_a_backup_of_a_later_version_says_what_is_not_known_here(
    book: str, folders: Folders, empty_url: str
) -> None:
    await folders.back_up(book)
    path = folders.log / "manifest.json"
    path.write_text(path.read_text().replace("ids_teams", "ids_clubs"))
    with pytest.raises(CopyError, match="ids_clubs is not known here"):
        await folders.restore(empty_url)


async def test_a_backup_that_does_not_hold_all_that_was_signed_is_refused(
    book: str, empty_url: str, folders: Folders
) -> None:
    await folders.back_up(book)
    await do_more(book, 47)
    kept = (await notarize(book)).note
    with pytest.raises(CopyError, match="A checkpoint was signed of"):
        await folders.restore(empty_url, kept)
    stranger = kept.replace("book.example.org", "other.example.org")
    with pytest.raises(BackupError, match="No key that is trusted"):
        await folders.restore(empty_url, stranger)
    await folders.back_up(book)
    await folders.restore(empty_url, kept)


async def test_a_backup_of_what_was_never_signed_needs_a_word(
    database_url: str, empty_url: str, folders: Folders
) -> None:
    async with opened(database_url) as store:
        await do_many(store, Deeds(48), 20)
    await folders.back_up(database_url)
    with pytest.raises(BackupError, match="nothing to hold it against"):
        await folders.restore(empty_url)
    assert (await folders.restore(empty_url, unsigned=True)).held_against == ()
    assert ask(empty_url, LOG) == ask(database_url, LOG)


async def test_keys_of_the_erased_leave_the_backup_and_do_not_come_back(
    book: str, empty_url: str, folders: Folders
) -> None:
    await folders.back_up(book)
    earlier = written(folders.keys)
    [(subject,)] = ask(book, "SELECT min(subject) FROM book.keys WHERE subject LIKE 'accounts-%'")
    async with opened(book) as store:
        await erase(store, str(subject))
    await notarize(book)
    manifest = await folders.back_up(book)
    assert not written(folders.keys).keys() & earlier.keys()
    keys = read_manifest(folders.keys, KeysManifest)
    assert keys
    assert keys.position == manifest.position()
    copied = await folders.restore(empty_url)
    assert [(copied.keys,)] == ask(book, "SELECT count(*) FROM book.keys")
    assert ask(empty_url, "SELECT 1 FROM book.keys WHERE subject = %s", subject) == []


async def test_without_its_keys_a_book_comes_back_as_if_all_were_erased(
    book: str, empty_url: str, folders: Folders
) -> None:
    await folders.back_up(book)
    await folders.restore(empty_url, with_keys=False)
    async with opened(empty_url) as store:
        await rebuild(empty_url, store.keyring, PROJECTORS)
        assert set(ask(empty_url, NAMES)) == {("",)}
        await store.execute(ORIGIN, create_team, OPERATOR, name="new")
    await notarize(empty_url)  # with a key of its own
    assert (await verdict(empty_url)).findings == ()
    assert ask(empty_url, LOG)[:-1] == ask(book, LOG)
