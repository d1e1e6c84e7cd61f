"""Guilds over HTTP: reported by bots, and read back."""

import asyncio
from typing import Any

import pytest

from tests.api.book.problems import refused
from tests.guild_samples import ban, channel, member, new_guild, overwrite, role, snapshot
from tests.world import Bot, World


async def shown(bot: Bot, guild: int, **query: object) -> dict[str, Any]:
    answer = await bot.get(f"/book/guilds/{guild}", params=query)
    assert answer.status_code == 200, answer.text
    return answer.json()


async def listed(bot: Bot, guild: int, what: str) -> list[dict[str, Any]]:
    answer = await bot.get(f"/book/guilds/{guild}/{what}")
    assert answer.status_code == 200, answer.text
    return answer.json()["items"]


async def ids(bot: Bot, guild: int) -> set[int]:
    return {int(each["user"]["id"]) for each in await listed(bot, guild, "members")}


async def test_a_guild_is_reported_and_shown_as_it_was_reported(world: World) -> None:
    bot, guild = await world.bot(), new_guild()
    allowing = overwrite(guild + 1, allow=1024, deny=2048)
    sent = snapshot(
        guild,
        icon="a_1f",
        description="Nine islands",
        verification_level=2,
        afk_channel_id=str(guild + 6),
        features=["COMMUNITY"],
        roles=[role(guild, 1024, 0, name="@everyone"), role(guild + 1, 8, 1, color=255, hoist=True, unicode_emoji="🏝")],
        channels=[
            channel(guild + 5, kind=4, position=0),
            channel(guild + 6, kind=2, parent=guild + 5, position=1, bitrate=64000, permission_overwrites=[allowing]),
        ],
    )
    answer = await bot.put(f"/book/guilds/{guild}", sent)
    assert answer.json() == {"position": int(answer.headers["Guildbook-Position"]), "events": 6}
    found = await shown(bot, guild)
    assert {
        "id": str(guild),
        "origin": "mirrored",
        "name": "Azores",
        "icon": "a_1f",
        "owner_id": "7",
    }.items() <= found.items()
    assert (found["description"], found["verification_level"], found["features"]) == ("Nine islands", 2, ["COMMUNITY"])
    assert [each["id"] for each in found["roles"]] == [str(guild), str(guild + 1)]
    assert (found["roles"][1]["permissions"], found["roles"][1]["color"], found["roles"][1]["hoist"]) == (
        "8",
        255,
        True,
    )
    assert [(each["id"], each["type"], each["parent_id"]) for each in found["channels"]] == [
        (str(guild + 5), 4, None),
        (str(guild + 6), 2, str(guild + 5)),
    ]
    assert found["channels"][1]["permission_overwrites"] == [allowing]
    assert (found["member_count"], found["ban_count"], found["bots"]) == (1, 0, [str(bot.id)])


async def test_an_identical_report_says_nothing(world: World) -> None:
    bot, guild = await world.bot(), new_guild()
    sent = snapshot(guild, members=[member(8, [guild])], bans=[ban(9, "spam")], members_complete=True)
    first = await bot.put(f"/book/guilds/{guild}", sent)
    again = await bot.put(f"/book/guilds/{guild}", sent)
    assert (first.json()["events"], again.json()["events"]) == (5, 0)
    assert again.json()["position"] >= first.json()["position"]


async def test_several_may_report_a_guild_at_once_and_it_is_said_once(world: World) -> None:
    bots, guild = [await world.bot() for _ in range(4)], new_guild()
    many = [member(n, [guild + 1]) for n in range(50)]
    sent = snapshot(guild, roles=[role(guild), role(guild + 1)], channels=[channel(guild + 5)], members=many)
    answers = await asyncio.gather(*(bot.put(f"/book/guilds/{guild}", sent) for bot in bots))
    assert [answer.status_code for answer in answers] == [200] * 4
    assert sum(answer.json()["events"] for answer in answers) == 1 + 2 + 1 + 50 + 4
    assert (await shown(bots[0], guild))["bots"] == sorted(str(bot.id) for bot in bots)


async def test_ids_may_be_numbers_that_every_reader_takes_for_the_same(world: World) -> None:
    bot = await world.bot()
    sent = snapshot(77, owner_id=7, roles=[{"id": 77, "name": "@everyone", "permissions": 104324673}])
    assert (await bot.put("/book/guilds/77", sent)).status_code == 200
    assert (await shown(bot, 77))["roles"][0]["permissions"] == "104324673"


