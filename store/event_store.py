"""Commands against the log: load, decide, append, and decide again when what was seen has changed."""

import itertools
import secrets
from collections import OrderedDict
from collections.abc import Awaitable, Callable, Sequence
from datetime import datetime
from typing import Any, Generic, NamedTuple, TypeVar

from domain.kernel import Entity, Event, RefusalError
from store import log
from store.appender import Append, Appended, Appender, ConflictError, NewEvent
from store.codec import Origin, encode_event, encode_meta
from store.connections import Pool
from store.gather import Gatherer
from store.keys import Keyring

S = TypeVar("S")
T = TypeVar("T")

ATTEMPTS_MAX = 10
REMEMBERED_STREAMS_MAX = 20_000


class Outcome(NamedTuple, Generic[T]):
    """What a command returned, and where its events are: position 0 when it had nothing to say."""

    value: T
    position: int = 0
    recorded_at: datetime | None = None


class Seen(NamedTuple):
    """A folded stream at a version."""

    version: int
    state: Any


class EventStore:
    """The log for one process: one appender, and the folded states of the streams used lately."""

    def __init__(self, pool: Pool, appender: Appender, keyring: Keyring) -> None:
        self.pool = pool
        self.keyring = keyring
        self._appender = appender
        self._remembered: OrderedDict[str, Seen] = OrderedDict()
        self.append_ids = map(f"{secrets.token_hex(12)}-{{}}".format, itertools.count(1))  # random, then counted
        self._streams = Gatherer[str, tuple[int, list[Event]]](self._read_streams, flights_max=2)

    async def execute(
        self, origin: Origin, command: Callable[..., Awaitable[T]], *args: object, **kwargs: object
    ) -> Outcome[T]:
        """Run a command and append what it decides, all or nothing.

        Memory may be behind other processes. An append checks what was seen; a refusal or a "nothing to do" that
        rests on memory is decided once more from the log. Errors: the command's, ConflictError after
        ATTEMPTS_MAX, BookUnavailableError.
        """
        trusts_memory = True
        for _ in range(ATTEMPTS_MAX):
            unit = UnitOfWork(self, trusts_memory=trusts_memory)
            try:
                value = await command(unit, *args, **kwargs)
            except RefusalError:
                if not unit.used_memory:
                    raise
                trusts_memory = False
                continue
            if not unit.events and unit.used_memory:
                trusts_memory = False
                continue
            try:
                appended = await unit.commit(origin)
            except ConflictError:
                trusts_memory = False
                continue
            return Outcome(value, *appended) if appended else Outcome(value)
        raise ConflictError

    async def preview(self, command: Callable[..., Awaitable[T]], *args: object, **kwargs: object) -> T:
        """Run a command for its refusals only; nothing is appended."""
        return await command(UnitOfWork(self, trusts_memory=False), *args, **kwargs)

    async def peek(self, entity: Entity[S], *ids: object) -> S | None:
        """Return a state for a look; what is known to exist may be a moment old, what is absent is not."""
        stream = entity.stream(*ids)
        seen = self._remembered.get(stream)
        return (seen or await self.load(entity, stream)).state

    def recall(self, stream: str) -> Seen | None:
        """Return what is remembered of a stream."""
        seen = self._remembered.get(stream)
        if seen is not None:
            self._remembered.move_to_end(stream)
        return seen

    async def load(self, entity: Entity[Any], stream: str) -> Seen:
        """Read and fold a stream."""
        version, events = await self._streams.get(stream)
        return self.remember(stream, Seen(version, entity.fold(events)))

    async def load_many(self, entity: Entity[Any], streams: Sequence[str]) -> dict[str, Seen]:
        """Read and fold many streams."""
        async with self.pool.connection() as connection:
            found = await log.read_streams(connection, self.keyring, streams)
        seen = {stream: Seen(version, entity.fold(events)) for stream, (version, events) in found.items()}
        return {stream: self.remember(stream, seen.get(stream, Seen(0, None))) for stream in streams}

    async def append(self, append: Append) -> Appended:
        """Append, for a unit of work."""
        return await self._appender.append(append)

    def remember(self, stream: str, seen: Seen) -> Seen:
        """Keep the newest state of a stream that exists."""
        known = self._remembered.get(stream)
        if seen.state is None:
            self._remembered.pop(stream, None)
        elif known is None or known.version <= seen.version:
            self._remembered[stream] = seen
            self._remembered.move_to_end(stream)
            if len(self._remembered) > REMEMBERED_STREAMS_MAX:
                self._remembered.popitem(last=False)
        return seen

    async def _read_streams(self, streams: Sequence[str]) -> list[tuple[int, list[Event]] | Exception]:
        async with self.pool.connection() as connection:
            found = await log.read_streams(connection, self.keyring, list(dict.fromkeys(streams)))
        return [found.get(stream, (0, [])) for stream in streams]


