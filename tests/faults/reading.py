"""A process that tails the log and writes down what it sees: `python -m tests.faults.reading URL FILE`.

Killed and started again, it goes on after the last line that it has written.
"""

import asyncio
import os
import sys
from pathlib import Path

import psycopg
import uvloop
from psycopg import AsyncConnection
from psycopg.rows import TupleRow

from domain.catalogue import EVENTS
from store import log, signals
from store.connections import connect, pool
from store.keys import Keyring
from store.signals import Signal
from tests.books import KEY

BATCH_EVENTS_MAX = 500
POLL_SECONDS = 0.25


async def main(url: str, name: str) -> None:
    """Read until this process is killed, over as many connections as it takes."""
    path = Path(name)
    _cut_half_a_line_off(path)
    signal = Signal(url, signals.APPENDED)
    async with asyncio.TaskGroup() as tasks:
        tasks.create_task(signal.run())
        while True:
            try:
                async with await connect(url) as connection:
                    await _tail(connection, Keyring(pool(url), KEY), signal, path)
            except psycopg.Error:
                await signal.wait(POLL_SECONDS)


def _cut_half_a_line_off(path: Path) -> None:
    text = path.read_bytes() if path.exists() else b""
    path.write_bytes(text[: text.rfind(b"\n") + 1])


async def _tail(connection: AsyncConnection[TupleRow], keyring: Keyring, signal: Signal, path: Path) -> None:
    lines = path.read_text().splitlines()  # noqa: ASYNC240 - before anything else runs
    position = int(lines[-1].split()[0]) if lines else 0
    file = os.open(path, os.O_WRONLY | os.O_APPEND)
    while True:
        end, batch = await log.read(connection, keyring, position, BATCH_EVENTS_MAX, list(EVENTS))
        os.write(file, "".join(f"{one.position} {one.stream} {one.version}\n" for one in batch).encode())
        if end == position:
            await signal.wait(POLL_SECONDS)
        position = end


if __name__ == "__main__":
    uvloop.run(main(*sys.argv[1:]))
