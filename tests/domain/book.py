"""Rule tests: given events, when a command, then events. The book is kept in memory and waits for nothing."""

import hashlib
import json
from collections import Counter, defaultdict
from collections.abc import Callable, Coroutine, Sequence
from typing import Any, Self, TypeVar

from domain.accounts.events import SignupsClosed, SignupsOpened
from domain.awards.events import AwardGranted, AwardRevoked
from domain.callbacks.events import CallbackEvent
from domain.fleet.events import CommandsPublished, StatsReported
from domain.guilds.events import (
    ChannelCreated,
    ChannelDeleted,
    ChannelUpdated,
    GuildEvent,
    MemberBanned,
    MemberUnbanned,
    OverwriteRemoved,
    OverwriteSet,
    PersonEvent,
    RoleCreated,
    RoleDeleted,
    RoleUpdated,
)
from domain.kernel import Entity, Event, RefusalError
from domain.privacy.events import RetentionApplied, RetentionChanged, SubjectEvent, TrailEvent
from domain.settings.events import RestoreEvent, RowEvent, SettingEvent, TemplateEvent

S = TypeVar("S")
T = TypeVar("T")
Command = Callable[..., Coroutine[Any, Any, T]]

FIRST_NEW_ID = 901
"""What the book gives first in each context: far from the ids that tests name in their past."""


class RecordedBook:
    """The Book port over plain dicts: a command sees what was recorded before it began."""

    def __init__(self, *past: Event) -> None:
        self.streams: defaultdict[str, list[Event]] = defaultdict(list)
        self._given_ids: Counter[str] = Counter()
        self._ends: Counter[str] = Counter()
        self._position = 0
        self._pending: list[tuple[str, Event]] = []
        self._record([(stream_of(event), event) for event in past])

    async def load(self, entity: Entity[S], *ids: object) -> S | None:
        return self.state(entity, entity.stream(*ids))

    async def load_many(self, entity: Entity[S], ids: Sequence[object]) -> dict[str, S]:
        return self._states(entity, [entity.stream_by(i) for i in ids])

    async def load_about(self, entity: Entity[S], about: str) -> dict[str, S]:
        return self._states(entity, [name for name in self.names(entity) if self._speaks_of(name, about)])

    async def last_position(self, entity: Entity[Any], *ids: object) -> int:
        return self._positions([entity.stream(*ids)])

    async def last_position_about(self, about: str) -> int:
        return self._positions([about, *(name for name in self.streams if self._speaks_of(name, about))])

    async def next_id(self, context: str) -> int:
        self._given_ids[context] += 1
        return FIRST_NEW_ID - 1 + self._given_ids[context]

    def append(self, stream: str, events: Sequence[Event]) -> None:
        self._pending.extend((stream, event) for event in events)

    def execute(self, command: Command[T], *args: object, **kwargs: object) -> tuple[T, list[tuple[str, Event]]]:
        """Run a command; record and return what it said, or nothing when it refuses."""
        self._pending = []
        answer = run(command(self, *args, **kwargs))
        self._record(self._pending)
        return answer, self._pending

    def state(self, entity: Entity[S], stream: str) -> S | None:
        """Fold one stream."""
        return entity.fold(self.streams.get(stream, []))

    def names(self, entity: Entity[Any]) -> list[str]:
        """List the streams of the entity's context, oldest first."""
        return [name for name in self.streams if name.startswith(entity.prefix())]

    def _states(self, entity: Entity[S], names: Sequence[str]) -> dict[str, S]:
        states = {name: self.state(entity, name) for name in names}
        return {name: state for name, state in states.items() if state is not None}

    def _speaks_of(self, name: str, about: str) -> bool:
        return any(about in event.about() for event in self.streams[name])

    def _record(self, said: Sequence[tuple[str, Event]]) -> None:
        for stream, event in said:
            self.streams[stream].append(event)
            self._position += 1
            self._ends[stream] = self._position

    def _positions(self, names: Sequence[str]) -> int:
        return max((self._ends[name] for name in names), default=0)