class UnitOfWork:
    """The Book of one command: everything loaded is checked to be unchanged when its events are appended."""

    def __init__(self, store: EventStore, *, trusts_memory: bool) -> None:
        self._store = store
        self._trusts_memory = trusts_memory
        self._seen: dict[str, Seen] = {}
        self._entities: dict[str, Entity[Any]] = {}
        self._sets: dict[str, int] = {}
        self.events: list[tuple[str, Event]] = []
        self.used_memory = False

    async def load(self, entity: Entity[S], *ids: object) -> S | None:
        """See `domain.kernel.Book`."""
        stream = entity.stream(*ids)
        self._entities[stream] = entity
        if stream not in self._seen:
            self._seen[stream] = self._recall(stream) or await self._store.load(entity, stream)
        return self._seen[stream].state

    def _recall(self, stream: str) -> Seen | None:
        seen = self._store.recall(stream) if self._trusts_memory else None
        self.used_memory |= seen is not None
        return seen

    async def load_many(self, entity: Entity[S], ids: Sequence[object]) -> dict[str, S]:
        """See `domain.kernel.Book`."""
        return await self._load_streams(entity, [entity.stream(i) for i in ids])

    async def load_about(self, entity: Entity[S], about: str) -> dict[str, S]:
        """See `domain.kernel.Book`."""
        async with self._store.pool.connection() as connection:
            position, streams = await log.streams_about(connection, about, entity.context)
        self._sets[about] = min(position, self._sets.get(about, position))
        return await self._load_streams(entity, streams)

    async def _load_streams(self, entity: Entity[S], streams: Sequence[str]) -> dict[str, S]:
        missing = [stream for stream in dict.fromkeys(streams) if stream not in self._seen]
        if missing:
            self._seen.update(await self._store.load_many(entity, missing))
            self._entities.update(dict.fromkeys(missing, entity))
        states = {stream: self._seen[stream].state for stream in streams}
        return {stream: state for stream, state in states.items() if state is not None}

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

    async def commit(self, origin: Origin) -> Appended | None:
        """Append what was decided; None when that is nothing."""
        if not self.events:
            return None
        appended = await self._store.append(await self._encode(origin))
        for stream, version in self._versions().items():
            self._remember(stream, version)
        return appended

    async def _encode(self, origin: Origin) -> Append:
        keyring = self._store.keyring
        subjects = [subject for _, event in self.events if (subject := event.subject())]
        await keyring.ensure([*subjects, origin.actor] if origin.address else subjects)
        meta = encode_meta(origin, next(self._store.append_ids), keyring)
        next_versions = {stream: self._version(stream) for stream, _ in self.events}
        events: list[NewEvent] = []
        for stream, event in self.events:
            next_versions[stream] += 1
            data = encode_event(event, keyring)
            links = " ".join(event.about())
            events.append(NewEvent(stream, next_versions[stream], event.stored_type, data, meta, links))
        reads = {stream: seen.version for stream, seen in self._seen.items()}
        reads.update((stream, 0) for stream in next_versions if stream not in reads)
        return Append(events=events, reads=reads, sets=self._sets)

    def _version(self, stream: str) -> int:
        seen = self._seen.get(stream)
        return seen.version if seen else 0

    def _versions(self) -> dict[str, int]:
        versions: dict[str, int] = {}
        for stream, _ in self.events:
            versions[stream] = versions.get(stream, self._version(stream)) + 1
        return versions

    def _remember(self, stream: str, version: int) -> None:
        entity = self._entities.get(stream)
        if entity is None:  # written without being read: new, and loaded when it is asked for
            return
        events = [event for name, event in self.events if name == stream]
        self._store.remember(stream, Seen(version, entity.fold(events, self._seen[stream].state)))
