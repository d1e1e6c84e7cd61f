"""Several templates in one guild: each answers under its name, for the rows that are its own."""

from typing import Any

import pytest

from domain.kernel import Book, Event
from domain.settings.aggregate import TEMPLATE
from domain.settings.events import TemplateRevised
from tests.api.antiraid.guildhall import Guildhall, data, doorbell, error, made, notes, open_guildhall
from tests.world import World, new_number


class TwoBots:
    """A guild in which two templates define the doorbells."""

    def __init__(self, hall: Guildhall, first: str, second: str) -> None:
        self.hall = hall
        self.first, self.second = first, second

    async def ask(self, operation: str, fields: object) -> dict[str, Any]:
        return made(await self.hall.ask(operation, fields))


@pytest.fixture
async def two(world: World) -> TwoBots:
    """Return a guild whose first template has the first room, and whose second one has the other."""
    hall = await open_guildhall(world)
    second = await hall.offer([doorbell()])
    data(await hall.said("Create", {"room": hall.other_room, "style": 2}))
    first = await hall.offer([doorbell()])
    two = TwoBots(hall, first, second)
    answers = await two.ask("Create", {"room": hall.room, "style": 1})
    assert {name: answer["type"] for name, answer in answers.items()} == {first: "Ok", second: "Ok"}
    return two


async def styles(two: TwoBots) -> dict[str, dict[str, int]]:
    """Return the style of each room, by template."""
    answers = await two.ask("View", {})
    return {name: {row["room"]: row["style"] for row in data(answer)} for name, answer in answers.items()}


async def test_each_template_shows_its_own_rows(two: TwoBots) -> None:
    room, other = two.hall.room, two.hall.other_room
    assert await styles(two) == {two.first: {room: 1}, two.second: {other: 2, room: 1}}


async def test_a_template_without_the_row_says_nothing_if_another_has_it(two: TwoBots) -> None:
    other = two.hall.other_room
    assert await two.ask("Update", {"room": other, "style": 3}) == {two.second: {"type": "Ok", "data": {}}}
    assert await two.ask("Delete", {"room": other}) == {two.second: {"type": "Ok", "data": {"room": other}}}


async def test_a_row_that_all_have_is_changed_in_all(two: TwoBots) -> None:
    assert sorted(await two.ask("Update", {"room": two.hall.room, "style": 3})) == sorted([two.first, two.second])
    assert [rows[two.hall.room] for rows in (await styles(two)).values()] == [3, 3]


async def test_a_row_that_nobody_has_is_missed_by_all(two: TwoBots) -> None:
    answers = await two.ask("Update", {"room": str(new_number()), "style": 3})
    kinds = {name: error(answer)["type"] for name, answer in answers.items()}
    assert kinds == dict.fromkeys((two.first, two.second), "RowDoesNotExist")


async def test_one_refusal_does_not_keep_another_template_from_its_part(two: TwoBots) -> None:
    answers = await two.ask("Create", {"room": two.hall.other_room, "style": 0})
    assert data(answers[two.first]) == {}
    assert error(answers[two.second])["type"] == "RowExists"


async def test_an_order_of_all_rows_is_split_among_the_templates(two: TwoBots) -> None:
    hall = two.hall
    third = await hall.offer([doorbell()])
    rooms = [hall.room, hall.other_room]
    for room in rooms:
        await two.ask("Delete", {"room": room})
    for room in rooms:
        await two.ask("Create", {"room": room, "style": 0})
    answers = await two.ask("Reorder", [{"room": room, "slot": 2 - place} for place, room in enumerate(rooms)])
    assert answers == {name: {"type": "Ok", "data": {}} for name in (two.first, two.second, third)}
    shown = await two.ask("View", {})
    assert [[row["room"] for row in data(answer)] for answer in shown.values()] == [[*reversed(rooms)]] * 3


