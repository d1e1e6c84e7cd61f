"""Shows how a load goes on while it runs: the bars of its steps as server-sent events, and then that it has ended."""

import asyncio
import time
from collections.abc import AsyncIterator

from litestar.exceptions import NotFoundException

from api.console.directory import Directory
from api.console.load_views import decoded, shown
from api.console.pages import fragment
from api.console.stewards import steward_of
from api.console.visitors import LoginNeededError, ShutOutError
from api.console.visits import Visit
from api.event_streams import EventStream
from api.parts import Asked, Parts, parts_of
from projections.loads.queries import load_by_id
from schemas.loads import Load

HEARTBEAT_SECONDS = 10.0
PAUSE_SECONDS = 0.1  # so that a load of many objects is not drawn more often than anybody can see
ENDED = "event: end\ndata: \n\n"


def stream(request: Asked, visit: Visit, load: Load) -> EventStream:
    """Return what is sent to somebody who looks at a load. Errors: TooManyListenersError."""

    async def is_allowed() -> bool:
        try:
            await steward_of(request)
        except (LoginNeededError, ShutOutError, NotFoundException):
            return False
        return True

    parts = parts_of(request)
    listener = parts.listeners.join(f"console-{visit.visitor.account}", is_allowed)
    return EventStream(_frames(parts, load), listener, parts.listeners)


async def _frames(parts: Parts, load: Load) -> AsyncIterator[str]:
    while load.outcome is None:
        yield bars(load)
        load = await _next(parts, load)
    yield ENDED


def bars(load: Load) -> str:
    """Return the bars of a load as one event."""
    text = fragment("bars.html", load=shown(load, "", {}, Directory()))
    return "".join(f"data: {line}\n" for line in text.splitlines()) + "\n"


async def _next(parts: Parts, load: Load) -> Load:
    """Return the load when something has happened to it, or when it is time for a sign of life."""
    position, until, is_told = load.position, time.monotonic() + HEARTBEAT_SECONDS, False
    while not is_told and (left := until - time.monotonic()) > 0:
        await parts.loads.wait(position, left)
        end, told = await parts.loads.read(position)
        position = max(position, end)
        is_told = any(getattr(each.event, "load", None) == load.load_id for each in told)
    if is_told:
        await parts.freshness.wait(position, parts.settings.freshness_seconds_max)
        await asyncio.sleep(PAUSE_SECONDS)
    async with parts.pool.connection() as connection:
        found = await load_by_id(connection, load.load_id)
    return decoded(found) if found else load
