"""Publishing a log to Kafka: how fast, and in how much memory, by the relay as it is run."""

import subprocess
import sys
import time
from collections.abc import Generator, Mapping
from contextlib import contextmanager
from typing import NamedTuple

import psutil
import psycopg

from bench import guildbook, server
from bench.ordinary import seed
from tests import kafka_broker

EVENTS = 200_000
SIZE = seed.Size(teams=500, accounts=40_000, awards=500, holdings=159_000)
WARM = 0.25  # of all: by then the producer has connected and memory is what it will be
POLL_SECONDS = 0.02
SECONDS_MAX = 120.0


class Relayed(NamedTuple):
    """What a relay did with a log: events a second, and its memory when it was warm, and at most after that."""

    rate: float
    warm_mb: float
    peak_mb: float


def seed_log(url: str) -> None:
    """Fill the log with people, teams, awards and who holds them."""
    guildbook.seed(url, SIZE)


def measure(url: str, kafka: Mapping[str, str]) -> Relayed:
    """Let a relay publish the whole log, and watch it."""
    environment = {**guildbook.ENVIRONMENT, **kafka, "GUILDBOOK_DATABASE_URL": url}
    with _relay(environment) as relay, psycopg.connect(url, autocommit=True) as connection:
        return _watch(connection, relay)


def _watch(connection: psycopg.Connection, relay: psutil.Process) -> Relayed:
    head = _head(connection)
    warm_at, position = _wait(connection, int(head * WARM))
    warm_position, done_at = position, warm_at
    warm_mb = peak_mb = _memory_mb(relay)
    while position < head:
        done_at, position = _wait(connection, min(head, position + head // 50))
        peak_mb = max(peak_mb, _memory_mb(relay))
    return Relayed((head - warm_position) / (done_at - warm_at), warm_mb, peak_mb)


def _wait(connection: psycopg.Connection, wanted: int) -> tuple[float, int]:
    """Return when the relay was that far, and how far it was then."""
    query = "SELECT position FROM operations.checkpoints WHERE reader = 'kafka_relay'"
    deadline = time.perf_counter() + SECONDS_MAX
    while time.perf_counter() < deadline:
        row = connection.execute(query).fetchone()
        if row and row[0] >= wanted:
            return time.perf_counter(), row[0]
        time.sleep(POLL_SECONDS)
    raise TimeoutError(wanted)


def _head(connection: psycopg.Connection) -> int:
    row = connection.execute("SELECT book.head()").fetchone()
    return row[0] if row else 0


def _memory_mb(process: psutil.Process) -> float:
    return process.memory_info().rss / 1_048_576


@contextmanager
def _relay(environment: Mapping[str, str]) -> Generator[psutil.Process]:
    worker = subprocess.Popen([sys.executable, "-m", "cli.main", "work", "relay"], env=server.beside(environment))
    try:
        yield psutil.Process(worker.pid)
    finally:
        server.stop(worker)


@contextmanager
def kafka() -> Generator[dict[str, str]]:
    """Run an Apache Kafka; yields the settings of who publishes to it."""
    with kafka_broker.running() as broker:
        assert broker.is_real, f"only an Apache Kafka says how fast a relay is; there is {broker.name}"
        yield {**broker.settings("bench"), "GUILDBOOK_KAFKA_PARTITIONS": "6"}
