"""What each kind of column takes, and how it refuses the rest."""

import pytest

from tests.domain.settings.community import (
    LOW,
    ROOM,
    Desk,
    Json,
    Value,
    array,
    column,
    key,
    scalar,
    setting,
    template,
    text,
)

UUID = "2d7e1f2a-0b1c-4d3e-8f90-a1b2c3d4e5f6"
BITS = scalar("BitFlag", values={"EMBED": 1, "DM": 2})
DEEPEST: list[Value] = []
for _ in range(63):
    DEEPEST = [DEEPEST]

TAKEN: list[tuple[Json, Value]] = [
    (text(), ""),
    (text(), "any text \U0001f6ce"),
    (text(min_length=2, max_length=3), "\U0001f6ce\U0001f6ce"),
    (text(allowed_values=["a", "b"]), "b"),
    (text("channel"), str(ROOM)),
    (text("role"), str(LOW)),
    (text("user"), "18446744073709551615"),
    (text("guild"), "0"),
    (text("message"), "12"),
    (text("uuid"), UUID),
    (text("uuid"), UUID.upper()),
    (text("timestamp"), "2026-02-28T23:59:59Z"),
    (text("timestamp"), "2024-02-29t01:02:03.123456789+02:30"),
    (text("interval"), "3 days"),
    (text("kittycat"), "rules.*"),
    (text("emoji"), "wave"),
    (scalar("Integer"), -(1 << 63)),
    (scalar("Integer"), (1 << 63) - 1),
    (scalar("Float"), 1),
    (scalar("Float"), -0.5),
    (BITS, 0),
    (BITS, 3),
    (scalar("Boolean"), False),
    (scalar("Json"), "text"),
    (scalar("Json"), {"a": [1, None, True]}),
    (scalar("Json"), DEEPEST),
    (scalar("Json", style="template-content"), {"init.luau": "return 1"}),
    (array(), ["a", "a"]),
    (array("Integer"), []),
    (array(kind="role"), [str(LOW)]),
    (array(), ["x"] * 1000),
]

WRONG_TYPES: list[tuple[Json, Value, str, str]] = [
    (text(), 1, "String", "Integer"),
    (text(), ["a"], "String", "Array"),
    (text("role"), LOW, "String", "Integer"),
    (scalar("Integer"), True, "Integer", "Boolean"),
    (scalar("Integer"), 1.0, "Integer", "Float"),
    (scalar("Integer"), "1", "Integer", "String"),
    (scalar("Float"), True, "Float", "Boolean"),
    (scalar("Float"), "0.5", "Float", "String"),
    (BITS, "1", "BitFlag", "String"),
    (BITS, True, "BitFlag", "Boolean"),
    (scalar("Boolean"), 1, "Boolean", "Integer"),
    (scalar("Boolean"), "true", "Boolean", "String"),
    (scalar("Json", style="template-content"), ["x"], "Object", "Array"),
    (array(), "a", "Array", "String"),
    (array(), {"0": "a"}, "Array", "Object"),
    (array(), ["a", 1], "String", "Integer"),
    (array("Boolean"), [0], "Boolean", "Integer"),
]

