"""Tables are made anew beside the old ones while people read and write: nobody notices."""

import asyncio
from collections.abc import Awaitable, Callable

import psycopg
import pytest
from psycopg import AsyncConnection
from psycopg.rows import TupleRow

from projections.accounts.queries import accounts_by_id, accounts_found
from projections.catalogue import PROJECTORS
from projections.credentials import credentials_of
from projections.rebuild import Difference, rebuild
from projections.teams.projector import PROJECTOR as TEAMS
from store.connections import connect
from store.event_store import EventStore
from tests.books import ask, dump, opened, projecting, shown, until
from tests.deeds import Deeds, do_many

READERS = 4
REBUILDS = 2
IDS = range(1, 60)
USERNAMES = [(letter, number) for letter in "AS" for number in IDS]

Reading = Callable[[AsyncConnection[TupleRow]], Awaitable[object]]
READINGS: tuple[Reading, ...] = (
    lambda connection: accounts_by_id(connection, list(IDS)),
    lambda connection: credentials_of(connection, USERNAMES),
    lambda connection: connection.execute("SELECT count(*) FROM teams JOIN accounts ON accounts.team = teams.id"),
    lambda connection: connection.execute("SELECT count(*) FROM holdings JOIN awards ON awards.id = holdings.award"),
)


async def read_without_pause(url: str, first: int, counts: list[int]) -> None:
    """Read one thing after the other over one connection, where each soon is a prepared statement."""
    async with await connect(url) as connection:
        while True:
            for reading in READINGS[first:] + READINGS[:first]:
                await reading(connection)
                counts[first] += 1


async def write_without_pause(store: EventStore) -> None:
    deeds = Deeds(8)
    while True:
        await do_many(store, deeds, 50)


async def projected(url: str, store: EventStore, deeds: int = 300) -> dict[str, bytes]:
    """Do so many deeds, and return the rows once they are shown."""
    async with projecting(url):
        await do_many(store, Deeds(6), deeds)
        await shown(url)
    return dump(url)


async def test_reads_and_writes_go_on_while_tables_are_swapped(database_url: str) -> None:
    counts = [0] * READERS
    async with opened(database_url) as store, projecting(database_url):
        await do_many(store, Deeds(7), 800)
        await shown(database_url)
        async with asyncio.TaskGroup() as tasks:
            busy = [tasks.create_task(read_without_pause(database_url, number, counts)) for number in range(READERS)]
            busy.append(tasks.create_task(write_without_pause(store)))
            for _ in range(REBUILDS):
                before = list(counts)
                assert await rebuild(database_url, store.keyring, PROJECTORS) == []
                assert all(now > then for now, then in zip(counts, before, strict=True))
            for task in busy:
                task.cancel()
        await shown(database_url)
        rows = dump(database_url)
        assert await rebuild(database_url, store.keyring, PROJECTORS) == []
    assert dump(database_url) == rows


@pytest.mark.parametrize(
    ("tampering", "change"),
    [
        ("UPDATE projections.teams SET name = 'mine' WHERE id = (SELECT min(id) FROM projections.teams)", 0),
        ("DELETE FROM projections.teams WHERE id = (SELECT min(id) FROM projections.teams)", 1),
        ("INSERT INTO projections.teams VALUES (999999, 'x', now())", -1),
    ],
    ids=["changed", "removed", "added"],
)
async def test_rows_that_the_log_does_not_know_are_reported_and_put_right(
    database_url: str, tampering: str, change: int
) -> None:
    async with opened(database_url) as store:
        rows = await projected(database_url, store)
        ask(database_url, tampering)
        [difference] = await rebuild(database_url, store.keyring, PROJECTORS)
        assert (difference.table, difference.rows_after - difference.rows_before) == ("teams", change)
        assert dump(database_url) == rows
        assert await rebuild(database_url, store.keyring, PROJECTORS) == []


async def test_one_projector_is_rebuilt_and_the_others_are_left_alone(database_url: str) -> None:
    async with opened(database_url) as store:
        rows = await projected(database_url, store)
        ask(database_url, "DELETE FROM projections.teams")
        ask(database_url, "DELETE FROM projections.apps")
        differences = await rebuild(database_url, store.keyring, [TEAMS])
        assert [difference.table for difference in differences] == ["teams"]
        assert dump(database_url) == {**rows, "apps": b""}


async def test_a_reader_that_takes_its_time_makes_nobody_but_the_rebuild_wait(database_url: str) -> None:
    async with opened(database_url) as store:
        await projected(database_url, store)
        with psycopg.connect(database_url) as slow:
            slow.execute("SELECT count(*) FROM projections.teams")
            rebuilding = asyncio.create_task(rebuild(database_url, store.keyring, PROJECTORS))
            await until(lambda: ask(database_url, WAITING))
            async with await connect(database_url) as connection, asyncio.timeout(1):
                await accounts_found(connection, name=None, team=None, offset=0, limit=10)
            assert not rebuilding.done()
        assert await rebuilding == []


WAITING = """
    SELECT lock.pid
    FROM pg_locks AS lock
    JOIN pg_database AS here ON here.oid = lock.database AND here.datname = current_database()
    WHERE lock.mode = 'AccessExclusiveLock' AND NOT lock.granted
"""


async def test_a_second_rebuild_waits_for_the_first(database_url: str) -> None:
    async with opened(database_url) as store:
        rows = await projected(database_url, store)
        both = [rebuild(database_url, store.keyring, PROJECTORS) for _ in range(2)]
        assert await asyncio.gather(*both) == [[], []]
    assert dump(database_url) == rows


async def test_progress_is_told_up_to_the_head(database_url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("projections.rebuild.BATCH_EVENTS_MAX", 10)
    told: list[tuple[int, int]] = []
    async with opened(database_url) as store:
        await projected(database_url, store)
        await rebuild(database_url, store.keyring, PROJECTORS, lambda *progress: told.append(progress))
    [(head,)] = ask(database_url, "SELECT book.head()")
    assert len(told) > 2
    assert told[-1] == (head, head)
    assert told == sorted(told)


async def test_what_a_rebuild_left_half_done_is_no_hindrance(database_url: str) -> None:
    async with opened(database_url) as store:
        rows = await projected(database_url, store)
        ask(database_url, "CREATE TABLE building.teams AS SELECT 1 AS left_over")
        assert await rebuild(database_url, store.keyring, PROJECTORS) == []
    assert dump(database_url) == rows


async def test_a_difference_says_which_table_and_how_many_rows(database_url: str) -> None:
    async with opened(database_url) as store:
        await projected(database_url, store)
        [(count,)] = ask(database_url, "SELECT count(*) FROM projections.teams")
        assert isinstance(count, int)
        ask(database_url, "DELETE FROM projections.teams")
        assert await rebuild(database_url, store.keyring, PROJECTORS) == [Difference("teams", 0, count)]
