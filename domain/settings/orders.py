"""The order of a setting's rows, as a text of row ids; a row that was never given a place comes after all others."""

from collections.abc import Iterable

import msgspec

from domain.kernel import Event
from domain.settings.aggregate import row_id
from domain.settings.events import RowCreated, RowDeleted, RowEvent, RowsReordered, RowUpdated

ID_CHARACTERS = 32
"""How long a row id is: a digest."""


class Order(msgspec.Struct, frozen=True):
    """Who stands where. `unplaced` counts the rows that are not in it, because their setting had no order then."""

    placed: str = ""
    unplaced: int = 0

    def count(self) -> int:
        """Return how many rows have a place."""
        return len(self.placed) // ID_CHARACTERS

    def insert(self, row_id: str, place: int | None) -> "Order":
        """Put a new row at a place from 1, shifting the rest; 0 or beyond the end is last, None is without a place."""
        if place is None or (self.unplaced and not 0 < place <= self.count() + 1):
            return msgspec.structs.replace(self, unplaced=self.unplaced + 1)
        cut = (place - 1) * ID_CHARACTERS if place > 0 else len(self.placed)
        return msgspec.structs.replace(self, placed=f"{self.placed[:cut]}{row_id}{self.placed[cut:]}")

    def remove(self, row_id: str) -> "Order":
        """Let the places after a row close up."""
        start = _find(self.placed, row_id)
        if start < 0:
            return msgspec.structs.replace(self, unplaced=max(0, self.unplaced - 1))
        return msgspec.structs.replace(self, placed=self.placed[:start] + self.placed[start + ID_CHARACTERS :])

    def move(self, row_id: str, place: int) -> "Order":
        """Take a row out and put it in at another place."""
        return self.remove(row_id).insert(row_id, place)


def evolve_order(order: Order, event: Event) -> Order:
    """Apply one event of a setting's rows."""
    match event:
        case RowCreated(index=index):
            return order.insert(row_id_of(event), index)
        case RowUpdated(index=int(index)):
            return order.move(row_id_of(event), index)
        case RowDeleted():
            return order.remove(row_id_of(event))
        case RowsReordered(order=row_ids):
            return ordered(row_ids)
        case _:
            return order


def row_id_of(event: RowEvent) -> str:
    """Name the row by its primary key, as its stream does."""
    return row_id(event.template, event.setting, event.key)


def ordered(row_ids: Iterable[str]) -> Order:
    """Return the order in which exactly these rows stand."""
    return Order("".join(row_ids))


def places(placed: str) -> dict[str, int]:
    """Return the place of each row, from 0."""
    starts = range(0, len(placed), ID_CHARACTERS)
    return {placed[start : start + ID_CHARACTERS]: number for number, start in enumerate(starts)}


def place_in(placed: str, row_id: str) -> int | None:
    """Return the place of one row, from 1, None when it has none."""
    start = _find(placed, row_id)
    return None if start < 0 else start // ID_CHARACTERS + 1


def _find(placed: str, row_id: str) -> int:
    """Return where a row id stands; two that touch may look like a third between them."""
    start = placed.find(row_id)
    while start % ID_CHARACTERS and start > 0:
        start = placed.find(row_id, start + 1)
    return start