FAILED_CHECKS: list[tuple[Json, Value, str, str]] = [
    (text(min_length=2), "a", "length", "2.."),
    (text(max_length=1), "\U0001f6ce\U0001f6ce", "length", "0..1"),
    (text(allowed_values=["a", "b"]), "c", "allowed_values", "a, b"),
    (text(), "a\0b", "nul", "text without NUL"),
    (text("user"), "12a", "snowflake", "0..18446744073709551615"),
    (text("user"), "18446744073709551616", "snowflake", "0..18446744073709551615"),
    (text("user"), "", "snowflake", "0..18446744073709551615"),
    (text("user"), "012", "snowflake", "0..18446744073709551615"),
    (text("user"), "\u0661\u0662", "snowflake", "0..18446744073709551615"),
    (text("guild"), "-1", "snowflake", "0..18446744073709551615"),
    (text("message"), " 1", "snowflake", "0..18446744073709551615"),
    (text("role"), "999", "existence", "a role of this guild"),
    (text("channel"), str(LOW), "existence", "a channel of this guild"),
    (array(kind="role"), [str(LOW), "999"], "existence", "a role of this guild"),
    (text("uuid"), UUID[:-1], "uuid", "8-4-4-4-12 hexadecimal digits"),
    (text("uuid"), UUID + "\n", "uuid", "8-4-4-4-12 hexadecimal digits"),
    (text("timestamp"), "2026-02-30T00:00:00Z", "timestamp", "RFC 3339"),
    (text("timestamp"), "2026-02-28T00:00:00", "timestamp", "RFC 3339"),
    (text("timestamp"), "2026-02-28", "timestamp", "RFC 3339"),
    (text("timestamp"), "2026-02-28T00:00:00.1234567890Z", "timestamp", "RFC 3339"),
    (scalar("Integer"), 1 << 63, "range", "-9223372036854775808..9223372036854775807"),
    (scalar("Float"), float("inf"), "finite", "finite numbers"),
    (BITS, 8, "bitflag", "0..3"),
    (BITS, -1, "bitflag", "0..3"),
    (scalar("Json"), [DEEPEST], "depth", "0..64"),
    (scalar("Json"), "x" * (1 << 20), "size", "0..1048576"),
    (scalar("Json", style="template-content"), {"a": 1}, "template-content", "an object of texts by path"),
    (array(), ["x"] * 1001, "length", "0..1000"),
    (array(max_length=1), ["ab"], "length", "0..1"),
    (array("BitFlag", values={"A": 4}), [4, 1], "bitflag", "0..4"),
]


def desk_with(column_type: Json, **more: Value) -> Desk:
    return Desk(template(setting(key(), column("held", column_type, **more))))


@pytest.mark.parametrize(("column_type", "value"), TAKEN)
def test_a_column_takes_what_is_of_its_kind_and_keeps_it_as_it_is(column_type: Json, value: Value) -> None:
    desk = desk_with(column_type)
    desk.do("Create", {"name": "a", "held": value})
    stored = desk.row(name="a").fields["held"]
    assert stored == value
    assert type(stored) is type(value)


@pytest.mark.parametrize(("column_type", "value", "expected", "got"), WRONG_TYPES)
def test_a_column_refuses_another_json_type(column_type: Json, value: Value, expected: str, got: str) -> None:
    error = {"type": "SchemaTypeValidationError", "column": "held", "expected_type": expected, "got_type": got}
    desk = desk_with(column_type)
    assert desk.refused("Create", {"name": "a", "held": value}) == error
    assert desk.rows() == []


@pytest.mark.parametrize(("column_type", "value", "check", "accepted"), FAILED_CHECKS)
def test_a_column_refuses_what_it_does_not_accept(column_type: Json, value: Value, check: str, accepted: str) -> None:
    error = desk_with(column_type).refused("Create", {"name": "a", "held": value})
    assert error.pop("error")
    assert error == {
        "type": "SchemaCheckValidationError",
        "column": "held",
        "check": check,
        "accepted_range": accepted,
    }


@pytest.mark.parametrize("column_type", [text(), scalar("Integer"), BITS, scalar("Boolean"), scalar("Json")])
def test_only_a_nullable_column_takes_null(column_type: Json) -> None:
    error = {"type": "SchemaNullValueValidationError", "column": "held"}
    assert desk_with(column_type).refused("Create", {"name": "a", "held": None}) == error
    desk = desk_with(column_type, nullable=True)
    desk.do("Create", {"name": "a", "held": None})
    assert desk.row(name="a").fields["held"] is None


def test_an_item_of_an_array_is_never_null() -> None:
    error = {"type": "SchemaNullValueValidationError", "column": "held"}
    assert desk_with(array(), nullable=True).refused("Create", {"name": "a", "held": ["x", None]}) == error


def test_a_changed_value_is_refused_like_a_new_one() -> None:
    desk = desk_with(text(max_length=2))
    desk.do("Create", {"name": "a", "held": "ok"})
    assert desk.refused("Update", {"name": "a", "held": "long"})["check"] == "length"


def test_the_refusal_of_bits_reads_as_it_is_promised() -> None:
    desk = desk_with(BITS)
    desk.do("Create", {"name": "a"})
    assert desk.refused("Update", {"name": "a", "held": 8}) == {
        "type": "SchemaCheckValidationError",
        "column": "held",
        "check": "bitflag",
        "error": "unknown bits 8",
        "accepted_range": "0..3",
    }
