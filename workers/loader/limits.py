"""How often Discord may be asked: the buckets that its answers tell of, and the limit over all of them."""

import math
import re
from collections.abc import Mapping
from typing import NamedTuple

import msgspec

RETRY_SECONDS_MIN = 0.05
RETRY_SECONDS_UNSAID = 1.0
BUCKETS_MAX = 10_000


class Route(NamedTuple):
    """What a limit is for: a kind of request, and the guild or channel that it is about."""

    kind: str
    about: str


class Busy(msgspec.Struct, frozen=True):
    """The body of a 429."""

    retry_after: float = RETRY_SECONDS_UNSAID
    is_global: bool = msgspec.field(default=False, name="global")


class _Bucket(msgspec.Struct):
    left: int = 1
    until: float = 0.0  # when it is full again; before that, `left` is true


class RateLimits:
    """What is known of the limits. `now` is always given: seconds of a clock that never goes back."""

    def __init__(self) -> None:
        self._names: dict[str, str] = {}
        self._buckets: dict[tuple[str, str], _Bucket] = {}
        self._closed_until = 0.0

    def seconds_left(self, route: Route, now: float) -> float:
        """Return how long a request has to wait, 0 when it may go."""
        bucket = self._buckets.get(self._key(route))
        free_at = bucket.until if bucket and bucket.left <= 0 else 0.0
        return max(0.0, max(free_at, self._closed_until) - now)

    def spend(self, route: Route) -> None:
        """Count a request that goes now, until its answer tells more."""
        bucket = self._buckets.get(self._key(route))
        if bucket:
            bucket.left -= 1

    def learn(self, route: Route, headers: Mapping[str, str], now: float) -> None:
        """Take in what an answer says of its bucket."""
        name, left = headers.get("X-RateLimit-Bucket"), headers.get("X-RateLimit-Remaining", "")
        seconds = seconds_of(headers.get("X-RateLimit-Reset-After"))
        if name:
            self._names[route.kind] = name
        if seconds is None or not left.isdecimal():
            return
        self._forget(now)
        self._buckets[self._key(route)] = _Bucket(int(left), now + seconds)

    def refuse(self, route: Route, headers: Mapping[str, str], content: bytes, now: float) -> None:
        """Take in a 429: this bucket, or everything, is closed for a while."""
        self.learn(route, headers, now)
        busy = _busy(headers, content)
        until = now + max(busy.retry_after, RETRY_SECONDS_MIN)
        if busy.is_global:
            self._closed_until = max(self._closed_until, until)
        else:
            self._buckets[self._key(route)] = _Bucket(0, until)

    def _key(self, route: Route) -> tuple[str, str]:
        return self._names.get(route.kind, route.kind), route.about

    def _forget(self, now: float) -> None:
        if len(self._buckets) >= BUCKETS_MAX:
            self._buckets = {key: bucket for key, bucket in self._buckets.items() if bucket.until > now}


def route_of(method: str, path: str) -> Route:
    """Return what the limit of a request is for. Ids within a guild or channel do not matter, its own does."""
    _, kind, about, *rest = f"{path.partition('?')[0]}/".split("/")
    return Route(f"{method} /{kind}/{'/'.join(re.sub('[0-9]+', '*', part) for part in rest)}", about)


def seconds_of(text: str | None) -> float | None:
    """Read a number of seconds from a header."""
    try:
        seconds = float(text or "")
    except ValueError:
        return None
    return seconds if math.isfinite(seconds) and seconds >= 0 else None


def _busy(headers: Mapping[str, str], content: bytes) -> Busy:
    try:
        said = msgspec.json.decode(content, type=Busy)
    except (ValueError, RecursionError):
        said = Busy(seconds_of(headers.get("Retry-After")) or RETRY_SECONDS_UNSAID)
    is_global = said.is_global or "X-RateLimit-Global" in headers
    return Busy(max(said.retry_after, seconds_of(headers.get("Retry-After")) or 0.0), is_global)
