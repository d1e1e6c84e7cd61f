"""Rows of settings: seeing, creating, changing, deleting and sorting them."""

from typing import Any

import pytest

from tests.api.antiraid.guildhall import (
    Guildhall,
    column,
    data,
    doorbell,
    error,
    made,
    notes,
    open_guildhall,
    scalar,
    setting,
    text,
)
from tests.world import World


@pytest.fixture
async def hall(world: World) -> Guildhall:
    """Return a guild with doorbells."""
    hall = await open_guildhall(world)
    await hall.offer([doorbell(), notes()])
    return hall


def bell(room: str, **more: object) -> dict[str, Any]:
    return {"room": room, "slot": 0, "mention": [], "style": 0, **more}


async def test_a_row_that_was_created_is_seen(hall: Guildhall) -> None:
    assert await hall.rows() == []
    assert await hall.said("Create", bell(hall.room, mention=[hall.low], style=1)) == {"type": "Ok", "data": {}}
    assert await hall.rows() == [bell(hall.room, slot=1, mention=[hall.low], style=1)]


async def test_a_row_that_was_changed_is_seen_so(hall: Guildhall) -> None:
    await hall.said("Create", bell(hall.room, mention=[hall.low]))
    assert await hall.said("Update", {"room": hall.room, "style": 3}) == {"type": "Ok", "data": {}}
    assert await hall.rows() == [bell(hall.room, slot=1, mention=[hall.low], style=3)]


async def test_a_row_that_was_deleted_is_gone(hall: Guildhall) -> None:
    await hall.said("Create", bell(hall.room))
    assert await hall.said("Delete", {"room": hall.room}) == {"type": "Ok", "data": {"room": hall.room}}
    assert await hall.rows() == []


async def test_rows_stand_in_the_order_that_they_are_given(hall: Guildhall) -> None:
    for room in (hall.room, hall.other_room):
        await hall.said("Create", bell(room))
    entries = [{"room": hall.other_room, "slot": 1}, {"room": hall.room, "slot": 2}]
    assert await hall.said("Reorder", entries) == {"type": "Ok", "data": {}}
    assert [(row["room"], row["slot"]) for row in await hall.rows()] == [(hall.other_room, 1), (hall.room, 2)]
    await hall.said("Update", bell(hall.room, slot=1))
    assert [row["room"] for row in await hall.rows()] == [hall.room, hall.other_room]
    await hall.said("Delete", {"room": hall.room})
    assert [(row["room"], row["slot"]) for row in await hall.rows()] == [(hall.other_room, 1)]


async def test_rows_without_an_order_stand_as_they_were_made(hall: Guildhall) -> None:
    for name in "cab":
        await hall.said("Create", {"name": name, "body": ""}, setting="notes")
    assert [row["name"] for row in await hall.rows(setting="notes")] == ["c", "a", "b"]


async def test_a_view_shows_what_passes_its_filter(hall: Guildhall) -> None:
    await hall.said("Create", bell(hall.room, style=1))
    await hall.said("Create", bell(hall.other_room, style=2))
    by_style = data(await hall.said("View", {"style": 2}))
    assert [(row["room"], row["slot"]) for row in by_style] == [(hall.other_room, 2)]
    assert data(await hall.said("View", {"room": hall.other_room})) == by_style
    assert data(await hall.said("View", {"room": hall.other_room, "style": 1})) == []


async def test_a_setting_without_a_key_is_one_row(world: World) -> None:
    hall = await open_guildhall(world)
    columns = [column("open", scalar("Boolean")), column("sign", text(), nullable=True)]
    await hall.offer([setting("door", columns, operations=["View", "Update"])])
    assert data(await hall.said("View", {}, setting="door")) == {}
    assert data(await hall.said("Update", {"open": True}, setting="door")) == {}
    await hall.said("Update", {"sign": "Come in"}, setting="door")
    assert data(await hall.said("View", {}, setting="door")) == {"open": True, "sign": "Come in"}
    assert error(await hall.said("Delete", {}, setting="door"))["type"] == "OperationNotSupported"


async def test_an_operation_of_its_own_is_kept_for_the_bot(world: World) -> None:
    hall = await open_guildhall(world)
    operations = ["View", "Create", "Put", "Ring"]
    await hall.offer(
        [doorbell(operations=operations)], policies={"doorbell": {"custom": {"Put": "upsert", "Ring": "emit"}}}
    )
    remark = "Used CreateOrUpdate fastpath"
    assert data(await hall.said("Put", bell(hall.room))) == {"remark": remark, "type": "Create"}
    assert data(await hall.said("Put", {"room": hall.room, "style": 1})) == {"remark": remark, "type": "Update"}
    assert len(data(await hall.said("Ring", {"room": hall.room}))["operation_id"]) == 36
    assert await hall.rows() == [bell(hall.room, slot=1, style=1)]


async def test_what_is_ignored_is_said(hall: Guildhall) -> None:
    result = await hall.said("Create", bell(hall.room, title="Bell", colour=3))
    assert sorted(result) == ["data", "type", "warnings"]
    assert [warning.split(":")[0] for warning in result["warnings"]] == ["title", "colour"]
    assert "title" not in (await hall.rows())[0]


async def test_passwords_are_shown_to_those_who_may_change_them(world: World) -> None:
    hall = await open_guildhall(world)
    columns = [column("name", text(), primary_key=True), column("code", text("password"))]
    await hall.offer([setting("door", columns)])
    await hall.said("Create", {"name": "front", "code": "hunter2"}, setting="door")
    assert await hall.rows(setting="door") == [{"name": "front", "code": "hunter2"}]
    assert await hall.rows(setting="door", by=hall.member) == [{"name": "front"}]


async def test_the_stock_roles_answer_with_their_other_key(hall: Guildhall) -> None:
    fields = {"role_id": hall.low, "perms": ["moderation.kick"], "index": 0, "created_at": "", "last_updated_at": ""}
    assert data(await hall.said("Create", fields, setting="guildroles")) == {}
    [row] = await hall.rows(setting="guildroles")
    assert {**row, "created_at": "", "last_updated_at": ""} == {**fields, "index": 1}
    assert row["created_at"].endswith("Z")
    gone = await hall.said("Delete", {"role_id": hall.low}, setting="guildroles")
    assert data(gone) == {"role_id": hall.low, "roleid": hall.low}


async def test_a_setting_that_nobody_defines_has_no_answer(hall: Guildhall) -> None:
    answer = await hall.ask("View", {}, setting="attic")
    assert made(answer) == {}
    assert "ETag" not in answer.headers
