"""Codes that were used and tokens of the provider, as several processes keep them."""

import asyncio

import pytest

from store.keys import Keyring
from store.logins import CODE_SECONDS, Grant, drop_grant, keep_grant, kept_grant, use_code
from tests.books import KEY, ask, opened

GRANT = Grant("access", "refresh")


async def test_of_many_who_use_a_code_at_once_one_is_first(database_url: str) -> None:
    async with opened(database_url) as one, opened(database_url) as other:
        uses = await asyncio.gather(*(use_code(each.pool, "a code") for each in (one, other) * 10))
    assert sum(uses) == 1
    assert "a code" not in str(ask(database_url, "SELECT code_hash FROM operations.used_codes"))


@pytest.mark.parametrize(("seconds", "is_first"), [(CODE_SECONDS - 5, False), (CODE_SECONDS + 5, True)])
async def test_a_code_is_remembered_for_ten_minutes(database_url: str, seconds: int, is_first: bool) -> None:
    age = f"UPDATE operations.used_codes SET used_at = used_at - interval '{seconds} seconds'"
    async with opened(database_url) as store:
        await use_code(store.pool, "a code")
        ask(database_url, age)
        uses = await asyncio.gather(*(use_code(store.pool, "a code") for _ in range(4)))
    assert sum(uses) == is_first


async def test_codes_that_are_remembered_no_longer_are_deleted(database_url: str) -> None:
    async with opened(database_url) as store:
        await use_code(store.pool, "an old code")
        ask(database_url, "UPDATE operations.used_codes SET used_at = used_at - interval '1 hour'")
        await use_code(store.pool, "a new code")
    assert ask(database_url, "SELECT count(*) FROM operations.used_codes") == [(1,)]


async def test_the_newest_grant_is_kept_and_sealed(database_url: str) -> None:
    async with opened(database_url) as store, opened(database_url) as other:
        assert await kept_grant(store.pool, store.keyring, 204) is None
        await keep_grant(store.pool, store.keyring, 204, Grant("first"))
        await keep_grant(other.pool, other.keyring, 204, GRANT)
        kept = await kept_grant(store.pool, store.keyring, 204)
    assert kept is not None
    assert kept.grant == GRANT
    assert "access" not in kept.box


async def test_a_grant_is_dropped_unless_it_is_another_one_by_now(database_url: str) -> None:
    async with opened(database_url) as store:
        await keep_grant(store.pool, store.keyring, 204, GRANT)
        old = await kept_grant(store.pool, store.keyring, 204)
        assert old is not None
        await keep_grant(store.pool, store.keyring, 204, GRANT)
        await drop_grant(store.pool, 204, old.box)
        new = await kept_grant(store.pool, store.keyring, 204)
        assert new is not None
        await drop_grant(store.pool, 204, new.box)
        assert await kept_grant(store.pool, store.keyring, 204) is None


async def test_the_grant_of_an_erased_person_is_none(database_url: str) -> None:
    async with opened(database_url) as store:
        await keep_grant(store.pool, store.keyring, 204, GRANT)
        ask(database_url, "DELETE FROM book.keys WHERE subject = 'accounts-204'")
        assert await kept_grant(store.pool, Keyring(store.pool, KEY), 204) is None
