"""The parts of API processes within a test: what they share is the database only."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager, suppress

from api.parts import Parts
from schemas.settings import Settings
from tests.books import KEY


@asynccontextmanager
async def started(url: str, settings: Settings | None = None) -> AsyncIterator[Parts]:
    """Start one process: its log, its query tables and how fresh they are, without any surface."""
    parts = Parts(settings or Settings(), url, KEY)
    await parts.pool.open()
    freshness = asyncio.create_task(parts.freshness.run())
    try:
        yield parts
    finally:
        freshness.cancel()
        with suppress(asyncio.CancelledError):
            await freshness
        await parts.appender.close()
        await parts.limiter.close()
        await parts.pool.close()


@asynccontextmanager
async def several(url: str, count: int, settings: Settings | None = None) -> AsyncIterator[list[Parts]]:
    """Start so many processes."""
    async with AsyncExitStack() as stack:
        yield [await stack.enter_async_context(started(url, settings)) for _ in range(count)]
