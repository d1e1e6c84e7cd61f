"""Opens a book for tests: its store, a projector beside it, and what its tables hold."""

import asyncio
import base64
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager, suppress
from inspect import isawaitable

import psycopg
from psycopg import sql

from domain.permissions import OPERATOR
from projections import checkpoints
from projections.catalogue import PROJECTORS
from projections.checkpoints import Checkpoint
from projections.rebuild import table_names
from projections.rows import Projector
from projections.runtime import Feed
from store.appender import Appender
from store.codec import Origin
from store.connections import connect, pool
from store.event_store import EventStore
from store.keys import Keyring
from store.source import Opening, from_log
from tests.servers import MASTER_KEY
from workers.projector import ProjectorWorker

KEY = base64.b64decode(MASTER_KEY)
WAIT_SECONDS_MAX = 60.0
POLL_SECONDS = 0.01
ORIGIN = Origin(actor=OPERATOR.name(), surface="tests")


@asynccontextmanager
async def opened(url: str, master_key: bytes = KEY) -> AsyncIterator[EventStore]:
    """Open the store of one process."""
    async with pool(url) as connections:
        appender = Appender(url)
        try:
            yield EventStore(connections, appender, Keyring(connections, master_key))
        finally:
            await appender.close()


@asynccontextmanager
async def projecting(
    url: str,
    projectors: Sequence[Projector] = PROJECTORS,
    feed: Feed | None = None,
    open_source: Opening = from_log,
) -> AsyncIterator[asyncio.Task[None]]:
    """Run a projector beside the test; what ends it early fails the test."""
    async with pool(url) as connections:
        projector = ProjectorWorker(url, Keyring(connections, KEY), projectors, feed, open_source)
        worker = asyncio.create_task(projector.run())
        try:
            yield worker
        finally:
            worker.cancel()
            with suppress(asyncio.CancelledError):
                await worker


async def until(condition: Callable[[], Awaitable[object] | object], seconds: float = WAIT_SECONDS_MAX) -> None:
    """Return when the condition holds; it may be asynchronous."""
    deadline = time.monotonic() + seconds
    while True:
        answer = condition()
        if await answer if isawaitable(answer) else answer:
            return
        assert time.monotonic() < deadline, f"still not so after {seconds} s"
        await asyncio.sleep(POLL_SECONDS)


async def places(url: str) -> dict[str, Checkpoint]:
    """Return where every reader is."""
    async with await connect(url) as connection:
        return {place.reader: place for place in await checkpoints.all_checkpoints(connection)}


async def shown(url: str, projectors: Sequence[Projector] = PROJECTORS) -> None:
    """Return when every one of these projectors is up with the log."""

    async def are_up() -> bool:
        found = await places(url)
        return all(projector.name in found and found[projector.name].lag == 0 for projector in projectors)

    await until(are_up)


def dump(url: str, projectors: Sequence[Projector] = PROJECTORS) -> dict[str, bytes]:
    """Return the rows of every query table, as bytes, in an order of their own."""
    with psycopg.connect(url) as connection:
        return {table: _copy(connection, table) for projector in projectors for table in table_names(projector)}


def _copy(connection: psycopg.Connection, table: str) -> bytes:
    query = sql.SQL("COPY (SELECT * FROM {0} AS t ORDER BY t::text) TO STDOUT")
    with connection.cursor().copy(query.format(sql.Identifier("projections", table))) as rows:
        return b"".join(bytes(row) for row in rows)


def drop_tables(url: str, projectors: Sequence[Projector] = PROJECTORS) -> None:
    """Drop the query tables of these projectors; where they were stays written down."""
    with psycopg.connect(url) as connection:
        for table in (table for projector in projectors for table in table_names(projector)):
            connection.execute(sql.SQL("DROP TABLE {}").format(sql.Identifier("projections", table)))


def ask(url: str, query: str, *arguments: object) -> list[tuple[object, ...]]:
    """Return the answer to a query of the superuser."""
    with psycopg.connect(url, autocommit=True) as connection:
        cursor = connection.execute(query.encode(), arguments or None)
        return cursor.fetchall() if cursor.description else []
