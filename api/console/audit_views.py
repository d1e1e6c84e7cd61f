"""How the trail looks to people: values with what is withheld, what an event changed, and whether it is proven."""

import json
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, cast
from urllib.parse import urlencode

import msgspec

from api.console.auditors import AUDIT
from domain.entities import entity_of
from store.codec import SHAPES
from store.differences import SECRETS, Withheld
from store.history import Step
from store.judgements import Judgement

STREAM = f"{AUDIT}/stream"
LONG_CHARACTERS = 200
WITHHELD = {"sealed": "sealed", "erased": "erased", "secret": "never shown"}


class Value(msgspec.Struct, frozen=True):
    """A value as it is shown. `look`: plain, none, code, sealed, erased, secret; one that is long is folded away."""

    text: str
    look: str = "plain"

    def is_long(self) -> bool:
        """Tell whether it would take more than its share of the page."""
        return len(self.text) > LONG_CHARACTERS


class Field(msgspec.Struct, frozen=True):
    """A value and where it stands; `is_new` when the event that is looked at changed it."""

    path: str
    value: Value
    is_new: bool = False


class Diff(msgspec.Struct, frozen=True):
    """A value before and after; None where there was or is none."""

    path: str
    before: Value | None
    after: Value | None


class Entry(msgspec.Struct, frozen=True):
    """An event of a stream as the page shows it; `said` is what the event holds."""

    step: Step
    href: str
    actor: str | None
    diffs: Sequence[Diff]
    said: Sequence[Field]
    address: Value | None
    judgement: Judgement
    has_proof: bool


NOTHING = Value("\N{EN DASH}", "none")


def value_of(value: Any) -> Value:  # noqa: ANN401 - any JSON
    """Return a value as it is shown."""
    match value:
        case None | "" | []:
            return NOTHING
        case dict() if not value:
            return NOTHING
        case Withheld(withheld=why):
            return Value(WITHHELD[why], why)
        case bool():
            return Value("yes" if value else "no")
        case str():
            return Value(value)
        case int() | float():
            return Value(str(value), "code")
        case list() if all(isinstance(item, str | int) for item in cast("list[Any]", value)):
            return Value(", ".join(map(str, cast("list[Any]", value))))
        case _:
            return Value(json.dumps(_spoken(value), ensure_ascii=False), "code")  # which knows numbers of any length


def _spoken(value: Any) -> Any:  # noqa: ANN401
    """Return JSON in which what is withheld stands as what it is called."""
    match value:
        case Withheld(withheld=why):
            return f"({WITHHELD[why]})"
        case dict():
            return {name: _spoken(part) for name, part in cast("dict[str, Any]", value).items()}
        case list():
            return [_spoken(part) for part in cast("list[Any]", value)]
        case _:
            return value


def fields_of(values: Mapping[str, Any], changed: Sequence[str] = (), path: str = "") -> Iterator[Field]:
    """Yield all values by dotted paths; those that changed say so."""
    for name, value in values.items():
        full = f"{path}.{name}" if path else name
        if isinstance(value, dict) and value:
            yield from fields_of(cast("dict[str, Any]", value), changed, full)
        else:
            yield Field(full, value_of(value), any(_is_under(each, full) for each in changed))


def _is_under(path: str, other: str) -> bool:
    """Tell whether one path is the other, or leads further into it."""
    return path == other or path.startswith(f"{other}.") or other.startswith(f"{path}.")


def entry_of(step: Step, judgement: Judgement, *, reveals: bool) -> Entry:
    """Return an event as the page shows it."""
    return Entry(
        step=step,
        href=stream_href(step.stream, at=step.version, reveals=reveals),
        actor=actor_href(step.actor, reveals=reveals),
        diffs=[_diff(change.path, change.before, change.after) for change in step.changes],
        said=list(fields_of(step.data)),
        address=None if step.address is None else value_of(step.address),
        judgement=judgement,
        has_proof=judgement.state == "proven" and may_be_handed_out(step.type),
    )


def _diff(path: str, before: Any, after: Any) -> Diff:  # noqa: ANN401
    old, new = (None if each is None else value_of(each) for each in (before, after))
    return Diff(path, old, new)


def may_be_handed_out(stored_type: str) -> bool:
    """Tell whether an event can be shown as it is stored: one that holds the hash of a token cannot."""
    shape = SHAPES.get(stored_type)
    return shape is not None and SECRETS.isdisjoint(shape.open_fields)


def actor_href(actor: str, *, reveals: bool) -> str | None:
    """Return where the story of whoever acted is, None when they have none: an operator at the command line."""
    return stream_href(actor, reveals=reveals) if entity_of(actor) else None


def stream_href(stream: str, *, at: int = 0, before: int = 0, reveals: bool = False) -> str:
    """Return where the story of an entity is: as it stood at a version, and what happened before another."""
    wishes = {"id": stream, **{name: number for name, number in (("at", at), ("before", before)) if number}}
    wishes = {**wishes, "reveal": 1} if reveals else wishes
    return f"{STREAM}?{urlencode(wishes)}"
