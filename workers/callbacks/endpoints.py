"""The callbacks as the fan-out knows them: folded from the log, and how far each has been told what it wants."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from functools import lru_cache

from psycopg import AsyncConnection
from psycopg.rows import TupleRow

from domain.apps.events import BotTokenReset
from domain.callbacks.aggregate import BOOK, CALLBACK, Callback
from domain.callbacks.events import (
    EVENTS,
    CallbackDisabled,
    CallbackEvent,
    CallbackPaused,
    CallbackRegistered,
    CallbackRemoved,
    CallbackReplaced,
    CallbackReplayed,
    CallbackResumed,
    CallbackTested,
)
from domain.catalogue import EVENTS as ALL_EVENTS
from projections.sights import STANDING_TYPES, Line
from workers.callbacks.viewers import Viewers

ALWAYS_READ = (*(event.stored_type for event in EVENTS), BotTokenReset.stored_type, *STANDING_TYPES)
TYPES_MAX = 10_000
WIDENING = (CallbackRegistered, CallbackReplaced)
"""After one of these, more types of events may be wanted than before."""


class Endpoints:
    """All callbacks, by id. `cursors` are of those that are not level: they have been told all up to there."""

    def __init__(self, callbacks: Iterable[Callback], cursors: Mapping[int, int]) -> None:
        self._callbacks = {callback.id: callback for callback in callbacks}
        self.cursors = {callback: at for callback, at in cursors.items() if callback in self._callbacks}
        self.viewers = Viewers()
        self._level: list[Callback] | None = None  # as long as nothing has changed

    async def learn(self, connection: AsyncConnection[TupleRow], position: int, more: Iterable[int] = ()) -> None:
        """Get to know the apps that callbacks belong to, or will."""
        apps = {callback.app for callback in self._callbacks.values() if callback.dialect == BOOK}
        for app in sorted(apps.union(more)):
            await self.viewers.learn(connection, app, position)

    def get(self, callback: int) -> Callback | None:
        """Return the callback, if it exists."""
        return self._callbacks.get(callback)

    def level(self) -> list[Callback]:
        """Return those that are told what happens as it happens."""
        if self._level is None:
            book = [each for each in self._callbacks.values() if each.dialect == BOOK]
            self._level = [each for each in book if each.id not in self.cursors]
        return self._level

    def lagging(self) -> list[Callback]:
        """Return those that are to be told what happened before, the furthest behind first."""
        found = (self._callbacks[callback] for callback in self.cursors)
        active = [callback for callback in found if callback.dialect == BOOK and callback.is_active()]
        return sorted(active, key=lambda callback: self.cursors[callback.id])

    def told(self, line: Line) -> list[Callback]:
        """Return who is told of an event."""
        event = line.event
        tested = self.get(event.callback) if isinstance(event, CallbackTested) else None
        others = [each for each in self.level() if each is not tested and self.wants(each, line)]
        return others if tested is None else [tested, *others]

    def wants(self, callback: Callback, line: Line) -> bool:
        """Tell whether the filters let an event through and the owner may see it. Its own test, it is told anyway."""
        event = line.event
        if isinstance(event, CallbackTested | CallbackRemoved) and event.callback == callback.id:
            return False
        return callback.wants(line.shown.type, line.guild) and self.viewers.sees(callback.app, line)

    def wanted_by(self, callback: Callback, line: Line) -> list[Callback]:
        """Return the callback if it is to be told of an event."""
        return [callback] if self.wants(callback, line) else []

    def visible_to(self, callback: Callback, line: Line) -> list[Callback]:
        """Return the callback if its owner may see an event, whatever is filtered."""
        return [callback] if self.viewers.sees(callback.app, line) else []

    def apply(self, event: CallbackEvent, position: int) -> None:
        """Take in what happened to a callback; everybody has been told of it as things were before."""
        self._level = None
        state = CALLBACK.evolve(self._callbacks.get(event.callback), event)
        if state is None:
            self._callbacks.pop(event.callback, None)
            self.cursors.pop(event.callback, None)
            return
        self._callbacks[state.id] = state
        match event:
            case CallbackPaused() | CallbackDisabled():
                self.cursors.setdefault(state.id, position)
            case CallbackResumed() if state.dialect != BOOK:
                self.cursors.pop(state.id, None)
            case CallbackReplayed() if state.dialect == BOOK:
                self.cursors[state.id] = min(event.after, self.cursors.get(state.id, position))
            case _:
                pass

    def move(self, callback: int, position: int, end: int) -> None:
        """Move a cursor; at the end, the callback is level."""
        self._level = None
        if position < end:
            self.cursors[callback] = position
        else:
            del self.cursors[callback]

    def hold_back(self, callback: int, position: int) -> None:
        """Let a callback lag that is level at a position."""
        self._level = None
        self.cursors.setdefault(callback, position)

    def types(self) -> list[str] | None:
        """Return the types of events that are to be read for those that are level, None for all."""
        level = self.level()
        wanted = [types_wanted(callback) for callback in level]
        if any(types is None for types in wanted):
            return None
        always = ALWAYS_READ if self.viewers.are_there() else ALWAYS_READ[: len(EVENTS)]
        return sorted({*always, *(stored_type for types in wanted for stored_type in types or ())})


@lru_cache(TYPES_MAX)
def types_wanted(callback: Callback) -> Collection[str] | None:
    """Return the types of events that one callback may want, None for all."""
    if not (callback.types or callback.contexts):
        return None
    return [stored_type for stored_type in ALL_EVENTS if callback.wants(stored_type, next(iter(callback.guilds), None))]


def apps_registering(events: Sequence[object]) -> set[int]:
    """Return the apps that get a callback of /book in these events."""
    return {event.app for event in events if isinstance(event, CallbackRegistered) and event.dialect == BOOK}
