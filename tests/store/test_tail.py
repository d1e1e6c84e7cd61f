"""Following the log for many clients: every event once and in order, from memory or from the log."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest

from domain.accounts.events import AccountCreated
from domain.kernel import Book
from domain.permissions import OPERATOR
from domain.processes.create_account import create_account
from domain.teams.commands import create_team
from domain.teams.events import TeamCreated
from store import log
from store.codec import UndecodableEvent
from store.connections import connect
from store.event_store import EventStore
from store.tail import Tail, Told, told_after
from tests.books import ORIGIN, ask, opened
from tests.domain.samples import profile

PATIENCE_SECONDS = 40
AGAIN_SECONDS = 0.2
CUT = """
    SELECT pg_terminate_backend(pid)
    FROM pg_stat_activity
    WHERE datname = current_database() AND pid <> pg_backend_pid()
"""


@asynccontextmanager
async def followed(store: EventStore, url: str, ring_events: int = 100) -> AsyncIterator[Tail]:
    """Follow the log, from where it is now."""
    tail = Tail(url, store.pool, ring_events=ring_events)
    running = asyncio.create_task(tail.run())
    async with asyncio.timeout(PATIENCE_SECONDS):
        await tail.wait(await head(store) - 1)
    yield tail
    async with asyncio.timeout(PATIENCE_SECONDS):
        while not running.done():  # psycopg may lose a cancellation
            running.cancel()
            await asyncio.wait({running}, timeout=AGAIN_SECONDS)


async def head(store: EventStore) -> int:
    async with store.pool.connection() as connection:
        return await log.head(connection)


async def add(store: EventStore, *counts: int) -> None:
    """Append so many events, one append after the other."""

    async def teams(book: Book, count: int) -> None:
        for _ in range(count):
            await create_team(book, OPERATOR, name="Azores")

    for count in counts:
        await store.execute(ORIGIN, teams, count)


async def all_read(tail: Tail, after: int, limit: int, until: int) -> list[int]:
    """Read on until a position, as a client does."""
    positions = list[int]()
    async with asyncio.timeout(PATIENCE_SECONDS):
        while after < until:
            await tail.wait(after)
            after, found = await tail.read(after, limit)
            positions += [told.position for told in found]
    return positions


@pytest.mark.parametrize("ring_events", [1, 7, 100])
@pytest.mark.parametrize("limit", [1, 5, 500])
async def test_a_client_that_begins_anywhere_reads_every_event_once_and_in_order(
    database_url: str, ring_events: int, limit: int
) -> None:
    async with opened(database_url) as store:
        await add(store, 3, 1)
        async with followed(store, database_url, ring_events) as tail:
            readings = [asyncio.create_task(all_read(tail, after, limit, until=24)) for after in range(5)]
            await add(store, *[1, 2, 1] * 5)
            for after, reading in enumerate(readings):
                assert await reading == list(range(after + 1, 25))


async def test_events_that_are_large_are_read_one_by_one(database_url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("store.tail.READ_BYTES", 1)
    async with opened(database_url) as store:
        await add(store, 3, 1)
        async with followed(store, database_url, ring_events=2) as tail:
            reading = asyncio.create_task(all_read(tail, 0, 500, until=24))
            await add(store, *[1, 2, 1] * 5)
            assert await reading == list(range(1, 25))
        async with store.pool.connection() as connection:
            assert [told.position for told in (await told_after(connection, 3, 500))[1]] == [4]


async def test_nothing_sealed_is_opened(database_url: str) -> None:
    async with opened(database_url) as store:
        new = {"profile": profile(204), "team": None, "permissions": 0, "signups_default": True}
        async with followed(store, database_url) as tail:
            await store.execute(ORIGIN, create_account, OPERATOR, **new)
            await tail.wait(0)
            for after_restart in (tail, Tail(database_url, store.pool)):
                _, [told] = await after_restart.read(0)
                assert isinstance(told.event, AccountCreated)
                assert told.event.name == ""


async def test_types_may_be_named(database_url: str) -> None:
    async with opened(database_url) as store:
        await add(store, 2)
        async with followed(store, database_url) as tail:
            await add(store, 2)
            await tail.wait(3)
            wanted = {TeamCreated.stored_type}
            assert [told.position for told in (await tail.read(0, 4, wanted))[1]] == [1, 2, 3, 4]
            assert await tail.read(0, 4, {"teams.TeamSunk"}) == (4, [])
            assert await tail.read(3, 4, {"teams.TeamSunk"}) == (4, [])
            assert await tail.read(4, 4, wanted) == (4, [])


async def test_an_event_that_cannot_be_decoded_is_told_as_such(database_url: str) -> None:
    async with opened(database_url) as store, await connect(database_url) as connection:
        query = """
            SELECT book.append(
                '{}', '{}', '{}', '{}', '{}', '{}',
                '{0}', '{plays-1}', '{1}', '{plays.Begun}', '{"\\\\x00"}', '{"\\\\x7b7d"}', '{""}'
            )
        """
        await connection.execute(query)
        async with followed(store, database_url) as tail:
            end, [told] = await tail.read(0)
            assert (end, told.type, told.data) == (1, "plays.Begun", b"\x00")
            assert isinstance(told.event, UndecodableEvent)


async def test_it_goes_on_after_the_database_has_cut_all_connections(database_url: str) -> None:
    async with opened(database_url) as store, followed(store, database_url) as tail:
        await add(store, 1)
        await tail.wait(0)
        ask(database_url, CUT)
        async with asyncio.timeout(PATIENCE_SECONDS), opened(database_url) as other:
            await add(other, 2)
            assert await all_read(tail, 0, 100, until=3) == [1, 2, 3]


class Follower:
    """Takes in what it is told, up to a position; it breaks at an event when it is told to."""

    def __init__(self, until: int = 100, breaks_at: int = 0) -> None:
        self.heard: list[int] = []
        self._until = until
        self._breaks_at = breaks_at

    def take_in(self, end: int, found: list[Told]) -> bool:
        for told in found:
            if told.position == self._breaks_at:
                raise KeyError("mine alone")
            self.heard.append(told.position)
        return end < self._until


@asynccontextmanager
async def followed_from_one(store: EventStore, url: str) -> AsyncIterator[Tail]:
    """Follow a log with one event, and know where it ends."""
    await add(store, 1)
    async with followed(store, url) as tail:
        while not tail.end():
            await tail.wait(0)
        yield tail


async def test_who_is_level_is_told_what_is_new_until_something_is_left(database_url: str) -> None:
    follower = Follower(until=4)
    async with opened(database_url) as store, followed_from_one(store, database_url) as tail:
        waiting = asyncio.create_task(tail.wait(1, follower))
        for _ in range(3):
            await add(store, 1)
            async with asyncio.timeout(PATIENCE_SECONDS):
                await tail.wait(await head(store) - 1)
        async with asyncio.timeout(PATIENCE_SECONDS):
            await waiting
        await add(store, 1)
        await tail.wait(4)
    assert follower.heard == [2, 3, 4]


async def test_a_follower_that_breaks_is_woken_and_the_others_are_told(database_url: str) -> None:
    broken, other = Follower(breaks_at=2), Follower()
    async with opened(database_url) as store, followed_from_one(store, database_url) as tail:
        breaking, going_on = (asyncio.create_task(tail.wait(1, each)) for each in (broken, other))
        await asyncio.sleep(0)  # both wait now
        await add(store, 1)
        async with asyncio.timeout(PATIENCE_SECONDS):
            await breaking
        assert other.heard == [2]
        assert not going_on.done()
        going_on.cancel()


async def test_a_follower_that_has_gone_is_told_nothing(database_url: str) -> None:
    gone = Follower()
    async with opened(database_url) as store, followed_from_one(store, database_url) as tail:
        going = asyncio.create_task(tail.wait(1, gone))
        await asyncio.sleep(0)
        going.cancel()
        await asyncio.wait({going})
        await add(store, 1)
        await tail.wait(1)
    assert gone.heard == []


async def test_a_follower_is_woken_when_more_has_happened_than_is_in_memory(
    database_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Nobody has waited for a while, so that nothing was read meanwhile."""
    monkeypatch.setattr("store.tail.LINGER_SECONDS", 0.0)
    monkeypatch.setattr("store.tail.POLL_SECONDS", 0.01)
    follower = Follower()
    async with opened(database_url) as store, followed(store, database_url, ring_events=2) as tail:
        await add(store, 1)
        async with asyncio.timeout(PATIENCE_SECONDS):
            while not tail.end():
                await tail.wait(0)
            await asyncio.sleep(0.3)  # it rests
            await add(store, 5)
            await tail.wait(1, follower)
    assert follower.heard == []
