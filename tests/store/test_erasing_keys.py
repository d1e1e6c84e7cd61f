"""Whoever is erased loses the key in that very commit, and what comes afterwards is sealed by another one."""

import asyncio
from collections.abc import AsyncIterator

import psycopg
import pytest

from domain.accounts.aggregate import ACCOUNT, Profile
from domain.kernel import UnreadableError
from domain.permissions import OPERATOR
from domain.processes.create_account import create_account
from domain.processes.erase_subject import erase_subject
from store.event_store import EventStore, Outcome
from store.signals import tell_of_erasures
from tests.books import ORIGIN, ask, opened, until

INES = Profile(204, "Inês", "0412", "https://a.example/ines.png")
WHO = "accounts-204"
UNREADABLE = """
    SELECT book.append(
        '{}', '{}', '{}', '{}', '{}', '{}',
        '{0}', '{accounts-204}', '{2}', '{accounts.AccountPainted}', '{"{}"}', '{"{}"}', '{""}'
    )
"""
WAITS = "SELECT pid FROM pg_locks WHERE NOT granted AND relation = 'book.keys'::regclass"


@pytest.fixture
async def store(database_url: str) -> AsyncIterator[EventStore]:
    async with opened(database_url) as found:
        yield found


async def arrive(store: EventStore, profile: Profile = INES) -> Outcome[object]:
    given = {"profile": profile, "team": None, "permissions": 0, "signups_default": True}
    return await store.execute(ORIGIN, create_account, OPERATOR, **given)


async def erase(store: EventStore) -> Outcome[bool]:
    return await store.execute(ORIGIN, erase_subject, subject=WHO, has_key=True)


def keys_of(url: str) -> list[str]:
    return [str(row[0]) for row in ask(url, "SELECT subject FROM book.keys ORDER BY subject")]


async def test_the_key_is_gone_with_the_commit_that_says_so(store: EventStore, database_url: str) -> None:
    await arrive(store)
    await arrive(store, Profile(205, "Rui", "0413", None))
    assert (await erase(store)).value
    assert keys_of(database_url) == ["accounts-205"]


async def test_who_cannot_be_read_is_erased_by_the_key_alone(store: EventStore, database_url: str) -> None:
    await arrive(store)
    ask(database_url, UNREADABLE)
    async with opened(database_url) as fresh:
        with pytest.raises(UnreadableError, match="of accounts-204 cannot be read"):
            await fresh.load(ACCOUNT, WHO)
        assert (await erase(fresh)).value
    assert keys_of(database_url) == []


async def test_who_comes_back_is_sealed_by_a_new_key_although_the_old_one_is_still_known(
    store: EventStore, database_url: str
) -> None:
    async with opened(database_url) as elsewhere:
        await arrive(store)
        await erase(elsewhere)  # `store` is told of nothing, and still knows the key
        await arrive(store)
        async with opened(database_url) as fresh:
            account = await fresh.peek(ACCOUNT, 204)
            assert account is not None
            assert account.name == "Inês"


async def test_nothing_is_lost_of_what_is_written_while_somebody_is_erased_again_and_again(
    store: EventStore, database_url: str
) -> None:
    async with opened(database_url) as elsewhere:
        for _ in range(5):
            await asyncio.gather(arrive(store), *(asyncio.create_task(_erase_if_there(elsewhere)) for _ in range(3)))
            async with opened(database_url) as fresh:
                account = await fresh.peek(ACCOUNT, 204)
            assert account is None or account.name == "Inês"
            await _erase_if_there(elsewhere)


async def _erase_if_there(store: EventStore) -> None:
    if await store.keyring.has_key(WHO):
        await erase(store)


async def test_what_a_process_remembers_is_forgotten_when_it_is_told(store: EventStore, database_url: str) -> None:
    await arrive(store)
    await store.load(ACCOUNT, WHO)
    listening = asyncio.create_task(tell_of_erasures(database_url, store.forget))
    await until(lambda: store.recall(WHO) is None)  # told once it listens, since it may have missed something
    account = await store.load(ACCOUNT, WHO)
    [key] = (await store.keyring.for_subjects([WHO])).values()
    async with opened(database_url) as elsewhere:
        await erase(elsewhere)
    assert account.state.name == "Inês"
    await until(lambda: store.recall(WHO) is None)
    assert not await store.keyring.for_ids([key.id])
    listening.cancel()


async def test_who_was_reading_when_all_was_forgotten_leaves_nothing_behind(store: EventStore) -> None:
    await arrive(store)
    reading = asyncio.create_task(store.load(ACCOUNT, WHO))
    await asyncio.sleep(0)
    store.forget()
    await reading
    assert store.recall(WHO) is None


async def test_nobody_but_an_erasure_deletes_a_key(store: EventStore, database_url: str) -> None:
    await arrive(store)
    with psycopg.connect(database_url, options="-c role=guildbook_service", autocommit=True) as connection:
        for statement in ("DELETE FROM book.keys", "SELECT book.erase_keys(0, 9)", "UPDATE book.keys SET wrapped = ''"):
            with pytest.raises(psycopg.errors.InsufficientPrivilege):
                connection.execute(statement.encode())
    assert keys_of(database_url) == [WHO]


async def test_a_key_that_is_made_at_the_very_moment_of_the_erasure_does_not_outlive_it(
    store: EventStore, database_url: str
) -> None:
    await arrive(store)
    with psycopg.connect(database_url, options="-c role=guildbook_service") as making:
        making.execute("INSERT INTO book.keys (id, subject, wrapped) VALUES ('k', 'guilds-guild-920', '')")
        given = {"subject": "guilds-guild-920", "has_key": True}
        erasing = asyncio.create_task(store.execute(ORIGIN, erase_subject, **given))
        await until(lambda: erasing.done() or ask(database_url, WAITS))
    await erasing
    assert keys_of(database_url) == [WHO]


async def test_a_key_that_was_made_after_the_erasure_outlives_another_look_at_it(
    store: EventStore, database_url: str
) -> None:
    await arrive(store)
    await erase(store)
    await arrive(store)
    ask(database_url, "SELECT book.erase_keys(0, 100)")
    assert keys_of(database_url) == [WHO]
