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
    """Remembers the lines of what many clients take in one after the other."""

    def __init__(self) -> None:
        self._found: list[Told] = []
        self._lines: list[Line] = []

    def lines_of(self, found: list[Told]) -> list[Line]:
        """Return a line for each event."""
        if found is not self._found:
            self._found, self._lines = found, [_lines.of(told) for told in found]
        return self._lines


_batches = _Batches()


class Taker(Protocol):
    """Takes a frame at once, when it has no other on its way."""

    def is_free(self) -> bool:
        """Tell whether it takes one now."""
        ...

    def take(self, frame: str) -> None:
        """Begin to send a frame."""
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
            self._take_in(*await self._tail.read(self._after, types=self._types))
            if not self._left:
                await self._tail.wait(self._after, self._serve if self._taker else None)
        return self._left.pop()

    def _serve(self, end: int, found: list[Told]) -> bool:
        """Hand the taker what has come in, if it is free and that is one frame; tell whether nothing is left."""
        taker = self._taker
        if taker is None or not taker.is_free():
            return False
        self._take_in(end, found)
        if self._left:
            taker.take(self._left[-1])
            self._left.pop()  # taken; else it is left for who iterates
        return not self._left

    def _take_in(self, end: int, found: list[Told]) -> None:
        lines = _batches.lines_of(found)
        if not self._takes_all:
            sees, matches = self._sight.sees, self._wanted.matches
            lines = [line for line in lines if sees(line) and matches(line)]
        show, now = self._show, time.monotonic()
        frames = [show(line.shown.position, line) for line in lines]
        if not frames and now - self._spoke_at > HEARTBEAT_SECONDS:
            frames = [show(end, None)]
        if frames:
            self._spoke_at = now
            self._left = frames[::-1]
        self._after = end
