"""The history of an entity in a large log: folded and compared step by step, beside a bare query of the same rows."""

import asyncio
import subprocess
import sys
import time
from collections.abc import Awaitable, Callable, Generator, Iterator
from contextlib import contextmanager
from hashlib import sha256
from random import Random
from time import perf_counter
from typing import Any

import psycopg

from bench import guildbook, load, server
from bench.latency import percentiles_ms
from domain.apps.aggregate import AUDITOR_SCOPE, BOT_SCOPES
from domain.apps.events import AppCreated, BotTokenReset
from domain.kernel import Book
from store.event_store import EventStore
from store.history import history_of
from store.migrate import migrate

EVENTS, VERSIONS = 1_000_000, 20
STREAMS = EVENTS // VERSIONS
LOOKED_AT, NEW_LOOKS_MAX = 400, 20_000
BOT, GUILD, SECRET = 900, 920, "b" * 43
ROLES = """
    INSERT INTO book.log (position, stream, version, type, data, meta, append_end, recorded_at)
    SELECT
        %(first)s + n, 'guilds-role-920-' || n %% %(streams)s, n / %(streams)s + 1,
        CASE WHEN n < %(streams)s THEN 'guilds.RoleCreated' ELSE 'guilds.RoleUpdated' END,
        convert_to(format(
            CASE WHEN n < %(streams)s
                THEN '{"guild":920,"role":%%s,"name":"role","position":1,"permissions":%%s}'
                ELSE '{"guild":920,"role":%%s,"permissions":%%s}'
            END,
            n %% %(streams)s, n
        ), 'UTF8'),
        convert_to(format('{"actor":"apps-900","surface":"book","request":"%%s","append":"x%%s"}', n, n), 'UTF8'),
        %(first)s + n, now()
    FROM generate_series(0, %(events)s - 1) AS n
"""
ROWS = """
    SELECT position, stream, version, type, data, append_end, recorded_at, meta
    FROM book.log
    WHERE stream = %b
    ORDER BY version
"""


def seed(url: str) -> None:
    """Make a bot that is an auditor, its query tables, and a log in which the events of fifty thousand roles mingle."""
    migrate(url)
    asyncio.run(_seed(url))
    guildbook.rebuild_rate(url)
    with psycopg.connect(url, autocommit=True) as connection:
        row = connection.execute("SELECT book.head() + 1").fetchone()
        connection.execute(ROLES, {"events": EVENTS, "streams": STREAMS, "first": row[0] if row else 1})
        connection.execute("VACUUM ANALYZE book.log")


async def _seed(url: str) -> None:
    async with guildbook.opened(url) as store:
        await store.execute(guildbook.ORIGIN, _write)


async def _write(book: Book) -> None:
    token_hash = sha256(SECRET.encode()).hexdigest()
    created = AppCreated(app=BOT, name="bench", permissions=0, token_hash="")
    reset = BotTokenReset(app=BOT, token_hash=token_hash, scopes=(*BOT_SCOPES, AUDITOR_SCOPE))
    book.append(f"apps-{BOT}", [created, reset])


def streams(seed_number: int, count: int = LOOKED_AT) -> list[str]:
    """Some of the roles."""
    return [f"guilds-role-{GUILD}-{number}" for number in Random(seed_number).sample(range(STREAMS), count)]


def delays(url: str) -> tuple[tuple[float, float], tuple[float, float]]:
    """The p50 and p99 in milliseconds of the bare query, and of the history: of the same rows in turn, all warm."""
    return asyncio.run(_delays(url))


async def _delays(url: str) -> tuple[tuple[float, float], tuple[float, float]]:
    bare, folded = list[float](), list[float]()
    async with guildbook.opened(url) as store:
        for stream in (*streams(0)[:20], *streams(1)):  # the first are for warming up
            await _bare(store, stream)
            bare.append(await _timed(lambda stream=stream: _bare(store, stream)))
            folded.append(await _timed(lambda stream=stream: history_of(store, stream)))
    return percentiles_ms(bare[20:]), percentiles_ms(folded[20:])


async def _timed(ask: Callable[[], Awaitable[list[Any]]]) -> float:
    began = perf_counter()
    found = await ask()
    took = perf_counter() - began
    assert len(found) == VERSIONS
    return took


async def _bare(store: EventStore, stream: str) -> list[Any]:
    async with store.pool.connection() as connection:
        return await (await connection.execute(ROWS, (stream,), binary=True)).fetchall()


@contextmanager
def served(url: str) -> Generator[str, None, None]:
    """The address of the API alone: its tables hold all that it needs to know the bot."""
    environment = {**guildbook.ENVIRONMENT, "GUILDBOOK_DATABASE_URL": url}
    with server.granian("bench.guildbook:create_app", environment) as address:
        yield address


def looks(address: str, seconds: float, *, once: bool) -> load.Options:
    """One auditor who looks again and again, or each time at something else, so that each look is recorded."""
    header = (f"Authorization: {BOT}.{SECRET}",)
    return load.Options(url=address, seconds=seconds, connections=1, header=header, once=once)


def paths(count: int) -> Iterator[str]:
    return (f"/book/streams/{stream}" for stream in streams(2, count))


@contextmanager
def indexed(url: str) -> Generator[None, None, None]:
    """Run an indexer as it is run by default."""
    migrate(url)
    code = "import asyncio, sys; from workers.indexer import Indexer; asyncio.run(Indexer(sys.argv[1]).run())"
    worker = subprocess.Popen([sys.executable, "-c", code, url])
    try:
        with psycopg.connect(url, autocommit=True) as connection:
            while not connection.execute("SELECT 1 FROM operations.checkpoints WHERE reader = 'search'").fetchone():
                time.sleep(0.1)
        yield
    finally:
        server.stop(worker)
