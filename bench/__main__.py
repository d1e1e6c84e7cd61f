"""Measures every store, route and rebuild in turn, round after round, and reports them in one table."""

import argparse
import os
import platform
import tempfile
from collections.abc import Callable, Generator, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import msgspec
import psycopg

from bench import (
    appends,
    callbacks,
    guildbook,
    history,
    load,
    mappers,
    proofs,
    rebuild,
    relay,
    report,
    server,
    settings,
    streams,
)
from bench.bars import BARS, LARGE_LOG, SMALL_LOG
from bench.ordinary import seed
from bench.postgres import empty_database, refuse_unless_durable
from bench.report import Measurement
from store.embedded import attach

REBUILT_EVENTS = 20_000
SIZE = seed.Size(teams=200, accounts=10_000, awards=200, holdings=20_000)
SMALL_SIZE = seed.Size(teams=100, accounts=3_700, awards=100, holdings=6_000)

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


def measure_routes(url: str, seconds: float) -> Iterator[Measurement]:
    with empty_database(url, "bench_guildbook") as database:
        guildbook.seed(database, SIZE)
        with guildbook.served(database) as address:
            yield from measure_nothing(address, seconds)
            yield from measure_accounts("guildbook", address, seconds)
            yield measure_search("search accounts, guildbook", address, seconds)
    with empty_database(url, "bench_ordinary") as database:
        seed.seed(database, SIZE)
        with server.granian("bench.ordinary.app:create_app", {"BENCH_DATABASE_URL": database}) as address:
            yield from measure_accounts("ordinary", address, seconds)


def measure_nothing(address: str, seconds: float) -> Iterator[Measurement]:
    """What the server costs alone."""
    nothing = load.Options(url=address, seconds=seconds)
    yield loaded("GET nothing", nothing, iter(["/bench/nothing"]), "200")
    nothing = load.Options(url=address, method="PUT", seconds=seconds, header=[seed.AUTHORIZATION])
    yield loaded("PUT nothing", nothing, iter(["/bench/nothing"]), "201")


def measure_accounts(server_name: str, address: str, seconds: float) -> Iterator[Measurement]:
    """Any server that has been given the same accounts, awards and application password."""
    reads = load.Options(url=address, seconds=seconds)
    yield loaded(f"GET account, {server_name}", reads, seed.read_paths(SIZE), "200")
    grants = load.Options(url=address, method="PUT", seconds=seconds, header=[seed.AUTHORIZATION], once=True)
    yield loaded(f"PUT award, {server_name}", grants, seed.grant_paths(SIZE), "201")


def measure_search(name: str, address: str, seconds: float) -> Measurement:
    """Pages of all accounts, and of those whose name has some digits."""
    pages = [f"/accounts/search?page={page}" for page in range(100)]
    found = [f"/accounts/search?q={digits}" for digits in range(100, 200)]
    return loaded(name, load.Options(url=address, seconds=seconds), iter(pages + found), "200")


def loaded(name: str, options: load.Options, paths: Iterator[str], status: str) -> Measurement:
    """The rate of right answers; anything else fails the measurement."""
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "paths"
        file.write_text("\n".join(paths))
        found = load.generate(load.with_paths(options, file))
    if found.errors or found.statuses.keys() != {status}:
        raise WrongAnswersError(name, found)
    return Measurement(name, found.rate, "requests/s", found.p50_ms, found.p99_ms)


def delayed(name: str, found: Measurement) -> Measurement:
    """How long half of the answers took, at most."""
    return Measurement(name, found.p50_ms or 0, "ms", found.p50_ms, found.p99_ms)


def measure_rebuild(url: str, seconds: float) -> Iterator[Measurement]:
    del seconds
    yield Measurement("rebuild, library", rebuild.measure(url, REBUILT_EVENTS).rate, "events/s")
    with empty_database(url, "bench_rebuild") as database:
        guildbook.seed(database, rebuild.mix(REBUILT_EVENTS))
        yield Measurement("rebuild, guildbook", guildbook.rebuild_rate(database), "events/s")


