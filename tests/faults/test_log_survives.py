"""Eight processes append and one reads, while each of them and PostgreSQL are killed: then the log is counted."""

import signal
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests.books import ask
from tests.faults.clusters import Cluster, Restarted, cluster
from tests.store import visitors

pytestmark = [pytest.mark.faults, pytest.mark.xdist_group("faults")]

APPENDERS = 8
ROUNDS = 3  # of killing every appender once
EVENTS_BETWEEN_FAULTS = 500
OUTAGES = (signal.SIGINT, signal.SIGQUIT, signal.SIGKILL, signal.SIGQUIT, signal.SIGKILL)

Line = tuple[int, str, int]


def test_nothing_acknowledged_is_lost_and_nothing_read_is_skipped_repeated_or_out_of_order() -> None:
    with visitors.open_home() as home, cluster(home) as postgres, running(postgres, home) as (appenders, reader):
        for number, appender in enumerate(appenders * ROUNDS):
            wait_for_more(postgres)
            appender.kill_and_start()
            if number % 3 == 0:
                wait_for_more(postgres)
                postgres.restart(OUTAGES[number // 3 % len(OUTAGES)])
            if number % 4 == 0:
                reader.kill_and_start()
        wait_for_more(postgres)
        for appender in appenders:
            appender.kill()
        stored = [(position, stream, version) for position, stream, version in ask(postgres.url, LOG)]
        visitors.until(lambda: lines(home / "read")[-1:] == stored[-1:])
        acknowledged = [line for path in home.glob("told-*") for line in lines(path)]
        assert [row[0] for row in stored] == list(range(1, len(stored) + 1))
        assert lines(home / "read") == stored
        assert set(acknowledged) <= set(stored)
        assert len(acknowledged) == len(set(acknowledged)) > EVENTS_BETWEEN_FAULTS * APPENDERS * ROUNDS / 4
        assert ask(postgres.url, HALF_APPENDS) == []


LOG = "SELECT position, stream, version FROM book.log ORDER BY position"
HALF_APPENDS = "SELECT stream FROM book.log GROUP BY stream HAVING count(*) % 2 = 1 OR count(*) <> max(version)"


@contextmanager
def running(postgres: Cluster, home: Path) -> Generator[tuple[list[Restarted], Restarted]]:
    """Start everybody; whoever is still running in the end is killed."""
    told = [home / f"told-{number}" for number in range(APPENDERS)]
    appenders = [Restarted("tests.faults.appending", postgres.url, str(path)) for path in told]
    reader = Restarted("tests.faults.reading", postgres.url, str(home / "read"))
    try:
        yield appenders, reader
    finally:
        for process in (*appenders, reader):
            process.end()


def wait_for_more(postgres: Cluster) -> None:
    """Return when so many more events were appended."""
    before = head(postgres.url)
    visitors.until(lambda: head(postgres.url) >= before + EVENTS_BETWEEN_FAULTS)


def head(url: str) -> int:
    [(position,)] = ask(url, "SELECT book.head()")
    assert isinstance(position, int)
    return position


def lines(path: Path) -> list[Line]:
    """Return what a process has written down; the last line may have been cut off with it."""
    whole = path.read_text().rpartition("\n")[0].splitlines()
    words = (line.split() for line in whole)
    return [(int(position), stream, int(version)) for position, stream, version in words]
