"""Who reads the trail: what they looked at lately, so that looking at it again says nothing new."""

from datetime import datetime, timedelta

import msgspec

from domain.kernel import Entity, Event
from domain.privacy.events import AuditExported, TrailRead

AGAIN_AFTER = timedelta(minutes=5)  # the same look within this time is one look
LOOKS_MAX = 100


class Look(msgspec.Struct, frozen=True):
    """What was looked at, and when; `reveals` when personal fields were opened."""

    query: str
    reveals: bool
    at: datetime

    def covers(self, other: "Look") -> bool:
        """Tell whether a later look is the same one."""
        is_recent = self.at <= other.at < self.at + AGAIN_AFTER
        return is_recent and self.query == other.query and self.reveals >= other.reveals


class Reader(msgspec.Struct, frozen=True):
    """Somebody who reads the trail: the last looks."""

    looks: tuple[Look, ...] = ()


# How events change a reader. The names of the events are stored for ever.


def evolve(reader: Reader | None, event: Event) -> Reader | None:
    """Apply one event."""
    if not isinstance(event, TrailRead):
        return reader
    look = Look(event.query, event.reveals, event.at)
    before = [known for known in (reader or Reader()).looks if look.at < known.at + AGAIN_AFTER]
    return Reader((*before, look)[-LOOKS_MAX:])


READER = Entity("privacy", evolve, kind="reader")  # by the actor's name


# What may happen next.


def read_trail(state: Reader | None, reader: str, look: Look) -> list[Event]:
    """Say that the trail is read; not once more what was said a moment ago."""
    if state and any(known.covers(look) for known in state.looks):
        return []
    return [TrailRead(reader=reader, query=look.query, reveals=look.reveals, at=look.at)]


def export_audit(reader: str, query: str, kind: str, first: int, last: int, *, reveals: bool) -> list[Event]:
    """Say that events are taken out of the book, however often."""
    return [AuditExported(reader=reader, query=query, format=kind, first=first, last=last, reveals=reveals)]
