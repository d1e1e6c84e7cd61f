"""Durable appends of one event to a new stream, by closed-loop callers in a process beside the store's own."""

import argparse
import subprocess
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path
from uuid import uuid4

import msgspec
import psycopg
import umadb
from eventsourcing.persistence import InfrastructureFactory, StoredEvent, TrackingRecorder
from eventsourcing.utils import Environment

from bench import guildbook, server
from bench.closed_loop import Sample, by_threads
from bench.postgres import empty_database, library_environment

CALLERS = (1, 8, 64)
TYPE = "awards.AwardGranted"
DATA = msgspec.json.encode({"account": 204255221017214977, "award": 8, "reason": "x" * 140})

Store = Callable[[str, int, float], Sample]
"""Measures appends by so many callers for so many seconds on the empty database at the URL."""


def stock(url: str, callers: int, seconds: float) -> Sample:
    """The eventsourcing library's own recorder in its default mode, which locks the table for each append.

    Callers are threads, as the library has no asyncio. POSTGRES_POOL_SIZE is the number of callers and
    POSTGRES_MAX_OVERFLOW is 0, so that nobody waits for a connection.
    """
    pool = {"POSTGRES_POOL_SIZE": str(callers), "POSTGRES_MAX_OVERFLOW": "0"}
    environment = Environment("bench", library_environment(url) | pool)
    with InfrastructureFactory[TrackingRecorder].construct(environment) as factory:
        recorder = factory.application_recorder()

        def append() -> None:
            recorder.insert_events([StoredEvent(uuid4(), 1, TYPE, DATA)])

        return by_threads([append] * callers, seconds)


def uma(url: str, callers: int, seconds: float) -> Sample:
    """UmaDB with its defaults, each append on condition that its stream's tag is new; not on PostgreSQL.

    Callers are threads, as its client has no asyncio; one client between them is faster than one for each.
    """
    del url
    with disk_folder() as folder, server.umadb(folder) as address:
        return by_threads([uma_append(umadb.Client(address))] * callers, seconds)


def disk_folder() -> tempfile.TemporaryDirectory[str]:
    """A folder in the working directory, as the system's own temporary folder may be kept in memory."""
    return tempfile.TemporaryDirectory(prefix=".bench-", dir=Path.cwd())


def uma_append(client: umadb.Client) -> Callable[[], object]:
    def append() -> None:
        stream = str(uuid4())
        is_new = umadb.AppendCondition(umadb.Query([umadb.QueryItem(tags=[stream])]))
        client.append([umadb.Event(TYPE, DATA, tags=[stream])], is_new)

    return append


def floor(url: str, callers: int, seconds: float) -> Sample:
    """PostgreSQL's own cost: one INSERT and one commit an event, a connection a caller, and no order of commits.

    Callers are threads, which are a little faster here than asyncio tasks.
    """
    with psycopg.connect(url) as connection:
        connection.execute(
            "CREATE TABLE events (position bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY, stream text NOT NULL,"
            " version bigint NOT NULL, type text NOT NULL, data bytea NOT NULL, UNIQUE (stream, version))"
        )
    connections = [connect(url) for _ in range(callers)]
    try:
        return by_threads([floor_append(connection) for connection in connections], seconds)
    finally:
        for connection in connections:
            connection.close()


def connect(url: str) -> psycopg.Connection:
    return psycopg.connect(url, autocommit=True, prepare_threshold=0)


def floor_append(connection: psycopg.Connection) -> Callable[[], object]:
    def append() -> None:
        connection.execute(
            "INSERT INTO events (stream, version, type, data) VALUES (%b, 1, %b, %b) RETURNING position",
            (str(uuid4()), TYPE, DATA),
        )

    return append


def ours(url: str, callers: int, seconds: float) -> Sample:
    """Guildbook's appender; callers are asyncio tasks of one process."""
    return guildbook.append(url, callers, seconds, DATA)


STORES: dict[str, Store] = {"guildbook": ours, "stock": stock, "umadb": uma, "floor": floor}


def measure(store: str, url: str, callers: int, seconds: float) -> Sample:
    """Run the callers in a process of their own, on a database of their own."""
    with empty_database(url, f"bench_{store}") as database:
        return measure_on(store, database, callers, seconds)


def measure_on(store: str, database: str, callers: int, seconds: float) -> Sample:
    """Run the callers in a process of their own, on a database that may hold events already."""
    options = ["--store", store, "--url", database, "--callers", str(callers), "--seconds", str(seconds)]
    done = subprocess.run([sys.executable, "-m", "bench.appends", *options], stdout=subprocess.PIPE, check=True)
    return msgspec.json.decode(done.stdout, type=Sample)


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m bench.appends", description=__doc__)
    parser.add_argument("--store", choices=sorted(STORES), required=True)
    parser.add_argument("--url", required=True, help="an empty database")
    parser.add_argument("--callers", type=int, default=64)
    parser.add_argument("--seconds", type=float, default=5.0)
    given = parser.parse_args()
    sample = STORES[given.store](given.url, given.callers, given.seconds)
    sys.stdout.write(msgspec.json.encode(sample).decode() + "\n")


if __name__ == "__main__":
    main()
