"""Who may write a setting: membership, permission, the order of roles, and what the bot itself may do."""

import pytest

from domain.guilds.events import ChannelDeleted, MemberLeft, RoleDeleted
from domain.settings.access import may_view, may_write, require_view
from domain.settings.definitions import Defined, parse_template
from tests.domain.settings.community import (
    ADMIN,
    BOT,
    GUILD,
    HIGH,
    LOUNGE,
    LOW,
    MANAGER,
    MIDDLE,
    OWNER,
    PLAIN,
    ROLE_KEEPER,
    ROOM,
    STRANGER,
    Desk,
    Json,
    Value,
    array,
    column,
    key,
    refusal,
    scalar,
    setting,
    template,
    text,
)

RULES = setting(
    key(),
    column("slot", scalar("Integer")),
    column("held", nullable=True),
    index_by="slot",
    operations=["View", "Create", "Update", "Delete", "Put", "Ring"],
)
CUSTOM: Json = {"Put": "upsert", "Ring": "emit"}
ROLES = setting(key(), column("role", text("role"), nullable=True), column("more", array(kind="role")))
ROOMS = setting(key(), column("room", text("channel"), nullable=True), column("held", nullable=True))
WRITES: dict[str, Value] = {
    "Create": {"name": "b"},
    "Update": {"name": "a", "held": "x"},
    "Delete": {"name": "a"},
    "Reorder": [{"name": "a", "slot": 1}],
    "Put": {"name": "c"},
    "Ring": {},
}
DENIED = "permission_denied"


def desk_with(definition: Json, **policy: Value) -> Desk:
    desk = Desk(template(definition, rules=policy))
    desk.do("Create", {"name": "a"})
    return desk


class Member:
    """Somebody who holds exactly these permissions."""

    def __init__(self, *flags: str) -> None:
        self.flags = flags

    def holds(self, flag: str, /) -> bool:
        return flag in self.flags


@pytest.mark.parametrize("operation", WRITES)
@pytest.mark.parametrize("user", [OWNER, ADMIN, MANAGER])
def test_who_holds_the_permission_writes(operation: str, user: int) -> None:
    desk = desk_with(RULES, custom=CUSTOM)
    desk.do(operation, WRITES[operation], user=user)


@pytest.mark.parametrize("operation", WRITES)
@pytest.mark.parametrize("user", [PLAIN, ROLE_KEEPER, STRANGER])
def test_who_lacks_the_permission_does_not(operation: str, user: int) -> None:
    desk = desk_with(RULES, custom=CUSTOM)
    error = desk.refused(operation, WRITES[operation], user=user)
    why = "membership required" if user == STRANGER else "MANAGE_GUILD required"
    assert error == {"type": "Generic", "message": why, "src": "permissions", "typ": DENIED}
    assert len(desk.rows()) == 1


def test_the_refusal_reads_as_it_is_promised() -> None:
    desk = desk_with(RULES)
    refused = refusal(lambda: desk.do("Delete", {"name": "a"}, user=PLAIN))
    assert refused.text == "You do not have permission to delete in rules"


@pytest.mark.parametrize("operation", WRITES)
def test_the_policy_may_want_another_permission(operation: str) -> None:
    desk = desk_with(RULES, custom=CUSTOM, write_permission="MANAGE_ROLES")
    assert desk.refused(operation, WRITES[operation], user=MANAGER)["message"] == "MANAGE_ROLES required"
    desk.do(operation, WRITES[operation], user=ROLE_KEEPER)


@pytest.mark.parametrize("operation", WRITES)
def test_the_policy_may_want_another_permission_for_one_operation(operation: str) -> None:
    desk = desk_with(RULES, custom=CUSTOM, operation_permissions={operation: "MANAGE_ROLES"})
    desk.do(operation, WRITES[operation], user=ROLE_KEEPER)
    others = [each for each in WRITES if each != operation]
    assert {desk.refused(each, WRITES[each], user=ROLE_KEEPER)["typ"] for each in others} == {DENIED}


def test_who_left_the_guild_does_not_write() -> None:
    desk = Desk(template(RULES), MemberLeft(guild=GUILD, user=MANAGER), user=MANAGER)
    assert desk.refused("Create", {"name": "b"})["message"] == "membership required"


def test_a_caller_without_a_user_needs_no_permission() -> None:
    desk = desk_with(ROLES)
    desk.do("Update", {"name": "a", "role": str(HIGH)}, user=None)


@pytest.mark.parametrize("user", [MANAGER, ADMIN])
@pytest.mark.parametrize("value", [{"role": str(HIGH)}, {"more": [str(LOW), str(HIGH)]}])
def test_a_role_that_is_not_below_the_caller_is_not_set(user: int, value: Json) -> None:
    desk = desk_with(ROLES)
    assert desk.refused("Update", {"name": "a", **value}, user=user)["typ"] == DENIED
    assert desk.refused("Create", {"name": "b", **value}, user=user)["typ"] == DENIED
    desk.do("Create", {"name": "b", **value}, user=OWNER)


def test_a_role_at_the_height_of_the_caller_is_not_set() -> None:
    assert desk_with(ROLES).refused("Update", {"name": "a", "role": str(MIDDLE)}, user=MANAGER)["typ"] == DENIED


def test_a_role_below_the_caller_is_set() -> None:
    desk_with(ROLES).do("Update", {"name": "a", "role": str(LOW), "more": [str(LOW)]}, user=MANAGER)


