"""How far the query tables are, and waiting until they show a position."""

import asyncio
import heapq
import time

from projections import checkpoints
from store import signals
from store.connections import DATABASE_DOWN, Pool
from store.signals import Signal

POLL_SECONDS = 0.25

Waiting = tuple[int, int, float, asyncio.Future[bool]]
"""The position, a number that no other has, when to give up, and whom to tell."""


class Freshness:
    """The position that all query tables show, for one process. A projector that was stopped is not waited for."""

    def __init__(self, url: str, pool: Pool) -> None:
        self._pool = pool
        self._position = 0
        self._is_whole = True
        self._waiting: list[Waiting] = []
        self._count = 0
        self._signal = Signal(url, signals.PROJECTED, on_notify=self._noticed)

    def _noticed(self, _channel: str, payload: str) -> None:
        """Take in what `checkpoints.announce` says: a position, unless all are stopped, and how many are stopped."""
        *position, stopped = map(int, payload.split())
        self._is_whole = stopped == 0
        self._reach(max([self._position, *position]))

    async def wait(self, position: int, seconds: float) -> bool:
        """Return whether the tables show the position: True as soon as they do, False when that takes too long.

        While a projector is stopped it is False too, as nobody knows what its tables would show.
        """
        if position > self._position and seconds > 0:
            future: asyncio.Future[bool] = asyncio.get_running_loop().create_future()
            self._count += 1
            heapq.heappush(self._waiting, (position, self._count, time.monotonic() + seconds, future))
            await future
        return position <= self._position and self._is_whole

    def _reach(self, position: int) -> None:
        self._position = position
        while self._waiting and self._waiting[0][0] <= position:
            _wake(heapq.heappop(self._waiting))

    def _give_up(self) -> None:
        now = time.monotonic()
        for waiting in self._waiting:
            if waiting[2] <= now:
                _wake(waiting)
        self._waiting = [waiting for waiting in self._waiting if not waiting[3].done()]
        heapq.heapify(self._waiting)

    async def run(self) -> None:
        """Listen, and look now and then in case a notification was lost, for ever."""
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(self._signal.run())
            tasks.create_task(self._look_now_and_then())
            while True:
                await asyncio.sleep(POLL_SECONDS)
                self._give_up()

    async def _look_now_and_then(self) -> None:
        while True:
            await asyncio.sleep(POLL_SECONDS)
            if self._waiting:
                await self._look()

    async def _look(self) -> None:
        try:
            async with self._pool.connection() as connection:
                places = await checkpoints.all_checkpoints(connection)
        except DATABASE_DOWN:  # the next look may find it up again
            return
        going = [place.position for place in places if place.fingerprint and place.stopped_at is None]
        if going:
            self._reach(max(self._position, min(going)))


def _wake(waiting: Waiting) -> None:
    if not waiting[3].done():  # else the request is gone
        waiting[3].set_result(True)
