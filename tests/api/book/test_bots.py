"""What bots say of themselves over `/book`."""

from typing import Any

import pytest

from domain.fleet.aggregate import OFFER, REPORT
from tests.api.book.problems import faults
from tests.world import World

STATS, COMMANDS = "/book/bots/@me/stats", "/book/bots/@me/commands"
READY = {"status": "Ready", "real_latency": 41, "guilds": 12, "uptime": 60, "total_uptime": 600}


async def test_a_bot_reports_how_its_shards_are(world: World) -> None:
    bot = await world.bot()
    body = {"shard_conns": {"0": READY, "1": {**READY, "extra": 1}}, "total_guilds": 24, "total_users": 7, "more": []}
    answer = await bot.put(STATS, body)
    assert (answer.status_code, answer.json()) == (200, {"position": int(answer.headers["Guildbook-Position"])})
    report = await world.store.peek(REPORT, bot.id)
    assert report
    assert (report.shards, report.total_guilds, report.total_users) == ({"0": READY, "1": READY}, 24, 7)


async def test_a_report_is_written_down_every_time(world: World) -> None:
    bot = await world.bot()
    body = {"shard_conns": {}, "total_guilds": 0}
    positions = [(await bot.put(STATS, body)).json()["position"] for _ in range(3)]
    assert len(set(positions)) == 3


@pytest.mark.parametrize(
    ("body", "pointers"),
    [
        ({}, ["/shard_conns", "/total_guilds"]),
        ({"shard_conns": [], "total_guilds": 1}, ["/shard_conns"]),
        ({"shard_conns": {"one": READY}, "total_guilds": 1}, ["/shard_conns/one"]),
        ({"shard_conns": {"1": {**READY, "status": "Fine"}}, "total_guilds": 1}, ["/shard_conns/1/status"]),
        (
            {"shard_conns": {"1": {**READY, "guilds": -1}}, "total_guilds": True},
            ["/shard_conns/1/guilds", "/total_guilds"],
        ),
        ({"shard_conns": {"1": {**READY, "uptime": 1.5}}, "total_guilds": 1}, ["/shard_conns/1/uptime"]),
        ({"shard_conns": {"1": {"status": "Ready"}}, "total_guilds": 1}, ["/shard_conns/1"]),
        ({"shard_conns": {"1": None}, "total_guilds": 2**63}, ["/shard_conns/1", "/total_guilds"]),
        ({"shard_conns": {}, "total_guilds": 1, "total_users": "7"}, ["/total_users"]),
    ],
)
async def test_a_report_that_is_wrong_is_refused_with_every_place(
    world: World, body: dict[str, Any], pointers: list[str]
) -> None:
    bot = await world.bot()
    assert list(faults(await bot.put(STATS, body))) == pointers


async def test_a_bot_says_which_commands_it_offers(world: World) -> None:
    bot = await world.bot()
    option = {
        "type": 4,
        "name": "days",
        "description": "d",
        "min_value": 1,
        "required": None,
        "choices": [{"name": "a"}],
    }
    command = {"name": "ban", "name_localizations": None, "default_member_permissions": "4", "options": [option]}
    answer = await bot.put(COMMANDS, {"commands": [command]})
    assert (answer.status_code, answer.json()) == (200, {"position": int(answer.headers["Guildbook-Position"])})
    offer = await world.store.peek(OFFER, bot.id)
    assert offer
    [shown] = offer.commands
    assert list(shown) == [
        *("type", "name", "name_localizations", "description", "description_localizations"),
        *("integration_types", "nsfw", "options"),
    ]
    assert (shown["type"], shown["name"], shown["name_localizations"], shown["nsfw"]) == (None, "ban", {}, False)
    [taken] = shown["options"]
    assert (taken["required"], taken["min_value"], taken["max_value"]) == (False, 1, None)
    assert taken["choices"] == [{"name": "a", "name_localizations": None, "value": None}]


async def test_commands_may_not_be_nested_without_end(world: World) -> None:
    bot = await world.bot()
    body = b'{"commands":[{"options":' + b'[{"name":"a","type":2,"options":' * 300 + b"[]" + b"}]" * 300 + b"}]}"
    assert faults(await bot.ask("PUT", COMMANDS, content=body)) == {"/commands/0": "may be nested 16 deep"}


async def test_the_same_commands_again_are_no_news(world: World) -> None:
    bot = await world.bot()
    first = await bot.put(COMMANDS, {"commands": [{"name": "ban"}]})
    again = await bot.put(COMMANDS, {"commands": [{"name": "ban", "nsfw": False}]})
    assert again.json() == first.json()
    other = await bot.put(COMMANDS, {"commands": []})
    assert other.json() != first.json()


@pytest.mark.parametrize(
    ("body", "pointers"),
    [
        ({}, ["/commands"]),
        ({"commands": {}}, ["/commands"]),
        ({"commands": ["ban"]}, ["/commands/0"]),
        ({"commands": [{"type": 5}, {"nsfw": "no"}]}, ["/commands/0/type", "/commands/1/nsfw"]),
        (
            {"commands": [{"options": [{"name": "a", "type": 3}, {"name": 1, "type": 3}]}]},
            ["/commands/0/options/1/name"],
        ),
        ({"commands": [{"integration_types": [2]}]}, ["/commands/0/integration_types/0"]),
    ],
)
async def test_commands_that_are_wrong_are_refused_with_their_places(
    world: World, body: dict[str, Any], pointers: list[str]
) -> None:
    bot = await world.bot()
    assert list(faults(await bot.put(COMMANDS, body))) == pointers
