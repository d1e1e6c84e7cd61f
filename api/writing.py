"""Issues a command for a request, and waits until the query tables show what it wrote."""

import re
from collections.abc import Awaitable, Callable
from datetime import datetime
from typing import Generic, NamedTuple, TypeVar

from api.parts import Asked, Parts, parts_of
from domain.kernel import RefusalError
from domain.permissions import Actor
from store.codec import Origin
from store.event_store import Outcome

T = TypeVar("T")

NO_WAIT = "respond-async"
TRACE = re.compile("(?!ff)[0-9a-f]{2}-(?!0{32})[0-9a-f]{32}-(?!0{16})[0-9a-f]{16}-[0-9a-f]{2}")


class Written(NamedTuple, Generic[T]):
    """What a command returned; whoever reads at `position` sees what it saw and wrote.

    `recorded_at` is None when it wrote nothing; `stale` says that reads do not show it yet.
    """

    value: T
    position: int
    recorded_at: datetime | None
    stale: bool

    def headers(self) -> dict[str, str]:
        """Return the headers that say where the write is, and whether reads show it."""
        headers = {"Guildbook-Position": str(self.position)}
        return {**headers, "Guildbook-Stale": "true"} if self.stale else headers


async def write(
    request: Asked, actor: Actor, command: Callable[..., Awaitable[T]], *args: object, **kwargs: object
) -> Written[T]:
    """Execute a command as this actor. Errors: the command's refusals, ConflictError, BookUnavailableError."""
    return await shown(request, await record(request, actor, command, *args, **kwargs))


async def shown(request: Asked, outcome: Outcome[T]) -> Written[T]:
    """Wait until reads show what a command wrote."""
    parts = parts_of(request)
    fresh = await parts.freshness.wait(outcome.position, _patience_seconds(request, parts))
    return Written(*outcome, not fresh)


async def record(
    request: Asked, actor: Actor, command: Callable[..., Awaitable[T]], *args: object, **kwargs: object
) -> Outcome[T]:
    """Execute a command as this actor and go on at once: for one of several that make up a request.

    Errors: as `write`.
    """
    parts = parts_of(request)
    origin = Origin(
        actor=actor.name(),
        surface=request.route_handler.opt["surface"],
        request=request.scope["state"].get("request_id"),
        session=actor.session,
        address=request.client.host if request.client else None,
        key=request.scope["state"].get("idempotency_key"),
        trace=_trace(request),
    )
    try:
        return await parts.store.execute(origin, command, *args, **kwargs)
    except RefusalError:
        # It may rest on what somebody else has just written: who is told that an account exists will ask for it next.
        await parts.freshness.wait(await parts.head(), _patience_seconds(request, parts))
        raise


def _trace(request: Asked) -> str | None:
    """Return the trace that the caller is in (W3C Trace Context); what is malformed is none."""
    text = request.headers.get("traceparent", "")
    return text if TRACE.fullmatch(text) else None


def _patience_seconds(request: Asked, parts: Parts) -> int:
    return 0 if NO_WAIT in request.headers.get("prefer", "") else parts.settings.freshness_seconds_max
