"""How often one may ask: which buckets a request is counted in, and what its answer says of them."""

import math
from typing import Literal

from api.addresses import site_of
from api.antiraid.errors import RateLimitedError
from api.parts import Asked, parts_of
from store.limits import Ask, Count, Level

Bucket = Literal[
    "oauth2_login",
    "settings_execute",
    "get_user_guilds_refresh",
    "get_user_guilds_norefresh",
    "get_user_guild_base_info",
]


async def take(request: Asked, account: int | None, bucket: Bucket | None) -> None:
    """Count a request of this account, or of where it comes from when nobody is known. Errors: RateLimitedError."""
    verdict = await parts_of(request).limiter.take(_ask(request, account, bucket))
    if verdict is None:
        return
    tightest = verdict.tightest()
    request.scope["state"]["headers"] += _headers(tightest)
    if not verdict.admitted:
        raise RateLimitedError(_seconds(tightest))


def _ask(request: Asked, account: int | None, bucket: Bucket | None) -> Ask:
    key = str(account) if account is not None else site_of(request.client.host if request.client else None)
    limits = parts_of(request).limits
    names = (bucket, "anonymous" if account is None else "user")
    return tuple(Count(name, key, *limits[name]) for name in names if name in limits)


def _headers(level: Level) -> list[tuple[bytes, bytes]]:
    bucket, _, requests, seconds = level.of
    texts = {
        "ratelimit-policy": f'"{bucket}";q={requests};w={seconds}',
        "ratelimit": f'"{bucket}";r={level.left()};t={_seconds(level)}',
        "bucket": bucket,
        "req-limit": str(requests),
        "req-made": str(level.made),
    }
    return [(name.encode(), text.encode()) for name, text in texts.items()]


def _seconds(level: Level) -> int:
    """Return when there is more room, in whole seconds, never too early."""
    return max(1, math.ceil(level.reset_seconds))
