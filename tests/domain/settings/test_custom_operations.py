"""Operations of a template's own: those that create or change, and those that its bot is asked for."""

from domain.settings.events import OperationRequested, RowCreated, RowUpdated
from tests.domain.settings.community import (
    GUILD,
    HIGH,
    MANAGER,
    NOW_TEXT,
    Desk,
    Json,
    column,
    key,
    setting,
    template,
    text,
)

REMARK = "Used CreateOrUpdate fastpath"
RULES = setting(
    key(),
    column("held", nullable=True, hidden=["Ring"]),
    column("made", nullable=True, readonly=["Update"]),
    column("set_by_put", nullable=True, readonly=["Put"]),
    column("role", text("role"), nullable=True),
    column("token", text("password"), nullable=True),
    column("created_at", readonly=["Create", "Update"]),
    operations=["View", "Update", "Put", "Ring", "Hum"],
)


def desk_with_rules() -> Desk:
    return Desk(template(RULES, rules={"custom": {"Put": "upsert", "Ring": "emit"}}))


def test_an_upsert_creates_and_then_changes() -> None:
    desk = desk_with_rules()
    assert desk.do("Put", {"name": "a", "held": "x", "made": "m", "set_by_put": "no"}).data == {
        "remark": REMARK,
        "type": "Create",
    }
    assert [type(event) for event in desk.said] == [RowCreated]
    assert desk.do("Put", {"name": "a", "held": "y", "made": "n"}).data == {"remark": REMARK, "type": "Update"}
    assert [type(event) for event in desk.said] == [RowUpdated]
    fields = desk.row(name="a").fields
    assert (fields["held"], fields["made"], fields["set_by_put"], fields["created_at"]) == ("y", "m", None, NOW_TEXT)


def test_an_upsert_that_changes_nothing_says_nothing() -> None:
    desk = desk_with_rules()
    desk.do("Put", {"name": "a", "held": "x"})
    assert desk.do("Put", {"name": "a", "held": "x"}).data["type"] == "Update"
    assert desk.said == []


def test_an_upsert_is_checked_like_any_write() -> None:
    desk = desk_with_rules()
    assert desk.refused("Put", {"held": "x"})["type"] == "MissingOrInvalidField"
    assert desk.refused("Put", {"name": "a", "role": "12"})["check"] == "existence"
    assert desk.refused("Put", {"name": "a", "role": str(HIGH)}, user=MANAGER)["typ"] == "permission_denied"
    assert desk.refused("Put", [])["type"] == "MissingOrInvalidField"


def test_the_bot_is_asked_for_its_own_operation() -> None:
    desk = desk_with_rules()
    done = desk.do("Ring", {"name": "a", "held": "hidden", "loud": True}, operation_id="8f0d0c0e")
    assert done.data == {"operation_id": "8f0d0c0e"}
    assert done.warnings == ("loud: unknown column, ignored",)
    where: Json = {"guild": GUILD, "template": "keeper", "setting": "rules"}
    assert desk.said == [OperationRequested(**where, id="8f0d0c0e", operation="Ring", fields={"name": "a"})]


def test_the_bot_is_asked_as_often_as_somebody_asks() -> None:
    desk = desk_with_rules()
    for n in range(2):
        desk.do("Ring", {}, operation_id=f"{n}")
        assert len(desk.said) == 1


def test_an_operation_without_a_policy_is_asked_of_the_bot() -> None:
    assert desk_with_rules().do("Hum", {}).data == {"operation_id": "2d7e1f2a-0000-4000-8000-000000000001"}


def test_what_is_asked_of_the_bot_is_checked() -> None:
    desk = desk_with_rules()
    assert desk.refused("Ring", {"name": 5})["type"] == "SchemaTypeValidationError"
    assert desk.refused("Ring", {"role": "12"})["check"] == "existence"
    assert desk.refused("Ring", {"role": str(HIGH)}, user=MANAGER)["typ"] == "permission_denied"
    assert desk.refused("Ring", [])["type"] == "MissingOrInvalidField"


def test_a_password_is_not_passed_on_in_clear() -> None:
    desk = desk_with_rules()
    done = desk.do("Ring", {"token": "secret"})
    assert done.warnings == ("token: a password is not passed on, ignored",)
    assert isinstance(desk.said[0], OperationRequested)
    assert desk.said[0].fields == {}
