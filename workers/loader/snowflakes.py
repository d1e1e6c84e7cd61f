"""Ids as Discord makes them: the time, and 22 bits besides. Of those made here, no two are alike and each is larger."""

import secrets
import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta

EPOCH = datetime(2015, 1, 1, tzinfo=UTC)
EPOCH_MS = 1_420_070_400_000
REST_BITS = 22
RANDOM_BITS = 21  # half of the rest, so that there is room to count on from it


def _now_ms() -> int:
    return time.time_ns() // 1_000_000


class Snowflakes:
    """Makes ids for one process. `now_ms` is given by tests."""

    def __init__(self, now_ms: Callable[[], int] = _now_ms) -> None:
        self._now_ms = now_ms
        self._last = 0

    def some(self, count: int) -> list[int]:
        """Return so many new ids."""
        fresh = (self._now_ms() - EPOCH_MS) << REST_BITS | secrets.randbits(RANDOM_BITS)
        first = max(fresh, self._last + 1)
        self._last = first + count - 1
        return list(range(first, self._last + 1))


def time_of(number: int) -> datetime:
    """Return when an object was made, by its id."""
    return EPOCH + timedelta(milliseconds=number >> REST_BITS)
