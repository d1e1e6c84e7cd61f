"""Who may see which events of the log: everything, one's guilds, or what one did oneself."""

from collections.abc import Awaitable, Callable
from typing import NamedTuple

import msgspec

from api.book.auth import Bot, Person, session_or_bot_of
from api.book.errors import ProblemError
from api.parts import Asked, parts_of
from domain.apps.aggregate import AUDITOR_SCOPE
from domain.guilds.events import MemberJoined, MemberLeft
from domain.kernel import Event
from domain.loads.events import LoadEvent
from projections.guilds.queries import guilds_of_member
from schemas.book import BIGINT_MAX
from schemas.events import EventOut
from store.codec import BOX, SHAPES
from store.tail import Told

HIDDEN = ("token_hash",)  # worthless to whoever reads it, and yet nobody's business

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
    """What one caller may see. A bot's guilds are those as of a position; they change with what passes by after it."""

    def __init__(self, caller: Bot | Person, guilds: set[int], as_of: int) -> None:
        self._name = caller.actor.name()
        self._bot = caller.app if isinstance(caller, Bot) else None
        self._limits = caller.guilds if isinstance(caller, Bot) else None
        self._sees_all = isinstance(caller, Bot) and caller.may(AUDITOR_SCOPE)
        self._guilds = guilds
        self._as_of = as_of

    def sees(self, line: Line) -> bool:
        """Tell whether it is shown to this caller; to be asked of every event, in order."""
        if self._sees_all and self._limits is None:
            return True
        self._follow(line)
        if self._limits is not None and not self._is_within(line):
            return False
        return self._sees_all or line.guild in self._guilds or line.shown.actor == self._name

    def _is_within(self, line: Line) -> bool:
        """A token for some guilds shows nothing of others, and of what is in no guild only what its bot did."""
        assert self._limits is not None
        if line.guild is None:
            return line.shown.actor == self._name
        return line.guild in self._limits

    def _follow(self, line: Line) -> None:
        event = line.event
        if isinstance(event, STANDING) and event.user == self._bot and line.shown.position > self._as_of:
            (self._guilds.add if isinstance(event, MemberJoined) else self._guilds.discard)(event.guild)


def line_of(told: Told) -> Line:
    """Show an event to those who may see it."""
    meta = told.meta()
    shown = EventOut(
        position=told.position,
        stream=told.stream,
        version=told.version,
        type=told.type,
        data=_open_data(told),
        actor=meta.actor,
        surface=meta.surface,
        recorded_at=told.recorded_at,
        append_end=told.append_end,
        on_behalf=meta.on_behalf,
        request=meta.request,
        cause=meta.cause,
    )
    return Line(shown, _guild_of(told.event), told.event)


def line_with_text(told: Told) -> Line:
    """Show an event as it is sent, too."""
    line = line_of(told)
    return line._replace(text=msgspec.json.encode(line.shown).decode())


def _open_data(told: Told) -> msgspec.Raw:
    """Return what is stored, without what is sealed, or would be by now."""
    shape = SHAPES.get(told.type)
    if shape is not None and not shape.sealed_fields and not any(name in shape.open_fields for name in HIDDEN):
        return msgspec.Raw(told.data)
    try:
        fields = msgspec.json.decode(told.data, type=dict[str, msgspec.Raw])
    except (msgspec.MsgspecError, UnicodeDecodeError):
        return msgspec.Raw(b"null")
    hidden = {BOX, *HIDDEN, *(shape.sealed_fields.values() if shape else ())}
    return msgspec.Raw(msgspec.json.encode({name: value for name, value in fields.items() if name not in hidden}))


def _guild_of(event: Event) -> int | None:
    guild: object = event.target if isinstance(event, LoadEvent) else getattr(event, "guild", None)
    return guild if isinstance(guild, int) else None


async def sight_of(request: Asked) -> Sight:
    """Return what who asks may see as of now. Errors: ProblemError."""
    caller = await session_or_bot_of(request, bot_scope=None, session_scope=AUDITOR_SCOPE)
    return Sight(caller, await _guilds_of(request, caller), BIGINT_MAX)


async def lasting_sight_of(request: Asked) -> tuple[Sight, str, Callable[[], Awaitable[bool]]]:
    """Return what who asks may see from now on, their name, and how to ask whether that is still so.

    Errors: ProblemError.
    """
    caller = await session_or_bot_of(request, bot_scope=None, session_scope=AUDITOR_SCOPE)
    parts = parts_of(request)
    as_of = await parts.head()
    await parts.freshness.wait(as_of, parts.settings.freshness_seconds_max)

    async def is_allowed() -> bool:
        request.scope["state"].pop("caller", None)
        try:
            now = await session_or_bot_of(request, bot_scope=None, session_scope=AUDITOR_SCOPE)
        except ProblemError:
            return False
        return _rights(now) == _rights(caller)

    return Sight(caller, await _guilds_of(request, caller), as_of), caller.actor.name(), is_allowed


async def _guilds_of(request: Asked, caller: Bot | Person) -> set[int]:
    if not isinstance(caller, Bot) or caller.may(AUDITOR_SCOPE):
        return set()
    async with parts_of(request).pool.connection() as connection:
        return await guilds_of_member(connection, caller.app)


def _rights(caller: Bot | Person) -> tuple[object, ...]:
    return caller.actor, caller.scopes, caller.guilds if isinstance(caller, Bot) else None
