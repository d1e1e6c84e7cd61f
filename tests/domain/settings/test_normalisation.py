"""What clients mean that fill every input of their form, or leave some out."""

import pytest

from tests.domain.settings.community import (
    NOW_TEXT,
    OWNER,
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

BITS = scalar("BitFlag", values={"A": 1})
LATER_TEXT = "2026-03-01T12:30:00.000000Z"
STAMPS = ("created_at", "last_updated_at", "created_by", "last_updated_by")


def desk_with(*columns: Json, **policy: Value) -> Desk:
    return Desk(template(setting(key(), *columns), rules=policy))


def created(*columns: Json, fields: Json | None = None, **policy: Value) -> Json:
    """Return the row that is created from these fields."""
    desk = desk_with(*columns, **policy)
    desk.do("Create", {"name": "a", **(fields or {})})
    return desk.row(name="a").fields


@pytest.mark.parametrize("kind", ["channel", "user", "role", "guild", "message", "uuid", "timestamp", "interval"])
def test_a_blank_in_a_nullable_text_of_a_format_is_null(kind: str) -> None:
    assert created(column("held", text(kind), nullable=True), fields={"held": ""})["held"] is None


@pytest.mark.parametrize("kind", ["normal", "textarea", "kittycat", "password"])
def test_a_blank_in_a_free_text_is_a_blank(kind: str) -> None:
    desk = desk_with(column("held", text(kind), nullable=True))
    desk.do("Create", {"name": "a", "held": ""})
    assert desk.row(name="a").values()["held"] == ""


def test_a_blank_in_nullable_json_is_null_and_elsewhere_a_text() -> None:
    assert created(column("held", scalar("Json"), nullable=True), fields={"held": ""})["held"] is None
    assert created(column("held", scalar("Json")), fields={"held": ""})["held"] == ""


def test_blank_or_missing_bits_are_none_on_create() -> None:
    assert created(column("held", BITS), fields={"held": ""})["held"] == 0
    assert created(column("held", BITS))["held"] == 0
    assert created(column("held", BITS, hidden=["Create"]), fields={"held": 1})["held"] == 0


def test_blank_bits_on_update_are_of_the_wrong_type() -> None:
    desk = desk_with(column("held", BITS))
    desk.do("Create", {"name": "a"})
    assert desk.refused("Update", {"name": "a", "held": ""})["type"] == "SchemaTypeValidationError"


@pytest.mark.parametrize("fields", [{}, {"held": None}, {"held": ""}, {"held": []}])
@pytest.mark.parametrize("nullable", [True, False])
def test_an_array_is_never_null(fields: Json, nullable: bool) -> None:
    assert created(column("held", array(), nullable=nullable), fields=fields)["held"] == []


def test_an_array_is_emptied_by_null_on_update() -> None:
    desk = desk_with(column("held", array()))
    desk.do("Create", {"name": "a", "held": ["x"]})
    desk.do("Update", {"name": "a", "held": None})
    assert desk.row(name="a").fields["held"] == []


def test_what_is_left_out_on_create_is_null_where_it_may_be() -> None:
    assert created(column("held", nullable=True))["held"] is None


def test_what_is_left_out_on_create_is_missing_where_it_may_not_be_null() -> None:
    error = {"type": "MissingOrInvalidField", "field": "held", "src": "fields"}
    assert desk_with(column("held")).refused("Create", {"name": "a"}) == error


def test_what_is_left_out_on_create_has_the_default_of_the_policy() -> None:
    assert created(column("held"), defaults={"held": "soft"})["held"] == "soft"


def test_what_is_left_out_on_update_stays() -> None:
    desk = desk_with(column("one"), column("two", array()))
    desk.do("Create", {"name": "a", "one": "x", "two": ["y"]})
    desk.do("Update", {"name": "a"})
    assert desk.said == []
    assert desk.row(name="a").fields == {"name": "a", "one": "x", "two": ["y"]}


@pytest.mark.parametrize("how", ["hidden", "readonly"])
def test_what_cannot_be_set_on_create_is_the_default_or_null(how: str) -> None:
    closed = column("held", nullable=True) | {how: ["Create"]}
    assert created(closed, fields={"held": 5})["held"] is None
    assert created(closed, fields={"held": "mine"}, defaults={"held": "theirs"})["held"] == "theirs"


def test_what_cannot_be_set_and_must_not_be_null_needs_a_default() -> None:
    closed = column("held", hidden=["Create"])
    error = {"type": "SchemaNullValueValidationError", "column": "held"}
    assert desk_with(closed).refused("Create", {"name": "a", "held": "x"}) == error


@pytest.mark.parametrize("how", ["hidden", "readonly"])
def test_what_cannot_be_set_on_update_stays_as_it_is(how: str) -> None:
    desk = desk_with(column("held") | {how: ["Update"]})
    desk.do("Create", {"name": "a", "held": "x"})
    desk.do("Update", {"name": "a", "held": 5})
    assert desk.said == []


def test_what_cannot_be_set_on_one_operation_can_be_on_the_other() -> None:
    desk = desk_with(column("held", nullable=True, hidden=["Create"]))
    desk.do("Create", {"name": "a", "held": "x"})
    desk.do("Update", {"name": "a", "held": "y"})
    assert desk.row(name="a").fields["held"] == "y"


def test_a_primary_key_is_read_even_where_it_is_readonly() -> None:
    desk = Desk(template(setting(key(readonly=["Create", "Update"], hidden=["Update"]), column("held"))))
    desk.do("Create", {"name": "a", "held": "x"})
    desk.do("Update", {"name": "a", "held": "y"})
    assert desk.row(name="a").fields == {"name": "a", "held": "y"}


def test_the_server_fills_well_known_columns_that_are_readonly() -> None:
    columns = [column(name, readonly=["Create", "Update"]) for name in STAMPS]
    fields = created(*columns, fields=dict.fromkeys(STAMPS, ""))
    assert fields == {
        "name": "a",
        "created_at": NOW_TEXT,
        "last_updated_at": NOW_TEXT,
        "created_by": str(OWNER),
        "last_updated_by": str(OWNER),
    }


def test_the_server_fills_well_known_columns_that_are_left_out() -> None:
    assert created(column("created_at"), column("created_by"))["created_at"] == NOW_TEXT


def test_a_well_known_column_that_is_not_readonly_is_the_clients() -> None:
    assert created(column("created_at"), fields={"created_at": "long ago"})["created_at"] == "long ago"


def test_a_change_is_stamped_and_nothing_else_is() -> None:
    columns = [column(name, readonly=["Create", "Update"]) for name in STAMPS]
    desk = desk_with(column("held"), *columns)
    desk.user = 901
    desk.do("Create", {"name": "a", "held": "x"})
    desk.user = OWNER
    desk.do("Update", {"name": "a", "held": "x"})
    assert desk.said == []
    desk.do("Update", {"name": "a", "held": "y"})
    row = desk.row(name="a").fields
    assert (row["created_by"], row["last_updated_by"]) == ("901", str(OWNER))


def test_unknown_keys_are_ignored_and_named_and_never_stored() -> None:
    desk = desk_with(column("tip", {"type": "Widget", "inner": {"type": "Info", "message": "Hi"}}))
    done = desk.do("Create", {"name": "a", "title": "A", "tip": 1})
    assert done.warnings == ("title: unknown column, ignored", "tip: unknown column, ignored")
    assert desk.row(name="a").fields == {"name": "a"}


def test_the_names_of_ignored_keys_are_not_echoed_without_limit() -> None:
    done = desk_with().do("Create", {"name": "a", **{f"{n}" * 100: 1 for n in range(90)}})
    assert len(done.warnings) == 51
    assert max(map(len, done.warnings)) < 100


def test_one_and_one_point_nought_are_the_same_number_but_true_is_none() -> None:
    desk = desk_with(column("held", scalar("Json")))
    desk.do("Create", {"name": "a", "held": {"n": 1.0}})
    desk.do("Update", {"name": "a", "held": {"n": 1}})
    assert desk.said == []
    desk.do("Update", {"name": "a", "held": {"n": True}})
    assert desk.row(name="a").fields["held"]["n"] is True
