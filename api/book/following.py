"""Follows the log for one client: what it asked for and may see, as frames."""

import time
from collections.abc import AsyncIterator, Callable
from typing import Protocol

from api.book.event_filters import Wanted
from api.frames import Frames
from projections.sights import STANDING_TYPES, Line, Sight, line_with_text
from store.tail import Tail, Told

HEARTBEAT_SECONDS = 15.0

Show = Callable[[int, Line | None], str]
"""Makes a frame of a position and the event there; no event is a sign of life, and says up to where."""

_lines = Frames(line_with_text)


class _Batches:
    """Remembers what is made of the events that many clients take in one after the other."""

    def __init__(self) -> None:
        self._found: list[Told] = []
        self._lines: list[Line] = []
        self._frames: dict[Show, list[str]] = {}
        self._came_at = 0.0

    def of(self, found: list[Told], show: Show) -> tuple[list[Line], list[str], float]:
        """Return a line for each event, a frame for each, and when they came."""
        if found is not self._found:
            self._found, self._lines = found, [_lines.of(told) for told in found]
            self._frames, self._came_at = {}, time.monotonic()
        frames = self._frames.get(show)
        if frames is None:
            frames = self._frames[show] = [show(line.shown.position, line) for line in self._lines]
        return self._lines, frames, self._came_at


_batches = _Batches()


class Taker(Protocol):
    """Takes a frame at once, when it has no other on its way."""

    def offer(self, frame: str) -> bool:
        """Begin to send a frame, or tell that another is on its way."""
        ...


class Following(AsyncIterator[str]):
    """Frames without end. `after` is the position up to which all have been shown.

    A taker that is level is handed each frame as the event comes in, without being woken for it: one event to a
    thousand clients is then a thousand calls, and not as many turns of tasks.
    """

    def __init__(self, tail: Tail, sight: Sight, wanted: Wanted, after: int, show: Show) -> None:
        types = wanted.types()
        self._tail = tail
        self._sight = sight
        self._wanted = wanted
        self._types = None if types is None else {*types, *STANDING_TYPES}
        self._takes_all = sight.is_boundless() and wanted.is_everything()
        self._after = after
        self._show = show
        self._spoke_at = time.monotonic()
        self._left: list[str] = []  # newest first
        self._taker: Taker | None = None

    def hand_to(self, taker: Taker) -> None:
        """Hand frames to a taker that is level; others come by iterating, as ever."""
        self._taker = taker

    async def __anext__(self) -> str:
        while not self._left:
            end, found = await self._tail.read(self._after, types=self._types)
            self._left = self._frames(end, found)[::-1]
            self._after = end
            if not self._left:
                await self._tail.wait(end, self if self._taker else None)
        return self._left.pop()

    def take_in(self, end: int, found: list[Told]) -> bool:
        """Hand the taker what has come in, if it is free and that is one frame; tell whether nothing is left."""
        frames = self._frames(end, found)
        self._after = end
        if not frames:
            return True
        is_taken = self._taker is not None and self._taker.offer(frames[0])
        if is_taken and len(frames) == 1:
            return True
        self._left = frames[is_taken:][::-1]
        return False

    def _frames(self, end: int, found: list[Told]) -> list[str]:
        lines, frames, now = _batches.of(found, self._show)
        if not self._takes_all:
            sees, matches = self._sight.sees, self._wanted.matches
            frames = [frame for line, frame in zip(lines, frames, strict=True) if sees(line) and matches(line)]
        if not frames and now - self._spoke_at > HEARTBEAT_SECONDS:
            frames = [self._show(end, None)]
        if frames:
            self._spoke_at = now
        return frames
