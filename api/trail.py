"""Reading the trail is itself recorded, before anything is shown: there is no look that nobody knows of."""

import time
from datetime import UTC, datetime

from api.parts import Asked, Parts, parts_of
from api.writing import record
from domain.permissions import Actor
from domain.privacy.commands import read_trail
from domain.privacy.readers import AGAIN_AFTER
from store.history import recordable_stream

LOOKS_MAX = 10_000


async def look(request: Asked, actor: Actor, query: str, *, reveals: bool = False) -> None:
    """Record that somebody reads the trail. Errors: BookUnavailableError, and then nothing must be shown."""
    parts, asked, began = parts_of(request), (actor.name(), query, reveals), time.monotonic()
    if parts.looks.get(asked, 0.0) > began - AGAIN_AFTER.total_seconds():
        return  # this process has recorded it a moment ago
    read_at = datetime.now(UTC)
    wishes = {"reader": actor.name(), "query": query, "reveals": reveals, "at": read_at}
    told = await record(request, actor, read_trail, **wishes)
    if told.recorded_at is not None:  # else the book knows of it from before, and may have to be told sooner
        _keep(parts, asked, began)


async def look_at_stream(request: Asked, actor: Actor, stream: str, *, reveals: bool = False) -> None:
    """Record that somebody reads what happened to an entity. Errors: BookUnavailableError."""
    name = await recordable_stream(parts_of(request).store, stream)
    await look(request, actor, f"stream {name}", reveals=reveals)


def _keep(parts: Parts, asked: tuple[str, str, bool], began: float) -> None:
    parts.looks[asked] = began
    parts.looks.move_to_end(asked)
    if len(parts.looks) > LOOKS_MAX:
        parts.looks.popitem(last=False)
