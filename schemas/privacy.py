"""The wire shapes of privacy: who is held or erased, how long data is kept, and all that there is about one subject."""

from datetime import datetime
from typing import Annotated, Any, Literal

import msgspec

Reference = Annotated[str, msgspec.Meta(min_length=1, max_length=128, pattern=r"^[^\x00-\x1f\x7f]+$")]
SUBJECT = "^(accounts|apps|guilds-guild)-[1-9][0-9]{0,18}$"
DataClass = Literal["unseen_people", "deleted_accounts"]
Days = Annotated[int, msgspec.Meta(ge=1, le=36_500)]


class ErasureAsked(msgspec.Struct, frozen=True):
    """Who is to be erased; `reference` names the request, and is kept for ever: not a person."""

    subject: Annotated[str, msgspec.Meta(pattern=SUBJECT)]
    reference: Reference | None = None


class Erasure(msgspec.Struct, frozen=True):
    """Where the log says that the subject is erased; `is_new` is false when there was nothing to erase since."""

    subject: str
    position: int
    is_new: bool


class SubjectStanding(msgspec.Struct, frozen=True):
    """How it stands with a subject: what it is held for, and how far its last erasure is.

    Once `is_purged`, nothing of before is left in any table. `has_key`: something is sealed for it (again).
    """

    subject: str
    holds: tuple[str, ...]
    erasures: int
    position: int | None
    erased_at: datetime | None
    is_purged: bool
    has_key: bool


class SubjectStandings(msgspec.Struct, frozen=True):
    """Those of whom something was said last, newest first."""

    items: tuple[SubjectStanding, ...]


class HoldAsked(msgspec.Struct, frozen=True):
    """The case for which a subject is held; it is kept for ever: not a person's name."""

    reference: Reference


class RetentionRule(msgspec.Struct, frozen=True):
    """After how many days without a word somebody is erased; null is never."""

    data_class: DataClass
    days: Days | None = None


class Retention(msgspec.Struct, frozen=True):
    """The rules of retention; what is not named is kept for ever."""

    rules: tuple[RetentionRule, ...]


class SubjectEventOut(msgspec.Struct, frozen=True, omit_defaults=True):
    """An event about the subject, or of what it did. What was sealed for it is opened, what was for others is not."""

    position: int
    stream: str
    type: str
    recorded_at: datetime
    data: dict[str, Any]
    actor: str
    surface: str
    address: str | None = None
    request: str | None = None
    session: str | None = None


class SubjectData(msgspec.Struct, frozen=True):
    """All that the book holds about a subject up to a position: events, and rows by table."""

    subject: str
    position: int
    tables: dict[str, tuple[dict[str, Any], ...]]
    events: tuple[SubjectEventOut, ...]