def measure_scale(url: str, seconds: float) -> Iterator[Measurement]:
    with empty_database(url, "bench_scale") as database:
        guildbook.seed(database, SMALL_SIZE)
        for positions in (SMALL_LOG, LARGE_LOG):
            guildbook.grow(database, positions)
            with guildbook.served(database) as address:
                yield measure_search(f"search accounts, at {positions:,} events", address, seconds)
            sample = appends.measure_on("guildbook", database, max(appends.CALLERS), seconds)
            yield Measurement(f"append, at {positions:,} events", sample.rate, "events/s", sample.p50_ms, sample.p99_ms)


def measure_settings(url: str, seconds: float) -> Iterator[Measurement]:
    with empty_database(url, "bench_settings") as database:
        settings.seed(database)
        with guildbook.served(database) as address:
            viewed = loaded("", settings.view(address, seconds), iter([settings.PATH]), "200")
            yield delayed("View 10,000 rows, p50", viewed)
            p50_ms, p99_ms = settings.bare_view(database, seconds)
            yield Measurement("bare query of 10,000 rows, p50", p50_ms, "ms", p50_ms, p99_ms)
            creations = list(settings.creations())
            nothing = load.Options(url=address, method="POST", seconds=seconds, header=settings.HEADERS, once=True)
            asked = (line.replace(settings.PATH, "/bench/nothing") for line in creations)
            yield loaded("POST nothing", msgspec.structs.replace(nothing, once=False), asked, "200")
            yield loaded("POST settings, Create", nothing, iter(creations), "200")


def measure_mappers(url: str, seconds: float) -> Iterator[Measurement]:
    with empty_database(url, "bench_mappers") as database:
        mappers.seed(database)
        with guildbook.served(database) as address:
            nothing = load.Options(url=address, seconds=seconds)
            yield loaded("GET nothing, beside mappers", nothing, iter(["/bench/nothing"]), "200")
            yield loaded("GET mapper of 500 ids", mappers.looks(address, seconds), iter([mappers.PATH]), "200")


def measure_streams(url: str, seconds: float) -> Iterator[Measurement]:
    with empty_database(url, "bench_streams") as database:
        streams.seed(database)
        with guildbook.served(database) as address:
            p50_ms, p99_ms = streams.delay(database, address, seconds)
            yield Measurement("append to client, p99", p99_ms, "ms", p50_ms, p99_ms)
            rate, text = streams.fan_out(database, address, seconds)
        yield Measurement("one event to 1,000 sockets, guildbook", rate, "frames/s")
        yield Measurement("one text to 1,000 sockets, bare", streams.bare_fan_out(text, seconds), "frames/s")


def measure_relay(url: str, seconds: float) -> Iterator[Measurement]:
    del seconds
    with empty_database(url, "bench_relay") as database, relay.kafka() as kafka:
        relay.seed_log(database)
        relayed = relay.measure(database, kafka)
        yield Measurement("relay to Kafka", relayed.rate, "events/s")
        yield Measurement("relay's memory, a quarter published", relayed.warm_mb, "MB")
        yield Measurement("relay's memory, at most after that", relayed.peak_mb, "MB")


def measure_proofs(url: str, seconds: float) -> Iterator[Measurement]:
    with empty_database(url, "bench_proofs") as database:
        alone = appends.measure_on("guildbook", database, max(appends.CALLERS), seconds)
    yield Measurement("append, without notary", alone.rate, "events/s", alone.p50_ms, alone.p99_ms)
    with empty_database(url, "bench_proofs") as database:
        with proofs.notarized(database):
            beside = appends.measure_on("guildbook", database, max(appends.CALLERS), seconds)
            waiting = proofs.waiting(database)
            proofs.caught_up(database)
        yield Measurement("append, with notary", beside.rate, "events/s", beside.p50_ms, beside.p99_ms)
        yield Measurement("appended and not signed", waiting / beside.rate, "s")
        yield Measurement("verify", proofs.verify_rate(database), "events/s")
    with empty_database(url, "bench_proofs") as database:
        with proofs.notarized(database):
            guildbook.fill(database, proofs.linking_events())
            proofs.caught_up(database)
        yield Measurement("verify, all events linked", proofs.verify_rate(database), "events/s")


