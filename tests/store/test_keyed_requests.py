"""Answers are kept under keys: one process claims a key, and holds it while it lives."""

import pytest
from psycopg import AsyncConnection

from store.connections import connect
from store.keyed_requests import Ask, Given, Kept, claim, keep, kept, let_go, renew
from tests.books import ask

ASKED = Ask("apps-7", "PUT /book/bots/@me/stats", "one", b"asked")
GIVEN = Given(200, {"Guildbook-Position": "8"}, b'{"position":8}')


@pytest.fixture
async def connection(database_url: str) -> AsyncConnection:
    return await connect(database_url)


def pass_seconds(url: str, seconds: int) -> None:
    """Let time pass for what is kept."""
    query = "UPDATE operations.keyed_requests SET claimed_at = claimed_at - make_interval(secs => %s)"
    ask(url, query, seconds)


async def test_a_key_is_claimed_once(connection: AsyncConnection) -> None:
    async with connection:
        assert await claim(connection, ASKED, "first")
        assert not await claim(connection, ASKED, "second")
        assert await kept(connection, ASKED) == Kept(b"asked", None)


async def test_what_was_answered_is_kept(connection: AsyncConnection) -> None:
    async with connection:
        await claim(connection, ASKED, "first")
        await keep(connection, "first", GIVEN)
        assert not await claim(connection, ASKED, "second")
        assert await kept(connection, ASKED) == Kept(b"asked", GIVEN)


async def test_a_claim_that_is_given_back_leaves_nothing(connection: AsyncConnection) -> None:
    async with connection:
        await claim(connection, ASKED, "first")
        await let_go(connection, "first")
        assert await kept(connection, ASKED) is None
        assert await claim(connection, ASKED, "second")


async def test_a_claim_is_held_by_who_renews_it(connection: AsyncConnection, database_url: str) -> None:
    async with connection:
        await claim(connection, ASKED, "first")
        pass_seconds(database_url, 7)
        await renew(connection, "first")
        assert not await claim(connection, ASKED, "second")
        pass_seconds(database_url, 7)
        assert not await claim(connection, ASKED._replace(request=b"another"), "second")
        assert await claim(connection, ASKED, "second")


async def test_who_lost_a_claim_changes_nothing_any_more(connection: AsyncConnection, database_url: str) -> None:
    async with connection:
        await claim(connection, ASKED, "first")
        pass_seconds(database_url, 7)
        await claim(connection, ASKED, "second")
        await keep(connection, "first", GIVEN)
        await let_go(connection, "first")
        assert await kept(connection, ASKED) == Kept(b"asked", None)


async def test_an_answer_is_never_taken_over_within_its_day(connection: AsyncConnection, database_url: str) -> None:
    async with connection:
        await claim(connection, ASKED, "first")
        await keep(connection, "first", GIVEN)
        pass_seconds(database_url, 3600)
        assert not await claim(connection, ASKED, "second")
        ask(database_url, "UPDATE operations.keyed_requests SET created_at = created_at - interval '25 hours'")
        assert await claim(connection, ASKED._replace(request=b"another"), "second")
        assert await kept(connection, ASKED) == Kept(b"another", None)


async def test_keys_of_others_are_let_go_after_their_day(connection: AsyncConnection, database_url: str) -> None:
    async with connection:
        for key in map(str, range(250)):
            await claim(connection, ASKED._replace(key=key), key)
        ask(database_url, "UPDATE operations.keyed_requests SET created_at = created_at - interval '25 hours'")
        for key in ("a", "b", "c"):
            await claim(connection, ASKED._replace(key=key), key)
        assert ask(database_url, "SELECT key FROM operations.keyed_requests ORDER BY key") == [("a",), ("b",), ("c",)]
