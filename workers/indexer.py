"""The indexer: takes what was recorded into the index of the trail, in what time others leave; of several, one acts.

Nobody waits for it, since a search reads the log where the index ends. So while others append it rests nine times as
long as it works; when they do not, it catches up.
"""

import asyncio
import time

import structlog

from projections.search import index
from store import leadership, log
from store.connections import connect, described

REST_SHARE = 9.0  # for each second of work, so many of rest
REST_SECONDS_MIN = 1.0
RESTART_SECONDS = 0.5

_logger = structlog.get_logger()


class Indexer:
    """One process's indexer."""

    def __init__(self, url: str) -> None:
        self._url = url

    async def run(self) -> None:
        """Run until cancelled; after an error, begin again from the checkpoint."""
        while True:
            try:
                await self._lead()
            except Exception as error:  # noqa: BLE001 - whoever else works in this process goes on
                _logger.warning("indexer restarts", error=described(error))
                await asyncio.sleep(RESTART_SECONDS)

    async def _lead(self) -> None:
        async with await connect(self._url) as connection:
            await leadership.become_leader(connection, leadership.INDEXER)
            await connection.execute("SET synchronous_commit = off")  # the index can be made again
            position, head = await index.prepare(connection), 0
            while True:
                began, before, head_before = time.monotonic(), position, head
                position, head = await index.take_in(connection, position), await log.head(connection)
                rest_seconds = REST_SHARE * (time.monotonic() - began) if head > head_before else 0.0
                await asyncio.sleep(rest_seconds if position > before else max(rest_seconds, REST_SECONDS_MIN))
