"""What a setting does not take, and what it says then: one sentence, and a typed error."""

from typing import Any

import pytest

from tests.api.antiraid.callers import Holder, open_session, said
from tests.api.antiraid.guildhall import Guildhall, column, data, doorbell, error, notes, open_guildhall, setting, text
from tests.world import World, new_number


@pytest.fixture
async def hall(world: World) -> Guildhall:
    """Return a guild with doorbells, one of which is there."""
    hall = await open_guildhall(world)
    await hall.offer([doorbell(), notes(operations=["View"])])
    data(await hall.said("Create", {"room": hall.room, "style": 0}))
    return hall


def kind_of(result: dict[str, Any]) -> tuple[str, dict[str, Any]]:
    refusal = error(result)
    assert next(iter(refusal)) == "type"
    return refusal["type"], {name: value for name, value in refusal.items() if name != "type"}


async def test_an_operation_that_the_setting_does_not_have(hall: Guildhall) -> None:
    for operation in ("Create", "Reorder", "Ring"):
        result = await hall.said(operation, [], setting="notes")
        assert kind_of(result) == ("OperationNotSupported", {"operation": operation})


async def test_a_value_of_another_type(hall: Guildhall) -> None:
    kind, members = kind_of(await hall.said("Update", {"room": hall.room, "style": "1"}))
    assert kind == "SchemaTypeValidationError"
    assert members == {"column": "style", "expected_type": "BitFlag", "got_type": "String"}


async def test_null_where_there_must_be_something(hall: Guildhall) -> None:
    result = await hall.said("Update", {"room": hall.room, "style": None})
    assert kind_of(result) == ("SchemaNullValueValidationError", {"column": "style"})


async def test_bits_that_have_no_name(hall: Guildhall) -> None:
    result = await hall.said("Update", {"room": hall.room, "style": 8})
    assert result["data"] == "style: bits outside EMBED, DM"
    members = {"column": "style", "check": "bitflag", "error": "unknown bits 8", "accepted_range": "0..3"}
    assert kind_of(result) == ("SchemaCheckValidationError", members)


@pytest.mark.parametrize("room", ["x", "01", str(2**64), "12345"])
async def test_a_channel_that_is_none_of_the_guild(hall: Guildhall, room: str) -> None:
    kind, members = kind_of(await hall.said("Create", {"room": room, "style": 0}))
    assert (kind, members["column"]) == ("SchemaCheckValidationError", "room")


async def test_a_primary_key_that_is_not_there(hall: Guildhall) -> None:
    for operation in ("Create", "Update", "Delete"):
        kind, members = kind_of(await hall.said(operation, {"style": 0}))
        assert (kind, members["field"]) == ("MissingOrInvalidField", "room")


async def test_fields_of_the_wrong_shape(hall: Guildhall) -> None:
    for operation, fields in (("View", []), ("Create", []), ("Reorder", {}), ("Reorder", ["x"])):
        kind, members = kind_of(await hall.said(operation, fields))
        assert kind == "MissingOrInvalidField", members


async def test_a_row_that_is_there_already(hall: Guildhall) -> None:
    result = await hall.said("Create", {"room": hall.room, "style": 0})
    assert kind_of(result) == ("RowExists", {"column_id": "room", "count": 1})


async def test_a_row_that_is_not_there(hall: Guildhall) -> None:
    for operation in ("Update", "Delete"):
        result = await hall.said(operation, {"room": hall.other_room})
        assert kind_of(result) == ("RowDoesNotExist", {"column_id": "room"})
    entries = [{"room": hall.room, "slot": 1}, {"room": hall.other_room, "slot": 2}]
    assert kind_of(await hall.said("Reorder", entries))[0] == "RowDoesNotExist"


@pytest.mark.parametrize("slots", [[], [1, 1], [2], [0], ["1"], [None], [1.5]])
async def test_an_order_that_is_no_permutation_of_all_rows(hall: Guildhall, slots: list[object]) -> None:
    kind, _ = kind_of(await hall.said("Reorder", [{"room": hall.room, "slot": slot} for slot in slots]))
    assert kind in ("SchemaCheckValidationError", "SchemaTypeValidationError")
    assert [row["slot"] for row in await hall.rows()] == [1]


async def test_more_rows_than_there_may_be(world: World) -> None:
    hall = await open_guildhall(world)
    await hall.offer([notes()], policies={"notes": {"max_rows": 1}})
    await hall.said("Create", {"name": "a", "body": ""}, setting="notes")
    result = await hall.said("Create", {"name": "b", "body": ""}, setting="notes")
    assert kind_of(result) == ("MaximumCountReached", {"max": 1, "current": 1})


async def test_a_value_that_must_be_the_only_one(world: World) -> None:
    hall = await open_guildhall(world)
    await hall.offer([notes()], policies={"notes": {"unique": ["body"]}})
    await hall.said("Create", {"name": "a", "body": "same"}, setting="notes")
    result = await hall.said("Create", {"name": "b", "body": "same"}, setting="notes")
    assert kind_of(result) == ("RowExists", {"column_id": "body", "count": 1})


async def test_who_may_not_write_is_told_what_it_takes(hall: Guildhall) -> None:
    result = await hall.said("Delete", {"room": hall.room}, by=hall.member)
    assert result["data"] == "You do not have permission to delete in doorbell"
    members = {"message": "MANAGE_GUILD required", "src": "permissions", "typ": "permission_denied"}
    assert kind_of(result) == ("Generic", members)


