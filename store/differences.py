"""What of a state may be shown, and what changed between two of them; whatever is withheld is said to be."""

from collections.abc import Iterator, Sequence
from typing import Any, Literal, cast

import msgspec

SECRETS = frozenset(
    {
        "token_hash",
        "bot_token_hash",
        "secret",
        "previous_secret",
        "secrets",
        "secrets_before",
        "secrets_after",
    }
)
"""Fields of events and states that are shown to nobody: what lets somebody in or signs, and its hashes."""

PLAIN = frozenset({str, int, float, bool, type(None)})

Reason = Literal["sealed", "erased", "secret"]


class Withheld(msgspec.Struct, frozen=True):
    """Stands for a value: `sealed` until somebody who may asks for it, `erased` for good, `secret` to everybody."""

    withheld: Reason


class Change(msgspec.Struct, frozen=True):
    """One value that an event changed; of a set what it lost and what it gained."""

    path: str
    before: Any
    after: Any


class Covered(msgspec.Struct, frozen=True):
    """A value that is not shown, and yet tells whether it changed."""

    why: Reason
    value: Any


def visible(known: Any, closed: Any, probed: Any) -> Any:  # noqa: ANN401 - a state of any kind, or a part of one
    """Return a state, covered where it rests on what the reader may not know or nobody knows any more.

    `closed` is the state had it been folded without what is sealed for the reader, `probed` with something else in the
    place of what is erased: wherever one of them differs, the value rests on it.
    """
    if (known is closed and known is probed) or (known == closed and known == probed):
        return known
    if all(isinstance(each, (msgspec.Struct, dict)) for each in (known, closed, probed)):
        parts, less, other = map(fields_of, (known, closed, probed))
        return {name: visible(value, less.get(name), other.get(name)) for name, value in parts.items()}
    return Covered("sealed", known) if known != closed else Covered("erased", None)


def fields_of(state: Any) -> dict[str, Any]:  # noqa: ANN401 - a state of any kind
    """Return the fields of a state by name; of one that is a single value `value`, of nothing none."""
    match state:
        case None:
            return {}
        case msgspec.Struct() if not _is_cut(state):
            return {name: getattr(state, name) for name in state.__struct_fields__}
        case dict():
            return {str(name): value for name, value in cast("dict[object, Any]", state).items()}
        case _:
            return {"value": state}


def without_secrets(fields: dict[str, Any]) -> dict[str, Any]:
    """Cover what is shown to nobody."""
    if SECRETS.isdisjoint(fields):
        return fields
    return {name: Covered("secret", value) if value and name in SECRETS else value for name, value in fields.items()}


def plain(value: Any) -> Any:  # noqa: ANN401 - any part of a state
    """Return a value as JSON has it, with Withheld in the place of what is covered."""
    if type(value) in PLAIN:
        return value
    match value:
        case Withheld():
            return value
        case Covered(why=why):
            return Withheld(why)
        case msgspec.Struct() | dict():
            return {name: plain(part) for name, part in fields_of(value).items() if part is not msgspec.UNSET}
        case tuple() | list():
            return [plain(part) for part in cast("Sequence[Any]", value)]
        case _:
            return msgspec.to_builtins(value, order="deterministic")


def changes_between(before: Any, after: Any, path: str = "") -> Iterator[Change]:  # noqa: ANN401 - any parts
    """Yield what differs, by dotted paths."""
    parts = _paired(before, after)
    if parts is None:
        yield _change(before, after, path)
        return
    for name, old, new in parts:
        if old is not new and old != new:
            yield from changes_between(old, new, f"{path}.{name}" if path else str(name))


def _paired(before: Any, after: Any) -> list[tuple[object, Any, Any]] | None:  # noqa: ANN401 - any parts
    """Return what is to be compared one by one; None when the two are to be shown whole."""
    if _is_cut(before) or _is_cut(after):
        return None
    if isinstance(before, (msgspec.Struct, dict)) and isinstance(after, (msgspec.Struct, dict)):
        old, new = _parts(before), _parts(after)
        return [(name, old.get(name), new.get(name)) for name in (old if old.keys() == new.keys() else {**old, **new})]
    if isinstance(before, (tuple, list)) and isinstance(after, (tuple, list)):
        return _items_paired(cast("Sequence[Any]", before), cast("Sequence[Any]", after))
    return None


def _parts(value: Any) -> dict[Any, Any]:  # noqa: ANN401 - any part of a state
    return cast("dict[Any, Any]", value) if isinstance(value, dict) else fields_of(value)


def _is_cut(value: Any) -> bool:  # noqa: ANN401 - any part of a state
    return isinstance(value, Covered | Withheld)


def _items_paired(before: Sequence[Any], after: Sequence[Any]) -> list[tuple[object, Any, Any]] | None:
    """Compare lists item by item when one goes on where the other ends; else places have moved, and tell nothing."""
    short, long = sorted((before, after), key=len)
    if tuple(long[: len(short)]) != tuple(short):
        return None
    rest = range(len(short), len(long))
    return [(n, before[n], None) if long is before else (n, None, after[n]) for n in rest]


def _change(before: Any, after: Any, path: str) -> Change:  # noqa: ANN401 - any parts
    if isinstance(before, frozenset) and isinstance(after, frozenset):
        lost, gained = cast("frozenset[Any]", before) - after, cast("frozenset[Any]", after) - before
        return Change(path, plain(lost), plain(gained))
    return Change(path, plain(before), plain(after))