async def test_null_is_as_good_as_nothing_where_nothing_else_can_be_meant(world: World) -> None:
    bot, guild = await world.bot(), new_guild()
    everyone = {**role(guild), "position": None, "permissions": None, "hoist": None}
    hall = channel(guild + 5, topic=None, nsfw=None, rate_limit_per_user=None, permission_overwrites=None)
    sent = snapshot(
        guild, roles=[everyone], channels=[hall], members=None, bans=None, features=None, members_complete=None
    )
    assert (await bot.put(f"/book/guilds/{guild}", sent)).status_code == 200


async def test_members_and_bans_that_are_not_mentioned_stay(world: World) -> None:
    bot, guild = await world.bot(), new_guild()
    await bot.put(f"/book/guilds/{guild}", snapshot(guild, members=[member(8)], bans=[ban(9)]))
    await bot.put(f"/book/guilds/{guild}", snapshot(guild))
    await bot.put(f"/book/guilds/{guild}", snapshot(guild, members=[member(10)]))
    assert await ids(bot, guild) == {8, 10, bot.id}
    assert await listed(bot, guild, "bans") == [{"user_id": "9", "reason": None}]


async def test_of_complete_members_the_others_are_gone_but_for_the_bot_itself(world: World) -> None:
    bot, guild = await world.bot(), new_guild()
    await bot.put(f"/book/guilds/{guild}", snapshot(guild, members=[member(8), member(9)]))
    await bot.put(f"/book/guilds/{guild}", snapshot(guild, members=[member(9)], members_complete=True))
    assert await ids(bot, guild) == {9, bot.id}
    await bot.put(f"/book/guilds/{guild}", snapshot(guild, members=[], members_complete=True))
    assert await ids(bot, guild) == {bot.id}


async def test_bans_that_are_not_listed_are_lifted(world: World) -> None:
    bot, guild = await world.bot(), new_guild()
    await bot.put(f"/book/guilds/{guild}", snapshot(guild, bans=[ban(8), ban(9, "spam")]))
    lifted = {"user": {"id": "9", "username": "rui"}, "reason": "rude"}  # as Discord shows one
    await bot.put(f"/book/guilds/{guild}", snapshot(guild, bans=[lifted]))
    assert await listed(bot, guild, "bans") == [{"user_id": "9", "reason": "rude"}]


async def test_a_member_is_shown_with_its_roles_but_never_everyone(world: World) -> None:
    bot, guild = await world.bot(), new_guild()
    sent = member(8, [guild, guild + 1], nick="I")
    await bot.put(f"/book/guilds/{guild}", snapshot(guild, members=[sent]))
    found = next(each for each in await listed(bot, guild, "members") if each["user"]["id"] == "8")
    assert found == {
        "user": {"id": "8", "username": "user8", "global_name": None, "avatar": None, "bot": False},
        "nick": "I",
        "roles": [str(guild + 1)],
        "joined_at": "2021-03-04T05:06:07.089000Z",
    }


async def test_the_past_is_shown_as_it_was(world: World) -> None:
    bot, guild = await world.bot(), new_guild()
    first = await bot.put(f"/book/guilds/{guild}", snapshot(guild, members=[member(8)], channels=[channel(guild + 5)]))
    roles = [role(guild, name="@everyone"), role(guild + 1)]
    await bot.put(
        f"/book/guilds/{guild}", snapshot(guild, name="Madeira", roles=roles, members=[], members_complete=True)
    )
    then = await shown(bot, guild, at=first.json()["position"])
    now = await shown(bot, guild)
    assert (then["name"], len(then["roles"]), len(then["channels"]), then["member_count"]) == ("Azores", 1, 1, 2)
    assert (now["name"], len(now["roles"]), len(now["channels"]), now["member_count"]) == ("Madeira", 2, 0, 1)
    before = await bot.get(f"/book/guilds/{guild}", params={"at": 0})
    assert refused(before) == (404, f"There is no guild {guild}.")
    assert (await shown(bot, guild, at=2**63 - 1))["name"] == "Madeira"
    assert (await bot.get(f"/book/guilds/{guild}", params={"at": "soon"})).status_code == 400


