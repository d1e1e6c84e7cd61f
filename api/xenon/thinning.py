"""What one reader of the feed is told: every beginning and end of a load, and in between not every status."""

from collections.abc import Iterator
from typing import NamedTuple

from api.load_feed import TOLD
from api.xenon.frames import status_text_of, text_of
from domain.loads.events import LoadFinished, LoadStatusReported
from store.tail import Told

STATUS_SECONDS = 5.0  # between two of one load


class _Progress:
    """How far a load is: what was said of it last, when, and what is to be said when it is time."""

    def __init__(self) -> None:
        self.said: tuple[str, float] | None = None
        self.at = float("-inf")
        self.held: Told | None = None
        self.progress = 0.0


class _Due(NamedTuple):
    position: int
    load: str


class Reader:
    """A reader who has been told everything up to a position; of all guilds, or of these.

    Positions only ever grow. So a status that was held back, and overtaken by other loads, is told as of a position
    that nothing else was told of; it is still how things are there. `told` is the last position.
    """

    def __init__(self, after: int, guilds: frozenset[int] | None = None) -> None:
        self.told = after
        self._guilds = guilds
        self._loads: dict[str, _Progress] = {}

    def take(self, told: Told, now: float) -> Iterator[str]:
        """Take in the next event, and return what is to be said now."""
        event = told.event
        if not isinstance(event, TOLD) or (self._guilds is not None and event.target not in self._guilds):
            return
        yield from self.due(told.position - 1, now)
        if isinstance(event, LoadStatusReported):
            yield from self._status(told, event, now)
            return
        if isinstance(event, LoadFinished):
            self._loads.pop(event.load, None)
        self.told = told.position
        yield text_of(told)

    def due(self, up_to: int, now: float) -> Iterator[str]:
        """Return what was held back for long enough, told as of positions up to this one."""
        held = [
            _Due(each.held.position, load) for load, each in self._loads.items() if each.held and _is_due(each, now)
        ]
        for position, load in sorted(held):
            free = max(position, self.told + 1)
            if free <= up_to:
                yield self._say(self._loads[load], free, now)

    def wait_seconds(self, now: float) -> float | None:
        """Return in how many seconds something that is held back is due; None when nothing is."""
        return min((each.at + STATUS_SECONDS - now for each in self._loads.values() if each.held), default=None)

    def _status(self, told: Told, event: LoadStatusReported, now: float) -> Iterator[str]:
        load = self._loads.setdefault(event.load, _Progress())
        load.progress = load.progress if event.progress is None else event.progress
        load.held = None if load.said == (event.status, load.progress) else told
        if load.held and _is_due(load, now):
            yield self._say(load, told.position, now)

    def _say(self, load: _Progress, position: int, now: float) -> str:
        held, load.held = load.held, None
        assert held is not None
        assert isinstance(held.event, LoadStatusReported)
        load.said, load.at = (held.event.status, load.progress), now
        self.told = position
        return status_text_of(held, position, load.progress)


def _is_due(load: _Progress, now: float) -> bool:
    return now - load.at >= STATUS_SECONDS
