"""Loads into a guild at Discord, by the worker that runs them: faults, limits, refusals, and being told to stop."""

import time
from random import Random

import pytest

from domain.guilds.events import Overwrite
from domain.loads.aggregate import LONG_WAIT
from domain.loads.commands import cancel_load
from domain.loads.events import Options
from schemas.settings import Settings
from tests.books import ORIGIN, opened, until
from tests.fake_discord_rest import TOKEN, FakeDiscordRest
from tests.workers.loader.town import (
    SOURCE,
    TARGET,
    ask_for_load,
    at_discord,
    back_up,
    ended,
    load_of,
    loading,
    make_source,
    make_target,
)
from workers.loader import gateway, rest
from workers.loader.discord import NO_ICON, OUT_OF_REACH, UNORDERED
from workers.loader.gateway import TargetLostError

FAULTS = ("cut", "500", "429", "global", "lost", "half", "late 500")
ALL = Options(bans=True)


@pytest.fixture(autouse=True)
def short_of_patience(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(gateway, "DOUBT_SECONDS", 0.0)
    monkeypatch.setattr(rest, "RETRY_SECONDS", 0.01)


def settings_for(discord: FakeDiscordRest, token: str = TOKEN) -> Settings:
    return Settings(discord_api_url=discord.url, discord_cdn_url=discord.cdn_url, discord_bot_token=token)


async def test_a_guild_at_discord_becomes_what_the_source_was(discord: FakeDiscordRest, database_url: str) -> None:
    async with opened(database_url) as store:
        await make_source(store, roles=4, channels=6, bans=2)
        await back_up(store)
        await make_target(store)
        guild = at_discord(discord, TARGET)
        async with loading(database_url, settings_for(discord)):
            await ask_for_load(store, gateway="discord", options=ALL)
            load = await ended(store)
    assert (load.outcome, load.failed, load.progress) == ("success", (), 1.0)
    new = {int(old): int(pair.new) for old, pair in load.pairs.items()}
    roles = sorted(guild.roles.values(), key=lambda role: role["position"])
    assert [role["name"] for role in roles] == ["@everyone", "role 0", "role 1", "role 2", "role 3", "bot"]
    assert [role["position"] for role in roles[:5]] == [0, 1, 2, 3, 4]
    assert [role["permissions"] for role in roles[:3]] == ["64", "1", "2"]
    assert guild.channels.keys() == {new[number] for number in new if number >= SOURCE + 2000}
    room = guild.channels[new[SOURCE + 3001]]
    assert (room["name"], room["topic"], room["parent_id"]) == ("room-1", "of 1", str(new[SOURCE + 2001]))
    allowed = [(overwrite["id"], overwrite["allow"], overwrite["deny"]) for overwrite in room["permission_overwrites"]]
    assert allowed == [(str(TARGET), "0", "1024"), (str(new[SOURCE + 2]), "1024", "0")]
    assert guild.bans.keys() == {5000, 5001}
    assert (guild.properties["name"], guild.properties["system_channel_id"]) == ("Azores", str(new[SOURCE + 3000]))
    assert f"Guildbook load ld_1: channel {SOURCE + 3001}" in [asked.reason for asked in discord.asked]


async def test_the_icon_is_taken_over_as_a_picture(discord: FakeDiscordRest, database_url: str) -> None:
    discord.pictures[f"/icons/{SOURCE}/a_1f.png"] = b"a picture"
    async with opened(database_url) as store:
        await make_source(store, icon="a_1f")
        await back_up(store)
        await make_target(store)
        guild = at_discord(discord, TARGET)
        async with loading(database_url, settings_for(discord)):
            await ask_for_load(store, gateway="discord")
            load = await ended(store)
    assert (load.outcome, load.failed) == ("success", ())
    assert (guild.properties["name"], guild.properties["icon"]) == ("Azores", "data:image/png;base64,YSBwaWN0dXJl")


@pytest.mark.parametrize("icon", ["gone", "../../users/@me", "page"])
async def test_an_icon_that_is_not_to_be_had_leaves_that_of_the_target(
    discord: FakeDiscordRest, database_url: str, icon: str
) -> None:
    async with opened(database_url) as store:
        await make_source(store, icon=icon)
        await back_up(store)
        await make_target(store)
        guild = at_discord(discord, TARGET)
        async with loading(database_url, settings_for(discord)):
            await ask_for_load(store, gateway="discord")
            load = await ended(store)
    assert [(each.step, each.object, each.message) for each in load.failed] == [("settings", TARGET, NO_ICON)]
    assert (load.outcome, guild.properties["name"], "icon" in guild.properties) == ("success", "Azores", False)
    assert [asked.path for asked in discord.asked if "cdn" in asked.path] == [f"/cdn/icons/{SOURCE}/{icon}.png"]


@pytest.mark.parametrize("seed", range(3))
async def test_nothing_is_lost_and_nothing_made_twice_at_a_discord_that_often_fails(
    discord: FakeDiscordRest, database_url: str, seed: int
) -> None:
    random = Random(seed)
    discord.retry_after = 0.01
    discord.fault_of = lambda _: random.choice(FAULTS) if random.random() < 0.3 else ""
    async with opened(database_url) as store:
        await make_source(store, roles=25, channels=25, bans=3)
        await back_up(store)
        await make_target(store)
        guild = at_discord(discord, TARGET)
        async with loading(database_url, settings_for(discord)):
            await ask_for_load(store, gateway="discord", options=ALL)
            load = await ended(store, seconds=40)
    assert (load.outcome, load.failed) == ("success", ())
    assert sorted(role["name"] for role in guild.roles.values()) == sorted(
        ["@everyone", "bot", *(f"role {n}" for n in range(25))]
    )
    assert len(guild.channels) == 2 + 25
    assert {int(pair.new) for pair in load.pairs.values()} >= guild.channels.keys()


async def test_a_long_wait_for_discord_is_told_and_ends_when_somebody_wants_the_load_to_end(
    discord: FakeDiscordRest, database_url: str
) -> None:
    async with opened(database_url) as store:
        await make_source(store, roles=4)
        await back_up(store)
        await make_target(store)
        guild = at_discord(discord, TARGET)
        discord.retry_after = 40_000.0
        discord.fault_of = lambda request: "429" if request.method == "POST" and len(guild.roles) == 4 else ""
        async with loading(database_url, settings_for(discord)):
            await ask_for_load(store, gateway="discord")

            async def is_waiting() -> bool:
                return (await load_of(store)).status == LONG_WAIT

            await until(is_waiting)
            began = time.monotonic()
            await store.execute(ORIGIN, cancel_load, load="ld_1")
            load = await ended(store)
        assert time.monotonic() - began < 30
    assert load.outcome == "cancelled"
    assert len(load.pairs) == 1 + 2  # the guild, and the roles that were made
    assert len(guild.roles) == 4


async def test_what_discord_refuses_is_noted_and_the_load_goes_on(discord: FakeDiscordRest, database_url: str) -> None:
    async with opened(database_url) as store:
        await make_source(store, roles=2, channels=2)
        await back_up(store)
        await make_target(store)
        guild = at_discord(discord, TARGET)
        guild.roles[TARGET + 1]["position"] = 300  # above the bot's
        odd = guild.channels
        async with loading(database_url, settings_for(discord)):
            await ask_for_load(store, gateway="discord")
            load = await ended(store)
    assert load.outcome == "success"
    assert [(each.step, each.object, each.message) for each in load.failed] == [
        ("delete_roles", TARGET + 1, OUT_OF_REACH)
    ]
    assert TARGET + 1 in guild.roles
    assert len(odd) == 4


async def test_roles_that_discord_does_not_order_are_mapped_all_the_same(
    discord: FakeDiscordRest, database_url: str
) -> None:
    async with opened(database_url) as store:
        await make_source(store, roles=2)
        await back_up(store)
        await make_target(store)
        at_discord(discord, TARGET)
        discord.fault_of = lambda request: (
            "403" if request.method == "PATCH" and request.path.endswith("/roles") else ""
        )
        async with loading(database_url, settings_for(discord)):
            await ask_for_load(store, gateway="discord")
            load = await ended(store)
    [failed] = load.failed
    assert (failed.step, failed.object, failed.message.partition(".")[0]) == (
        *("roles", SOURCE + 2),
        UNORDERED.removesuffix("."),
    )
    assert {str(SOURCE + 1), str(SOURCE + 2)} <= load.pairs.keys()


async def test_a_target_that_is_lost_meanwhile_ends_the_load(discord: FakeDiscordRest, database_url: str) -> None:
    async with opened(database_url) as store:
        await make_source(store, roles=4)
        await back_up(store)
        await make_target(store)
        guild = at_discord(discord, TARGET)

        def lose(_: object) -> str:
            if any(role["name"] == "role 1" for role in guild.roles.values()):
                discord.guilds.pop(TARGET, None)
            return ""

        discord.fault_of = lose
        async with loading(database_url, settings_for(discord)):
            await ask_for_load(store, gateway="discord")
            load = await ended(store)
    assert (load.outcome, load.error) == ("failed", str(TargetLostError()))
    assert len(load.pairs) == 1 + 2
    assert load.failed == ()


@pytest.mark.parametrize(
    ("token", "is_there", "why"),
    [
        ("another", True, "Discord does not accept the bot's token."),
        (TOKEN, False, "The target does not exist any more, or the bot is not in it."),
        ("", True, "There is no token for Discord: GUILDBOOK_DISCORD_BOT_TOKEN."),
    ],
)
async def test_a_load_ends_as_failed_when_discord_cannot_be_used(
    discord: FakeDiscordRest, database_url: str, token: str, why: str, *, is_there: bool
) -> None:
    async with opened(database_url) as store:
        await make_source(store)
        await back_up(store)
        await make_target(store)
        if is_there:
            at_discord(discord, TARGET)
        async with loading(database_url, settings_for(discord, token)):
            await ask_for_load(store, gateway="discord")
            load = await ended(store)
    assert (load.outcome, load.error) == ("failed", why)


async def test_roles_that_an_earlier_load_made_are_named_by_channels_that_are_loaded_alone(
    discord: FakeDiscordRest, database_url: str
) -> None:
    alone = Options(roles=False, delete_roles=False, settings=False)
    async with opened(database_url) as store:
        await make_source(store, roles=2, channels=1)
        await back_up(store)
        await make_target(store)
        guild = at_discord(discord, TARGET)
        async with loading(database_url, settings_for(discord)):
            await ask_for_load(store, gateway="discord", options=Options(channels=False, delete_channels=False))
            first = await ended(store)
            await ask_for_load(store, "ld_2", gateway="discord", options=alone)
            assert (await ended(store, "ld_2")).failed == ()
    [room] = [channel for channel in guild.channels.values() if channel["name"] == "room-0"]
    named = [Overwrite(int(each["id"]), each["type"]) for each in room["permission_overwrites"]]
    assert named == [Overwrite(TARGET, 0), Overwrite(int(first.pairs[str(SOURCE + 1)].new), 0)]
