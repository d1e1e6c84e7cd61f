"""A row is brought back to how it was, under the rules of today."""

import pytest

from domain.guilds.events import RoleDeleted
from domain.processes.undo_row import Earlier
from domain.settings.events import RowCreated, RowDeleted, RowUpdated, TemplateRevised
from tests.domain.settings.community import (
    ADMIN,
    GUILD,
    HIGH,
    LOW,
    MANAGER,
    NOW_TEXT,
    PLAIN,
    Desk,
    Value,
    column,
    key,
    refusal,
    scalar,
    setting,
    template,
    text,
)

LONG_AGO = "2020-01-01T00:00:00.000000Z"
COLUMNS = (
    key(),
    column("held", nullable=True, readonly=["Update"]),
    column("role", text("role"), nullable=True),
    column("token", text("password"), nullable=True),
    column("created_at", readonly=["Create", "Update"]),
    column("last_updated_at", readonly=["Create", "Update"]),
)
KEY = {"name": "a"}
STAMPS = {"created_at": LONG_AGO, "last_updated_at": LONG_AGO}


def desk_with_row(**fields: Value) -> Desk:
    desk = Desk(template(setting(*COLUMNS)))
    desk.do("Create", {"name": "a", **fields})
    return desk


def test_a_change_is_undone() -> None:
    desk = desk_with_row(held="x", token="one")
    before = desk.row(name="a")
    desk.do("Update", {"name": "a", "role": str(LOW), "token": "two"})
    desk.undo(KEY, Earlier(fields=before.fields, secrets=before.secrets))
    assert [type(event) for event in desk.said] == [RowUpdated]
    assert desk.row(name="a") == before
    desk.undo(KEY, Earlier(fields=before.fields, secrets=before.secrets))
    assert desk.said == []


def test_a_deletion_is_undone_with_what_only_the_server_writes() -> None:
    desk = desk_with_row()
    desk.do("Delete", KEY)
    desk.undo(KEY, Earlier(fields={"name": "a", "held": "x", "role": None, **STAMPS}, secrets={"token": "one"}))
    assert [type(event) for event in desk.said] == [RowCreated]
    row = desk.row(name="a")
    assert (row.fields["held"], row.fields["created_at"], row.secrets) == ("x", LONG_AGO, {"token": "one"})
    assert row.fields["last_updated_at"] == NOW_TEXT


def test_a_creation_is_undone_once() -> None:
    desk = desk_with_row()
    desk.undo(KEY, None)
    assert [type(event) for event in desk.said] == [RowDeleted]
    desk.undo(KEY, None)
    assert desk.said == []


def test_what_is_readonly_to_others_comes_back() -> None:
    desk = desk_with_row(held="x")
    desk.undo(KEY, Earlier(fields={"name": "a", "held": "y", "role": None, **STAMPS}))
    assert desk.row(name="a").fields["held"] == "y"


def test_a_role_that_is_gone_does_not_come_back() -> None:
    desk = desk_with_row(role=str(HIGH))
    before = desk.row(name="a").fields
    desk.do("Update", {"name": "a", "role": None})
    later = Desk(*desk.log, RoleDeleted(guild=GUILD, role=HIGH))
    refused = refusal(lambda: later.undo(KEY, Earlier(fields=before)))
    assert (refused.kind, refused.members["check"]) == ("SchemaCheckValidationError", "existence")


@pytest.mark.parametrize("user", [PLAIN, MANAGER, ADMIN])
def test_undoing_needs_what_doing_needs(user: int) -> None:
    desk = desk_with_row(role=str(HIGH))
    with_role = desk.row(name="a").fields
    desk.do("Update", {"name": "a", "role": None})
    refused = refusal(lambda: desk.undo(KEY, Earlier(fields=with_role), user=user))
    assert refused.members["typ"] == "permission_denied"


def test_a_state_that_no_longer_fits_does_not_come_back() -> None:
    desk = desk_with_row(held="x")
    before = desk.row(name="a").fields
    revised = TemplateRevised(
        template="keeper", settings=(setting(key(), column("held", scalar("Integer"), nullable=True)),)
    )
    later = Desk(*desk.log, revised)
    later.do("Update", {"name": "a", "held": 5})
    assert refusal(lambda: later.undo(KEY, Earlier(fields=before))).kind == "SchemaTypeValidationError"


def test_what_cannot_be_done_cannot_be_undone() -> None:
    past = [*desk_with_row().log, TemplateRevised(template="keeper", settings=(setting(*COLUMNS, operations=[]),))]
    desk = Desk(*past)
    assert refusal(lambda: desk.undo(KEY, None)).wire() == {"type": "OperationNotSupported", "operation": "Delete"}
    assert refusal(lambda: desk.undo(KEY, Earlier(fields={}))).members["operation"] == "Update"


def test_what_an_upsert_did_is_undone() -> None:
    put = template(setting(key(), column("held"), operations=["Put"]), rules={"custom": {"Put": "upsert"}})
    desk = Desk(put)
    desk.do("Put", {"name": "a", "held": "x"})
    desk.do("Put", {"name": "a", "held": "y"})
    desk.undo(KEY, Earlier(fields={"name": "a", "held": "x"}))
    assert desk.row(name="a").fields["held"] == "x"


def test_a_row_comes_back_to_its_place() -> None:
    desk = Desk(template(setting(key(), column("slot", scalar("Integer")), index_by="slot")))
    for name in "abc":
        desk.do("Create", {"name": name})
    desk.do("Delete", KEY)
    desk.undo(KEY, Earlier(fields={"name": "a"}, index=1))
    assert [row.key["name"] for row in desk.rows()] == ["a", "b", "c"]


def test_the_one_row_of_a_setting_comes_back() -> None:
    desk = Desk(template(setting(column("held"), operations=["Update", "Delete"])))
    desk.do("Update", {"held": "x"})
    desk.do("Delete", {})
    desk.undo({}, Earlier(fields={"held": "x"}))
    assert desk.row().fields == {"held": "x"}
