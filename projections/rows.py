"""How events become rows: a row is the fold of the events that concern its key, as a state is of its stream."""

from collections.abc import Callable, Sequence
from typing import Any, Generic, LiteralString, TypeVar

import msgspec
from psycopg import AsyncConnection, AsyncCursor
from psycopg.rows import TupleRow

from domain.kernel import Event
from store.codec import UndecodableEvent
from store.log import Recorded

R = TypeVar("R", bound=msgspec.Struct)
Key = tuple[Any, ...]


class RowSet(msgspec.Struct, Generic[R], frozen=True):
    """One query table.

    `keys`: by event type, how to tell the key of the row that an event changes. `evolve`: the row after one event
    (None: there is none). `load` and `delete` take one array per key column, `save` takes a JSON array of rows and
    replaces those that exist. A table whose events say all about a row needs no `load`.
    """

    row: type[R]
    keys: dict[type[Event], Callable[[Any], Key]]
    evolve: Callable[[R | None, Recorded], R | None]
    save: LiteralString
    delete: LiteralString
    load: LiteralString | None = None


class Projector(msgspec.Struct, frozen=True):
    """What keeps the query tables of one context. A change of `revision` or of the tables makes them anew."""

    name: str
    tables: str
    rows: tuple[RowSet[Any], ...]
    revision: int = 1

    def handles(self) -> frozenset[type[Event]]:
        """Return the event types that change these tables."""
        return frozenset(event for rows in self.rows for event in rows.keys)


class Fold(msgspec.Struct, Generic[R]):
    """One batch on its way into one table."""

    rows: RowSet[R]
    by_key: dict[Key, list[Recorded]]
    cursor: AsyncCursor[TupleRow] | None = None
    saved: list[R] = []
    deleted: list[Key] = []


async def project(
    connection: AsyncConnection[TupleRow], row_sets: Sequence[RowSet[Any]], batch: Sequence[Recorded]
) -> None:
    """Bring the tables from before a batch to after it: one load, one save and one delete per table at most."""
    folds = [fold for rows in row_sets if (fold := Fold(rows, _by_key(rows, batch))).by_key]
    for fold in folds:
        await _load(connection, fold)
    for fold in folds:
        await _apply(fold)
    for fold in folds:
        await _write(connection, fold)


def _by_key(rows: RowSet[R], batch: Sequence[Recorded]) -> dict[Key, list[Recorded]]:
    by_key: dict[Key, list[Recorded]] = {}
    for recorded in batch:
        event = recorded.event
        if isinstance(event, UndecodableEvent) and any(event.wanted_type == t.stored_type for t in rows.keys):
            raise event.error
        key_of = rows.keys.get(type(event))
        if key_of is not None:
            by_key.setdefault(key_of(recorded.event), []).append(recorded)
    return by_key


async def _load(connection: AsyncConnection[TupleRow], fold: Fold[Any]) -> None:
    if fold.rows.load is not None:
        fold.cursor = await connection.execute(fold.rows.load, _columns(list(fold.by_key)), binary=True)


async def _apply(fold: Fold[Any]) -> None:
    found = await fold.cursor.fetchall() if fold.cursor else []
    width = len(next(iter(fold.by_key)))
    before = {row[:width]: fold.rows.row(*row) for row in found}
    for key, events in fold.by_key.items():
        row = before.get(key)
        for recorded in events:
            row = fold.rows.evolve(row, recorded)
        if row is not None:
            fold.saved.append(row)
        else:
            fold.deleted.append(key)


async def _write(connection: AsyncConnection[TupleRow], fold: Fold[Any]) -> None:
    if fold.deleted:  # first, so that what replaces a deleted row may take its unique values
        await connection.execute(fold.rows.delete, _columns(fold.deleted))
    if fold.saved:
        await connection.execute(fold.rows.save, (msgspec.json.encode(fold.saved).decode(),))


def _columns(keys: Sequence[Key]) -> list[list[Any]]:
    return [list(column) for column in zip(*keys, strict=True)]