async def test_entries_of_other_templates_are_skipped(two: TwoBots) -> None:
    hall = two.hall
    await two.ask("Delete", {"room": hall.room})
    assert await styles(two) == {two.first: {}, two.second: {hall.other_room: 2}}
    only = [{"room": hall.other_room, "slot": 1}]
    assert await two.ask("Reorder", only) == {two.second: {"type": "Ok", "data": {}}}
    nobodys = [*only, {"room": str(new_number()), "slot": 2}]
    kinds = {error(answer)["type"] for answer in (await two.ask("Reorder", nobodys)).values()}
    assert kinds == {"RowDoesNotExist"}


async def test_an_order_of_rows_of_several_templates_is_an_order_of_each(two: TwoBots) -> None:
    hall = two.hall
    for name, room in ((two.first, hall.room), (two.second, hall.other_room)):
        rows = data((await two.ask("View", {}))[name])
        assert room in [row["room"] for row in rows]
    await hall.bot.delete(f"/book/settings/templates/{two.first}")
    await two.ask("Delete", {"room": hall.room})
    await hall.bot.put(f"/book/settings/templates/{two.first}", {"guild_ids": [str(hall.id)], "settings": [doorbell()]})
    assert await styles(two) == {two.first: {hall.room: 1}, two.second: {hall.other_room: 2}}
    merged = [{"room": hall.room, "slot": 2}, {"room": hall.other_room, "slot": 1}]
    assert {answer["type"] for answer in (await two.ask("Reorder", merged)).values()} == {"Ok"}


async def test_a_template_is_seen_only_where_it_is_meant_for(world: World) -> None:
    hall, elsewhere = await open_guildhall(world), await open_guildhall(world)
    name = await hall.offer([doorbell()])
    assert name in made(await hall.member.get(hall.path))
    assert name not in made(await elsewhere.member.get(elsewhere.path))
    assert made(await elsewhere.ask("View", {})) == {}


async def test_definitions_are_shown_with_every_key_in_order(world: World) -> None:
    hall = await open_guildhall(world)
    name = await hall.offer([{**doorbell(), "secret": True}])
    shown = made(await hall.stranger.get(hall.path))
    assert list(shown) == ["$builtins", "$essentials", name]
    [setting] = data(shown[name])
    assert list(setting) == list(doorbell())
    assert [list(column) for column in setting["columns"]] == [list(doorbell()["columns"][0])] * 4
    inner = {"type": "String", "min_length": None, "max_length": 20, "allowed_values": [], "suggestions": None}
    assert setting["columns"][0]["column_type"] == {"type": "Scalar", "inner": {**inner, "kind": "channel"}}
    assert list(setting["columns"][0]["column_type"]["inner"]) == [*inner, "kind"]


async def test_a_template_that_cannot_be_read_any_more_says_so(world: World) -> None:
    hall = await open_guildhall(world)
    name = await hall.offer([doorbell()])
    unreadable = {"id": "doorbell", "columns": "of another time"}
    revised = TemplateRevised(template=name, guilds=(hall.id,), settings=(unreadable,))
    await world.do(_append, f"settings-template-{name.replace(' ', '+')}", revised)
    shown = made(await hall.member.get(hall.path))
    assert error(shown[name])["type"] == "Generic"
    assert shown["$builtins"]["type"] == "Ok"
    assert list(made(await hall.ask("View", {}))) == [name]


async def _append(book: Book, stream: str, event: Event) -> None:
    await book.load(TEMPLATE, stream.removeprefix(TEMPLATE.prefix()))
    book.append(stream, [event])


async def test_a_template_that_was_withdrawn_keeps_its_rows(world: World) -> None:
    hall = await open_guildhall(world)
    name = await hall.offer([notes()])
    await hall.said("Create", {"name": "a", "body": "kept"}, setting="notes")
    path = f"/book/settings/templates/{name}"
    body = {"guild_ids": [str(hall.id)], "settings": [notes()]}
    assert (await hall.bot.delete(path)).status_code == 200
    assert made(await hall.ask("View", {}, setting="notes")) == {}
    assert (await hall.bot.put(path, body)).status_code == 200
    assert await hall.rows(setting="notes") == [{"name": "a", "body": "kept"}]
