"""Runs a relay beside a test, and waits for it."""

import asyncio
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager, suppress

from schemas.settings import read_settings
from store import log
from store.connections import connect
from tests.books import places, until
from workers.kafka.relay import READER, Relay

SECONDS_MAX = 90.0


@asynccontextmanager
async def relaying(url: str, settings: Mapping[str, str]) -> AsyncIterator[asyncio.Task[None]]:
    """Run a relay; what ends it early fails the test."""
    task = asyncio.create_task(Relay(url, read_settings(settings)).run())
    try:
        yield task
    finally:
        task.cancel()
        with suppress(asyncio.CancelledError):
            await task


async def head_of(url: str) -> int:
    """Return the last position of the log."""
    async with await connect(url) as connection:
        return await log.head(connection)


async def relayed(url: str) -> int:
    """Wait until the relay is where the log is now, and return where that is."""
    head = await head_of(url)

    async def is_there() -> bool:
        place = (await places(url)).get(READER)
        return place is not None and place.position >= head

    await until(is_there, SECONDS_MAX)
    return head
