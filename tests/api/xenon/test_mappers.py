"""What ids have become in other guilds, as bots ask for it."""

from datetime import datetime
from typing import Any

import pytest

from tests.api.xenon.callers import Program, program, said
from tests.api.xenon.loads import Load, take_backup
from tests.world import NOT_FOUND, World, new_number

UNKNOWN = (404, "No id translator found")
KEYS = ["source_id", "target_id", "ids", "loaders"]
ADDITIVE = ["load_id", "outcome", "updated_at", "position", "template_loaders"]


async def shown(bot: Program, load: Load) -> dict[str, Any]:
    answer = await bot.mapper(target=load.target, source=load.source)
    assert answer.status_code == 200, answer.text
    return answer.json()


async def test_a_load_that_ended_is_shown_whole(world: World, bot: Program) -> None:
    load = Load(world, user=64)
    position = await load.run({7110: 7311, 7120: 7322})
    answer = await bot.mapper(target=load.target, source=load.source)
    body = answer.json()
    assert list(body) == [*KEYS, *ADDITIVE]
    assert body["ids"] == {str(load.source): str(load.target), "7110": "7311", "7120": "7322"}
    assert next(iter(body["ids"])) == str(load.source)
    told = (body["source_id"], body["target_id"], body["loaders"], body["template_loaders"])
    assert told == (str(load.source), str(load.target), ["64"], [])
    assert (body["load_id"], body["outcome"], body["position"]) == (load.id, "success", position)
    assert datetime.fromisoformat(body["updated_at"]).tzinfo is not None
    assert answer.headers["Content-Type"] == "application/json"


async def test_both_addresses_say_the_same(world: World, bot: Program) -> None:
    load = Load(world)
    await load.run({1: 2})
    query = {"target": load.target, "source": load.source}
    assert (await bot.get("/api/mappers", params=query)).content == (await bot.mapper(**query)).content


@pytest.mark.parametrize(
    ("query", "error"),
    [
        ({}, "Missing query parameter: target"),
        ({"source": "1"}, "Missing query parameter: target"),
        ({"target": "", "source": "1"}, "Missing query parameter: target"),
        ({"target": "1"}, "Either source or backup is required"),
        ({"target": "1", "source": ""}, "Either source or backup is required"),
        ({"target": "1", "source": "", "backup": ""}, "Either source or backup is required"),
        ({"target": "x", "source": "1"}, "Invalid snowflake: target"),
        ({"target": "-1", "source": "1"}, "Invalid snowflake: target"),
        ({"target": "1" * 21, "source": "1"}, "Invalid snowflake: target"),
        ({"target": "٣", "source": "1"}, "Invalid snowflake: target"),
        ({"target": "1\0", "source": "1"}, "Invalid snowflake: target"),
        ({"target": " 1", "source": "1"}, "Invalid snowflake: target"),
        ({"target": "1", "source": "x"}, "Invalid snowflake: source"),
        ({"target": "1", "source": "1" * 21}, "Invalid snowflake: source"),
        ({"target": "x", "backup": "b"}, "Invalid snowflake: target"),
        ({"target": ["1", "2"], "source": "1"}, "Repeated query parameter: target"),
        ({"target": "1", "source": ["1", "2"]}, "Repeated query parameter: source"),
        ({"target": "1", "backup": ["a", "b"]}, "Repeated query parameter: backup"),
    ],
)
async def test_a_query_that_cannot_be_meant_is_refused(bot: Program, query: dict[str, Any], error: str) -> None:
    assert said(await bot.get("/mappers", params=query)) == (400, error)


@pytest.mark.parametrize(
    "query",
    [
        {"target": NOT_FOUND, "source": 9},
        {"target": "9" * 20, "source": 9},
        {"target": 2**63, "source": 9},
        {"target": 1, "source": "9" * 20},
        {"target": 1, "backup": "nobodys"},
        {"target": 1, "backup": "nobodys", "source": "nobodys"},
        {"target": 1, "backup": "x" * 500},
        {"target": 1, "backup": "a\0b"},
        {"target": 1, "backup": "ünknown"},
        {"target": 1, "backup": "%"},
    ],
)
async def test_what_nobody_knows_is_not_found(bot: Program, query: dict[str, object]) -> None:
    assert said(await bot.mapper(**query)) == UNKNOWN


async def test_what_plays_no_part_is_ignored(world: World, bot: Program) -> None:
    load = Load(world)
    await load.run({1: 2})
    query = [("target", load.target), ("target", load.target), ("source", load.source), ("colour", "red"), ("x", "")]
    for body in (b"", b"{}", b"{", b"\xff" * 100):
        answer = await bot.ask("GET", "/mappers", params=query, content=body)
        assert answer.status_code == 200, answer.text


