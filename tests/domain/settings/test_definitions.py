"""What a bot may say that can be set, and which fault of it is named where."""

from collections.abc import Callable

import pytest

from domain.guilds.permissions import FLAGS
from domain.settings.definitions import DefinitionError, parse_template, to_wire
from domain.settings.reading import Read, read_template
from tests.domain.settings.community import (
    BOT,
    STANDARD,
    Json,
    Value,
    array,
    column,
    key,
    scalar,
    setting,
    text,
)

ROOM: Json = {
    "id": "room",
    "name": "Room",
    "description": "Where to post",
    "placeholder": None,
    "column_type": {
        "type": "Scalar",
        "inner": {
            "type": "String",
            "min_length": None,
            "max_length": 20,
            "allowed_values": [],
            "suggestions": None,
            "kind": "channel",
        },
    },
    "primary_key": True,
    "nullable": False,
    "hidden": [],
    "readonly": ["Update"],
}
DOORBELL: Json = {
    "id": "doorbell",
    "name": "Doorbell",
    "description": "Greets newcomers",
    "view_template": None,
    "index_by": None,
    "columns": [ROOM],
    "operations": STANDARD,
    "footer": {"end_text": "Drag to sort"},
    "icon": "Bell",
    "validation_template": None,
    "postsend_template": None,
    "title_template": "{room}",
}

AN_ALLOWED_VALUE = "/settings/0/columns/0/column_type/inner/allowed_values/0"
THE_BITS = "/settings/0/columns/0/column_type/inner/values"


def read(settings: Value, policies: Value = None, guild_ids: Value = None, name: str = "keeper") -> Read:
    return read_template(name, settings, policies, guild_ids, FLAGS)


def faults(act: Callable[[], object]) -> list[str]:
    """Return where the faults are."""
    with pytest.raises(DefinitionError) as refused:
        act()
    assert all(said for _, said in refused.value.faults)
    return [pointer for pointer, _ in refused.value.faults]


def faults_of(*columns: Json, policy: Json | None = None, **more: Value) -> list[str]:
    return faults(lambda: read([setting(*columns, **more)], {} if policy is None else {"rules": policy}))


def test_a_complete_definition_is_served_as_it_came() -> None:
    assert read([DOORBELL]) == (None, (DOORBELL,), {})
    assert list(read([DOORBELL]).settings[0]) == list(DOORBELL)
    assert list(read([DOORBELL]).settings[0]["columns"][0]) == list(ROOM)


def test_what_is_left_out_or_null_has_its_default() -> None:
    short = {
        "id": "room",
        "name": "Room",
        "column_type": {"type": "Array", "inner": {"type": "String"}},
        "hidden": None,
    }
    stored = read([{"id": "a", "name": "A", "columns": [short], "operations": None, "footer": None}]).settings[0]
    inner = stored["columns"][0].pop("column_type")["inner"]
    assert (inner["kind"], inner["allowed_values"], inner["suggestions"]) == ("normal", [], None)
    assert stored["columns"][0] == {
        "id": "room",
        "name": "Room",
        "description": "",
        "placeholder": None,
        "primary_key": False,
        "nullable": False,
        "hidden": [],
        "readonly": [],
    }
    assert stored["operations"] == []


def test_unknown_keys_are_dropped() -> None:
    noisy = DOORBELL | {"secret": True, "columns": [ROOM | {"secret": False, "new": 1}]}
    assert read([noisy]).settings == (DOORBELL,)


def test_every_type_of_column_is_read() -> None:
    types: list[Json] = [
        text("kittycat", suggestions=["a"]),
        scalar("Integer"),
        scalar("Float"),
        scalar("BitFlag", values={"Z": 4, "A": 1}),
        scalar("Boolean"),
        scalar("Json", style="khronosvalue"),
        array("BitFlag", values={}),
        {"type": "Widget", "inner": {"type": "Info", "message": "Hi"}},
        {"type": "Widget", "inner": {"type": "Warning", "message": "Oh"}},
        {"type": "Widget", "inner": {"type": "Button", "label": "Ring", "op": "Ring"}},
    ]
    columns = [column(f"c{n}", each) for n, each in enumerate(types)]
    stored = [each["column_type"] for each in read([setting(*columns)]).settings[0]["columns"]]
    assert [each["type"] for each in stored] == [each["type"] for each in types]
    assert [each["inner"]["type"] for each in stored] == [each["inner"]["type"] for each in types]
    assert list(stored[3]["inner"]["values"]) == ["Z", "A"]


def test_what_was_stored_is_read_again() -> None:
    policies: Json = {"rules": {"max_rows": 2, "defaults": {"held": "x"}}}
    stored = read([setting(key(), column("held"))], policies)
    defined = parse_template("keeper", BOT, stored.settings, stored.policies)["rules"]
    assert (to_wire(defined.setting), to_wire(defined.policy)) == (stored.settings[0], stored.policies["rules"])


def test_what_can_no_longer_be_read_says_so() -> None:
    with pytest.raises(DefinitionError):
        parse_template("keeper", BOT, ({"id": "a"},), {})


@pytest.mark.parametrize("name", ["keeper", "$builtins", "A b.c_d-e", "x" * 64])
def test_a_template_has_a_name(name: str) -> None:
    read([], name=name)


@pytest.mark.parametrize("name", ["", "x" * 65, "a/b", "\u00e4", "a\n", "a\0"])
def test_a_template_has_no_such_name(name: str) -> None:
    assert faults(lambda: read([], name=name)) == ["/name"]


