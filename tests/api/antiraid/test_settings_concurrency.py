"""What somebody has seen when they decide: tags, conditions, and many who write at once."""

import asyncio
import itertools
import re

import httpx
import pytest

from tests.api.antiraid.callers import said
from tests.api.antiraid.guildhall import Guildhall, column, data, doorbell, made, open_guildhall, scalar, setting, text
from tests.world import World, new_number

STALE = (412, "PreconditionFailed", "The setting was changed since you read it")
WRITERS = 24


@pytest.fixture
async def hall(world: World) -> Guildhall:
    """Return a guild with two doorbells."""
    hall = await open_guildhall(world)
    await hall.offer([doorbell()])
    for room in (hall.room, hall.other_room):
        data(await hall.said("Create", {"room": room, "style": 0}))
    return hall


def tag(answer: httpx.Response) -> str:
    made(answer)
    assert re.fullmatch(r'"[sr]\d+"', answer.headers["ETag"])
    return answer.headers["ETag"]


async def test_a_view_says_as_of_when_it_is(hall: Guildhall) -> None:
    changed = await hall.ask("Update", {"room": hall.room, "style": 1})
    whole = tag(await hall.ask("View", {}))
    assert whole == tag(changed) == f'"s{changed.headers["Guildbook-Position"]}"'
    one, other = [tag(await hall.ask("View", {"room": room})) for room in (hall.room, hall.other_room)]
    assert (one, other < one) == (whole.replace("s", "r"), True)


async def test_a_setting_that_nobody_has_touched_has_a_tag_too(world: World) -> None:
    hall = await open_guildhall(world)
    await hall.offer([doorbell()])
    first = tag(await hall.ask("View", {}))
    assert first == '"s0"'
    assert made(await hall.ask("Create", {"room": hall.room, "style": 0}, If_Match=first))
    assert said(await hall.ask("Create", {"room": hall.other_room, "style": 0}, If_Match=first)) == STALE


async def test_a_change_that_changes_nothing_records_nothing(hall: Guildhall) -> None:
    before = tag(await hall.ask("View", {}))
    assert tag(await hall.ask("Update", {"room": hall.room, "style": 0})) == before
    assert tag(await hall.ask("View", {})) == before


@pytest.mark.parametrize("operation", ["Create", "Update", "Delete", "Reorder"])
async def test_who_has_not_seen_the_newest_writes_nothing(hall: Guildhall, operation: str) -> None:
    old = tag(await hall.ask("View", {}))
    made(await hall.ask("Update", {"room": hall.room, "style": 1}))
    rows = await hall.rows()
    entries = [{"room": hall.other_room, "slot": 1}, {"room": hall.room, "slot": 2}]
    fields = entries if operation == "Reorder" else {"room": hall.room, "style": 2}
    assert said(await hall.ask(operation, fields, If_Match=old)) == STALE
    assert await hall.rows() == rows


async def test_who_has_seen_the_newest_writes(hall: Guildhall) -> None:
    seen = tag(await hall.ask("View", {}))
    after = await hall.ask("Update", {"room": hall.room, "style": 1}, If_Match=seen)
    assert data(next(iter(made(after).values()))) == {}
    made(await hall.ask("Delete", {"room": hall.other_room}, If_Match=tag(after)))


async def test_a_row_may_be_decided_on_alone(hall: Guildhall) -> None:
    seen = tag(await hall.ask("View", {"room": hall.room}))
    made(await hall.ask("Update", {"room": hall.other_room, "style": 1}))
    made(await hall.ask("Update", {"room": hall.room, "style": 1}, If_Match=seen))
    assert said(await hall.ask("Update", {"room": hall.room, "style": 2}, If_Match=seen)) == STALE
    assert said(await hall.ask("Delete", {"room": hall.room}, If_Match=seen)) == STALE


