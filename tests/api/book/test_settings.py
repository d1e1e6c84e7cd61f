"""Templates as bots register them, and how rows came to be what they are."""

from typing import Any

import httpx
import pytest

from tests.api.antiraid.callers import Holder
from tests.api.antiraid.guildhall import (
    Guildhall,
    column,
    data,
    doorbell,
    made,
    notes,
    open_guildhall,
    scalar,
    setting,
    text,
)
from tests.world import Bot, World

TEMPLATES = "/book/settings/templates"


@pytest.fixture
async def bot(world: World) -> Bot:
    return await world.bot()


def problem(answer: httpx.Response) -> tuple[int, Any]:
    assert answer.headers["Content-Type"] == "application/problem+json"
    return answer.status_code, answer.json().get("errors", answer.json()["detail"])


async def test_a_template_is_read_back_as_it_is_stored(bot: Bot) -> None:
    name, body = f"greeter {bot.id}", {"settings": [doorbell()], "policies": {"doorbell": {"max_rows": 3}}}
    position = made(await bot.put(f"{TEMPLATES}/{name}", body))["position"]
    shown = made(await bot.get(f"{TEMPLATES}/{name}"))
    assert list(shown) == ["name", "owner_id", "guild_ids", "revision", "position", "settings", "policies"]
    assert (shown["name"], shown["owner_id"], shown["guild_ids"]) == (name, str(bot.id), None)
    assert (shown["revision"], shown["position"]) == (1, position)
    assert shown["settings"][0]["index_by"] == "slot"
    assert shown["policies"]["doorbell"]["max_rows"] == 3
    assert shown["policies"]["doorbell"]["write_permission"] == "MANAGE_GUILD"
    assert made(await bot.put(f"{TEMPLATES}/{name}", shown)) == {"position": position}
    made(await bot.put(f"{TEMPLATES}/{name}", {**body, "policies": {}}))
    assert made(await bot.get(f"{TEMPLATES}/{name}"))["revision"] == 2


async def test_a_bot_lists_its_own_templates_page_by_page(bot: Bot) -> None:
    names = [f"{bot.id} {n}" for n in range(3)]
    for name in reversed(names):
        made(await bot.put(f"{TEMPLATES}/{name}", {"settings": []}))
    first = made(await bot.get(f"{TEMPLATES}?limit=2"))
    rest = made(await bot.get(f"{TEMPLATES}?limit=2&cursor={first['next_cursor']}"))
    assert [item["name"] for item in (*first["items"], *rest["items"])] == names
    assert rest["next_cursor"] is None


async def test_a_template_belongs_to_the_bot_that_registered_it(world: World, bot: Bot) -> None:
    path, other = f"{TEMPLATES}/{bot.id}", await world.bot()
    made(await bot.put(path, {"settings": []}))
    for answer in (await other.put(path, {"settings": []}), await other.get(path), await other.delete(path)):
        assert problem(answer) == (403, "This template belongs to another bot.")


async def test_a_template_that_is_not_there(bot: Bot) -> None:
    assert problem(await bot.get(f"{TEMPLATES}/{bot.id}"))[0] == 404
    assert problem(await bot.delete(f"{TEMPLATES}/{bot.id}"))[0] == 404


async def test_reserved_names_are_the_operators_and_the_primary_bots(world: World, bot: Bot) -> None:
    primary = await world.primary()
    assert problem(await bot.put(f"{TEMPLATES}/$mine", {"settings": []}))[0] == 403
    assert problem(await primary.delete(f"{TEMPLATES}/$builtins"))[0] == 403
    assert made(await primary.get(f"{TEMPLATES}/$builtins"))["owner_id"] is None
    assert problem(await bot.get(f"{TEMPLATES}/$builtins"))[0] == 403
    made(await primary.put(f"{TEMPLATES}/$mine", {"settings": []}))
    listed = made(await primary.get(f"{TEMPLATES}?limit=200"))["items"]
    assert {"$builtins", "$essentials", "$mine"} <= {item["name"] for item in listed}
    made(await primary.delete(f"{TEMPLATES}/$mine"))


async def test_every_fault_of_a_template_is_named(bot: Bot) -> None:
    body = {"settings": [doorbell(index_by="style"), {"id": "x"}], "policies": {"attic": {}}}
    status, faults = problem(await bot.put(f"{TEMPLATES}/{bot.id}", body))
    assert status == 422
    assert {fault["pointer"] for fault in faults} >= {"/settings/0/index_by", "/policies/attic"}