async def test_the_body_of_a_read_may_not_be_too_large_either(bot: Program) -> None:
    assert said(await bot.ask("GET", "/mappers", content=b"x" * 65_537)) == (413, "Body too large")


async def test_a_backup_is_known_in_any_case_of_letters(world: World, bot: Program) -> None:
    load = Load(world)
    backup = await take_backup(world, load.source)
    await load.run({1: 2})
    for word in (backup, backup.upper(), backup.title()):
        body = (await bot.mapper(target=load.target, backup=word)).json()
        assert body["source_id"] == str(load.source)


async def test_a_backup_that_is_known_wins_over_the_source(world: World, bot: Program) -> None:
    load, other = Load(world), Load(world)
    backup = await take_backup(world, load.source)
    await load.run({1: 2})
    for source in (backup, "garbage", other.source):
        body = (await bot.mapper(target=load.target, backup=backup, source=source)).json()
        assert body["source_id"] == str(load.source)
    assert said(await bot.mapper(target=other.target, backup=backup, source=other.source)) == UNKNOWN


async def test_an_argument_that_is_sent_as_both_is_taken_for_the_source_when_it_is_no_backup(
    world: World, bot: Program
) -> None:
    load = Load(world)
    await load.run({1: 2})
    body = (await bot.mapper(target=load.target, backup=load.source, source=load.source)).json()
    assert body["source_id"] == str(load.source)


async def test_a_backup_that_only_a_load_named_is_known_too(world: World, bot: Program) -> None:
    load = Load(world)
    await load.run({1: 2})
    assert load.backup is not None
    assert (await bot.mapper(target=load.target, backup=load.backup.upper())).json()["load_id"] == load.id


async def test_nothing_of_a_running_load_is_seen_before_its_end(world: World, bot: Program) -> None:
    load = Load(world)
    await load.start()
    await load.begin()
    await load.map({1: 2})
    assert said(await bot.mapper(target=load.target, source=load.source)) == UNKNOWN
    await load.end()
    again = Load(world, load.source, load.target)
    await again.start()
    await again.delete(2)
    await again.map({3: 4})
    assert (await shown(bot, load))["ids"] == {str(load.source): str(load.target), "1": "2"}
    await again.end("failed")
    after = await shown(bot, load)
    assert after["ids"] == {str(load.source): str(load.target), "3": "4"}
    assert (after["outcome"], after["load_id"]) == ("failed", again.id)


async def test_a_load_that_never_began_changes_nothing(world: World, bot: Program) -> None:
    load = Load(world)
    await load.start()
    await load.end("failed", has_begun=False)
    refused = Load(world, load.source, load.target)
    await refused.refuse()
    assert said(await bot.mapper(target=load.target, source=load.source)) == UNKNOWN


async def test_who_loaded_a_template_is_listed_apart(world: World, bot: Program) -> None:
    load = Load(world, user=64)
    await load.run({1: 2})
    await Load(world, load.source, load.target, user=71, template="t").run({1: 3})
    await Load(world, load.source, load.target, user=65).run({1: 4})
    await Load(world, load.source, load.target, user=64).run({1: 5})
    body = await shown(bot, load)
    assert (body["loaders"], body["template_loaders"]) == (["64", "65"], ["71"])
    assert body["ids"]["1"] == "5"


async def test_what_a_load_of_another_source_deleted_is_gone_from_all_mappers(world: World, bot: Program) -> None:
    load = Load(world)
    first = await load.run({1: 2, 3: 4})
    before = await bot.mapper(target=load.target, source=load.source)
    other = Load(world, target=load.target)
    await other.start()
    await other.begin()
    await other.delete(2)
    last = await other.end()
    after = await bot.mapper(target=load.target, source=load.source)
    assert after.json()["ids"] == {str(load.source): str(load.target), "3": "4"}
    assert (before.headers["ETag"], after.headers["ETag"]) == (f'"m{first}"', f'"m{last}"')
    assert after.json()["position"] == first


async def test_a_token_that_is_limited_to_guilds_sees_nothing_of_the_others(world: World) -> None:
    load, other = Load(world), Load(world)
    for each in (load, other):
        await each.run({1: 2})
    bot = program(await world.bot(guilds=[load.target]))
    assert (await shown(bot, load))["load_id"] == load.id
    assert said(await bot.mapper(target=other.target, source=other.source)) == UNKNOWN


async def test_a_guild_may_be_loaded_into_itself(world: World, bot: Program) -> None:
    guild = new_number()
    load = Load(world, guild, guild)
    await load.run({1: 2})
    assert (await shown(bot, load))["ids"] == {str(guild): str(guild), "1": "2"}
