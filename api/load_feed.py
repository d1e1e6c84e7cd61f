"""What is told of loads, read once for all who follow them, and never told before it can be looked up."""

import asyncio
from bisect import bisect_right
from operator import attrgetter

from domain.loads.events import LoadFinished, LoadRefused, LoadStarted, LoadStatusReported
from projections.freshness import Freshness
from store.tail import Tail, Told

TOLD = (LoadStarted, LoadRefused, LoadStatusReported, LoadFinished)
TYPES = frozenset(each.stored_type for each in TOLD)
REMEMBERED_EVENTS_MAX = 2_000
READ_POSITIONS_MAX = 5_000

_position = attrgetter("position")


class LoadFeed:
    """The newest of these events, in memory. Who is further behind reads the log, so nobody misses anything.

    Who follows is woken by loads only, whatever else is written; while nobody does, nothing is read.
    """

    def __init__(self, tail: Tail, freshness: Freshness, patience_seconds: float) -> None:
        self._tail = tail
        self._freshness = freshness
        self._patience_seconds = patience_seconds
        self._events: list[Told] = []
        self._start = self._end = 0  # all events after the one and up to the other are here
        self._waiting = 0
        self._wanted = asyncio.Event()
        self._moved = asyncio.Event()

    async def read(self, after: int) -> tuple[int, list[Told]]:
        """Return where the reading ended, and the events between `after` and there, in order; a mapper shows its end.

        The end is `after` or before it when there is no more.
        """
        if after < self._start:
            return await self._shown(*await self._tail.read(after, READ_POSITIONS_MAX, TYPES))
        return self._end, self._events[bisect_right(self._events, after, key=_position) :]

    async def wait(self, after: int, seconds: float | None) -> None:
        """Return when there may be an event after this position, at the latest in so many seconds."""
        if after < self._start or (self._events and self._events[-1].position > after):
            return
        self._waiting += 1
        self._wanted.set()
        try:
            async with asyncio.timeout(seconds):
                await self._moved.wait()
        except TimeoutError:
            return
        finally:
            self._waiting -= 1

    async def run(self) -> None:
        """Follow the log for ever."""
        while True:
            if not self._waiting:
                self._wanted.clear()
                await self._wanted.wait()
            await self._tail.wait(self._end)
            if self._tail.end() - self._end > READ_POSITIONS_MAX:
                self._start = self._end = self._tail.end()
                self._events.clear()
                self._move()
            end, found = await self._shown(*await self._tail.read(self._end, types=TYPES))
            self._events += found
            self._end = end
            self._forget()
            if found:
                self._move()

    def _move(self) -> None:
        """Wake whoever follows."""
        self._moved.set()
        self._moved = asyncio.Event()

    def _forget(self) -> None:
        if len(self._events) > REMEMBERED_EVENTS_MAX:
            self._start = self._events[-REMEMBERED_EVENTS_MAX - 1].position
            del self._events[:-REMEMBERED_EVENTS_MAX]

    async def _shown(self, end: int, found: list[Told]) -> tuple[int, list[Told]]:
        """Wait until what ended can be looked up: whoever hears of it asks for it at once."""
        ends = [told.position for told in found if isinstance(told.event, LoadFinished)]
        if ends:
            await self._freshness.wait(ends[-1], self._patience_seconds)
        return end, found
