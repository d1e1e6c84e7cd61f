"""Percentiles of measured durations."""

from collections.abc import Sequence
from math import ceil


def percentiles_ms(seconds: Sequence[float]) -> tuple[float, float]:
    """The 50th and 99th percentile in milliseconds by nearest rank; zeros when nothing was measured."""
    ordered = sorted(seconds)
    return nearest_rank_ms(ordered, 0.50), nearest_rank_ms(ordered, 0.99)


def nearest_rank_ms(ordered: Sequence[float], share: float) -> float:
    if not ordered:
        return 0.0
    return round(1000 * ordered[max(ceil(share * len(ordered)) - 1, 0)], 3)
