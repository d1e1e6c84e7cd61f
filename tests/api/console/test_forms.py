"""A form says exactly what the row says, whatever the columns are, and changes nothing that nobody touched."""

from contextlib import suppress
from datetime import UTC, datetime
from typing import Any
from urllib.parse import urlencode

import pytest
from hypothesis import given
from hypothesis import strategies as st

from api.console.controls import control_of
from api.console.forms import Form, UnreadableFormError, fields_of, form_of, read_form
from domain.settings.definitions import (
    Array,
    BitFlag,
    Boolean,
    Button,
    Column,
    Float,
    Inner,
    Integer,
    Json,
    Scalar,
    String,
    Widget,
)

FLAGS = BitFlag({"EMBED": 1, "DM": 2, "BOTH": 3, "NONE": 0})
CHOICES = ("red", "green", "blue", "<script>")
TEXTS = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0\r"), max_size=20)
LINES = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0\r\n"), min_size=1, max_size=20)
SNOWFLAKES = st.integers(1, 2**64 - 1).map(str)
MOMENTS = st.datetimes(datetime(1900, 1, 1), datetime(9000, 1, 1)).map(  # noqa: DTZ001 - made UTC below
    lambda moment: moment.replace(tzinfo=UTC, microsecond=0).isoformat().replace("+00:00", "Z")
)
LEAVES = (
    st.none()
    | st.booleans()
    | st.integers(-(2**63), 2**63 - 1)
    | st.floats(allow_nan=False, allow_infinity=False)
    | TEXTS
)
TREES = st.recursive(LEAVES, lambda below: st.lists(below, max_size=3) | st.dictionaries(TEXTS, below, max_size=3))
JSON = TREES.filter(lambda value: value is not None)
FILES = st.dictionaries(LINES, TEXTS, max_size=4)
INTEGERS = st.integers(-(2**63), 2**63 - 1)
FLOATS = st.floats(allow_nan=False, allow_infinity=False)

KINDS: dict[str, tuple[Inner, st.SearchStrategy[Any]]] = {
    "text": (String(), TEXTS),
    "long text": (String(kind="textarea"), TEXTS),
    "choice": (String(allowed_values=CHOICES), st.sampled_from(CHOICES)),
    "suggested": (String(suggestions=("a", "b")), LINES),
    "channel": (String(kind="channel"), SNOWFLAKES),
    "role": (String(kind="role"), SNOWFLAKES),
    "user": (String(kind="user"), SNOWFLAKES),
    "uuid": (String(kind="uuid"), st.uuids().map(str)),
    "interval": (String(kind="interval"), st.sampled_from(("1h 30m", "45s"))),
    "timestamp": (String(kind="timestamp"), MOMENTS),
    "integer": (Integer(), INTEGERS),
    "float": (Float(), FLOATS),
    "boolean": (Boolean(), st.booleans()),
    "flags": (FLAGS, st.integers(0, 3)),
    "json": (Json(), JSON),
    "files": (Json("template-content"), FILES),
}
ARRAY_ITEMS = {"text": LINES, "long text": TEXTS.filter(bool), "json": JSON, "files": JSON}


def column(inner: Inner, *, array: bool = False, nullable: bool = False) -> Column:
    return Column("c:1 <b>", "C", column_type=Array(inner) if array else Scalar(inner), nullable=nullable)


def sent(form: Form) -> Form:
    """Return the form as a browser sends it."""
    pairs = [(name, text.replace("\n", "\r\n")) for name, texts in form.texts.items() for text in texts]
    return read_form(urlencode(pairs).encode())


def round_trip(one: Column, value: Any, stored: dict[str, Any] | None = None) -> Any:  # noqa: ANN401 - any JSON
    fields, faults = fields_of([one], sent(form_of([one], {one.id: value})), stored)
    assert faults == {}
    return fields


@pytest.mark.parametrize("kind", KINDS)
@given(data=st.data())
def test_a_value_comes_back_from_its_form_as_it_was(kind: str, data: st.DataObject) -> None:
    inner, values = KINDS[kind]
    one = column(inner)
    value = data.draw(values)
    assert round_trip(one, value) == {one.id: value}


@pytest.mark.parametrize("kind", KINDS)
@given(data=st.data())
def test_a_column_that_may_be_null_keeps_null_apart_from_everything_else(kind: str, data: st.DataObject) -> None:
    inner, values = KINDS[kind]
    one = column(inner, nullable=True)
    value = data.draw(st.none() | values)
    if kind in ("json", "files") and value is None:  # a form shows JSON null, and no files at all, like nothing
        return
    assert round_trip(one, value) == {one.id: value}


@pytest.mark.parametrize("kind", KINDS)
@given(data=st.data())
def test_several_values_come_back_in_their_order(kind: str, data: st.DataObject) -> None:
    inner, values = KINDS[kind]
    one = column(inner, array=True)
    items = data.draw(st.lists(ARRAY_ITEMS.get(kind, values), max_size=4, unique_by=repr))
    assert round_trip(one, items) == {one.id: items}


