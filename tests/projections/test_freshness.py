"""Reading your own writes: who waits is told as soon as the tables show it, and is never left waiting."""

import asyncio
import time
from collections.abc import AsyncGenerator, Generator
from contextlib import asynccontextmanager, contextmanager, suppress
from urllib.parse import urlsplit

import pytest
from psycopg import sql

from domain.permissions import OPERATOR
from domain.teams.commands import create_team
from projections.freshness import Freshness
from store.event_store import EventStore
from tests.books import ORIGIN, ask, opened, projecting, shown, until
from tests.projections.poison import UNLUCKY, with_a_mistake

PATIENCE_SECONDS = 20.0


@asynccontextmanager
async def fresh(url: str, store: EventStore) -> AsyncGenerator[Freshness]:
    freshness = Freshness(url, store.pool)
    running = asyncio.create_task(freshness.run())
    try:
        yield freshness
        assert not running.done()
    finally:
        running.cancel()
        with suppress(asyncio.CancelledError):
            await running


async def create(store: EventStore, name: str = "x") -> int:
    return (await store.execute(ORIGIN, create_team, OPERATOR, name=name)).position


async def test_a_write_is_shown_when_the_wait_is_over(database_url: str) -> None:
    async with opened(database_url) as store, projecting(database_url), fresh(database_url, store) as freshness:
        for count in range(1, 30):
            assert await freshness.wait(await create(store), PATIENCE_SECONDS)
            assert ask(database_url, "SELECT count(*) FROM projections.teams") == [(count,)]


async def test_whoever_waits_is_patient_for_so_long_and_no_longer(database_url: str) -> None:
    async with opened(database_url) as store, fresh(database_url, store) as freshness:
        position = await create(store)
        started = time.monotonic()
        assert not await freshness.wait(position, 0.3)
        assert 0.3 <= time.monotonic() - started < 4
        assert not await freshness.wait(position, 0)


async def test_while_a_projector_is_stopped_nobody_waits_and_nobody_is_told_that_it_is_shown(database_url: str) -> None:
    async with opened(database_url) as store, fresh(database_url, store) as freshness:
        async with projecting(database_url, with_a_mistake()):
            await shown(database_url)
            await create(store, UNLUCKY)
            started = time.monotonic()
            assert not await freshness.wait(await create(store), PATIENCE_SECONDS)
            assert time.monotonic() - started < PATIENCE_SECONDS
        async with projecting(database_url):
            await until(lambda: freshness.wait(1, 0))
            assert await freshness.wait(await create(store), PATIENCE_SECONDS)


@pytest.mark.faults
async def test_it_outlives_an_outage_that_somebody_waited_through(server_url: str, database_url: str) -> None:
    async with opened(database_url) as store, fresh(database_url, store) as freshness:
        async with projecting(database_url):
            assert await freshness.wait(await create(store), PATIENCE_SECONDS)
        position = await create(store)
        with unreachable(server_url, database_url):
            assert not await freshness.wait(position, 1.0)
        async with projecting(database_url):
            assert await freshness.wait(position, 4 * PATIENCE_SECONDS)


@contextmanager
def unreachable(server_url: str, database_url: str) -> Generator[None]:
    """Let nobody connect to the database, and cut off all that are connected."""
    name = urlsplit(database_url).path[1:]
    _allow_connections(server_url, name, allowed=False)
    ask(server_url, "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = %s", name)
    try:
        yield
    finally:
        _allow_connections(server_url, name, allowed=True)


def _allow_connections(server_url: str, name: str, *, allowed: bool) -> None:
    statement = sql.SQL("ALTER DATABASE {} ALLOW_CONNECTIONS {}").format(sql.Identifier(name), sql.Literal(allowed))
    ask(server_url, statement.as_string())