async def test_a_bot_leaves_and_all_else_stays(world: World) -> None:
    bot, guild = await world.bot(), new_guild()
    await bot.put(f"/book/guilds/{guild}", snapshot(guild, members=[member(8)]))
    left = await bot.delete(f"/book/guilds/{guild}")
    assert left.json() == {"position": int(left.headers["Guildbook-Position"])}
    assert (await bot.delete(f"/book/guilds/{guild}")).json() == left.json()
    found = await shown(bot, guild)
    assert (found["name"], found["member_count"], found["bots"]) == ("Azores", 1, [])
    assert refused(await bot.delete(f"/book/guilds/{new_guild()}"))[0] == 404


async def test_guilds_are_listed_page_by_page_for_whom_the_token_is_good(world: World) -> None:
    guilds = sorted(new_guild() for _ in range(3))
    bot, stranger = await world.bot(), await world.bot("stats:write", guilds=[*guilds, 2**63 - 1])
    for guild in guilds:
        await bot.put(f"/book/guilds/{guild}", snapshot(guild))
    first = (await stranger.get("/book/guilds", params={"limit": 2})).json()
    assert [each["id"] for each in first["items"]] == [str(guild) for guild in guilds[:2]]
    last = (await stranger.get("/book/guilds", params={"limit": 2, "cursor": first["next_cursor"]})).json()
    assert ([each["id"] for each in last["items"]], last["next_cursor"]) == ([str(guilds[2])], None)
    assert len((await bot.get("/book/guilds", params={"limit": 200})).json()["items"]) >= 3


async def test_members_are_listed_page_by_page(world: World) -> None:
    bot, guild = await world.bot(), new_guild()
    await bot.put(f"/book/guilds/{guild}", snapshot(guild, members=[member(n) for n in range(1, 8)]))
    first = (await bot.get(f"/book/guilds/{guild}/members", params={"limit": 5})).json()
    rest = (await bot.get(f"/book/guilds/{guild}/members", params={"cursor": first["next_cursor"]})).json()
    assert [each["user"]["id"] for each in first["items"] + rest["items"]] == [*map(str, range(1, 8)), str(bot.id)]


@pytest.mark.parametrize("path", ["", "/members", "/bans"])
async def test_of_a_guild_that_nobody_reported_there_is_nothing_to_show(world: World, path: str) -> None:
    bot, guild = await world.bot(), new_guild()
    assert refused(await bot.get(f"/book/guilds/{guild}{path}")) == (404, f"There is no guild {guild}.")
    assert (await bot.get(f"/book/guilds/{2**64 - 1}{path}")).status_code == 404
    assert (await bot.get(f"/book/guilds/{2**64}{path}")).status_code == 400
    assert (await bot.get(f"/book/guilds/azores{path}")).status_code == 400


async def test_reporting_needs_the_scope_and_reading_any_token_for_that_guild(world: World) -> None:
    guild, other = new_guild(), new_guild()
    writer, reader = await world.bot("guilds:write", guilds=[guild]), await world.bot("stats:write", guilds=[guild])
    assert (await writer.put(f"/book/guilds/{guild}", snapshot(guild))).status_code == 200
    assert (await reader.get(f"/book/guilds/{guild}")).status_code == 200
    scope = (403, "This token does not have the 'guilds:write' scope.")
    assert refused(await reader.put(f"/book/guilds/{guild}", snapshot(guild))) == scope
    assert refused(await reader.post(f"/book/guilds/{guild}/changes", {"changes": []})) == scope
    assert refused(await reader.delete(f"/book/guilds/{guild}")) == scope
    elsewhere = (403, f"This token is not for guild {other}.")
    assert refused(await writer.put(f"/book/guilds/{other}", snapshot(other))) == elsewhere
    assert refused(await writer.post(f"/book/guilds/{other}/changes", {"changes": []})) == elsewhere
    assert refused(await writer.delete(f"/book/guilds/{other}")) == elsewhere
    for path in ("", "/members", "/bans"):
        assert refused(await reader.get(f"/book/guilds/{other}{path}")) == elsewhere
        assert (await world.anyone.get(f"/book/guilds/{guild}{path}")).status_code == 401
    assert (await world.anyone.get("/book/guilds")).status_code == 401