@given(values=st.tuples(*(values for _, values in KINDS.values())), data=st.data())
def test_what_nobody_touched_is_not_sent_on(values: tuple[Any, ...], data: st.DataObject) -> None:
    columns = [Column(str(n), "C", column_type=Scalar(inner)) for n, (inner, _) in enumerate(KINDS.values())]
    stored = {one.id: value for one, value in zip(columns, values, strict=True)}
    form = sent(form_of(columns, stored))
    assert fields_of(columns, form, stored) == ({}, {})
    touched = form.with_texts({"f:0": ["something else"], "m:0": ["text"]})
    assert fields_of(columns, touched, stored)[0] in ({"0": "something else"}, {})


@pytest.mark.parametrize(
    ("inner", "value"),
    [
        (String(), "one\r\nline\rends"),
        (String(kind="timestamp"), "2026-01-02T03:04:05.678901Z"),
        (String(kind="timestamp"), "no moment"),
        (String(kind="password"), "hunter2"),
        (Integer(), "not a number"),
        (Float(), 1e300),
        (FLAGS, 8 | 1),
        (FLAGS, "many"),
        (Json("template-content"), ["no", "map"]),
        (Boolean(), "maybe"),
    ],
)
def test_what_a_page_cannot_show_exactly_is_left_alone(inner: Inner, value: Any) -> None:  # noqa: ANN401
    for array in (False, True):
        one = column(inner, array=array)
        assert round_trip(one, [value, value] if array else value, {one.id: [value, value] if array else value}) == {}


def test_bits_without_a_name_survive_a_change_of_others() -> None:
    one = column(FLAGS)
    form = form_of([one], {one.id: 8 | 1}).with_texts({f"f:{one.id}": ["8", "2"]})
    assert fields_of([one], form, {one.id: 8 | 1}) == ({one.id: 8 | 2}, {})


def test_a_choice_of_several_keeps_the_order_of_what_stays() -> None:
    one = column(String(allowed_values=CHOICES), array=True)
    form = Form({f"m:{one.id}": ["choices"], f"f:{one.id}": ["", "red", "green", "blue"]})
    assert fields_of([one], form, {one.id: ["blue", "red"]}) == ({one.id: ["blue", "red", "green"]}, {})


def test_a_password_is_never_in_the_form_and_stays_unless_it_is_typed_or_forgotten() -> None:
    one = column(String(kind="password"), nullable=True)
    stored = {one.id: "hunter2"}
    form = form_of([one], stored)
    assert "hunter2" not in str(form)
    assert fields_of([one], form, stored) == ({}, {})
    assert fields_of([one], form.with_texts({f"f:{one.id}": ["new"]}), stored) == ({one.id: "new"}, {})
    assert fields_of([one], form.with_texts({f"x:{one.id}": ["true"]}), stored) == ({one.id: None}, {})


@pytest.mark.parametrize("text", ["{", "NaN", "[1,]", '"\ud800"'.encode("utf-8", "replace").decode() + "x"])
def test_what_is_not_json_is_said_beside_its_column(text: str) -> None:
    one = column(Json())
    fields, faults = fields_of([one], Form({f"m:{one.id}": ["json"], f"f:{one.id}": [text]}))
    assert fields == {}
    assert faults[one.id].startswith("This is not JSON")


def test_two_files_of_one_path_are_refused() -> None:
    one = column(Json("template-content"))
    form = Form({f"m:{one.id}": ["files"], f"p:{one.id}": ["a", "a"], f"f:{one.id}": ["1", "2"]})
    assert fields_of([one], form) == ({}, {one.id: "Two files have the same path."})


@pytest.mark.parametrize(
    ("inner", "text"), [(Integer(), "twelve"), (Float(), "1,5"), (Float(), "nan"), (Boolean(), "x")]
)
def test_what_is_no_value_of_its_type_stays_text_for_the_domain_to_refuse(inner: Inner, text: str) -> None:
    one = column(inner, array=True)
    assert fields_of([one], Form({f"m:{one.id}": ["lines"], f"f:{one.id}": [text]})) == ({one.id: [text]}, {})


def test_a_column_that_is_not_in_the_form_is_not_sent_on() -> None:
    assert fields_of([column(Integer())], Form()) == ({}, {})


def test_a_widget_has_no_control() -> None:
    one = Column("w", "W", column_type=Widget(Button("Go", "go")))
    assert control_of(one) is None
    assert form_of([one], {"w": 1}).texts == {}


def test_a_page_cannot_be_told_to_use_a_control_that_does_not_fit() -> None:
    one = column(Integer())
    assert control_of(one, shown="flags") == control_of(one)


@given(st.binary(max_size=60))
def test_any_bytes_are_a_form_or_refused(content: bytes) -> None:
    with suppress(UnreadableFormError):
        read_form(content)
