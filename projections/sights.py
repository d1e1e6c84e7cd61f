"""Who may see which events of the log: everything, one's guilds, or what one did oneself."""

from typing import NamedTuple

import msgspec

from domain.callbacks.events import CallbackEvent
from domain.catalogue import concerned_guild
from domain.guilds.events import MemberJoined, MemberLeft
from domain.kernel import Event
from schemas.events import EventOut
from store.codec import BOX, NO_JSON, SHAPES, UndecodableEvent, meta_if_readable
from store.differences import SECRETS
from store.tail import Told

STANDING = (MemberJoined, MemberLeft)
STANDING_TYPES = tuple(event.stored_type for event in STANDING)
"""What must pass by a Sight, whatever is asked for."""


class Line(NamedTuple):
    """An event as it is shown, and what decides who sees it."""

    shown: EventOut
    guild: int | None
    event: Event
    text: str = ""


class Sight:
    """What one caller may see: `name` is the actor's, `app` the bot's, `limits` the guilds that its token is for.

    A bot's guilds are those as of a position; they change with what passes by after it.
    """

    def __init__(
        self, name: str, app: int | None, limits: frozenset[int] | None, *, sees_all: bool, guilds: set[int], as_of: int
    ) -> None:
        self._name = name
        self._bot = app
        self._limits = limits
        self._sees_all = sees_all
        self._guilds = guilds
        self._as_of = as_of

    def is_boundless(self) -> bool:
        """Tell whether everything is shown to this caller."""
        return self._sees_all and self._limits is None

    def sees(self, line: Line) -> bool:
        """Tell whether it is shown to this caller; to be asked of every event, in order."""
        if self.is_boundless():
            return True
        self._follow(line)
        if self._limits is not None and not self._is_within(line):
            return False
        return self._sees_all or line.guild in self._guilds or self._is_own(line)

    def _is_within(self, line: Line) -> bool:
        """A token for some guilds shows nothing of others, and of what is in no guild only what is its bot's own."""
        assert self._limits is not None
        if line.guild is None:
            return self._is_own(line)
        return line.guild in self._limits

    def _is_own(self, line: Line) -> bool:
        """One's own is what one did, and what was done with one's callbacks: a bot is to know that one was disabled."""
        event = line.event
        return line.shown.actor == self._name or (isinstance(event, CallbackEvent) and event.app == self._bot)

    def _follow(self, line: Line) -> None:
        event = line.event
        if isinstance(event, STANDING) and event.user == self._bot and line.shown.position > self._as_of:
            (self._guilds.add if isinstance(event, MemberJoined) else self._guilds.discard)(event.guild)


def line_of(told: Told) -> Line:
    """Show an event to those who may see it."""
    meta = meta_if_readable(told.meta_data)
    shown = EventOut(
        position=told.position,
        stream=told.stream,
        version=told.version,
        type=told.type,
        data=_shown_data(told),
        actor=meta.actor,
        surface=meta.surface,
        recorded_at=told.recorded_at,
        append_end=told.append_end,
        on_behalf=meta.on_behalf,
        request=meta.request,
        cause=meta.cause,
    )
    return Line(shown, concerned_guild(told.event), told.event)


def line_with_text(told: Told) -> Line:
    """Show an event as it is sent, too."""
    line = line_of(told)
    return line._replace(text=msgspec.json.encode(line.shown).decode(errors="replace"))


def _shown_data(told: Told) -> msgspec.Raw:
    data = open_data(told.type, told.data)
    if not isinstance(told.event, UndecodableEvent):
        return msgspec.Raw(data)
    try:
        return msgspec.json.decode(data.decode(), type=msgspec.Raw)
    except NO_JSON:
        return msgspec.Raw(b"null")


def open_data(stored_type: str, data: bytes) -> bytes:
    """Return what is stored, without what is sealed, or would be by now."""
    shape = SHAPES.get(stored_type)
    if shape is not None and not shape.sealed_fields and SECRETS.isdisjoint(shape.open_fields):
        return data
    try:
        fields = msgspec.json.decode(data, type=dict[str, msgspec.Raw])
    except NO_JSON:
        return b"null"
    hidden = {BOX, *SECRETS, *(shape.sealed_fields.values() if shape else ())}
    return msgspec.json.encode({name: value for name, value in fields.items() if name not in hidden})
