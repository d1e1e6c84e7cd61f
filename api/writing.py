"""Issues a command for a request, and waits until the query tables show what it wrote."""

from collections.abc import Awaitable, Callable
from datetime import datetime
from typing import Generic, NamedTuple, TypeVar

from api.parts import Asked, parts_of
from domain.permissions import Actor
from store.codec import Origin

T = TypeVar("T")

NO_WAIT = "respond-async"


class Written(NamedTuple, Generic[T]):
    """What a command returned; `position` is 0 when it wrote nothing, `stale` says that reads do not show it yet."""

    value: T
    position: int
    recorded_at: datetime | None
    stale: bool

    def headers(self) -> dict[str, str]:
        """Return the headers that say where the write is, and whether reads show it."""
        headers = {"Guildbook-Position": str(self.position)} if self.position else {}
        return {**headers, "Guildbook-Stale": "true"} if self.stale else headers


async def write(
    request: Asked, actor: Actor, command: Callable[..., Awaitable[T]], *args: object, **kwargs: object
) -> Written[T]:
    """Execute a command as this actor. Errors: the command's refusals, ConflictError, BookUnavailableError."""
    parts = parts_of(request)
    origin = Origin(
        actor=actor.name(),
        surface=request.route_handler.opt["surface"],
        request=request.scope["state"].get("request_id"),
        address=request.client.host if request.client else None,
    )
    outcome = await parts.store.execute(origin, command, *args, **kwargs)
    waits = outcome.position and NO_WAIT not in request.headers.get("prefer", "")
    seconds = parts.settings.freshness_seconds_max if waits else 0
    fresh = not outcome.position or await parts.freshness.wait(outcome.position, seconds)
    return Written(outcome.value, outcome.position, outcome.recorded_at, not fresh)
