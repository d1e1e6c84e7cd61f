"""Rows that stand in an order: where a new one goes, and how all are put into another."""

import pytest

from domain.settings.events import RowsReordered
from tests.domain.settings.community import (
    ADMIN,
    HIGH,
    LOW,
    MANAGER,
    OWNER,
    Desk,
    Json,
    Value,
    column,
    key,
    scalar,
    setting,
    template,
    text,
)

ORDERED = template(setting(key(), column("slot", scalar("Integer")), column("held", nullable=True), index_by="slot"))
ROLES = template(setting(key("role", text("role")), column("slot", scalar("Integer")), index_by="slot"))


def desk_with_rows(names: str = "abc") -> Desk:
    desk = Desk(ORDERED)
    for name in names:
        desk.do("Create", {"name": name, "slot": 0})
    return desk


def names(desk: Desk) -> str:
    return "".join(row.key["name"] for row in desk.rows())


def entries(wanted: str) -> list[Json]:
    return [{"name": name, "slot": n} for n, name in enumerate(wanted, start=1)]


@pytest.mark.parametrize(
    ("slot", "order"),
    [({}, "abcd"), ({"slot": None}, "abcd"), ({"slot": 0}, "abcd"), ({"slot": -3}, "abcd"), ({"slot": 1}, "dabc"),
     ({"slot": 2}, "adbc"), ({"slot": 99}, "abcd")],
)  # fmt: skip
def test_a_new_row_goes_to_the_place_that_is_asked_for_or_to_the_end(slot: Json, order: str) -> None:
    desk = desk_with_rows()
    desk.do("Create", {"name": "d", **slot})
    assert names(desk) == order
    assert "slot" not in desk.row(name="d").fields


@pytest.mark.parametrize("slot", ["1", 1.0, True, [1]])
def test_a_place_is_an_integer(slot: Value) -> None:
    assert desk_with_rows().refused("Create", {"name": "d", "slot": slot})["type"] == "SchemaTypeValidationError"


def test_a_place_fits_into_64_bits() -> None:
    assert desk_with_rows().refused("Update", {"name": "a", "slot": 1 << 63})["check"] == "range"


def test_a_place_that_cannot_be_set_is_the_last() -> None:
    slot = column("slot", scalar("Integer"), hidden=["Create"])
    desk = Desk(template(setting(key(), slot, index_by="slot")))
    desk.do("Create", {"name": "a"})
    desk.do("Create", {"name": "b", "slot": 1})
    assert names(desk) == "ab"


@pytest.mark.parametrize(("slot", "order"), [(1, "abc"), (0, "abc"), (None, "abc"), (2, "bac"), (3, "bca"), (9, "bca")])
def test_an_update_moves_the_row_to_another_place(slot: int | None, order: str) -> None:
    desk = desk_with_rows()
    desk.do("Update", {"name": "a", "slot": slot})
    assert names(desk) == order
    assert bool(desk.said) == (order != "abc")


def test_the_last_row_stays_when_it_is_sent_beyond_the_end() -> None:
    desk = desk_with_rows()
    desk.do("Update", {"name": "c", "slot": 9})
    assert desk.said == []


def test_places_close_up_after_a_row_is_deleted() -> None:
    desk = desk_with_rows()
    desk.do("Delete", {"name": "b"})
    desk.do("Reorder", entries("ca"))
    assert names(desk) == "ca"


def test_all_rows_are_put_into_another_order_once() -> None:
    desk = desk_with_rows()
    assert desk.do("Reorder", entries("cab")).data == {}
    assert [type(event) for event in desk.said] == [RowsReordered]
    assert names(desk) == "cab"
    desk.do("Reorder", entries("cab"))
    assert desk.said == []


@pytest.mark.parametrize(
    "wanted",
    [entries("ab"), [*entries("abc")[:2], {"name": "c", "slot": 2}], [*entries("abc")[:2], {"name": "c", "slot": 4}],
     [{"name": name, "slot": n} for n, name in enumerate("abc")], entries("abca"), entries("aabc"), []],
)  # fmt: skip
def test_a_new_order_names_each_row_and_each_place_once(wanted: list[Json]) -> None:
    desk = desk_with_rows()
    error = desk.refused("Reorder", wanted)
    assert (error["type"], error["check"], error["column"]) == ("SchemaCheckValidationError", "reorder", "slot")
    assert names(desk) == "abc"


def test_a_new_order_names_no_unknown_row() -> None:
    error = {"type": "RowDoesNotExist", "column_id": "name"}
    assert desk_with_rows().refused("Reorder", entries("abcx")) == error


@pytest.mark.parametrize(
    ("fields", "field"),
    [({"name": "a"}, "fields"), (["a"], "fields[0]"), ([{"slot": 1}], "name"), ([{"name": "a"}], "slot")],
)
def test_a_new_order_is_an_array_of_keys_with_places(fields: Value, field: str) -> None:
    error = desk_with_rows().refused("Reorder", fields)
    assert (error["type"], error["field"]) == ("MissingOrInvalidField", field)


@pytest.mark.parametrize("place", ["1", 1.0, None, True])
def test_a_place_in_a_new_order_is_an_integer(place: Value) -> None:
    wanted = [{"name": "a", "slot": place}, *entries("abc")[1:]]
    assert desk_with_rows().refused("Reorder", wanted)["type"] == "SchemaTypeValidationError"


def test_what_another_template_holds_is_left_to_it() -> None:
    desk = desk_with_rows()
    done = desk.do("Reorder", [*entries("xcya")[:3], {"name": "b", "slot": 4}, {"name": "a", "slot": 5}], others=True)
    assert done.unknown == (0, 2)
    assert names(desk) == "cba"


def test_entries_of_another_template_may_have_another_key() -> None:
    desk = desk_with_rows("ab")
    desk.do("Reorder", [{"other": 1, "slot": 1}, {"name": "b", "slot": 2}, {"name": "a", "slot": 3}], others=True)
    assert names(desk) == "ba"


def test_whoever_reorders_may_move_only_what_is_below() -> None:
    desk = Desk(ROLES)
    for role in (LOW, HIGH):
        desk.do("Create", {"role": str(role)})
    swapped = [{"role": str(HIGH), "slot": 1}, {"role": str(LOW), "slot": 2}]
    for user in (MANAGER, ADMIN):
        desk.user = user
        assert desk.refused("Reorder", swapped)["typ"] == "permission_denied"
        assert desk.refused("Update", {"role": str(HIGH), "slot": 1})["typ"] == "permission_denied"
    desk.user = OWNER
    desk.do("Reorder", swapped)


def test_what_stays_in_its_place_is_not_moved() -> None:
    desk = Desk(ROLES)
    for role in (HIGH, LOW, 946):
        desk.do("Create", {"role": str(role)})
    desk.user = MANAGER
    desk.do("Reorder", [{"role": str(role), "slot": n} for n, role in enumerate((HIGH, 946, LOW), start=1)])
    assert len(desk.said) == 1
