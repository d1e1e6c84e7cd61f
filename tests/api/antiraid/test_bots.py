"""What the primary bot said of itself, as anybody sees it; on a server for which a second is long ago."""

from collections.abc import AsyncIterator, Iterator
from typing import Any

import pytest

from tests.books import until
from tests.conftest import cloned
from tests.fake_discord import CLIENT_ID
from tests.servers import served
from tests.world import World, open_world

STATS, COMMANDS = "/book/bots/@me/stats", "/book/bots/@me/commands"
READY = {"status": "Ready", "real_latency": 41, "guilds": 12, "uptime": 60, "total_uptime": 600}
STALE = {**READY, "status": "Unknown", "stale": True}
HASTY = {"GUILDBOOK_ANTIRAID_CLIENT_ID": str(CLIENT_ID), "GUILDBOOK_STATS_STALE_SECONDS": "1"}


@pytest.fixture(scope="module")
def hasty_urls(server_url: str, template: str) -> Iterator[tuple[str, str]]:
    """Run a server on a database of its own."""
    with cloned(server_url, template) as url, served(url, HASTY) as base_url:
        yield base_url, url


@pytest.fixture
async def hasty(hasty_urls: tuple[str, str]) -> AsyncIterator[World]:
    """Meet that server."""
    async with open_world(*hasty_urls) as met:
        yield met


async def stats(world: World) -> dict[str, Any]:
    return (await world.anyone.get("/bot-stats")).json()


async def test_before_any_report_there_are_no_shards_and_no_commands(hasty: World) -> None:
    assert await stats(hasty) == {"shard_conns": {}, "total_guilds": 0, "total_users": None}
    assert (await hasty.anyone.get("/bot-state")).json() == {"commands": []}


async def test_before_any_report_its_guilds_are_counted(hasty: World) -> None:
    bot, other = await hasty.primary(), await hasty.bot()
    everyone = {"id": "920", "name": "@everyone", "position": 0, "permissions": "0"}
    guild = {"name": "Azores", "icon": None, "owner_id": "204", "roles": [everyone], "channels": []}
    for caller, number in ((bot, "920"), (bot, "921"), (other, "922")):
        answer = await caller.put(f"/book/guilds/{number}", {**guild, "roles": [{**everyone, "id": number}]})
        assert answer.status_code == 200, answer.text
    assert (await stats(hasty))["total_guilds"] == 2
    await bot.delete("/book/guilds/921")
    assert (await stats(hasty))["total_guilds"] == 1


async def test_a_report_is_shown_until_it_is_too_old(hasty: World) -> None:
    bot = await hasty.primary()
    await bot.put(STATS, {"shard_conns": {"0": READY, "1": READY}, "total_guilds": 24, "total_users": 7})
    first = await hasty.anyone.get("/bot-stats")
    assert first.json() == {"shard_conns": {"0": READY, "1": READY}, "total_guilds": 24, "total_users": 7}
    assert first.headers["Cache-Control"] == "no-cache"

    async def is_old() -> bool:
        return (await stats(hasty))["shard_conns"] == {"0": STALE, "1": STALE}

    await until(is_old)
    assert (await stats(hasty))["total_guilds"] == 24
    await bot.put(STATS, {"shard_conns": {"0": READY}, "total_guilds": 12})
    assert await stats(hasty) == {"shard_conns": {"0": READY}, "total_guilds": 12, "total_users": None}


async def test_reports_of_other_bots_are_not_shown(hasty: World) -> None:
    other = await hasty.bot()
    await other.put(STATS, {"shard_conns": {"9": READY}, "total_guilds": 99})
    await other.put(COMMANDS, {"commands": [{"name": "other"}]})
    assert "9" not in (await stats(hasty))["shard_conns"]
    assert (await hasty.anyone.get("/bot-state")).json() == {"commands": []}


async def test_commands_are_shown_with_every_key_and_a_tag(hasty: World) -> None:
    bot = await hasty.primary()
    option = {"type": 4, "name": "days", "description": "How long", "max_value": 7.5, "dm_permission": True}
    await bot.put(COMMANDS, {"commands": [{"type": 1, "name": "ban", "contexts": [0], "options": [option]}]})
    answer = await hasty.anyone.get("/bot-state")
    assert answer.json() == {
        "commands": [
            {
                "type": 1,
                "name": "ban",
                "name_localizations": {},
                "description": None,
                "description_localizations": {},
                "integration_types": None,
                "nsfw": False,
                "options": [
                    {
                        "type": 4,
                        "name": "days",
                        "name_localizations": None,
                        "description": "How long",
                        "description_localizations": None,
                        "required": False,
                        "choices": [],
                        "options": [],
                        "channel_types": [],
                        "min_value": None,
                        "max_value": 7.5,
                        "min_length": None,
                        "max_length": None,
                        "autocomplete": False,
                    }
                ],
            }
        ]
    }
    known = await hasty.anyone.get("/bot-state", headers={"If-None-Match": answer.headers["ETag"]})
    assert (known.status_code, known.content) == (304, b"")
    await bot.put(COMMANDS, {"commands": []})
    assert (await hasty.anyone.get("/bot-state")).headers["ETag"] != answer.headers["ETag"]


@pytest.mark.parametrize("path", ["/bot-stats", "/bot-state"])
async def test_anybody_may_ask(hasty: World, path: str) -> None:
    answer = await hasty.anyone.get(path, headers={"Authorization": "nonsense"})
    assert answer.status_code == 200
    assert (await hasty.http.head(path)).status_code == 200
    assert (await hasty.anyone.post(path)).status_code == 405
