"""A worker's sign of life: a file that it touches while its loop turns and the database answers."""

import asyncio
from contextlib import suppress
from pathlib import Path

from store import log
from store.connections import DATABASE_DOWN, Pool

BEAT_SECONDS = 2.0


async def beat(file: Path, connections: Pool) -> None:
    """Touch the file again and again, for ever."""
    while True:
        with suppress(*DATABASE_DOWN):
            async with connections.connection() as connection:
                await log.head(connection)
            file.touch()  # noqa: ASYNC240 - of a file in memory, or nearly
        await asyncio.sleep(BEAT_SECONDS)
