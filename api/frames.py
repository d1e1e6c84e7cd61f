"""What is made of the newest events for many clients at once is made once."""

from collections.abc import Callable
from typing import Generic, TypeVar

from store.tail import Told

T = TypeVar("T")

FRAMES_MAX = 2_000


class Frames(Generic[T]):
    """Makes something of events, and remembers it for the clients that are right behind."""

    def __init__(self, make: Callable[[Told], T]) -> None:
        self._make = make
        self._made: dict[int, tuple[Told, T]] = {}
        self._newest = 0

    def of(self, told: Told) -> T:
        """Return what is made of an event."""
        known = self._made.get(told.position)
        if known is not None and known[0] is told:  # else it is of another log, or read anew by one who is far behind
            return known[1]
        made = self._make(told)
        if told.position > self._newest - FRAMES_MAX:
            self._made[told.position] = told, made
            self._newest = max(self._newest, told.position)
            if len(self._made) > FRAMES_MAX:
                del self._made[next(iter(self._made))]
        return made
