"""How rows are shown, filtered and masked."""

import pytest

from domain.settings.definitions import Defined, parse_template
from domain.settings.shown import MASK, masked, matches, read_filter, shown_row
from tests.domain.settings.community import BOT, Json, Value, array, column, key, refusal, scalar, setting, text


def defined(*columns: Json, **more: Value) -> Defined:
    policy = more.pop("policy", {})
    return parse_template("keeper", BOT, (setting(*columns, **more),), {"rules": policy})["rules"]


RULES = defined(
    column("slot", scalar("Integer")),
    column("tip", {"type": "Widget", "inner": {"type": "Info", "message": "Hi"}}),
    key(),
    column("words", array()),
    column("inner", nullable=True, hidden=["View"]),
    column("token", text("password"), nullable=True),
    column("level", scalar("Integer")),
    index_by="slot",
    policy={"defaults": {"level": 3}},
)


def test_a_row_is_shown_in_the_order_of_the_columns_with_its_place() -> None:
    fields: Json = {"level": 1, "inner": "x", "words": ["a"], "name": "n", "gone": 1}
    shown = shown_row(RULES, fields, 2, None)
    assert list(shown.items()) == [("slot", 2), ("name", "n"), ("words", ["a"]), ("level", 1)]


def test_a_password_is_shown_to_who_may_write() -> None:
    assert shown_row(RULES, {"name": "n"}, 1, {"token": "t"})["token"] == "t"
    assert shown_row(RULES, {"name": "n"}, 1, {})["token"] is None
    assert "token" not in shown_row(RULES, {"name": "n", "token": "of before"}, 1, None)


@pytest.mark.parametrize("fields", [{}, {"words": None}, {"words": ""}])
def test_an_array_is_never_shown_as_null(fields: Json) -> None:
    assert shown_row(RULES, {"name": "n", **fields}, 1, None)["words"] == []


def test_a_column_that_is_newer_than_the_row_has_its_default() -> None:
    assert shown_row(RULES, {"name": "n"}, 1, None)["level"] == 3


def test_history_says_that_there_is_a_password_and_not_which() -> None:
    assert masked({"name": "n"}, {"token": "t", "other": None}) == {"name": "n", "token": MASK, "other": None}
    assert masked({"name": "n"}, None) == {"name": "n"}


def test_rows_are_filtered_by_what_is_shown_to_everybody() -> None:
    wanted, warnings = read_filter(RULES, {"level": 3, "inner": "x", "token": "t", "title": "T"})
    assert wanted == {"level": 3}
    assert warnings == (
        "title: unknown column, ignored",
        "inner: cannot be filtered by, ignored",
        "token: cannot be filtered by, ignored",
    )


@pytest.mark.parametrize(
    ("wanted", "passes"),
    [({}, True), ({"level": 3}, True), ({"level": 3.0}, True), ({"level": True}, False), ({"level": 1}, False),
     ({"name": "n", "slot": 1}, True), ({"name": "m", "slot": 1}, False), ({"words": []}, True)],
)  # fmt: skip
def test_a_filter_is_equality_of_every_column(wanted: Json, passes: bool) -> None:
    assert matches(shown_row(RULES, {"name": "n"}, 1, None), wanted) is passes


def test_a_filter_is_an_object() -> None:
    assert refusal(lambda: read_filter(RULES, [])).wire() == {
        "type": "MissingOrInvalidField",
        "field": "fields",
        "src": "View",
    }
