"""Commands against the log: load, decide, append, and decide again when what was seen has changed."""

import itertools
import secrets
import time
from collections import OrderedDict
from collections.abc import Awaitable, Callable, Iterable, Sequence
from datetime import datetime
from typing import Any, Generic, NamedTuple, TypeVar

from domain.kernel import Entity, Event, RefusalError
from domain.privacy.aggregate import SUBJECT
from store import log
from store.appender import Append, Appended, Appender, ConflictError, NewEvent
from store.codec import Origin, encode_event, encode_meta, subjects_of
from store.connections import Pool
from store.gather import Gatherer
from store.keys import Keyring
from store.log import Stream

S = TypeVar("S")
T = TypeVar("T")

DECIDE_SECONDS_MAX = 5.0  # how long a command that others are faster than decides again
REMEMBERED_STREAMS_MAX = 20_000


class Outcome(NamedTuple, Generic[T]):
    """What a command returned. `position` is where what it wrote ends, or what it saw when it wrote nothing.

    `recorded_at` is None when it wrote nothing.
    """

    value: T
    position: int
    recorded_at: datetime | None = None


class Seen(NamedTuple):
    """A folded stream: its version, the position of its last event, and the state (None: nothing is there)."""

    version: int
    position: int
    state: Any


NOTHING = Seen(0, 0, None)
Memory = OrderedDict[str, Seen]


class EventStore:
    """The log for one process: one appender, and the folded states of the streams used lately."""

    def __init__(self, pool: Pool, appender: Appender, keyring: Keyring) -> None:
        self.pool = pool
        self.keyring = keyring
        self.appender = appender
        self.append_ids = map(f"{secrets.token_hex(12)}-{{}}".format, itertools.count(1))  # random, then counted
        self.remembered: Memory = OrderedDict()  # another one after each erasure, so who is reading fills none of this
        self._streams = Gatherer[str, Stream](self._read)

    async def execute(
        self, origin: Origin, command: Callable[..., Awaitable[T]], *args: object, **kwargs: object
    ) -> Outcome[T]:
        """Run a command and append what it decides, all or nothing.

        Memory may be behind other processes. An append checks what was seen; a refusal or a "nothing to do" that
        rests on memory is decided once more from the log. Errors: the command's, BookUnavailableError, and
        ConflictError when others were faster for DECIDE_SECONDS_MAX.
        """
        deadline = time.monotonic() + DECIDE_SECONDS_MAX
        trusts_memory = True
        while True:
            unit = UnitOfWork(self, trusts_memory=trusts_memory)
            try:
                value = await command(unit, *args, **kwargs)
                if unit.events:
                    return Outcome(value, *await unit.commit(origin))
                if not unit.used_memory:
                    return Outcome(value, unit.position())
            except RefusalError:
                if not unit.used_memory:
                    raise
            except ConflictError:
                if time.monotonic() > deadline:
                    raise
            trusts_memory = False

    async def preview(self, command: Callable[..., Awaitable[T]], *args: object, **kwargs: object) -> T:
        """Run a command for its refusals only; nothing is appended."""
        return await command(UnitOfWork(self, trusts_memory=False), *args, **kwargs)

    async def peek(self, entity: Entity[S], *ids: object) -> S | None:
        """Return a state for a look; what is known to exist may be a moment old, what is absent is not."""
        stream = entity.stream(*ids)
        seen = self.recall(stream)
        return seen.state if seen and seen.state is not None else (await self.load(entity, stream)).state

    def forget(self) -> None:
        """Remember no stream and know no key any more: somebody was erased."""
        self.remembered = OrderedDict()
        self.keyring.forget()

    def recall(self, stream: str) -> Seen | None:
        """Return what is remembered of a stream."""
        seen = self.remembered.get(stream)
        if seen is not None:
            self.remembered.move_to_end(stream)
        return seen

    async def load(self, entity: Entity[Any], stream: str) -> Seen:
        """Read and fold a stream."""
        remembered = self.remembered
        version, position, events = await self._streams.get(stream)
        return remember(remembered, stream, Seen(version, position, entity.fold(events)))

    async def load_many(self, entity: Entity[Any], streams: Sequence[str]) -> dict[str, Seen]:
        """Read and fold many streams."""
        remembered = self.remembered
        found = await self._read(streams)
        return {
            stream: remember(remembered, stream, Seen(version, position, entity.fold(events)))
            for stream, (version, position, events) in zip(streams, found, strict=True)
        }

    async def _read(self, streams: Sequence[str]) -> list[Stream]:
        async with self.pool.connection() as connection:
            found = await log.read_streams(connection, self.keyring, list(dict.fromkeys(streams)))
        return [found.get(stream, log.NO_STREAM) for stream in streams]


def remember(remembered: Memory, stream: str, seen: Seen) -> Seen:
    """Keep the newest of what is known of a stream that was ever written."""
    known = remembered.get(stream)
    if seen.version and (known is None or known.version <= seen.version):
        remembered[stream] = seen
        remembered.move_to_end(stream)
        if len(remembered) > REMEMBERED_STREAMS_MAX:
            remembered.popitem(last=False)
    return seen


