"""The keys of sealed fields: made once, wrapped, and gone for good when they are deleted."""

import asyncio
import base64
import stat
from pathlib import Path

import pytest
from cryptography.exceptions import InvalidTag

from store import keys as module
from store.keys import Keyring, MasterKeyError, check_master_key, load_master_key, open_box, seal
from tests.books import KEY, ask, opened

OTHER_KEY = bytes(32)


def test_a_master_key_is_made_once_and_for_its_owner_only(tmp_path: Path) -> None:
    key = load_master_key(tmp_path, None)
    assert len(key) == 32
    assert load_master_key(tmp_path, None) == key
    assert stat.S_IMODE((tmp_path / "master.key").stat().st_mode) == 0o600
    assert [path.name for path in tmp_path.iterdir()] == ["master.key"]


def test_a_master_key_that_is_set_outranks_the_file(tmp_path: Path) -> None:
    assert load_master_key(tmp_path, base64.b64encode(KEY).decode()) == KEY
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("text", ["short", base64.b64encode(bytes(31)).decode(), "!" * 44])
def test_a_master_key_that_is_none_is_refused(text: str) -> None:
    with pytest.raises(MasterKeyError, match="32 bytes"):
        load_master_key(None, text)


def test_without_a_folder_the_master_key_must_be_set() -> None:
    with pytest.raises(MasterKeyError, match="GUILDBOOK_MASTER_KEY"):
        load_master_key(None, None)


async def test_another_master_key_opens_nothing(database_url: str) -> None:
    async with opened(database_url) as store:
        key = (await store.keyring.for_subjects(["accounts-1"]))["accounts-1"]
        check_master_key(database_url, KEY)
        with pytest.raises(MasterKeyError):
            check_master_key(database_url, OTHER_KEY)
        other = Keyring(store.pool, OTHER_KEY)
        with pytest.raises(MasterKeyError):
            await other.for_subjects(["accounts-1"])
        with pytest.raises(MasterKeyError):
            await other.for_ids([key.id])


@pytest.mark.parametrize("wrapped", [rb"\x", rb"\x00", rb"\x" + b"00" * 60])
async def test_a_key_that_was_changed_opens_nothing_and_is_named(database_url: str, wrapped: bytes) -> None:
    async with opened(database_url) as store:
        key = (await store.keyring.for_subjects(["accounts-1"]))["accounts-1"]
        ask(database_url, "UPDATE book.keys SET wrapped = %s::bytea", wrapped.decode())
        store.keyring.forget()
        with pytest.raises(MasterKeyError, match=key.id):
            await store.keyring.for_ids([key.id])
        with pytest.raises(MasterKeyError, match=key.id):
            check_master_key(database_url, KEY)


async def test_two_processes_that_want_a_new_key_at_once_have_the_same(database_url: str) -> None:
    subjects = [f"accounts-{n}" for n in range(50)]
    async with opened(database_url) as here, opened(database_url) as there:
        found, same = await asyncio.gather(*(store.keyring.for_subjects(subjects) for store in (here, there)))
        box = seal(found["accounts-7"], b"Ines", "tests")
        assert open_box(await there.keyring.for_ids([same["accounts-7"].id]), box, "tests") == b"Ines"
    assert {subject: key.id for subject, key in found.items()} == {subject: key.id for subject, key in same.items()}


async def test_what_is_sealed_opens_only_where_it_belongs(database_url: str) -> None:
    async with opened(database_url) as store:
        key = (await store.keyring.for_subjects(["accounts-1"]))["accounts-1"]
    with pytest.raises(InvalidTag):
        open_box({key.id: key}, seal(key, b"Ines", "accounts.AccountCreated"), "accounts.DetailsChanged")


async def test_the_same_is_never_sealed_alike(database_url: str) -> None:
    async with opened(database_url) as store:
        key = (await store.keyring.for_subjects(["accounts-1"]))["accounts-1"]
    assert seal(key, b"Ines", "tests") != seal(key, b"Ines", "tests")


async def test_a_key_that_is_deleted_is_gone(database_url: str) -> None:
    async with opened(database_url) as store:
        key = (await store.keyring.for_subjects(["accounts-1"]))["accounts-1"]
        ask(database_url, "DELETE FROM book.keys")
        fresh = Keyring(store.pool, KEY)
        assert open_box(await fresh.for_ids([key.id]), seal(key, b"Ines", "tests"), "tests") is None


async def test_however_few_keys_are_kept_all_that_are_asked_for_are_there(
    database_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "CACHED_KEYS_MAX", 3)
    subjects = [f"accounts-{n}" for n in range(10)]
    async with opened(database_url) as store:
        ids = [key.id for key in (await store.keyring.for_subjects(subjects)).values()]
        await store.keyring.for_ids(ids[:3])
        assert (await store.keyring.for_ids(ids)).keys() == set(ids)
        assert (await store.keyring.for_subjects(subjects)).keys() == set(subjects)


async def test_no_key_is_stored_as_it_is(database_url: str) -> None:
    async with opened(database_url) as store:
        await store.keyring.for_subjects(["accounts-1"])
    [(wrapped,)] = ask(database_url, "SELECT wrapped FROM book.keys")
    assert isinstance(wrapped, bytes)
    assert len(wrapped) == 12 + 32 + 16
    assert not wrapped.startswith(KEY[:4])
