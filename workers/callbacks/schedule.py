"""When a failed delivery is tried again. The schedule is data: about three days, then it is dead."""

import math
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime

MINUTE, HOUR = 60, 3600
DELAYS_SECONDS = (5, 30, 2 * MINUTE, 10 * MINUTE, 30 * MINUTE, HOUR, 2 * HOUR, 4 * HOUR, 8 * HOUR, *[12 * HOUR] * 5)
JITTER = 0.2  # of a delay, at most, in either direction
RETRY_AFTER_SECONDS_MAX = 24 * HOUR


def retry_at(attempts: int, now: datetime, chance: float, asked_seconds: float = 0) -> datetime | None:
    """Return when to try again after so many attempts, None when it is enough. `chance` is from 0 to 1."""
    if attempts > len(DELAYS_SECONDS):
        return None
    delay = DELAYS_SECONDS[attempts - 1] * (1 + JITTER * (2 * chance - 1))
    return now + timedelta(seconds=max(delay, asked_seconds))


def seconds_asked(retry_after: str | None, now: datetime) -> float:
    """Return for how long a `Retry-After` (seconds, or an HTTP date) asks to be left alone; 0 when it is no use."""
    if not retry_after:
        return 0
    seconds = _seconds(retry_after.strip(), now)
    return min(seconds, RETRY_AFTER_SECONDS_MAX) if math.isfinite(seconds) and seconds > 0 else 0


def _seconds(text: str, now: datetime) -> float:
    if text.isascii() and text.isdigit():
        return float(text)
    try:
        at = parsedate_to_datetime(text)
    except (ValueError, OverflowError):
        return 0
    return (at.replace(tzinfo=at.tzinfo or UTC) - now).total_seconds()
