"""The rules of privacy: whom sealed fields are about, what is held, what is erased, and how long data is kept."""

import re

import msgspec

from domain.kernel import Entity, Event, RefusalError
from domain.privacy.events import (
    HoldPlaced,
    HoldReleased,
    RetentionApplied,
    RetentionChanged,
    Rule,
    SubjectErased,
    SubjectEvent,
    SubjectExported,
)

FORM = re.compile(r"(accounts|apps|guilds-guild)-([1-9][0-9]{0,18})", re.ASCII)
DATA_CLASSES = ("unseen_people", "deleted_accounts")
"""Whom retention rules may name: people of whom nothing was heard, and those whose account was deleted."""
DAYS_MAX = 36_500


class Subject(msgspec.Struct, frozen=True):
    """One of whom the book keeps sealed fields, by stream: why it must not be erased, and how often it was."""

    of: str
    holds: tuple[str, ...] = ()
    erasures: int = 0


class HeldError(RefusalError):
    """It must not be erased for now; what it is held for is named here."""


class RuleUnknownError(RefusalError):
    """There is no rule for data of this class."""


class RuleTwiceError(RefusalError):
    """There must be one rule at most for data of each class."""


class RuleDaysError(RefusalError):
    """Days must be between 1 and 36500, or none for ever."""


# How events change a subject, and the rules of retention. The names of the events are stored for ever.


def evolve(subject: Subject | None, event: Event) -> Subject | None:
    """Apply one event."""
    if not isinstance(event, SubjectEvent):
        return subject
    known = subject or Subject(event.of)
    match event:
        case HoldPlaced(reference=reference):
            return msgspec.structs.replace(known, holds=(*known.holds, reference))
        case HoldReleased(reference=reference):
            return msgspec.structs.replace(known, holds=tuple(it for it in known.holds if it != reference))
        case SubjectErased():
            return msgspec.structs.replace(known, erasures=known.erasures + 1)
        case _:
            return known


def evolve_rules(rules: dict[str, int] | None, event: Event) -> dict[str, int] | None:
    """Apply one event; the rules are days by class of data."""
    if isinstance(event, RetentionChanged):
        return {rule.data_class: rule.days for rule in event.rules if rule.days is not None}
    return rules


SUBJECT = Entity("privacy", evolve, kind="subject")
RETENTION = Entity("privacy", evolve_rules, kind="retention")


# What may happen next.


def id_of(subject: str) -> tuple[str, int] | None:
    """Return the context and the id of a subject, None when it can be nobody's name."""
    found = FORM.fullmatch(subject)
    return (found[1].partition("-")[0], int(found[2])) if found and int(found[2]) < 2**63 else None


def erase_subject(state: Subject | None, of: str, *, reference: str | None) -> list[Event]:
    """Destroy the key of all that was sealed for it until now."""
    if state and state.holds:
        raise HeldError(", ".join(state.holds))
    return [SubjectErased(of=of, reference=reference)]


def place_hold(state: Subject | None, of: str, reference: str) -> list[Event]:
    """Keep it from being erased until every hold is released."""
    return [] if state and reference in state.holds else [HoldPlaced(of=of, reference=reference)]


def release_hold(state: Subject | None, of: str, reference: str) -> list[Event]:
    """Let go of one hold."""
    return [HoldReleased(of=of, reference=reference)] if state and reference in state.holds else []


def export_subject(of: str, events: int) -> list[Event]:
    """Say that all about it was handed out."""
    return [SubjectExported(of=of, events=events)]


def change_retention(rules: dict[str, int] | None, wanted: tuple[Rule, ...]) -> list[Event]:
    """Decide how long data is kept: these rules and no others."""
    for rule in wanted:
        if rule.data_class not in DATA_CLASSES:
            raise RuleUnknownError(rule.data_class)
        if rule.days is not None and not 1 <= rule.days <= DAYS_MAX:
            raise RuleDaysError
    if len({rule.data_class for rule in wanted}) < len(wanted):
        raise RuleTwiceError
    changed = RetentionChanged(rules=tuple(sorted(wanted, key=lambda rule: rule.data_class)))
    return [] if evolve_rules(None, changed) == (rules or {}) else [changed]


def apply_retention(data_class: str, *, erased: int, held: int) -> list[Event]:
    """Say what came of a rule, when anything did."""
    return [RetentionApplied(data_class=data_class, erased=erased, held=held)] if erased else []
