"""The events of privacy: who looked at the trail, what was handed out, held, erased."""

from datetime import datetime
from typing import ClassVar

import msgspec

from domain.kernel import Event


class Rule(msgspec.Struct, frozen=True):
    """How long one class of data is kept; `days` is None for ever."""

    data_class: str
    days: int | None = None


class TrailEvent(Event, frozen=True, kw_only=True):
    """Somebody read what others did; `reader` is the stream of who did."""

    reader: str


class TrailRead(TrailEvent, frozen=True):
    """The audit trail was read: `query` says what of it; personal fields were opened when it `reveals`."""

    stored_type: ClassVar[str] = "privacy.TrailRead"
    query: str
    at: datetime
    reveals: bool = False


class AuditExported(TrailEvent, frozen=True):
    """Events were taken out of the book: those of `query` from `first` to `last`, in this format."""

    stored_type: ClassVar[str] = "privacy.AuditExported"
    query: str
    format: str
    first: int
    last: int
    reveals: bool = False


class SubjectEvent(Event, frozen=True, kw_only=True):
    """It concerns one subject of sealed fields, by the stream that they are sealed for."""

    of: str

    def about(self) -> tuple[str, ...]:
        """It speaks of the subject."""
        return (self.of,)


class SubjectExported(SubjectEvent, frozen=True):
    """All that the book holds about the subject was handed out."""

    stored_type: ClassVar[str] = "privacy.SubjectExported"
    events: int


class SubjectErased(SubjectEvent, frozen=True):
    """The subject is erased: the key of all that was sealed for it until now is destroyed."""

    stored_type: ClassVar[str] = "privacy.SubjectErased"
    reference: str | None = None


class HoldPlaced(SubjectEvent, frozen=True):
    """The subject must not be erased for now; `reference` names the case, and several may hold it at once."""

    stored_type: ClassVar[str] = "privacy.HoldPlaced"
    reference: str


class HoldReleased(SubjectEvent, frozen=True):
    """The subject may be erased again, unless it is held for something else."""

    stored_type: ClassVar[str] = "privacy.HoldReleased"
    reference: str


class RetentionChanged(Event, frozen=True):
    """How long data is kept was decided."""

    stored_type: ClassVar[str] = "privacy.RetentionChanged"
    rules: tuple[Rule, ...]


class RetentionApplied(Event, frozen=True):
    """What was older than the rule allows was erased: so many subjects."""

    stored_type: ClassVar[str] = "privacy.RetentionApplied"
    data_class: str
    erased: int
    held: int = 0


EVENTS: tuple[type[Event], ...] = (
    TrailRead,
    AuditExported,
    SubjectExported,
    SubjectErased,
    HoldPlaced,
    HoldReleased,
    RetentionChanged,
    RetentionApplied,
)
