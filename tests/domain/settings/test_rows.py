"""Rows are created, changed and deleted, one by one and within the limits of the policy."""

import pytest

from domain.settings.events import RowCreated, RowDeleted, RowUpdated, TemplateRevised
from tests.domain.settings.community import (
    GUILD,
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

WHERE: Json = {"guild": GUILD, "template": "keeper", "setting": "rules"}
PAIR = setting(key("room"), key("number", scalar("Integer")), column("held", nullable=True))
LONE = setting(column("held"), column("kept", nullable=True))


def desk_with(definition: Json, **policy: Value) -> Desk:
    return Desk(template(definition, rules=policy))


def simple(**policy: Value) -> Desk:
    return desk_with(setting(key(), column("held", nullable=True)), **policy)


def test_a_row_is_created_once() -> None:
    desk = simple()
    assert desk.do("Create", {"name": "a", "held": "x"}).data == {}
    assert desk.said == [RowCreated(**WHERE, key={"name": "a"}, fields={"name": "a", "held": "x"})]
    error = {"type": "RowExists", "column_id": "name", "count": 1}
    assert desk.refused("Create", {"name": "a", "held": "y"}) == error


def test_only_what_changed_is_said() -> None:
    desk = simple()
    desk.do("Create", {"name": "a", "held": "x"})
    assert desk.do("Update", {"name": "a", "held": "y"}).data == {}
    assert desk.said == [RowUpdated(**WHERE, key={"name": "a"}, before={"held": "x"}, after={"held": "y"})]
    desk.do("Update", {"name": "a", "held": "y"})
    assert desk.said == []


def test_a_row_is_deleted_once_and_may_be_created_again() -> None:
    desk = simple()
    desk.do("Create", {"name": "a"})
    done = desk.do("Delete", {"name": "a", "held": "of no matter"})
    assert (done.data, desk.said) == ({"name": "a"}, [RowDeleted(**WHERE, key={"name": "a"})])
    assert desk.refused("Delete", {"name": "a"}) == {"type": "RowDoesNotExist", "column_id": "name"}
    desk.do("Create", {"name": "a"})
    assert len(desk.rows()) == 1


@pytest.mark.parametrize("operation", ["Update", "Delete"])
def test_an_unknown_row_is_neither_changed_nor_deleted(operation: str) -> None:
    error = {"type": "RowDoesNotExist", "column_id": "name"}
    assert simple().refused(operation, {"name": "a"}) == error


@pytest.mark.parametrize("operation", ["Create", "Update", "Delete"])
def test_the_primary_key_is_there_and_says_something(operation: str) -> None:
    desk = simple()
    null = {"type": "SchemaNullValueValidationError", "column": "name"}
    assert desk.refused(operation, {}) == {"type": "MissingOrInvalidField", "field": "name", "src": "fields"}
    assert desk.refused(operation, {"name": None}) == null
    assert desk.refused(operation, {"name": ""}) == null
    assert desk.refused(operation, {"name": 5})["type"] == "SchemaTypeValidationError"
    assert desk.refused(operation, {"name": [[]]})["type"] == "SchemaTypeValidationError"


@pytest.mark.parametrize("operation", ["Create", "Update", "Delete"])
def test_an_operation_on_a_row_takes_an_object(operation: str) -> None:
    error = {"type": "MissingOrInvalidField", "field": "fields", "src": operation}
    assert simple().refused(operation, [{"name": "a"}]) == error


@pytest.mark.parametrize("operation", ["View", "Create", "Update", "Delete", "Reorder", "Dance"])
def test_what_is_not_listed_is_not_supported(operation: str) -> None:
    desk = desk_with(setting(key(), operations=["View"]))
    error = {"type": "OperationNotSupported", "operation": operation}
    assert desk.refused(operation, {"name": "a"}) == error


def test_a_primary_key_may_be_several_columns() -> None:
    desk = desk_with(PAIR)
    desk.do("Create", {"number": 1, "room": "x", "held": "first"})
    desk.do("Create", {"number": 2, "room": "x", "held": "second"})
    assert desk.refused("Create", {"room": "x", "number": 2}) == {
        "type": "RowExists",
        "column_id": "room, number",
        "count": 1,
    }
    assert desk.do("Delete", {"number": 1, "room": "x"}).data == {"room": "x", "number": 1}
    assert [row.fields["held"] for row in desk.rows()] == ["second"]


def test_numbers_that_are_the_same_are_one_key() -> None:
    desk = desk_with(setting(key(column_type=scalar("Float"))))
    desk.do("Create", {"name": 1.0})
    assert desk.refused("Create", {"name": 1})["type"] == "RowExists"


def test_a_setting_without_primary_key_is_one_row_that_the_first_update_creates() -> None:
    desk = desk_with(LONE)
    assert desk.refused("Update", {}) == {"type": "MissingOrInvalidField", "field": "held", "src": "fields"}
    assert desk.do("Update", {"held": "x"}).data == {}
    assert desk.said == [RowCreated(**WHERE, key={}, fields={"held": "x", "kept": None})]
    desk.do("Update", {"kept": "y"})
    assert desk.said == [RowUpdated(**WHERE, key={}, before={"kept": None}, after={"kept": "y"})]
    assert desk.refused("Create", {"held": "z"}) == {"type": "RowExists", "column_id": "", "count": 1}
    assert desk.do("Delete", {}).data == {}
    assert desk.refused("Delete", {}) == {"type": "RowDoesNotExist", "column_id": ""}


def test_there_are_no_more_rows_than_the_policy_lets_be() -> None:
    desk = simple(max_rows=2)
    desk.do("Create", {"name": "a"})
    desk.do("Create", {"name": "b"})
    assert desk.refused("Create", {"name": "c"}) == {"type": "MaximumCountReached", "max": 2, "current": 2}
    assert desk.refused("Create", {"name": "a"})["type"] == "RowExists"
    desk.do("Update", {"name": "a", "held": "x"})
    desk.do("Delete", {"name": "a"})
    desk.do("Create", {"name": "c"})


def test_a_unique_column_holds_a_value_once() -> None:
    desk = simple(unique=["held"])
    desk.do("Create", {"name": "a", "held": "x"})
    error = {"type": "RowExists", "column_id": "held", "count": 1}
    assert desk.refused("Create", {"name": "b", "held": "x"}) == error
    desk.do("Create", {"name": "b"})
    desk.do("Create", {"name": "c"})
    assert desk.refused("Update", {"name": "b", "held": "x"}) == error
    desk.do("Update", {"name": "a", "held": "x"})
    assert desk.said == []


def test_a_password_is_kept_apart() -> None:
    desk = desk_with(setting(key(), column("token", text("password"), nullable=True)))
    desk.do("Create", {"name": "a", "token": "one"})
    created = desk.said[0]
    desk.do("Update", {"name": "a", "token": "two"})
    changed = desk.said[0]
    assert created == RowCreated(**WHERE, key={"name": "a"}, fields={"name": "a"}, secrets={"token": "one"})
    secrets: Json = {"secrets_before": {"token": "one"}, "secrets_after": {"token": "two"}}
    assert changed == RowUpdated(**WHERE, key={"name": "a"}, **secrets)
    assert desk.row(name="a").secrets == {"token": "two"}


def test_a_column_that_becomes_a_password_is_no_longer_kept_in_clear() -> None:
    desk = simple()
    desk.do("Create", {"name": "a", "held": "x"})
    revised = TemplateRevised(template="keeper", settings=(setting(key(), column("held", text("password"))),))
    later = Desk(*desk.log, revised)
    later.do("Update", {"name": "a", "held": "y"})
    row = later.row(name="a")
    assert (row.fields, row.secrets) == ({"name": "a"}, {"held": "y"})


def test_a_row_that_no_longer_fits_must_be_right_on_its_next_write() -> None:
    desk = simple()
    desk.do("Create", {"name": "a", "held": "x"})
    revised = TemplateRevised(template="keeper", settings=(setting(key(), column("held", scalar("Integer"))),))
    later = Desk(*desk.log, revised)
    assert later.refused("Update", {"name": "a"})["type"] == "SchemaTypeValidationError"
    later.do("Update", {"name": "a", "held": 5})
    assert later.row(name="a").fields == {"name": "a", "held": 5}


def test_a_row_whose_key_no_longer_fits_can_still_be_deleted() -> None:
    desk = simple()
    desk.do("Create", {"name": "a"})
    revised = TemplateRevised(template="keeper", settings=(setting(key(column_type=scalar("Integer"))),))
    later = Desk(*desk.log, revised)
    later.do("Delete", {"name": "a"})
    assert later.rows() == []
