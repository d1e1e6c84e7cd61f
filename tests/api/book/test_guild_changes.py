"""Changes in a guild over HTTP: as bots hear of them, in order, all of them or nothing."""

from typing import Any

import pytest

from domain.guilds.events import GuildCreated
from domain.kernel import Book
from tests.api.book.problems import faults, refused
from tests.guild_samples import ban, channel, member, new_guild, role, snapshot
from tests.world import Bot, World


async def fed(world: World) -> tuple[Bot, int, str]:
    """Report a guild, and return who did, its id and where its changes go."""
    bot, guild = await world.bot(), new_guild()
    sent = snapshot(guild, channels=[channel(guild + 5)], members=[member(8), member(9)], bans=[ban(10)])
    assert (await bot.put(f"/book/guilds/{guild}", sent)).status_code == 200
    return bot, guild, f"/book/guilds/{guild}/changes"


async def test_every_type_of_change_is_taken_in(world: World) -> None:
    bot, guild, path = await fed(world)
    changes = [
        {"type": "guild.update", "guild": {"name": "Madeira", "owner_id": "8"}},
        {"type": "role.upsert", "role": role(guild + 1)},
        {"type": "role.upsert", "role": role(guild + 2)},
        {"type": "role.delete", "role": {"id": str(guild + 2)}},
        {"type": "channel.upsert", "channel": channel(guild + 6, kind=2)},
        {"type": "channel.delete", "channel": {"id": str(guild + 5)}},
        {"type": "member.upsert", "member": member(8, [guild + 1])},
        {"type": "member.remove", "member": {"user": {"id": "9"}}},
        {"type": "ban.add", "ban": ban(9, "spam")},
        {"type": "ban.remove", "ban": {"user_id": "10"}},
    ]
    answer = await bot.post(path, {"changes": changes})
    assert answer.json() == {"position": int(answer.headers["Guildbook-Position"]), "events": 11}
    assert (await bot.post(path, {"changes": changes[4:]})).json()["events"] == 0
    found = (await bot.get(f"/book/guilds/{guild}")).json()
    assert (found["name"], found["owner_id"], found["member_count"], found["ban_count"]) == ("Madeira", "8", 2, 1)
    assert [each["id"] for each in found["roles"]] == [str(guild), str(guild + 1)]
    assert [each["id"] for each in found["channels"]] == [str(guild + 6)]


@pytest.mark.parametrize(
    "gone",
    [
        {"type": "member.remove", "user_id": "9"},
        {"type": "member.remove", "id": "9"},
        {"type": "member.remove", "member": "9"},
        {"type": "member.remove", "user": {"id": "9"}},
        {"type": "member.remove", "data": {"user_id": 9}},
        {"type": "member.remove", "member": {"user_id": "9"}},
    ],
)
async def test_who_is_gone_may_be_named_as_bots_hear_of_it(world: World, gone: dict[str, Any]) -> None:
    bot, _, path = await fed(world)
    assert (await bot.post(path, {"changes": [gone]})).json()["events"] == 1


async def test_what_is_about_may_stand_in_the_change_itself(world: World) -> None:
    bot, guild, path = await fed(world)
    changes = [{"type": "role.upsert", **role(guild + 1)}, {"type": "ban.add", "user_id": "11"}]
    assert (await bot.post(path, {"changes": changes})).json()["events"] == 2


async def test_a_thousand_changes_are_taken_in_and_not_one_more(world: World) -> None:
    bot, _, path = await fed(world)
    changes = [{"type": "member.upsert", "member": member(10_000 + n)} for n in range(1_001)]
    assert faults(await bot.post(path, {"changes": changes})) == {"/changes": "must be at most 1000"}
    assert (await bot.post(path, {"changes": changes[:1_000]})).json()["events"] == 1_000
    assert (await bot.post(path, {"changes": []})).json()["events"] == 0


async def test_one_wrong_change_and_nothing_is_taken_in(world: World) -> None:
    bot, guild, path = await fed(world)
    changes: list[Any] = [
        {"type": "guild.update", "guild": {"name": "Madeira"}},
        {"type": "guild.delete"},
        {"type": "role.upsert", "role": {"id": "x", "name": "n"}},
        {"type": "role.delete", "role": {"id": str(guild)}},
        {"type": "channel.delete", "channel": {}},
        {"type": "member.remove", "member": {"user": {"id": -1}}},
        {"type": "ban.add", "ban": {"reason": "spam"}},
    ]
    assert list(faults(await bot.post(path, {"changes": changes}))) == [
        "/changes/1/type",
        "/changes/2/role/id",
        "/changes/3/role",
        "/changes/4/channel/id",
        "/changes/5/member/user/id",
        "/changes/6/ban/user_id",
    ]
    assert (await bot.get(f"/book/guilds/{guild}")).json()["name"] == "Azores"
    assert list(faults(await bot.post(path, {"changes": [7]}))) == ["/changes/0"]
    assert list(faults(await bot.post(path, {}))) == [""]


async def test_a_guild_that_nobody_reported_does_not_change(world: World) -> None:
    bot, guild = await world.bot(), new_guild()
    answer = await bot.post(f"/book/guilds/{guild}/changes", {"changes": []})
    assert refused(answer) == (404, f"There is no guild {guild}.")


async def test_a_guild_that_was_made_here_is_not_reported(world: World) -> None:
    bot, guild = await world.bot(), new_guild()

    async def make(book: Book) -> None:
        made = GuildCreated(guild=guild, origin="native", owner=7, name="Here")
        book.append(f"guilds-guild-{guild}", [made])

    await world.do(make)
    native = (409, "The guild was made here; nobody else can report what it is like.")
    assert refused(await bot.put(f"/book/guilds/{guild}", snapshot(guild))) == native
    assert refused(await bot.post(f"/book/guilds/{guild}/changes", {"changes": []})) == native
    assert (await bot.get(f"/book/guilds/{guild}")).json()["origin"] == "native"