async def test_a_token_for_some_guilds_defines_for_those_only(world: World) -> None:
    bot = await world.bot(guilds=[5, 6])
    for guilds in (None, ["7"], ["5", "7"]):
        answer = await bot.put(f"{TEMPLATES}/{bot.id}", {"settings": [], "guild_ids": guilds})
        assert problem(answer)[0] == 403
    made(await bot.put(f"{TEMPLATES}/{bot.id}", {"settings": [], "guild_ids": ["6"]}))


async def test_only_a_token_with_the_scope_defines(world: World, bot: Bot) -> None:
    other = await world.bot("guilds:write")
    assert problem(await other.put(f"{TEMPLATES}/{other.id}", {"settings": []}))[0] == 403
    assert problem(await other.get(TEMPLATES))[0] == 403


@pytest.fixture
async def hall(world: World) -> Guildhall:
    """Return a guild with notes, under the setting's name doorbell."""
    return await open_guildhall(world)


async def noted(hall: Guildhall, *bodies: str) -> str:
    """Write a note over and over, and return the template."""
    name = await hall.offer([{**notes(), "id": "doorbell"}])
    data(await hall.said("Create", {"name": "a", "body": bodies[0]}))
    for body in bodies[1:]:
        data(await hall.said("Update", {"name": "a", "body": body}))
    return name


async def test_the_history_of_a_row_is_told_backwards(hall: Guildhall) -> None:
    template = await noted(hall, "one", "two")
    await hall.said("Create", {"name": "b", "body": "other"})
    deleted = await hall.ask("Delete", {"name": "a"}, by=hall.owner)
    items = made(await hall.history(template, {"name": "a"}))["items"]
    one, two = [{"name": "a", "body": body} for body in ("one", "two")]
    told = [(item["operation"], item["before"], item["after"]) for item in items]
    assert told == [("Delete", two, None), ("Update", one, two), ("Create", None, one)]
    newest = items[0]
    keys = ["position", "at", "actor", "operation", "key", "before", "after", "restore_id"]
    assert (list(newest), newest["key"], newest["restore_id"]) == (keys, {"name": "a"}, None)
    assert newest["position"] == int(deleted.headers["Guildbook-Position"])
    assert newest["actor"] == {"type": "user", "id": str(hall.owner.account), "session": hall.owner.session}
    assert newest["at"].endswith("Z")


async def test_the_history_of_a_setting_comes_in_pages(hall: Guildhall) -> None:
    template = await noted(hall, "one", "two")
    await hall.said("Create", {"name": "b", "body": "other"})
    first = made(await hall.history(template, None, limit=2))
    rest = made(await hall.history(template, None, limit=2, cursor=first["next_cursor"]))
    names = [(item["operation"], item["key"]["name"]) for item in (*first["items"], *rest["items"])]
    assert names == [("Create", "b"), ("Update", "a"), ("Create", "a")]
    assert rest["next_cursor"] is None


async def test_an_order_is_told_too(hall: Guildhall) -> None:
    template = await hall.offer([doorbell()])
    for room in (hall.room, hall.other_room):
        data(await hall.said("Create", {"room": room, "style": 0}))
    entries = [{"room": hall.other_room, "slot": 1}, {"room": hall.room, "slot": 2}]
    data(await hall.said("Reorder", entries))
    newest = made(await hall.history(template, None))["items"][0]
    assert [newest[name] for name in ("operation", "key", "before", "after")] == ["Reorder", None, None, None]


async def test_no_history_tells_a_password(hall: Guildhall) -> None:
    columns = [column("name", text(), primary_key=True), column("code", text("password"))]
    template = await hall.offer([setting("doorbell", columns)])
    data(await hall.said("Create", {"name": "a", "code": "hunter2"}))
    data(await hall.said("Update", {"name": "a", "code": "hunter3"}))
    answer = await hall.history(template, {"name": "a"})
    assert "hunter" not in answer.text
    assert made(answer)["items"][0]["before"] == {"name": "a", "code": "********"}


async def test_a_history_is_for_who_may_write_and_for_the_bot(world: World, hall: Guildhall) -> None:
    template = await noted(hall, "one")
    path = f"/book/guilds/{hall.id}/settings/{template}/doorbell/history"
    for allowed in (hall.steward, hall.owner, hall.bot):
        assert len(made(await allowed.get(path))["items"]) == 1
    for refused in (hall.member, hall.stranger, await world.bot()):
        assert problem(await refused.get(path))[0] == 403
    assert problem(await world.anyone.get(path))[0] == 401


