"""Rebuilding the query tables from a log by the library's ProjectionRunner: one transaction an event."""

import argparse
import subprocess
import sys
from collections.abc import Mapping
from time import perf_counter

import msgspec
import psycopg
from eventsourcing.dispatch import singledispatchmethod
from eventsourcing.persistence import Tracking
from eventsourcing.postgres import PostgresTrackingRecorder
from eventsourcing.projection import Projection, ProjectionRunner
from eventsourcing.utils import get_topic

from bench.ordinary import rows
from bench.ordinary.domain import Account, Award, Holding, Team, Tournament
from bench.ordinary.seed import Size, fill_log
from bench.postgres import empty_database, library_environment

POLL_SECONDS = 0.02


class Rebuild(msgspec.Struct, frozen=True):
    """How long the tables took from empty to complete."""

    events: int
    seconds: float
    rate: float


class QueryTables(PostgresTrackingRecorder):
    """The rows and the position they are at, changed together."""

    def insert(self, statement: str, values: Mapping[str, object], tracking: Tracking) -> None:
        with self.datastore.transaction(commit=True) as cursor:
            self._insert_tracking(cursor, tracking)
            cursor.execute(statement.encode(), values, prepare=True)


class Projector(Projection[QueryTables]):
    """Each event becomes its row."""

    topics = tuple(get_topic(kind) for kind in (Team.Created, Account.Created, Award.Created, Holding.Granted))

    @singledispatchmethod
    def process_event(self, domain_event: object, tracking: Tracking) -> None:
        raise ValueError(domain_event, tracking)

    @process_event.register
    def team_created(self, domain_event: Team.Created, tracking: Tracking) -> None:
        self.view.insert(rows.INSERT_TEAM, vars(domain_event), tracking)

    @process_event.register
    def account_created(self, domain_event: Account.Created, tracking: Tracking) -> None:
        self.view.insert(rows.INSERT_ACCOUNT, vars(domain_event), tracking)

    @process_event.register
    def award_created(self, domain_event: Award.Created, tracking: Tracking) -> None:
        self.view.insert(rows.INSERT_AWARD, vars(domain_event), tracking)

    @process_event.register
    def award_granted(self, domain_event: Holding.Granted, tracking: Tracking) -> None:
        self.view.insert(rows.INSERT_HOLDING, vars(domain_event), tracking)


def mix(events: int) -> Size:
    """The log that is rebuilt: 1 % teams, 1 % awards, 38 % accounts and 60 % awards granted."""
    few = max(events // 100, 1)
    accounts = max(events * 38 // 100, 1)
    return Size(teams=few, accounts=accounts, awards=few, holdings=events - accounts - 2 * few)


def rebuild(url: str, events: int) -> Rebuild:
    """Fill the log, then time the runner from its start until the last event's row is committed."""
    fill_log(url, mix(events))
    with psycopg.connect(url) as connection:
        rows.create_tables(connection)
    seconds = timed_run(url, events)
    return Rebuild(events, round(seconds, 3), round(events / seconds, 1))


def timed_run(url: str, last_position: int) -> float:
    started_at = perf_counter()
    with ProjectionRunner(
        application_class=Tournament,
        projection_class=Projector,
        view_class=QueryTables,
        env=library_environment(url),
    ) as runner:
        while not runner.view.has_tracking_id(runner.app_name, last_position):
            runner.run_forever(timeout=POLL_SECONDS)
        return perf_counter() - started_at


def measure(url: str, events: int) -> Rebuild:
    """Run it in a process of its own, in a database of its own."""
    with empty_database(url, "bench_rebuild") as database:
        options = ["--url", database, "--events", str(events)]
        done = subprocess.run([sys.executable, "-m", "bench.rebuild", *options], stdout=subprocess.PIPE, check=True)
    return msgspec.json.decode(done.stdout, type=Rebuild)


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m bench.rebuild", description=__doc__)
    parser.add_argument("--url", required=True, help="an empty database")
    parser.add_argument("--events", type=int, default=20_000)
    given = parser.parse_args()
    sys.stdout.write(msgspec.json.encode(rebuild(given.url, given.events)).decode() + "\n")


if __name__ == "__main__":
    main()