@pytest.mark.parametrize("value", [{"role": str(HIGH)}, {"more": [str(HIGH)]}])
def test_a_role_that_is_not_below_the_caller_is_not_removed(value: Json) -> None:
    desk = desk_with(ROLES)
    desk.do("Update", {"name": "a", **value})
    assert desk.refused("Update", {"name": "a", "role": None, "more": []}, user=MANAGER)["typ"] == DENIED
    assert desk.refused("Update", {"name": "a", "role": str(LOW), "more": []}, user=MANAGER)["typ"] == DENIED
    assert desk.refused("Delete", {"name": "a"}, user=MANAGER)["typ"] == DENIED


def test_a_role_that_stays_is_nobodys_matter() -> None:
    desk = desk_with(ROLES)
    desk.do("Update", {"name": "a", "more": [str(HIGH)]})
    desk.do("Update", {"name": "a", "role": str(LOW), "more": [str(HIGH)]}, user=MANAGER)


def test_a_role_that_is_gone_stands_in_nobodys_way() -> None:
    desk = desk_with(ROLES)
    desk.do("Update", {"name": "a", "role": str(HIGH)})
    later = Desk(*desk.log, RoleDeleted(guild=GUILD, role=HIGH), user=MANAGER)
    later.do("Update", {"name": "a", "more": [str(LOW)]})
    later.do("Delete", {"name": "a"})


def test_the_policy_may_turn_the_order_of_roles_off() -> None:
    desk_with(ROLES, role_hierarchy=False).do("Update", {"name": "a", "role": str(HIGH)}, user=MANAGER)


def test_a_reference_is_checked_when_it_is_new_and_not_when_it_stays() -> None:
    desk = desk_with(ROOMS)
    desk.do("Update", {"name": "a", "room": str(ROOM)})
    later = Desk(*desk.log, ChannelDeleted(guild=GUILD, channel=ROOM))
    later.do("Update", {"name": "a", "room": str(ROOM), "held": "x"})
    assert later.refused("Create", {"name": "b", "room": str(ROOM)})["check"] == "existence"


def test_the_policy_may_leave_it_at_the_format_of_references() -> None:
    desk = desk_with(ROOMS, references="format")
    desk.do("Update", {"name": "a", "room": "12345"})
    assert desk.refused("Update", {"name": "a", "room": "x"})["check"] == "snowflake"


def test_the_bot_can_act_in_each_channel_that_is_sent() -> None:
    desk = desk_with(ROOMS, bot_permissions=["SEND_MESSAGES"])
    desk.do("Update", {"name": "a", "room": str(LOUNGE)})
    assert desk.refused("Update", {"name": "a", "room": str(ROOM)}) == {
        "type": "Generic",
        "message": f"The bot lacks SEND_MESSAGES in the channel {ROOM}",
        "src": "bot_permissions",
        "typ": "bot_permission_missing",
    }
    assert desk.refused("Create", {"name": "b", "room": str(ROOM)})["typ"] == "bot_permission_missing"


def test_a_channel_that_is_not_sent_is_not_looked_at() -> None:
    desk = desk_with(ROOMS, bot_permissions=["SEND_MESSAGES"])
    desk.do("Update", {"name": "a", "held": "x"})
    desk.do("Delete", {"name": "a"})


def test_without_channels_the_bot_needs_its_permission_in_the_guild() -> None:
    rules = template(RULES, rules={"bot_permissions": ["MANAGE_ROLES"]})
    assert Desk(rules).refused("Create", {"name": "b"})["message"] == "The bot lacks MANAGE_ROLES in this guild"
    assert Desk(rules, MemberLeft(guild=GUILD, user=BOT)).refused("Create", {"name": "b"})["typ"]


def test_the_primary_bot_stands_for_a_template_of_the_operator() -> None:
    desk = Desk(template(RULES, owner=None, rules={"bot_permissions": ["MANAGE_ROLES"]}))
    assert desk.refused("Create", {"name": "b"}, primary_bot=BOT)["typ"] == "bot_permission_missing"
    desk.do("Create", {"name": "b"}, primary_bot=ROLE_KEEPER)


def defined(**policy: Value) -> Defined:
    return parse_template("keeper", BOT, (RULES,), {"rules": policy})["rules"]


@pytest.mark.parametrize(
    ("policy", "stranger", "plain", "manager"),
    [
        ({}, False, True, True),
        ({"view": "open"}, True, True, True),
        ({"view_permission": "MANAGE_GUILD"}, False, False, True),
        ({"view": "open", "view_permission": "MANAGE_GUILD"}, False, False, True),
        ({"operation_permissions": {"View": "MANAGE_GUILD"}}, False, False, True),
    ],
)
def test_who_may_see_the_rows(policy: Json, stranger: bool, plain: bool, manager: bool) -> None:
    rules = defined(**policy)
    assert may_view(rules, None) is stranger
    assert may_view(rules, Member()) is plain
    assert may_view(rules, Member("MANAGE_GUILD")) is manager


def test_a_refusal_to_see_says_what_is_missing() -> None:
    rules = defined(view_permission="MANAGE_GUILD")
    refused = refusal(lambda: require_view(rules, Member()))
    assert refused.text == "You do not have permission to view rules"
    assert refused.members["message"] == "MANAGE_GUILD required"
    assert refusal(lambda: require_view(rules, None)).members["message"] == "membership required"


def test_what_cannot_be_seen_is_not_supported() -> None:
    blind = parse_template("keeper", BOT, (setting(key(), operations=["Create"]),), {})["rules"]
    assert refusal(lambda: require_view(blind, Member())).kind == "OperationNotSupported"


def test_who_may_write_is_told_without_writing() -> None:
    assert may_write(defined(), Member("MANAGE_GUILD"))
    assert not may_write(defined(), Member())
    assert not may_write(defined(), None)