def test_guilds_are_ids_or_all() -> None:
    assert read([], guild_ids=["920", "0"]).guilds == (920, 0)
    wrong = [920, "x", "18446744073709551616", "920"]
    assert faults(lambda: read([], guild_ids=wrong)) == ["/guild_ids/0", "/guild_ids/1", "/guild_ids/2"]
    assert faults(lambda: read([], guild_ids="920")) == ["/guild_ids"]


def test_every_fault_is_named() -> None:
    bad = {"id": 5, "columns": [{"name": "x"}, 7], "icon": 1}
    assert faults(lambda: read([bad, "x"], {"other": {}})) == [
        "/settings/0/id",
        "/settings/0/name",
        "/settings/0/columns/0/id",
        "/settings/0/columns/1",
        "/settings/0/icon",
        "/settings/1",
        "/policies/other",
    ]


@pytest.mark.parametrize(
    ("settings", "policies", "pointer"),
    [
        (None, None, "/settings"),
        ({}, None, "/settings"),
        ([], [], "/policies"),
        ([setting()], {"rules": 1}, "/policies/rules"),
        ([setting(), setting()], None, "/settings/1/id"),
        ([setting(name="")], None, "/settings/0/id"),
        ([setting(name="x" * 65)], None, "/settings/0/id"),
        ([setting(description="a\0b")], None, "/settings/0/description"),
        ([setting(column("a", text(allowed_values=["\0"])))], None, AN_ALLOWED_VALUE),
        ([setting(column("a", scalar("BitFlag", values={"a\0": 1})))], None, THE_BITS),
    ],
)  # fmt: skip
def test_a_fault_of_a_template_is_named(settings: Value, policies: Value, pointer: str) -> None:
    assert faults(lambda: read(settings, policies)) == [pointer]


@pytest.mark.parametrize(
    ("columns", "more", "pointer"),
    [
        ([column("a"), column("b"), column("a")], {}, "/columns/2/id"),
        ([column("")], {}, "/columns/0/id"),
        ([column("x" * 65)], {}, "/columns/0/id"),
        ([column("a", {"type": "Matrix"})], {}, "/columns/0/column_type/type"),
        ([column("a", scalar("Colour"))], {}, "/columns/0/column_type/inner/type"),
        ([column("a", text(min_length="x"))], {}, "/columns/0/column_type/inner/min_length"),
        ([column("a", scalar("BitFlag", values={"A/B": -1}))], {}, "/columns/0/column_type/inner/values/A~1B"),
        ([column("a", scalar("BitFlag", values={"A": 1.5}))], {}, "/columns/0/column_type/inner/values"),
        ([column("a", hidden=["Create", 1])], {}, "/columns/0/hidden/1"),
        ([column("a", nullable=1)], {}, "/columns/0/nullable"),
        ([key("a", text("password"))], {}, "/columns/0/primary_key"),
        ([key(), column("a")], {"index_by": "a"}, "/index_by"),
        ([key(), column("a", array("Integer"))], {"index_by": "a"}, "/index_by"),
        ([key()], {"index_by": "a"}, "/index_by"),
        ([key("a", scalar("Integer"))], {"index_by": "a"}, "/index_by"),
        ([], {"operations": ["View", "Reorder"]}, "/operations/1"),
        ([], {"operations": [""]}, "/operations/0"),
        ([], {"footer": {"end_text": 5}}, "/footer/end_text"),
    ],
)
def test_a_fault_of_a_setting_is_named(columns: list[Json], more: Json, pointer: str) -> None:
    assert faults_of(*columns, **more) == ["/settings/0" + pointer]


@pytest.mark.parametrize(
    ("policy", "pointer"),
    [
        ({"view": "closed"}, "/view"),
        ({"view_permission": "DANCE"}, "/view_permission"),
        ({"write_permission": "manage_guild"}, "/write_permission"),
        ({"operation_permissions": {"Create": "DANCE"}}, "/operation_permissions/Create"),
        ({"operation_permissions": {"Dance": "BAN_MEMBERS"}}, "/operation_permissions/Dance"),
        ({"operation_permissions": {"Reorder": "BAN_MEMBERS"}}, "/operation_permissions/Reorder"),
        ({"bot_permissions": ["BAN_MEMBERS", "DANCE"]}, "/bot_permissions/1"),
        ({"max_rows": -1}, "/max_rows"),
        ({"max_rows": "1"}, "/max_rows"),
        ({"unique": ["level", "attic"]}, "/unique/1"),
        ({"defaults": {"attic": 1}}, "/defaults/attic"),
        ({"defaults": {"level": "x"}}, "/defaults/level"),
        ({"defaults": {"name": "x"}}, "/defaults/name"),
        ({"custom": {"Create": "upsert"}}, "/custom/Create"),
        ({"custom": {"Dance": "upsert"}}, "/custom/Dance"),
        ({"custom": {"Put": "insert"}}, "/custom"),
        ({"references": "loose"}, "/references"),
        ({"unmapped": "lose"}, "/unmapped"),
    ],
)
def test_a_fault_of_a_policy_is_named(policy: Json, pointer: str) -> None:
    columns = (key(), column("level", scalar("Integer")))
    assert faults_of(*columns, policy=policy, operations=["Create", "Put"]) == ["/policies/rules" + pointer]


def test_what_is_nested_without_end_is_refused() -> None:
    deep: Value = []
    for _ in range(900):
        deep = [deep]
    assert faults(lambda: read([setting()], {"rules": {"defaults": {"a": deep}}})) == [""]
