"""Charts as numbers and shapes: bars over time, which are differences of positions, and bars over contexts."""

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from itertools import pairwise

import msgspec

HEIGHT = 100
STEPS = {"day": (timedelta(hours=1), 24), "month": (timedelta(days=1), 30)}


class Bar(msgspec.Struct, frozen=True):
    """So many events from a moment on, or of a kind; `height` is out of HEIGHT."""

    label: str
    count: int
    height: float


class Chart(msgspec.Struct, frozen=True):
    """Bars side by side; `most` is what the highest stands for."""

    bars: Sequence[Bar]
    most: int
    total: int


def moments_of(period: str, now: datetime) -> list[datetime]:
    """Return where the bars of a period begin, and where the last one ends: the one that is under way comes last."""
    step, count = STEPS[period]
    begun = now.replace(minute=0, second=0, microsecond=0, hour=now.hour if period == "day" else 0)
    return [begun + step * (place - count + 1) for place in range(count + 1)]


def activity(period: str, moments: Sequence[datetime], positions: Sequence[int]) -> Chart:
    """Return what was recorded between moments, from the last position before each."""
    form = "%d %b, %H:00" if period == "day" else "%d %b"
    labels = [moment.strftime(form) for moment in moments[:-1]]
    counts = [end - start for start, end in pairwise(positions)]
    return chart_of(dict(zip(labels, counts, strict=True)))


def chart_of(counts: Mapping[str, int]) -> Chart:
    """Return bars for counts by label."""
    most = max(counts.values(), default=0)
    bars = [Bar(label, count, round(HEIGHT * count / most, 2) if most else 0) for label, count in counts.items()]
    return Chart(bars, most, sum(counts.values()))
