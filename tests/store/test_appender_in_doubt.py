"""A connection that is lost between an append and its answer: what is acknowledged is in the log, and once."""

import asyncio

import psycopg
import pytest

from domain.permissions import OPERATOR
from domain.teams.commands import create_team
from store import appender as module
from store.appender import Appender, OutcomeUnknownError
from store.connections import pool
from store.event_store import EventStore
from store.keys import Keyring
from tests.books import KEY, ORIGIN, ask, until
from tests.store.cutting import Carry, Line, Proxy, forward, lose_the_answer, lose_the_query, proxied
from tests.store.test_appender import appending, one

pytestmark = pytest.mark.faults

WAITING = """
    SELECT lock.pid
    FROM pg_locks AS lock
    JOIN pg_database AS here ON here.oid = lock.database AND here.datname = current_database()
    WHERE lock.locktype = 'advisory' AND NOT lock.granted
"""
STREAMS = "SELECT stream, version, position FROM book.log ORDER BY position"


async def warm(appender: Appender) -> None:
    """Append until the statement is prepared: then an append is one question and one answer."""
    for version in (1, 2, 3):
        await appender.append(one("tests-1", version))


@pytest.mark.parametrize("cut", [lose_the_query, lose_the_answer])
async def test_a_cut_append_is_in_the_log_once_and_where_it_is_said_to_be(database_url: str, cut: Carry) -> None:
    async with proxied(database_url) as (url, proxy), appending(url) as appender:
        await warm(appender)
        proxy.once(cut)
        done = await asyncio.gather(*(appender.append(one(f"teams-{n}")) for n in range(2, 10)))
    rows = ask(database_url, STREAMS)[3:]
    assert rows == [(f"teams-{n}", 1, done[n - 2].position) for n in range(2, 10)]


async def test_an_append_whose_answer_is_lost_again_and_again_is_in_the_log_once(database_url: str) -> None:
    async with proxied(database_url) as (url, proxy), appending(url) as appender:
        await warm(appender)
        for version in range(4, 9):
            proxy.once(lose_the_answer)
            done = await appender.append(one("tests-1", version))
            assert done.position == version
    assert [row[1] for row in ask(database_url, STREAMS)] == list(range(1, 9))


async def test_who_cannot_be_told_what_became_of_it_is_told_that(
    database_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "APPEND_SECONDS_MAX", 0)
    async with proxied(database_url) as (url, proxy), appending(url) as appender:
        await warm(appender)
        proxy.once(lose_the_answer)
        with pytest.raises(OutcomeUnknownError):
            await appender.append(one("tests-2"))
    assert ask(database_url, STREAMS)[3:] == [("tests-2", 1, 4)]


async def test_in_doubt_and_without_the_lock_nothing_is_claimed(
    database_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "SETTINGS", ("SET statement_timeout = '200ms'",))
    async with proxied(database_url) as (url, proxy), appending(url) as appender:
        with psycopg.connect(database_url) as locked:

            async def lose_the_answer_and_the_lock(query: bytes, line: Line) -> None:
                await lose_the_answer(query, line)
                locked.execute("SELECT book.lock_appends()")

            await warm(appender)
            proxy.once(lose_the_answer_and_the_lock)
            with pytest.raises(OutcomeUnknownError):
                await appender.append(one("tests-2"))


async def test_a_query_that_arrives_late_is_not_done_twice(database_url: str) -> None:
    async with (
        proxied(database_url) as (url, proxy),
        pool(database_url) as connections,
        appending(url) as appender,
    ):
        store = EventStore(connections, appender, Keyring(connections, KEY))
        await warm(appender)
        late = _Late(proxy, database_url)
        proxy.once(late.hold)
        outcome = await store.execute(ORIGIN, create_team, OPERATOR, name="Azores")
        await until(late.is_done)
    assert [row[2] for row in ask(database_url, STREAMS)] == [1, 2, 3, outcome.position]


class _Late:
    """Holds a query back until its client, cut off, sends it again: then the server has it first if it can."""

    def __init__(self, proxy: Proxy, database_url: str) -> None:
        self._proxy = proxy
        self._database_url = database_url

    async def hold(self, query: bytes, line: Line) -> None:
        self._query, self._line = query, line
        line.is_mute = True
        line.answered.clear()
        self._proxy.carry = self._release
        line.client.transport.abort()
        await line.answered.wait()

    async def _release(self, query: bytes, line: Line) -> None:
        if b"book.append(" in query:
            self._proxy.carry = forward
            await self._line.forward(self._query)
            await until(lambda: self.is_done() or self._waits())
        await line.forward(query)

    def is_done(self) -> bool:
        return self._line.answered.is_set()

    def _waits(self) -> bool:
        return bool(ask(self._database_url, WAITING))


async def test_whatever_is_terminated_everything_acknowledged_is_in_the_log_once(database_url: str) -> None:
    """Commands that beget something new each time are the ones that a second try would double."""
    terminate = (
        "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
        " WHERE datname = current_database() AND query LIKE '%book.append(%' AND pid <> pg_backend_pid()"
    )
    async with pool(database_url) as connections, appending(database_url) as appender:
        store = EventStore(connections, appender, Keyring(connections, KEY))
        killed = 0
        outcomes = []
        for _ in range(12):
            creating = asyncio.gather(*(store.execute(ORIGIN, create_team, OPERATOR, name="Azores") for _ in range(40)))
            while not creating.done():
                killed += len(await asyncio.to_thread(ask, database_url, terminate))
            outcomes += await creating
    assert killed
    acknowledged = [(f"teams-{outcome.value}", 1, outcome.position) for outcome in outcomes]
    assert sorted(acknowledged) == sorted(ask(database_url, STREAMS))
