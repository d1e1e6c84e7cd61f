"""Commands against the book from a terminal: as the operator, and back when they can be read."""

import asyncio
import time
from collections.abc import AsyncGenerator, Awaitable, Callable, Coroutine
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any, TypeVar

from cli.places import Place, opened
from domain.kernel import Entity
from domain.permissions import OPERATOR
from projections.checkpoints import all_checkpoints
from store.appender import Appender
from store.codec import Origin
from store.connections import pool
from store.event_store import EventStore
from store.keys import Keyring
from store.listing import streams_of

T = TypeVar("T")

CONNECTIONS_MAX = 2
SHOWN_SECONDS_MAX = 1.0
POLL_SECONDS = 0.02
ORIGIN = Origin(actor=OPERATOR.name(), surface="cli")


def operate(data: Path, work: Callable[[EventStore], Coroutine[Any, Any, T]], *, make: bool = False) -> T:
    """Do some work with the book of a folder, or of the database that is set."""
    with opened(data, make=make) as place:
        return asyncio.run(_operate(place, work))


async def _operate(place: Place, work: Callable[[EventStore], Awaitable[T]]) -> T:
    async with opened_store(place) as store:
        return await work(store)


@asynccontextmanager
async def opened_store(place: Place) -> AsyncGenerator[EventStore]:
    """Open the log for as long as the block lasts."""
    appender = Appender(place.url)
    async with pool(place.url, CONNECTIONS_MAX) as connections:
        try:
            yield EventStore(connections, appender, Keyring(connections, place.master_key))
        finally:
            await appender.close()


async def execute(store: EventStore, command: Callable[..., Awaitable[T]], *args: object, **kwargs: object) -> T:
    """Issue a command as the operator, and wait a moment for the query tables if they are kept up."""
    outcome = await store.execute(ORIGIN, command, *args, **kwargs)
    deadline = time.monotonic() + SHOWN_SECONDS_MAX
    while outcome.position and not await _is_shown(store, outcome.position):
        if time.monotonic() > deadline:  # no projector runs: the next one will show it
            break
        await asyncio.sleep(POLL_SECONDS)
    return outcome.value


async def all_of(store: EventStore, entity: Entity[T]) -> list[T]:
    """Return the states of all entities of a kind, from the log; for kinds of which there are few."""
    async with store.pool.connection() as connection:
        streams = await streams_of(connection, entity.context)
    found = await store.load_many(entity, streams)
    return [seen.state for seen in found.values() if seen.state is not None]


async def _is_shown(store: EventStore, position: int) -> bool:
    async with store.pool.connection() as connection:
        places = await all_checkpoints(connection)
    projectors = [place for place in places if place.fingerprint and place.stopped_at is None]
    return all(place.position >= position for place in projectors)