class UnitOfWork:
    """The Book of one command: everything loaded is checked to be unchanged when its events are appended."""

    def __init__(self, store: EventStore, *, trusts_memory: bool) -> None:
        self._store = store
        self._remembered = store.remembered
        self._trusts_memory = trusts_memory
        self._seen: dict[str, Seen] = {}
        self._entities: dict[str, Entity[Any]] = {}
        self._sets: dict[str, int] = {}
        self._ends: dict[str, int] = {}
        self.events: list[tuple[str, Event]] = []
        self.used_memory = False

    async def load(self, entity: Entity[S], *ids: object) -> S | None:
        """See `domain.kernel.Book`."""
        stream = entity.stream(*ids)
        self._entities[stream] = entity
        if stream not in self._seen:
            self._seen[stream] = self._recall(entity, stream) or await self._store.load(entity, stream)
        return self._seen[stream].state

    def _remembers(self, stream: str) -> bool:
        """Take a stream as it is remembered, if it is."""
        seen = self._store.recall(stream) if self._trusts_memory else None
        if seen is not None:
            self._seen[stream] = seen
            self.used_memory = True
        return seen is not None

    def _recall(self, entity: Entity[Any], stream: str) -> Seen | None:
        if not self._trusts_memory:
            return None
        seen = self._store.recall(stream) or (NOTHING if entity.usually_new else None)
        self.used_memory |= seen is not None
        return seen

    async def load_many(self, entity: Entity[S], ids: Sequence[object]) -> dict[str, S]:
        """See `domain.kernel.Book`."""
        return await self._load_streams(entity, [entity.stream_by(i) for i in ids])

    async def load_about(self, entity: Entity[S], about: str) -> dict[str, S]:
        """See `domain.kernel.Book`."""
        async with self._store.pool.connection() as connection:
            position, streams = await log.streams_about(connection, about, entity.prefix())
        self._sets[about] = min(position, self._sets.get(about, position))
        return await self._load_streams(entity, streams)

    async def _load_streams(self, entity: Entity[S], streams: Sequence[str]) -> dict[str, S]:
        missing = [stream for stream in dict.fromkeys(streams) if stream not in self._seen]
        self._entities.update(dict.fromkeys(missing, entity))
        unread = [stream for stream in missing if not self._remembers(stream)]
        if unread:
            self._seen.update(await self._store.load_many(entity, unread))
        states = {stream: self._seen[stream].state for stream in streams}
        return {stream: state for stream, state in states.items() if state is not None}

    async def last_position(self, entity: Entity[Any], *ids: object) -> int:
        """See `domain.kernel.Book`."""
        await self.load(entity, *ids)
        return self._seen[entity.stream(*ids)].position

    async def last_position_about(self, about: str) -> int:
        """See `domain.kernel.Book`."""
        async with self._store.pool.connection() as connection:
            position, streams = await log.streams_about(connection, about, "")
            ends = await log.stream_ends(connection, [about, *streams])
        self._sets[about] = min(position, self._sets.get(about, position))
        for stream in (about, *streams):
            self._ends[stream] = ends.get(stream, (0, 0))[0]
        return max((end for _, end in ends.values()), default=0)

    async def next_id(self, context: str) -> int:
        """See `domain.kernel.Book`."""
        query = "SELECT nextval(%s::text::regclass)"
        async with self._store.pool.connection() as connection:
            row = await (await connection.execute(query, (f"book.ids_{context}",))).fetchone()
        assert row is not None
        return row[0]

    def append(self, stream: str, events: Sequence[Event]) -> None:
        """See `domain.kernel.Book`."""
        self.events.extend((stream, event) for event in events)

    def position(self) -> int:
        """Return where the newest event is that was seen."""
        return max((seen.position for seen in self._seen.values()), default=0)

    async def commit(self, origin: Origin) -> Appended:
        """Append what was decided, and remember what that makes of the streams that were there before."""
        subjects = subjects_of((event for _, event in self.events), origin)
        try:
            appended = await self._store.appender.append(await self._encode(origin, subjects))
        except ConflictError:
            self._store.keyring.doubt(subjects)  # one of them may have been erased meanwhile
            raise
        first = appended.position - len(self.events) + 1
        ends = {stream: position for position, (stream, _) in enumerate(self.events, start=first)}
        for stream, position in ends.items():
            self._remember(stream, position)
        return appended

    async def _encode(self, origin: Origin, subjects: Iterable[str]) -> Append:
        """Encode; the subjects' streams of privacy are checked too, so that nothing is sealed by a key that is gone."""
        keys = await self._store.keyring.for_subjects(subjects)
        meta = encode_meta(origin, next(self._store.append_ids), keys)
        reads = {SUBJECT.stream(subject): key.seen for subject, key in keys.items()} | self._ends
        reads |= {stream: seen.version for stream, seen in self._seen.items()}
        versions = {stream: reads.setdefault(stream, 0) for stream, _ in self.events}
        events: list[NewEvent] = []
        for stream, event in self.events:
            versions[stream] += 1
            links = " ".join(event.about())
            new = NewEvent(stream, versions[stream], event.stored_type, encode_event(event, keys), meta, links)
            events.append(new)
        return Append(events=events, reads=reads, sets=self._sets)

    def _remember(self, stream: str, position: int) -> None:
        seen = self._seen.get(stream, NOTHING)
        if not seen.version:  # new: remembered when somebody asks for it
            return
        events = [event for name, event in self.events if name == stream]
        state = self._entities[stream].fold(events, seen.state)
        remember(self._remembered, stream, Seen(seen.version + len(events), position, state))
