"""Signed deliveries on their whole way: log, fan-out, outbox, sender, HTTP, to fifty endpoints on this machine."""

import asyncio
import base64
import subprocess
import sys
import time
from array import array
from collections.abc import Generator, Sequence
from contextlib import contextmanager
from typing import NamedTuple

import psutil
import uvloop

from bench import guildbook, server
from bench.latency import percentiles_ms
from domain.apps.aggregate import AUDITOR_SCOPE
from domain.apps.commands import create_bot
from domain.guilds.aggregate import ROLE
from domain.guilds.events import RoleCreated
from domain.kernel import Book
from domain.processes.add_callback import add_callback
from projections.catalogue import PROJECTORS
from projections.rebuild import create_tables
from store.connections import connect
from store.event_store import EventStore
from store.migrate import migrate

ENDPOINTS = 50
BOT, HOME = 4401, 920
SECRET = "whsec_" + base64.b64encode(bytes(32)).decode()
STEADY_EVENTS_A_SECOND = 20
AHEAD_EVENTS = 40  # of what has arrived, at full speed
READY_SECONDS = 30.0


class Receivers:
    """The process that receives everything."""

    def __init__(self, process: subprocess.Popen[bytes]) -> None:
        assert process.stdout is not None
        assert process.stdin is not None
        self._out, self._in = process.stdout, process.stdin
        self.ports = [int(port) for port in self._out.readline().split()]

    def arrived(self) -> tuple[Sequence[int], Sequence[float]]:
        """Return the positions of what has arrived so far, and when."""
        self._in.write(b"\n")
        self._in.flush()
        count = int.from_bytes(self._out.read(8), "big")
        positions, times = array("q"), array("d")
        positions.frombytes(self._out.read(8 * count))
        times.frombytes(self._out.read(8 * count))
        return positions, times


class Found(NamedTuple):
    """Deliveries a second at full speed; ms from append to endpoint at a steady rate; and the worker's memory."""

    rate: float
    p50_ms: float
    p99_ms: float
    first_mb: float
    last_mb: float


@contextmanager
def receivers() -> Generator[Receivers, None, None]:
    command = [sys.executable, "-m", "bench.receivers", "--count", str(ENDPOINTS)]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as process:
        yield Receivers(process)
        process.kill()


@contextmanager
def working(database: str) -> Generator[psutil.Process, None, None]:
    """The worker that an operator would start."""
    environment = {
        **guildbook.ENVIRONMENT,
        "GUILDBOOK_DATABASE_URL": database,
        "GUILDBOOK_CALLBACKS_ALLOW_PRIVATE": "1",
    }
    command = [sys.executable, "-m", "cli.main", "work", "callbacks"]
    worker = subprocess.Popen(command, env=server.beside(environment), stdout=subprocess.DEVNULL)
    try:
        yield psutil.Process(worker.pid)
    finally:
        server.stop(worker)


def measure(database: str, seconds: float) -> Found:
    migrate(database)
    with receivers() as received:
        uvloop.run(_subscribe(database, received.ports))
        with working(database) as worker:
            return uvloop.run(_measure(database, received, worker, seconds))


async def _subscribe(database: str, ports: Sequence[int]) -> None:
    async with await connect(database) as connection:
        await create_tables(connection, PROJECTORS)
    async with guildbook.opened(database) as store:
        args = {"name": "bench", "token_hash": "", "scopes": (AUDITOR_SCOPE,)}
        await store.execute(guildbook.ORIGIN, create_bot, app=BOT, **args)
        for port in ports:
            url = f"http://127.0.0.1:{port}/hook"
            await store.execute(guildbook.ORIGIN, add_callback, app=BOT, url=url, secret=SECRET, contexts=("guilds",))


async def _measure(database: str, received: Receivers, worker: psutil.Process, seconds: float) -> Found:
    async with guildbook.opened(database) as store:
        said = [await _say(store, 0)]
        await _until(received, said)
        first_mb = _megabytes(worker)
        delays = await _steadily(store, received, said, seconds)
        rate = await _at_full_speed(store, received, said, seconds)
        await _until(received, said)
        p50_ms, p99_ms = percentiles_ms(delays)
        return Found(rate, p50_ms, p99_ms, first_mb, _megabytes(worker))


async def _say(store: EventStore, role: int) -> tuple[int, float]:
    """Append one event; returns its position, and when that was asked for."""

    async def said(book: Book) -> None:
        book.append(ROLE.stream(HOME, role), [RoleCreated(guild=HOME, role=role, name=f"Role {role} {'x' * 100}")])

    begun = time.time()
    return (await store.execute(guildbook.ORIGIN, said)).position, begun


async def _until(received: Receivers, said: Sequence[tuple[int, float]]) -> None:
    """Return when every endpoint has got everything."""
    async with asyncio.timeout(READY_SECONDS):
        while len(received.arrived()[0]) < len(said) * ENDPOINTS:  # noqa: ASYNC110 - it is another process
            await asyncio.sleep(0.05)


async def _steadily(
    store: EventStore, received: Receivers, said: list[tuple[int, float]], seconds: float
) -> list[float]:
    """Return how long each delivery took, from asking for the append, at a rate that leaves room."""
    begun = time.time()
    for number in range(round(STEADY_EVENTS_A_SECOND * seconds)):
        await asyncio.sleep(max(0.0, begun + number / STEADY_EVENTS_A_SECOND - time.time()))
        said.append(await _say(store, len(said)))
    await _until(received, said)
    at, (positions, times) = dict(said[1:]), received.arrived()
    return [arrived - at[position] for position, arrived in zip(positions, times, strict=True) if position in at]


async def _at_full_speed(
    store: EventStore, received: Receivers, said: list[tuple[int, float]], seconds: float
) -> float:
    """Return how many arrive in a second while there is always more to send."""
    begun, first = time.time(), len(said) * ENDPOINTS
    while time.time() < begun + seconds:
        arrived = len(received.arrived()[0])
        while len(said) * ENDPOINTS < arrived + AHEAD_EVENTS * ENDPOINTS:
            said.append(await _say(store, len(said)))
        await asyncio.sleep(0.02)
    _, times = received.arrived()
    return (len(times) - first) / (times[-1] - begun)


def _megabytes(process: psutil.Process) -> float:
    return process.memory_info().rss / 1_048_576
