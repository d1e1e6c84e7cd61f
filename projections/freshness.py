"""How far the query tables are, and waiting until they show a position."""

import asyncio
import heapq

from projections import checkpoints
from store import signals
from store.connections import Pool
from store.signals import Signal

POLL_SECONDS = 0.5


class Freshness:
    """The position that the query tables show, for one process. A projector that was stopped is not waited for."""

    def __init__(self, url: str, pool: Pool) -> None:
        self._pool = pool
        self._position = 0
        self._waiting: list[tuple[int, int, asyncio.Future[None]]] = []
        self._count = 0
        self._signal = Signal(url, signals.PROJECTED, on_notify=self._noticed)

    def _noticed(self, _channel: str, payload: str) -> None:
        self._reach(int(payload))

    async def wait(self, position: int, seconds: float) -> bool:
        """Return True when the tables show the position, False when that took too long."""
        if position <= self._position:
            return True
        future: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._count += 1
        heapq.heappush(self._waiting, (position, self._count, future))
        try:
            async with asyncio.timeout(seconds):
                await future
        except TimeoutError:
            return False
        return True

    def _reach(self, position: int) -> None:
        self._position = max(self._position, position)
        while self._waiting and self._waiting[0][0] <= self._position:
            _, _, future = heapq.heappop(self._waiting)
            if not future.done():
                future.set_result(None)

    async def run(self) -> None:
        """Listen, and look now and then in case a notification was lost, for ever."""
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(self._signal.run())
            while True:
                await asyncio.sleep(POLL_SECONDS)
                if self._waiting:
                    await self._look()

    async def _look(self) -> None:
        async with self._pool.connection() as connection:
            places = await checkpoints.all_checkpoints(connection)
        going = [place.position for place in places if place.fingerprint and place.stopped_at is None]
        if going:
            self._reach(min(going))