async def test_who_is_no_member_sees_the_definitions_and_no_rows(hall: Guildhall) -> None:
    assert (await hall.stranger.get(hall.path)).status_code == 200
    result = await hall.said("View", {}, by=hall.stranger)
    assert result["data"].startswith("You do not have permission to ")
    assert error(result)["typ"] == "permission_denied"


async def test_an_open_setting_is_seen_by_everybody(world: World) -> None:
    hall = await open_guildhall(world)
    await hall.offer([notes()], policies={"notes": {"view": "open"}})
    assert await hall.rows(setting="notes", by=hall.stranger) == []
    assert error(await hall.said("Create", {}, setting="notes", by=hall.stranger))["src"] == "permissions"


async def test_a_view_may_need_a_permission(world: World) -> None:
    hall = await open_guildhall(world)
    await hall.offer([notes()], policies={"notes": {"view_permission": "MANAGE_GUILD"}})
    assert await hall.rows(setting="notes", by=hall.owner) == []
    assert error(await hall.said("View", {}, setting="notes", by=hall.member))["message"] == "MANAGE_GUILD required"


async def test_nobody_writes_about_roles_above_their_own(hall: Guildhall) -> None:
    for role in (hall.middle, hall.high):
        result = await hall.said("Update", {"room": hall.room, "mention": [role]})
        assert error(result)["src"] == "permissions"
    data(await hall.said("Update", {"room": hall.room, "mention": [hall.low]}))
    data(await hall.said("Update", {"room": hall.room, "mention": [hall.high]}, by=hall.owner))
    assert error(await hall.said("Delete", {"room": hall.room}))["typ"] == "permission_denied"


async def test_a_bot_must_be_able_to_do_what_is_set(world: World) -> None:
    hall = await open_guildhall(world)
    columns = [column("room", text("channel"), primary_key=True)]
    await hall.offer([setting("posts", columns)], policies={"posts": {"bot_permissions": ["SEND_MESSAGES"]}})
    refusal = error(await hall.said("Create", {"room": hall.room}, setting="posts"))
    assert (refusal["type"], "SEND_MESSAGES" in refusal["message"]) == ("Generic", True)


async def test_a_guild_without_a_bot(world: World) -> None:
    caller = await open_session(world)
    problem = (404, "NotFound", "Guild to get settings for does not have the bot?")
    body = {"setting": "doorbell", "operation": "View", "fields": {}}
    for guild in (new_number(), 2**64 - 1):
        assert said(await caller.get(f"/guilds/{guild}/settings")) == problem
        assert said(await caller.post(f"/guilds/{guild}/settings", body)) == problem


async def test_a_bot_that_has_left_takes_its_templates_with_it(world: World, hall: Guildhall) -> None:
    other = await world.bot()
    await Guildhall.report(hall)
    problem = "Guild to get settings for does not have the bot?"
    assert (await hall.bot.delete(f"/book/guilds/{hall.id}")).status_code == 200
    assert said(await hall.ask("View", {})) == (404, "NotFound", problem)
    hall.bot = other
    await hall.report()
    assert (await hall.ask("View", {})).json() == {}
    assert sorted((await hall.member.get(hall.path)).json()) == ["$builtins", "$essentials"]


@pytest.mark.parametrize("guild", ["x", "1" * 21, str(2**64), "-1", "1.0"])
async def test_a_guild_that_is_no_id(world: World, guild: str) -> None:
    caller = await open_session(world)
    assert said(await caller.get(f"/guilds/{guild}/settings"))[:2] == (400, "BadRequest")


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({"operation": "View", "fields": {}}, "setting"),
        ({"setting": "doorbell", "fields": {}}, "operation"),
        ({"setting": "doorbell", "operation": "View"}, "fields"),
        ({"setting": "", "operation": "View", "fields": {}}, "setting"),
        ({"setting": "x" * 65, "operation": "View", "fields": {}}, "setting"),
        ({"setting": 1, "operation": "View", "fields": {}}, "setting"),
        ({"setting": "a\0", "operation": "View", "fields": {}}, "setting"),
        ({"setting": "doorbell", "operation": "View", "fields": "x"}, "fields"),
        ({"setting": "doorbell", "operation": "View", "fields": None}, "fields"),
        ([], "body"),
    ],
)
async def test_a_body_that_is_wrong(hall: Guildhall, body: object, field: str) -> None:
    status, code, message = said(await hall.steward.post(hall.path, body))
    assert (status, code) == (400, "BadRequest")
    assert field in message


async def scoped(world: World, hall: Guildhall, *scopes: str) -> Holder:
    """Return the member with a token that is good for little."""
    issued = await hall.member.issue(scopes=list(scopes))
    return Holder(world.http, issued.token, hall.member.account)


async def test_a_token_is_good_for_its_scopes(world: World, hall: Guildhall) -> None:
    reader, writer = await scoped(world, hall, "settings:read"), await scoped(world, hall, "settings:write")
    assert (await hall.ask("View", {}, by=reader)).status_code == 200
    assert (await reader.get(hall.path)).status_code == 200
    no_write = "This token does not have the 'settings:write' scope"
    assert said(await hall.ask("Update", {}, by=reader)) == (403, "Restricted", no_write)
    assert (await hall.ask("Update", {}, by=writer)).status_code == 200
    no_read = "This token does not have the 'settings:read' scope"
    assert said(await hall.ask("View", {}, by=writer)) == (403, "Restricted", no_read)
    assert said(await writer.get(hall.path)) == (403, "Restricted", no_read)
