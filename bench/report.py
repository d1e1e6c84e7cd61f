"""One table and one JSON file: medians over the rounds of a run, ratios to peers of the same run, bars met or not."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path
from statistics import median

import msgspec
from rich.console import Console
from rich.table import Table

RESULTS = Path(__file__).parent / "results" / "latest.json"

WIDTH_MIN = 120


class Measurement(msgspec.Struct, frozen=True):
    """One figure of one round; the same name in several rounds is the same figure."""

    name: str
    value: float
    unit: str
    p50_ms: float | None = None
    p99_ms: float | None = None


class Bar(msgspec.Struct, frozen=True, kw_only=True):
    """What a figure must reach: so many times its peer's, or so much by itself when it has no peer."""

    peer: str | None = None
    at_least: float | None = None
    at_most: float | None = None


class Row(msgspec.Struct, frozen=True, kw_only=True):
    """A figure as it is reported. `met` is nothing where there is no bar."""

    name: str
    value: float | None
    unit: str
    p50_ms: float | None
    p99_ms: float | None
    peer: str | None
    ratio: float | None
    bar: Bar | None
    met: bool | None


class Results(msgspec.Struct, frozen=True):
    """All of a run, each round's own figures included."""

    at: datetime
    facts: dict[str, str]
    rows: list[Row]
    rounds: list[list[Measurement]]


def results(
    rounds: Sequence[Iterable[Measurement]], bars: Mapping[str, Sequence[Bar]], facts: Mapping[str, str]
) -> Results:
    measured = [list(measurements) for measurements in rounds]
    return Results(datetime.now(UTC), dict(facts), rows(measured, bars), measured)


def rows(rounds: Sequence[Sequence[Measurement]], bars: Mapping[str, Sequence[Bar]]) -> list[Row]:
    """A row for every figure and bar, in the order of first appearance, then for every bar whose figure is missing."""
    medians = [median_of(same) for same in by_name(rounds).values()]
    values = {measurement.name: measurement.value for measurement in medians}
    return [
        *(judged(figure, bar, values) for figure in medians for bar in bars.get(figure.name, [None])),
        *(unmeasured(name, bar) for name, missed in bars.items() if name not in values for bar in missed),
    ]


def by_name(rounds: Sequence[Sequence[Measurement]]) -> dict[str, list[Measurement]]:
    named: dict[str, list[Measurement]] = {}
    for measurements in rounds:
        for measurement in measurements:
            named.setdefault(measurement.name, []).append(measurement)
    return named


def median_of(same: Sequence[Measurement]) -> Measurement:
    return Measurement(
        name=same[0].name,
        value=median(measurement.value for measurement in same),
        unit=same[0].unit,
        p50_ms=median_if_any(measurement.p50_ms for measurement in same),
        p99_ms=median_if_any(measurement.p99_ms for measurement in same),
    )


def median_if_any(values: Iterable[float | None]) -> float | None:
    known = [value for value in values if value is not None]
    return round(median(known), 3) if known else None


def judged(measurement: Measurement, bar: Bar | None, values: Mapping[str, float]) -> Row:
    ratio = ratio_to_peer(measurement.value, bar, values)
    return Row(
        name=measurement.name,
        value=measurement.value,
        unit=measurement.unit,
        p50_ms=measurement.p50_ms,
        p99_ms=measurement.p99_ms,
        peer=bar and bar.peer,
        ratio=ratio,
        bar=bar,
        met=bar and meets(ratio if bar.peer else measurement.value, bar),
    )


def unmeasured(name: str, bar: Bar) -> Row:
    return Row(name=name, value=None, unit="", p50_ms=None, p99_ms=None, peer=bar.peer, ratio=None, bar=bar, met=False)


def ratio_to_peer(value: float, bar: Bar | None, values: Mapping[str, float]) -> float | None:
    peer = values.get(bar.peer) if bar and bar.peer else None
    return value / peer if peer else None


def meets(reached: float | None, bar: Bar) -> bool:
    """A figure that is missing, its peer's included, meets no bar."""
    if reached is None:
        return False
    too_little = bar.at_least is not None and reached < bar.at_least
    too_much = bar.at_most is not None and reached > bar.at_most
    return not (too_little or too_much)


def print_table(results: Results) -> None:
    table = Table(title=" · ".join(f"{name} {fact}" for name, fact in results.facts.items()))
    table.add_column("measured", no_wrap=True)
    for heading in ("value", "unit", "p50 ms", "p99 ms", "ratio", "to", "bar", "met"):
        table.add_column(heading, justify="right")
    for row in results.rows:
        table.add_row(*cells(row))
    Console(width=max(Console().width, WIDTH_MIN)).print(table)


def cells(row: Row) -> Sequence[str]:
    return (
        row.name,
        figure(row.value),
        row.unit,
        figure(row.p50_ms),
        figure(row.p99_ms),
        figure(row.ratio),
        row.peer or "",
        bar_text(row.bar),
        {True: "yes", False: "NO", None: ""}[row.met],
    )


def figure(value: float | None) -> str:
    if value is None:
        return ""
    return f"{value:,.0f}" if abs(value) >= 100 else f"{value:.2f}"


def bar_text(bar: Bar | None) -> str:
    if bar is None:
        return ""
    unit = " times" if bar.peer else ""
    limits = (("≥", bar.at_least), ("≤", bar.at_most))
    return " ".join(f"{relation} {limit:g}{unit}" for relation, limit in limits if limit is not None)


def write_json(results: Results, file: Path = RESULTS) -> None:
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_bytes(msgspec.json.format(msgspec.json.encode(results)) + b"\n")
