"""A guild moves house: backed up, loaded, followed live, mapped, its settings put right, and that undone."""

import asyncio
import json
from collections.abc import AsyncIterator, Iterator
from typing import Any

import pytest
from websockets.asyncio.client import connect

from tests.api.antiraid.callers import open_session
from tests.api.antiraid.guildhall import Guildhall, made
from tests.api.book.loading import BACKUPS, LOADS, back_up, done
from tests.api.book.restores import RESTORE, pings
from tests.conftest import cloned
from tests.guild_samples import channel, member, new_guild, overwrite, role, snapshot
from tests.judges.xenon_client import RestoringBot
from tests.servers import served, spawn, stop
from tests.world import Bot, World, open_world

ROLES, CHANNELS, CATEGORIES, ROWS = 40, 120, 10, 30
FRAME_SECONDS_MAX = 60
VIEW_CHANNEL = 1 << 10


@pytest.fixture(scope="module")
def urls(server_url: str, template: str) -> Iterator[tuple[str, str]]:
    """Run an API, a projector and a loader."""
    with cloned(server_url, template) as url, served(url) as base_url:
        loader = spawn("work", "loader", url=url)
        yield base_url, url
        stop(loader)


@pytest.fixture
async def world(urls: tuple[str, str]) -> AsyncIterator[World]:
    """Return the people of that server."""
    async with open_world(*urls) as met:
        yield met


def furnished(guild: int, owner: int) -> dict[str, Any]:
    """Return a guild with everything in it."""
    roles = [role(guild + 1 + n, 1 << n % 30, n + 1, name=f"role {n}") for n in range(ROLES - 1)]
    categories = [channel(guild + 100 + n, 4, name=f"category {n}", position=n) for n in range(CATEGORIES)]
    rooms = [
        channel(
            guild + 200 + n,
            parent=guild + 100 + n % CATEGORIES,
            name=f"room {n}",
            position=n,
            permission_overwrites=[
                overwrite(guild + 1 + n % (ROLES - 1), allow=VIEW_CHANNEL),
                overwrite(guild, deny=VIEW_CHANNEL),
            ],
        )
        for n in range(CHANNELS - CATEGORIES)
    ]
    everyone = role(guild, position=0, name="@everyone")
    return snapshot(guild, owner, roles=[everyone, *roles], channels=[*categories, *rooms], members=[member(owner)])


async def furnish(world: World, bot: Bot) -> tuple[Guildhall, Guildhall, str]:
    """Return the old house with its settings, the empty new one of the same owner, and the template of the settings."""
    old, new = Guildhall(world, bot), Guildhall(world, bot)
    old.owner = new.owner = await open_session(world)
    old.id, new.id = new_guild(), new_guild()
    done(await bot.put(f"/book/guilds/{old.id}", furnished(old.id, old.owner.account)))
    done(
        await bot.put(
            f"/book/guilds/{new.id}", snapshot(new.id, old.owner.account, members=[member(old.owner.account)])
        )
    )
    template = await old.offer([pings(operations=["View", "Create"])], guild_ids=[str(old.id), str(new.id)])
    for n in range(ROWS):
        fields = {
            "name": f"ping {n}",
            "room": str(old.id + 200 + n),
            "roles": [str(old.id + 1 + n), str(old.id + 2 + n)],
            "token": f"secret {n}",
        }
        answer = made(await old.ask("Create", fields, setting="pings", by=old.owner))
        assert answer[template]["type"] == "Ok", answer
    return old, new, template


async def followed(base_url: str, bot: Bot, listens: asyncio.Event) -> list[dict[str, Any]]:
    """Return all frames up to the end of a load."""
    frames: list[dict[str, Any]] = []
    url = f"{base_url.replace('http', 'ws', 1)}/loaders/ws"
    async with connect(url, additional_headers={"Authorization": bot.token}, proxy=None) as socket:
        listens.set()
        while not frames or frames[-1]["event"] != "done":
            async with asyncio.timeout(FRAME_SECONDS_MAX):
                frames.append(json.loads(await socket.recv()))
    return frames


async def rows_of(hall: Guildhall, template: str) -> list[dict[str, Any]]:
    return made(await hall.ask("View", {}, setting="pings", by=hall.owner))[template]["data"]


async def test_a_guild_moves_house(urls: tuple[str, str], world: World) -> None:
    base_url, bot = urls[0], await world.bot()
    old, new, template = await furnish(world, bot)
    user = str(old.owner.account)
    backup = (await back_up(bot, old.id, old.owner.account))["id"]
    listens = asyncio.Event()
    following = asyncio.create_task(followed(base_url, bot, listens))
    await listens.wait()

    wanted = {"type": "backup", "backup_id": backup, "target_id": str(new.id), "user_id": user}
    load = done(await bot.post(LOADS, wanted), 202)
    frames = await following
    assert [frames[0]["event"], frames[-1]["event"]] == ["start", "done"]
    assert frames[-1]["data"]["outcome"] == "success"
    assert {frame["data"]["load_id"] for frame in frames} == {load["load_id"]}
    positions = [frame["data"]["position"] for frame in frames]
    assert positions == sorted(set(positions))

    ids = await RestoringBot(base_url, bot.token).ids(str(new.id), backup)
    assert ids is not None
    assert len(ids) == ROLES + CHANNELS
    there = done(await bot.get(f"/book/guilds/{new.id}"))
    exist = {each["id"] for each in (*there["roles"], *there["channels"])} | {str(new.id)}
    assert set(ids.values()) <= exist
    assert all(overwrite["id"] in exist for each in there["channels"] for overwrite in each["permission_overwrites"])

    restored = done(await old.owner.post(RESTORE.format(new.id), {"source": str(old.id)}))
    assert restored["totals"] == {"created": ROWS, "updated": 0, "unchanged": 0, "skipped": 0}
    shown = await rows_of(new, template)
    assert len(shown) == ROWS
    assert all(row["room"] in exist and set(row["roles"]) <= exist for row in shown)
    before = {row["name"]: row for row in await rows_of(old, template)}
    for row in shown:
        was = before[row["name"]]
        assert (row["room"], row["roles"], row["token"]) == (
            ids[was["room"]],
            [ids[it] for it in was["roles"]],
            was["token"],
        )

    done(await old.owner.post(f"{RESTORE.format(new.id)}/undo", {"restore_id": restored["restore_id"]}))
    assert await rows_of(new, template) == []
    assert done(await bot.get(f"{BACKUPS}/{backup}"))["counts"]["channels"] == CHANNELS
