"""What every context is made of: events, entities, refusals, and the Book that commands read and append through."""

from collections.abc import Callable, Iterable, Sequence
from typing import Any, ClassVar, Generic, Protocol, TypeVar, cast

import msgspec

S = TypeVar("S")

STREAM_CHARACTERS_MAX = 255

SEALED = msgspec.Meta(extra={"sealed": True})
"""Marks an event's field that is personal or secret: stored encrypted under the key of the event's `subject()`."""


def stream_name(context: str, *ids: object) -> str:
    """Name a stream: `awards-8`, or `awards-8-204` for an entity that is known by two ids."""
    name = "-".join((context, *map(str, ids)))
    assert len(name) <= STREAM_CHARACTERS_MAX, name
    assert name.isprintable(), name
    assert " " not in name, name
    return name


class Event(msgspec.Struct, frozen=True, kw_only=True):
    """A fact. Its stored type and the names of its fields are kept for ever; new fields need defaults."""

    stored_type: ClassVar[str]

    def subject(self) -> str | None:
        """Return the stream of whom the sealed fields are about; their key is deleted when that one is erased."""
        return None

    def about(self) -> tuple[str, ...]:
        """Return the streams of other entities that this event speaks of; the log can list who spoke of one."""
        return ()


class Entity(msgspec.Struct, Generic[S], frozen=True):
    """A kind of stream: its context, and how an event changes the state (None: it does not exist).

    One that is `usually_new` is mostly asked for when it does not exist: a command first takes that for granted.
    A context of several kinds names the `kind` in its streams: `guilds-role-920-940`.
    """

    context: str
    evolve: Callable[[S | None, Any], S | None]
    usually_new: bool = False
    kind: str = ""

    def prefix(self) -> str:
        """Return how the names of all streams of this kind begin."""
        return f"{self.context}-{self.kind}-" if self.kind else f"{self.context}-"

    def stream(self, *ids: object) -> str:
        """Name the stream of one entity of this kind."""
        return stream_name(self.context, self.kind, *ids) if self.kind else stream_name(self.context, *ids)

    def stream_by(self, entity_id: object) -> str:
        """Name the stream by one id, or by several in a tuple."""
        ids = cast("tuple[object, ...]", entity_id if isinstance(entity_id, tuple) else (entity_id,))
        return self.stream(*ids)

    def fold(self, events: Iterable[Event], state: S | None = None) -> S | None:
        """Apply events in order."""
        for event in events:
            state = self.evolve(state, event)
        return state


class RefusalError(Exception):
    """The command cannot be done."""

    def __str__(self) -> str:
        return " ".join((self.__doc__ or type(self).__name__, *map(str, self.args)))


class UnknownError(RefusalError):
    """There is no such entity."""

    def __init__(self, context: str, entity_id: object) -> None:
        super().__init__(context, entity_id)
        self.context = context
        self.entity_id = entity_id


class UnreadableError(Exception):
    """An event of a stream cannot be read by this version."""

    def __init__(self, stream: str) -> None:
        super().__init__(f"an event of {stream} cannot be read: `guildbook verify` says whether it was changed")
        self.stream = stream


class Book(Protocol):
    """The log as one command sees it: what is loaded here is checked to be unchanged when the events are appended."""

    async def load(self, entity: Entity[S], *ids: object) -> S | None:
        """Return the present state of one stream, None when nothing exists under that name. Errors: UnreadableError."""
        ...

    async def load_many(self, entity: Entity[S], ids: Sequence[object]) -> dict[str, S]:
        """Return the present states of those that exist, by stream, in the order of `ids`.

        An id that is a tuple names an entity that is known by several.
        """
        ...

    async def load_about(self, entity: Entity[S], about: str) -> dict[str, S]:
        """Return the present states of all that ever spoke of the stream `about`, by stream.

        It reads all of their history: for what happens seldom, such as deleting.
        """
        ...

    async def last_position(self, entity: Entity[Any], *ids: object) -> int:
        """Return the position of the last event of one stream, 0 when there was never one."""
        ...

    async def last_position_about(self, about: str) -> int:
        """Return the position of the last event of the stream `about` and of all that ever spoke of it."""
        ...

    async def next_id(self, context: str) -> int:
        """Return an id that was never given before: sequential per context, gaps allowed."""
        ...

    def append(self, stream: str, events: Sequence[Event]) -> None:
        """Add events to what is appended together when the command ends."""
        ...


async def load_known(book: Book, entity: Entity[S], entity_id: object) -> S:
    """Return the state, or refuse with UnknownError."""
    state = await book.load(entity, entity_id)
    if state is None:
        raise UnknownError(entity.context, entity_id)
    return state
