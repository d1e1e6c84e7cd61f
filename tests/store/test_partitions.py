"""The recipe of docs/partitions.sql: the log in parts refuses what it refused as a whole, and reads the same."""

import asyncio
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import psycopg
import pytest

from projections.catalogue import PROJECTORS
from projections.rebuild import rebuild
from store.appender import Append, Appender, ConflictError, NewEvent
from store.connections import connect
from tests.books import ask, dump, opened, projecting, shown
from tests.deeds import Deeds, do_many

RECIPE = (Path(__file__).parents[2] / "docs" / "partitions.sql").read_text()
POSITIONS = 50  # of a partition
DEEDS = 250
LOG = "SELECT position, stream, version, type, data, meta, append_end, recorded_at FROM book.log ORDER BY position"
PARTS = """
    SELECT child.relname, pg_get_expr(child.relpartbound, child.oid)
    FROM pg_inherits
    JOIN pg_class AS child ON child.oid = inhrelid
    WHERE inhparent = 'book.log'::regclass
    ORDER BY 1
"""
HOLDS = "SELECT tableoid::regclass::text, count(*) FROM book.log GROUP BY 1 HAVING count(*) > 0"


def statements() -> Iterator[str]:
    """Return the recipe's statements one by one, as psql sends them."""
    statement = ""
    for line in RECIPE.splitlines():
        statement += f"{line}\n"
        if line.endswith(";") and statement.count("$$") % 2 == 0:
            yield statement
            statement = ""


def divide(url: str) -> None:
    """Do what the recipe does, with small partitions."""
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute(f"SET guildbook.partition_positions = {POSITIONS}".encode())
        for statement in statements():
            connection.execute(statement.encode())
        for _ in range(3):
            connection.execute("SELECT book.extend_log()")


@pytest.fixture
async def appender(database_url: str) -> AsyncIterator[Appender]:
    appending = Appender(database_url)
    yield appending
    await appending.close()


def held(url: str) -> dict[object, object]:
    """Return how many events each partition holds that holds any."""
    return {name: count for name, count in ask(url, HOLDS)}  # noqa: C416 - rows are not known to be pairs


def event(stream: str, version: int) -> NewEvent:
    return NewEvent(stream, version, "teams.TeamCreated", b'{"team":1,"name":""}', f"{stream}/{version}".encode(), "")


async def fill(appender: Appender, stream: str, count: int) -> None:
    """Append one event after another."""
    for version in range(1, count + 1):
        await appender.append(Append([event(stream, version)], {stream: version - 1}))


async def test_writers_and_tables_go_on_while_the_log_is_divided_under_them(database_url: str) -> None:
    deeds = Deeds(seed=3)
    async with opened(database_url) as store, projecting(database_url):
        await do_many(store, deeds, DEEDS)
        before = ask(database_url, LOG)
        dividing = asyncio.create_task(asyncio.to_thread(divide, database_url))
        while not dividing.done():
            await do_many(store, deeds, DEEDS // 10)
        await dividing
        await do_many(store, deeds, DEEDS)
        assert ask(database_url, LOG)[: len(before)] == before
        await shown(database_url)
        projected = dump(database_url)
        assert await rebuild(database_url, store.keyring, PROJECTORS) == []
    assert dump(database_url) == projected
    assert [row[0] for row in ask(database_url, LOG)] == list(range(1, len(ask(database_url, LOG)) + 1))
    assert len(held(database_url)) > 1


async def test_a_stream_goes_on_across_partitions(database_url: str, appender: Appender) -> None:
    await fill(appender, "teams-1", 20)
    divide(database_url)
    for version in range(21, 3 * POSITIONS):
        await appender.append(Append([event("teams-1", version)], {"teams-1": version - 1}))
    parts = [name for name, _ in ask(database_url, PARTS)]
    assert parts == ["log_1", "log_100", "log_150", "log_200", "log_rest"]
    assert held(database_url) == {"book.log_1": 99, "book.log_100": 50}
    with pytest.raises(ConflictError):
        await appender.append(Append([event("teams-1", 5)], {"teams-1": 4}))


async def test_no_version_is_written_twice_even_by_who_has_not_looked(database_url: str, appender: Appender) -> None:
    await fill(appender, "teams-1", 3)
    divide(database_url)
    await fill(appender, "teams-2", 2 * POSITIONS)
    for stream in ("teams-1", "teams-2"):
        with pytest.raises(psycopg.errors.UniqueViolation) as caught:
            await appender.append(Append([event(stream, 2)], {}))
        assert caught.value.diag.constraint_name == "log_stream_version"
    assert len(ask(database_url, LOG)) == 3 + 2 * POSITIONS


async def test_nothing_is_changed_in_any_part(database_url: str, appender: Appender) -> None:
    await fill(appender, "teams-1", 3)
    divide(database_url)
    for table in ("log", "log_1", "log_rest", "versions"):
        for change in ("UPDATE book.{} SET version = 9", "DELETE FROM book.{}", "TRUNCATE book.{} CASCADE"):
            with pytest.raises(psycopg.errors.InsufficientPrivilege):
                ask(database_url, change.format(table))
    async with await connect(database_url) as connection:
        assert await (await connection.execute("SELECT count(*) FROM book.log")).fetchone() == (3,)
        for table in ("log", "log_1", "versions"):
            with pytest.raises(psycopg.errors.InsufficientPrivilege):
                await connection.execute(f"INSERT INTO book.{table} DEFAULT VALUES".encode())
        with pytest.raises(psycopg.errors.InsufficientPrivilege):
            await connection.execute("SELECT book.extend_log()")


async def test_who_forgets_to_extend_the_log_loses_nothing(database_url: str, appender: Appender) -> None:
    divide(database_url)
    await fill(appender, "teams-1", 5 * POSITIONS)
    assert held(database_url)["book.log_rest"] == 1
    with pytest.raises(psycopg.errors.RaiseException, match="in use already"):
        ask(database_url, "SELECT book.extend_log()")
