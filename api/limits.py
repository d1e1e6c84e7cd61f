"""How often one may ask: the buckets that a request is counted in, and what its answer says of them."""

import math
from collections.abc import Sequence
from typing import Literal

from api.addresses import site_of
from api.parts import Asked, parts_of
from store.limits import Ask, Count, Level

Bucket = Literal[
    "oauth2_login",
    "settings_execute",
    "get_user_guilds_refresh",
    "get_user_guilds_norefresh",
    "get_user_guild_base_info",
    "anonymous",
    "user",
    "bot",
    "own_data",
]
NEWER: frozenset[str] = frozenset({"bot", "own_data"})
"""Buckets whose clients never knew other headers than the standard ones."""


class RateExceededError(Exception):
    """Too many requests within a window of time."""

    def __init__(self, level: Level) -> None:
        super().__init__(self.__doc__)
        self.retry_after_seconds = _seconds(level)
        self.wait_milliseconds = math.ceil(level.reset_seconds * 10_000) / 10

    def headers(self) -> dict[str, str]:
        """Return what is said beside the body."""
        return {"Retry-After": str(self.retry_after_seconds)}


async def take(request: Asked, account: int | None, *buckets: Bucket) -> None:
    """Count a request of this account, or of where it comes from when nobody is known. Errors: RateExceededError."""
    verdict = await parts_of(request).limiter.take(_ask(request, account, buckets))
    if verdict is None:
        return
    tightest = verdict.tightest()
    request.scope["state"]["headers"] += _headers(tightest)
    if not verdict.admitted:
        raise RateExceededError(tightest)


def _ask(request: Asked, account: int | None, buckets: Sequence[Bucket]) -> Ask:
    key = str(account) if account is not None else site_of(request.client.host if request.client else None)
    limits = parts_of(request).limits
    return tuple(Count(name, key, *limits[name]) for name in buckets if name in limits)


def _headers(level: Level) -> list[tuple[bytes, bytes]]:
    bucket, _, requests, seconds = level.of
    texts = {
        "ratelimit-policy": f'"{bucket}";q={requests};w={seconds}',
        "ratelimit": f'"{bucket}";r={level.left()};t={_seconds(level)}',
    }
    if bucket not in NEWER:
        texts |= {"bucket": bucket, "req-limit": str(requests), "req-made": str(level.made)}
    return [(name.encode(), text.encode()) for name, text in texts.items()]


def _seconds(level: Level) -> int:
    """Return when there is more room, in whole seconds, never too early."""
    return max(1, math.ceil(level.reset_seconds))