def run(command: Coroutine[Any, Any, T]) -> T:
    """Run what waits for nothing but a RecordedBook: no event loop is needed."""
    try:
        command.send(None)
    except StopIteration as done:
        return done.value
    raise AssertionError("a command waits for nothing but its book")


def stream_of(event: Event) -> str:
    """Name the stream where the event belongs, independently of where the commands put it."""
    context = event.stored_type.split(".")[0]
    match event:
        case SignupsOpened() | SignupsClosed():
            return "accounts-signups"
        case AwardGranted() | AwardRevoked():
            return f"awards-{event.award}-{event.account}"
        case CallbackEvent():
            return f"callbacks-{event.app}-{event.event}"
        case SubjectEvent():
            return f"privacy-subject-{event.of}"
        case TrailEvent():
            return f"privacy-reader-{event.reader}"
        case RetentionChanged() | RetentionApplied():
            return "privacy-retention"
        case StatsReported():
            return f"fleet-stats-{event.bot}"
        case CommandsPublished():
            return f"fleet-commands-{event.bot}"
        case GuildEvent() | TemplateEvent() | SettingEvent() | RestoreEvent():
            return stream_of_part(event)
        case _:
            return f"{context}-{getattr(event, context.removesuffix('s'))}"


def stream_of_part(event: GuildEvent | TemplateEvent | SettingEvent | RestoreEvent) -> str:
    """Name the stream of an event of a context that has several kinds of streams."""
    match event:
        case TemplateEvent():
            return f"settings-template-{event.template.replace(' ', '+')}"
        case RowEvent():
            return f"settings-row-{event.guild}-{digest_of(event.template, event.setting, *event.key.values())}"
        case RestoreEvent():
            return f"settings-restore-{event.restore}"
        case SettingEvent():
            return f"settings-set-{event.guild}-{digest_of(event.template, event.setting)}"
        case RoleCreated() | RoleUpdated() | RoleDeleted():
            return f"guilds-role-{event.guild}-{event.role}"
        case ChannelCreated() | ChannelUpdated() | ChannelDeleted() | OverwriteSet() | OverwriteRemoved():
            return f"guilds-channel-{event.guild}-{event.channel}"
        case MemberBanned() | MemberUnbanned():
            return f"guilds-ban-{event.guild}-{event.user}"
        case PersonEvent():
            return f"guilds-member-{event.guild}-{event.user}"
        case _:
            return f"guilds-guild-{event.guild}"


def digest_of(*parts: object) -> str:
    """Name several values by one."""
    text = json.dumps(parts, ensure_ascii=False, separators=(",", ":"), sort_keys=True)
    return hashlib.sha256(text.encode()).hexdigest()[:32]


class Story:
    """Something happened, somebody commands, something is said or refused."""

    def __init__(self, *past: Event) -> None:
        self.book = RecordedBook(*past)
        self.answer: object = None
        self.refusal: RefusalError | None = None
        self.said: list[tuple[str, Event]] = []
        self.again: Callable[[], Self]

    def when(self, command: Command[object], *args: object, **kwargs: object) -> Self:
        """Issue a command; `again()` issues the same one once more."""
        self.again = lambda: self.when(command, *args, **kwargs)
        self.answer, self.refusal, self.said = None, None, []
        try:
            self.answer, self.said = self.book.execute(command, *args, **kwargs)
        except RefusalError as refusal:
            self.refusal = refusal
        return self

    def then(self, *events: Event) -> Self:
        """Exactly these events were said, in this order, each in its own stream."""
        if self.refusal:
            raise self.refusal
        assert self.said == [(stream_of(event), event) for event in events]
        return self

    def says_nothing(self) -> Self:
        """It was a success without an event."""
        return self.then()

    def answers(self, answer: object) -> Self:
        """This is what the command returned."""
        assert self.answer == answer
        return self

    def refuses(self, error: type[RefusalError]) -> Self:
        """It was refused for this very reason."""
        assert type(self.refusal) is error, f"refused with {self.refusal!r}, said {self.said}"
        return self


def given(*past: Event) -> Story:
    """Begin a story with what happened before."""
    return Story(*past)