def measure_history(url: str, seconds: float) -> Iterator[Measurement]:
    with empty_database(url, "bench_history") as database:
        history.seed(database)
        bare, folded = history.delays(database)
        yield Measurement("bare query of 20 events, p50", bare[0], "ms", *bare)
        yield Measurement("history of 20 events, p50", folded[0], "ms", *folded)
        with history.served(database) as address:
            nothing = load.Options(url=address, seconds=seconds, connections=1)
            yield delayed("GET nothing, one caller, p50", loaded("", nothing, iter(["/bench/nothing"]), "200"))
            again, new = (history.looks(address, seconds, once=once) for once in (False, True))
            yield delayed("GET history again, p50", loaded("", again, history.paths(history.LOOKED_AT), "200"))
            yield delayed("GET history, p50", loaded("", new, history.paths(history.NEW_LOOKS_MAX), "200"))
    with empty_database(url, "bench_index") as database:
        alone = appends.measure_on("guildbook", database, max(appends.CALLERS), seconds)
    yield Measurement("append, without indexer", alone.rate, "events/s", alone.p50_ms, alone.p99_ms)
    with empty_database(url, "bench_index") as database, history.indexed(database):
        beside = appends.measure_on("guildbook", database, max(appends.CALLERS), seconds)
    yield Measurement("append, with indexer", beside.rate, "events/s", beside.p50_ms, beside.p99_ms)


def measure_callbacks(url: str, seconds: float) -> Iterator[Measurement]:
    with empty_database(url, "bench_callbacks") as database:
        found = callbacks.measure(database, seconds)
    yield Measurement("signed deliveries to 50 endpoints", found.rate, "deliveries/s")
    yield Measurement("append to endpoint, p99", found.p99_ms, "ms", found.p50_ms, found.p99_ms)
    yield Measurement("callbacks' memory, after the first", found.first_mb, "MB")
    yield Measurement("callbacks' memory, after the last", found.last_mb, "MB")


MEASURES: dict[str, Measure] = {
    "appends": measure_appends,
    "routes": measure_routes,
    "rebuild": measure_rebuild,
    "scale": measure_scale,
    "settings": measure_settings,
    "streams": measure_streams,
    "mappers": measure_mappers,
    "proofs": measure_proofs,
    "history": measure_history,
    "callbacks": measure_callbacks,
    "relay": measure_relay,
}


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


@contextmanager
def postgres(url: str | None) -> Generator[str, None, None]:
    """The PostgreSQL that is named, or an embedded one for the time of the run."""
    if url:
        yield url
        return
    with tempfile.TemporaryDirectory(prefix=".bench-postgres-", dir=Path.cwd()) as folder:
        embedded = attach(Path(folder) / "data")
        try:
            yield embedded.url
        finally:
            embedded.detach()


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m bench", description=__doc__)
    parser.add_argument("--url", help="a PostgreSQL on which databases may be created; without it, an embedded one")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--seconds", type=float, default=5.0, help="of each measurement")
    parser.add_argument("--only", action="append", choices=sorted(MEASURES))
    given = parser.parse_args()
    chosen = given.only or list(MEASURES)
    with postgres(given.url) as url:
        refuse_unless_durable(url)
        rounds = [one_round(url, given.seconds, chosen) for _ in range(given.rounds)]
        measured = {measurement.name for measurements in rounds for measurement in measurements}
        bars = {name: BARS[name] for name in BARS if name in measured or not given.only}
        results = report.results(rounds, bars, facts(url, given.rounds))
    report.write_json(results)
    report.print_table(results)


if __name__ == "__main__":
    main()
