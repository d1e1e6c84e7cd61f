"""Loads into guilds at Discord, as they are asked for: Discord says what is there, and who may load."""

from typing import Any

import httpx
import pytest

from tests.api.book.loading import LOADS, OWNER, back_up, done, new_source
from tests.api.book.problems import faults, refused
from tests.fake_discord_rest import BOT, FakeDiscordRest
from tests.world import Bot, World, new_number


@pytest.fixture
async def bot(world: World, there: httpx.AsyncClient) -> Bot:
    return (await world.bot()).at(there)


async def load_into(bot: Bot, target: int, **more: object) -> dict[str, Any]:
    """Return a load of a new backup."""
    taken = await back_up(bot, await new_source(bot))
    what = {"type": "backup", "backup_id": taken["id"], "gateway": "discord"}
    return {**what, "target_id": str(target), "user_id": str(OWNER), **more}


async def test_discord_says_what_is_in_a_guild_that_nobody_reported(bot: Bot, rest: FakeDiscordRest) -> None:
    target = new_number()
    guild = rest.guild(target, OWNER)
    role, room = guild.add_role("Old"), guild.add_channel("old-room")
    wanted = await load_into(bot, target)
    plan = done(await bot.post(LOADS, {**wanted, "dry_run": True}))
    assert plan["deletions"] == {"roles": [str(role)], "channels": [str(room)]}
    load = done(await bot.post(LOADS, wanted), 202)
    assert (load["gateway"], load["target_id"], load["state"]) == ("discord", str(target), "running")


async def test_discord_says_who_may_load(bot: Bot, rest: FakeDiscordRest) -> None:
    target = new_number()
    guild = rest.guild(target, owner=7)
    wanted = await load_into(bot, target)
    told = (403, "The user must be owner or administrator of the guild.")
    assert refused(await bot.post(LOADS, wanted)) == told
    guild.roles[guild.bot_roles[0]]["permissions"] = "8"  # everybody there has the bot's roles
    done(await bot.post(LOADS, wanted), 202)


async def test_a_guild_that_discord_does_not_show_is_unknown(bot: Bot) -> None:
    target = new_number()
    assert refused(await bot.post(LOADS, await load_into(bot, target))) == (404, f"There is no guild {target}.")


async def test_who_is_banned_already_is_not_banned_again(bot: Bot, rest: FakeDiscordRest) -> None:
    target = new_number()
    guild = rest.guild(target, OWNER)
    guild.bans = dict.fromkeys(range(1, 2001), "")
    wanted = {**await load_into(bot, target, options={"bans": True}), "dry_run": True}
    assert done(await bot.post(LOADS, wanted))["creations"]["bans"] == []
    del guild.bans[99]
    assert done(await bot.post(LOADS, wanted))["creations"]["bans"] == ["99"]
    rest.fault_of = lambda request: "403" if request.path.endswith("/bans") else ""
    assert done(await bot.post(LOADS, wanted))["creations"]["bans"] == ["99"]  # it is not for the bot to see
    rest.fault_of = lambda _: ""
    asked = len(rest.asked)
    done(await bot.post(LOADS, {**wanted, "options": {"bans": False}}))
    assert not any(each.path.endswith("/bans") for each in rest.asked[asked:])


async def test_a_guild_that_takes_much_to_tell_of_can_be_loaded_into(bot: Bot, rest: FakeDiscordRest) -> None:
    target = new_number()
    guild = rest.guild(target, OWNER)
    for n in range(500):
        guild.add_channel(f"room-{n}", topic="x" * 4000)
    plan = done(await bot.post(LOADS, {**await load_into(bot, target), "dry_run": True}))
    assert plan["counts"]["deletions"] == 500


async def test_a_discord_that_is_busy_for_a_moment_is_waited_for(bot: Bot, rest: FakeDiscordRest) -> None:
    target = new_number()
    rest.guild(target, OWNER)
    wanted = await load_into(bot, target)
    rest.faults.extend(["429", "global", "", "429"])
    done(await bot.post(LOADS, wanted), 202)


async def test_a_discord_that_is_busy_for_long_is_told_of(bot: Bot, rest: FakeDiscordRest) -> None:
    target = new_number()
    rest.guild(target, OWNER)
    wanted = await load_into(bot, target)
    rest.retry_after = 300
    rest.faults.append("429")
    answer = await bot.post(LOADS, wanted)
    assert refused(answer) == (503, "Discord asks to be left alone for 300 seconds.")
    assert answer.headers["Retry-After"] == "300"
    rest.retry_after = 0.05
    done(await bot.post(LOADS, wanted), 202)


@pytest.mark.parametrize("fault", ["500", "cut", "half"])
async def test_a_discord_that_gives_no_answer_is_told_of(bot: Bot, rest: FakeDiscordRest, fault: str) -> None:
    target = new_number()
    rest.guild(target, OWNER)
    wanted = await load_into(bot, target)
    rest.fault_of = lambda _: fault
    assert refused(await bot.post(LOADS, wanted)) == (502, "Discord could not be reached.")
    rest.fault_of = lambda _: ""
    done(await bot.post(LOADS, wanted), 202)


async def test_without_a_token_for_discord_nothing_is_loaded_there(world: World, bot: Bot) -> None:
    answer = await bot.at(world.http).post(LOADS, await load_into(bot, BOT))
    assert faults(answer) == {"/gateway": "is not set up here: there is no token for it"}