async def test_conditions_hold_for_all_templates_together(hall: Guildhall) -> None:
    await hall.offer([doorbell()])
    room = str(new_number())
    seen = tag(await hall.ask("View", {}))
    answers = made(await hall.ask("Create", {"room": hall.room, "style": 0}, If_Match=seen))
    assert sorted(answer["type"] for answer in answers.values()) == ["Err", "Ok"]
    assert said(await hall.ask("Create", {"room": room, "style": 0}, If_Match=seen)) == STALE


@pytest.mark.parametrize("condition", ["s1", '"x1"', '"s"', 'W/"s1"', '"s1", "s2"', '"s12345678901234567890"'])
async def test_a_condition_that_no_answer_carried_is_refused(hall: Guildhall, condition: str) -> None:
    answer = await hall.ask("Update", {"room": hall.room, "style": 1}, If_Match=condition)
    assert said(answer)[:2] == (400, "BadRequest")


async def test_definitions_are_not_sent_twice(hall: Guildhall) -> None:
    first = await hall.member.get(hall.path)
    assert first.headers["Cache-Control"] == "private, no-cache"
    again = await hall.member.get(hall.path, headers={"If-None-Match": first.headers["ETag"]})
    assert (again.status_code, again.content, again.headers["ETag"]) == (304, b"", first.headers["ETag"])
    await hall.offer([doorbell()])
    assert (await hall.member.get(hall.path, headers={"If-None-Match": first.headers["ETag"]})).status_code == 200


async def test_of_many_who_change_one_row_nobody_is_lost(world: World) -> None:
    hall = await open_guildhall(world)
    columns = [column("name", text(), primary_key=True), *(column(f"c{n}", scalar("Integer")) for n in range(WRITERS))]
    name = await hall.offer([setting("doorbell", columns)])
    made(await hall.ask("Create", {"name": "all", **{f"c{n}": 0 for n in range(WRITERS)}}))
    await asyncio.gather(*(hall.ask("Update", {"name": "all", f"c{n}": n + 1}) for n in range(WRITERS)))
    assert await hall.rows() == [{"name": "all", **{f"c{n}": n + 1 for n in range(WRITERS)}}]
    items = made(await hall.history(name, {"name": "all"}, limit=100))["items"]
    assert [item["operation"] for item in items] == ["Update"] * WRITERS + ["Create"]
    assert all(newer["before"] == older["after"] for newer, older in itertools.pairwise(items))
    assert items[0]["after"] == (await hall.rows())[0]


async def test_of_many_who_decide_on_the_same_view_one_writes(hall: Guildhall) -> None:
    seen = tag(await hall.ask("View", {"room": hall.room}))
    asked = [hall.ask("Update", {"room": hall.room, "style": 1 + n % 3}, If_Match=seen) for n in range(WRITERS)]
    statuses = [answer.status_code for answer in await asyncio.gather(*asked)]
    assert sorted(statuses) == [200] + [412] * (WRITERS - 1)


async def test_of_many_who_create_one_row_one_does(hall: Guildhall) -> None:
    made(await hall.ask("Delete", {"room": hall.room}))
    asked = [hall.said("Create", {"room": hall.room, "style": 0}) for _ in range(WRITERS)]
    kinds = sorted(result["type"] for result in await asyncio.gather(*asked))
    assert kinds == ["Err"] * (WRITERS - 1) + ["Ok"]


async def test_many_who_insert_and_delete_keep_the_order_whole(world: World) -> None:
    hall = await open_guildhall(world)
    columns = [column("name", text(), primary_key=True), column("slot", scalar("Integer"))]
    await hall.offer([setting("doorbell", columns, index_by="slot")])
    await asyncio.gather(*(hall.ask("Create", {"name": f"n{n}", "slot": 1 + n % 3}) for n in range(WRITERS)))
    await asyncio.gather(*(hall.ask("Delete", {"name": f"n{n}"}) for n in range(0, WRITERS, 2)))
    rows = await hall.rows()
    assert [row["slot"] for row in rows] == list(range(1, WRITERS // 2 + 1))
    assert {row["name"] for row in rows} == {f"n{n}" for n in range(1, WRITERS, 2)}
