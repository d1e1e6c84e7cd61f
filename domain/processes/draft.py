"""A book in which a command of many steps sees what its earlier steps have written."""

from collections import defaultdict
from collections.abc import Sequence
from typing import Any, TypeVar

from domain.kernel import Book, Entity, Event

S = TypeVar("S")

Said = tuple[str, Event]
"""An event, and its stream."""


class Draft:
    """The Book port over another book: what is appended here is seen here, and is the other's when it is handed over.

    `before`: what was written by steps that were only tried. What `load_about` returns goes on changing.
    """

    def __init__(self, book: Book, before: Sequence[Said] = ()) -> None:
        self.said: list[Said] = []
        self._book = book
        self._seen: defaultdict[str, list[Event]] = defaultdict(list)
        self._abouts: dict[tuple[Entity[Any], str], dict[str, Any]] = {}
        for stream, event in before:
            self._seen[stream].append(event)

    async def load(self, entity: Entity[S], *ids: object) -> S | None:
        """See `domain.kernel.Book`."""
        return entity.fold(self._seen.get(entity.stream(*ids), ()), await self._book.load(entity, *ids))

    async def load_many(self, entity: Entity[S], ids: Sequence[object]) -> dict[str, S]:
        """See `domain.kernel.Book`."""
        found = await self._book.load_many(entity, ids)
        return self._folded(entity, found, [entity.stream_by(each) for each in ids])

    async def load_about(self, entity: Entity[S], about: str) -> dict[str, S]:
        """See `domain.kernel.Book`."""
        if (entity, about) not in self._abouts:
            states = self._abouts[entity, about] = dict(await self._book.load_about(entity, about))
            for stream, events in self._seen.items():
                _take_in(states, entity, about, stream, events)
        return self._abouts[entity, about]

    async def last_position(self, entity: Entity[Any], *ids: object) -> int:
        """See `domain.kernel.Book`; what was written here has no position yet."""
        return await self._book.last_position(entity, *ids)

    async def last_position_about(self, about: str) -> int:
        """See `domain.kernel.Book`; likewise."""
        return await self._book.last_position_about(about)

    async def next_id(self, context: str) -> int:
        """See `domain.kernel.Book`."""
        return await self._book.next_id(context)

    def append(self, stream: str, events: Sequence[Event]) -> None:
        """See `domain.kernel.Book`."""
        self.said.extend((stream, event) for event in events)
        self._seen[stream].extend(events)
        for (entity, about), states in self._abouts.items():
            _take_in(states, entity, about, stream, events)

    def hand_over(self) -> None:
        """Append to the other book what was written here."""
        for stream, event in self.said:
            self._book.append(stream, [event])

    def _folded(self, entity: Entity[S], found: dict[str, S], streams: Sequence[str]) -> dict[str, S]:
        states = {name: entity.fold(self._seen.get(name, ()), found.get(name)) for name in streams}
        return {name: state for name, state in states.items() if state is not None}


def _take_in(states: dict[str, Any], entity: Entity[Any], about: str, stream: str, events: Sequence[Event]) -> None:
    """Let events change what is known of all that speaks of something."""
    if not stream.startswith(entity.prefix()) or not (stream in states or any(about in it.about() for it in events)):
        return
    state = entity.fold(events, states.pop(stream, None))
    if state is not None:
        states[stream] = state
