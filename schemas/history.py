"""The wire shapes of histories: what happened to one entity, what it was, and what is found."""

from datetime import datetime
from typing import Any

import msgspec


class ChangeOut(msgspec.Struct, frozen=True):
    """One value that changed, by its dotted path; of a set what it lost and what it gained."""

    path: str
    before: Any
    after: Any


class StepOut(msgspec.Struct, frozen=True):
    """One event of an entity, who did it from where, and what it changed.

    In the place of what is not shown stands `{"withheld": why}`: `sealed` (auditors may ask for it by `reveal`),
    `erased` (nobody can have it any more), `secret` (nobody is shown it). `fault` says why an event could not be
    decoded; then it changed nothing, and `data` is what is stored as far as it can be read.
    """

    position: int
    version: int
    stream: str
    type: str
    recorded_at: datetime
    append_end: int
    actor: str
    surface: str
    on_behalf: str | None
    request: str | None
    session: str | None
    cause: int | None
    address: Any
    data: Any
    changes: tuple[ChangeOut, ...]
    fault: str | None


class HistoryPage(msgspec.Struct, frozen=True):
    """Events of one entity, oldest first. `next` is the `after` of the next page, null on the last."""

    items: tuple[StepOut, ...]
    next: int | None


class StateThen(msgspec.Struct, frozen=True):
    """What an entity was at `position`; `state` is null when it did not exist, `step` the last event up to there."""

    position: int
    state: Any
    step: StepOut | None


class RelatedStream(msgspec.Struct, frozen=True):
    """An entity that spoke of another one, and where it did so first."""

    stream: str
    position: int


class RelatedPage(msgspec.Struct, frozen=True):
    """Entities by where they spoke first. `next` is the `after` of the next page, null on the last."""

    items: tuple[RelatedStream, ...]
    next: int | None


class HitOut(msgspec.Struct, frozen=True):
    """An event that was found; its entity's history shows the rest."""

    position: int
    stream: str
    version: int
    type: str
    recorded_at: datetime
    actor: str
    surface: str
    on_behalf: str | None
    request: str | None
    guild: int | None


class SearchPage(msgspec.Struct, frozen=True):
    """What was found, newest first. `next` is the `before` of the next page, null on the last; others may be short."""

    items: tuple[HitOut, ...]
    next: int | None