@pytest.mark.parametrize("key", ["a", 1, ["a"], {}, {"body": "a"}])
async def test_a_history_of_what_is_no_key(hall: Guildhall, key: object) -> None:
    template = await noted(hall, "one")
    assert problem(await hall.history(template, key))[0] == 400


async def undo(hall: Guildhall, template: str, key: object, position: int, by: Holder | None = None) -> httpx.Response:
    path = f"/book/guilds/{hall.id}/settings/{template}/doorbell/undo"
    return await (by or hall.steward).post(path, {"key": key, "position": position})


async def test_a_row_is_put_back_to_how_it_was(hall: Guildhall) -> None:
    template = await noted(hall, "one", "two", "three")
    three, two, one = made(await hall.history(template, {"name": "a"}))["items"]
    undone = made(await undo(hall, template, {"name": "a"}, two["position"]))
    assert await hall.rows() == [{"name": "a", "body": "two"}]
    newest = made(await hall.history(template, {"name": "a"}))["items"][0]
    assert (newest["position"], newest["before"], newest["after"]) == (
        undone["position"],
        three["after"],
        two["after"],
    )
    made(await undo(hall, template, {"name": "a"}, one["position"] - 1))
    assert await hall.rows() == []
    made(await undo(hall, template, {"name": "a"}, three["position"]))
    assert await hall.rows() == [{"name": "a", "body": "three"}]


@pytest.mark.parametrize("place", [0, 1, 2])
async def test_a_row_that_was_deleted_is_put_back_to_its_place(hall: Guildhall, place: int) -> None:
    columns = [column("name", text(), primary_key=True), column("slot", scalar("Integer"))]
    template = await hall.offer([setting("doorbell", columns, index_by="slot")])
    for name in "abc":
        data(await hall.said("Create", {"name": name}))
    moved = [{"name": name, "slot": n} for n, name in enumerate("cab", start=1)]
    data(await hall.said("Reorder", moved))
    gone = {"name": "cab"[place]}
    data(await hall.said("Delete", gone))
    newest = made(await hall.history(template, gone))["items"][0]
    made(await undo(hall, template, gone, newest["position"] - 1))
    assert await hall.rows() == moved


async def test_putting_back_twice_says_nothing_the_second_time(hall: Guildhall) -> None:
    template = await noted(hall, "one", "two")
    first = made(await hall.history(template, {"name": "a"}))["items"][-1]["position"]
    for _ in range(2):
        made(await undo(hall, template, {"name": "a"}, first))
    assert len(made(await hall.history(template, {"name": "a"}))["items"]) == 3


async def test_who_may_not_write_puts_nothing_back(hall: Guildhall) -> None:
    template = await noted(hall, "one", "two")
    assert problem(await undo(hall, template, {"name": "a"}, 1, hall.member))[0] == 403
    path = f"/book/guilds/{hall.id}/settings/{template}/doorbell/undo"
    assert problem(await hall.bot.post(path, {"key": {"name": "a"}, "position": 1}))[0] == 403
    assert await hall.rows() == [{"name": "a", "body": "two"}]


async def test_what_never_was_cannot_be_put_back(hall: Guildhall) -> None:
    template = await noted(hall, "one")
    assert problem(await undo(hall, template, {"name": "z"}, 1))[0] == 404
    assert problem(await undo(hall, "nobodys", {"name": "a"}, 1))[0] == 404
    for body in ({"key": {}, "position": 1}, {"key": {"name": "a"}, "position": -1}, {"position": 1}):
        path = f"/book/guilds/{hall.id}/settings/{template}/doorbell/undo"
        assert problem(await hall.steward.post(path, body))[0] == 422


async def test_who_has_not_seen_the_newest_puts_nothing_back(hall: Guildhall) -> None:
    template = await noted(hall, "one", "two")
    path, body = f"/book/guilds/{hall.id}/settings/{template}/doorbell/undo", {"key": {"name": "a"}, "position": 1}
    assert problem(await hall.steward.post(path, body, headers={"If-Match": '"s1"'}))[0] == 412
    assert problem(await hall.steward.post(path, body, headers={"If-Match": "s1"}))[0] == 400
