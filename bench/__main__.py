"""Measures every store and route in turn, round after round, and reports them in one table."""

import argparse
import os
import platform
import tempfile
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

import psycopg

from bench import appends, load, rebuild, report, server
from bench.ordinary import seed
from bench.postgres import empty_database, refuse_unless_durable
from bench.report import Bar, Measurement

REBUILT_EVENTS = 20_000
SIZE = seed.Size(teams=20, accounts=2_000, awards=100, holdings=4_000)

Measure = Callable[[str, float], Iterator[Measurement]]
"""Measures on the PostgreSQL at the URL, so many seconds each."""


class WrongAnswersError(Exception):
    """The server answered other than it should, so its rate means nothing."""


def measure_appends(url: str, seconds: float) -> Iterator[Measurement]:
    for callers in appends.CALLERS:
        for store in appends.STORES:
            sample = appends.measure(store, url, callers, seconds)
            name = f"append, {store}, callers {callers}"
            yield Measurement(name, sample.rate, "events/s", sample.p50_ms, sample.p99_ms)


def measure_ordinary_routes(url: str, seconds: float) -> Iterator[Measurement]:
    with empty_database(url, "bench_ordinary") as database:
        seed.seed(database, SIZE)
        with server.granian("bench.ordinary.app:create_app", {"BENCH_DATABASE_URL": database}) as address:
            yield from measure_routes("ordinary", address, seconds)


def measure_routes(server_name: str, address: str, seconds: float) -> Iterator[Measurement]:
    """Any server that has been given the same accounts, awards and application password."""
    reads = load.Options(url=address, seconds=seconds)
    yield loaded(f"GET account, {server_name}", reads, seed.read_paths(SIZE), "200")
    grants = load.Options(url=address, method="PUT", seconds=seconds, header=[seed.AUTHORIZATION], once=True)
    yield loaded(f"PUT award, {server_name}", grants, seed.grant_paths(SIZE), "201")


def loaded(name: str, options: load.Options, paths: Iterator[str], status: str) -> Measurement:
    """The rate of right answers; anything else fails the measurement."""
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "paths"
        file.write_text("\n".join(paths))
        found = load.generate(load.with_paths(options, file))
    if found.errors or found.statuses.keys() != {status}:
        raise WrongAnswersError(name, found)
    return Measurement(name, found.rate, "requests/s", found.p50_ms, found.p99_ms)


def measure_rebuild(url: str, seconds: float) -> Iterator[Measurement]:
    del seconds
    yield Measurement("rebuild, library", rebuild.measure(url, REBUILT_EVENTS).rate, "events/s")


MEASURES: dict[str, Measure] = {
    "appends": measure_appends,
    "routes": measure_ordinary_routes,
    "rebuild": measure_rebuild,
}
BARS: dict[str, Bar] = {}


def one_round(url: str, seconds: float, chosen: Sequence[str]) -> list[Measurement]:
    return [measurement for name in chosen for measurement in MEASURES[name](url, seconds)]


def facts(url: str, rounds: int) -> dict[str, str]:
    with psycopg.connect(url) as connection:
        version = connection.info.parameter_status("server_version") or ""
    return {
        "PostgreSQL": version,
        "Python": platform.python_version(),
        "cores": str(os.cpu_count()),
        "rounds": str(rounds),
    }


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m bench", description=__doc__)
    parser.add_argument("--url", required=True, help="a PostgreSQL on which databases may be created")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--seconds", type=float, default=5.0, help="of each measurement")
    parser.add_argument("--only", action="append", choices=sorted(MEASURES))
    given = parser.parse_args()
    refuse_unless_durable(given.url)
    rounds = [one_round(given.url, given.seconds, given.only or list(MEASURES)) for _ in range(given.rounds)]
    results = report.results(rounds, BARS, facts(given.url, given.rounds))
    report.write_json(results)
    report.print_table(results)


if __name__ == "__main__":
    main()
