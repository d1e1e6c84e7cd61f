"""A guild as one of its members sees it, over HTTP."""

from typing import Any

import pytest

from tests.api.antiraid.callers import Holder, open_session, said
from tests.fake_discord import CDN_URL
from tests.guild_samples import Sent, channel, member, new_guild, overwrite, role, snapshot
from tests.world import World

ALL = "2111062325329919"
VIEW, SEND, ADMINISTRATOR = 1024, 2048, 8


def path(guild: object) -> str:
    return f"/users/@me/guilds/{guild}"


async def reported(world: World, guild: int, **more: Any) -> None:  # noqa: ANN401 - as a snapshot has them
    """Let the primary bot report a guild, in which it is from then on."""
    primary = await world.primary()
    answer = await primary.put(f"/book/guilds/{guild}", snapshot(guild, **more))
    assert answer.status_code == 200, answer.text


async def seen_by(holder: Holder, guild: int) -> dict[str, Any]:
    answer = await holder.get(path(guild))
    assert answer.status_code == 200, answer.text
    return answer.json()


def rooms(guild: int) -> list[Sent]:
    closed = overwrite(guild, deny=VIEW), overwrite(guild + 2, allow=VIEW | 8192)
    return [
        channel(guild + 6, parent=guild + 5, position=1, permission_overwrites=list(closed)),
        channel(guild + 5, kind=4, position=0),
        channel(guild + 4, position=1),
    ]


async def test_a_member_sees_the_guild_and_what_both_may_do_in_it(world: World) -> None:
    holder, guild, primary = await open_session(world), new_guild(), await world.primary()
    everyone = role(guild, VIEW | SEND, 0, name="@everyone")
    roles = [role(guild + 2, 4, 1), role(guild + 1, ADMINISTRATOR, 1), everyone]
    members = [member(holder.account, [guild, guild + 2]), member(primary.id, [guild + 1])]
    await reported(world, guild, icon="a_1f", roles=roles, channels=rooms(guild), members=members)
    assert await seen_by(holder, guild) == {
        "owner_id": "7",
        "name": "Azores",
        "icon": f"{CDN_URL}/icons/{guild}/a_1f.gif",
        "roles": [
            {"id": str(guild), "name": "@everyone", "position": 0, "permissions": str(VIEW | SEND)},
            {"id": str(guild + 1), "name": f"role {guild + 1}", "position": 1, "permissions": "8"},
            {"id": str(guild + 2), "name": f"role {guild + 2}", "position": 1, "permissions": "4"},
        ],
        "user_roles": [str(guild + 2)],
        "bot_roles": [str(guild + 1)],
        "channels": [
            {"user": str(VIEW | SEND | 4), "bot": ALL, "channel": shown(guild + 5, kind=4, position=0)},
            {"user": str(VIEW | SEND | 4), "bot": ALL, "channel": shown(guild + 4)},
            {"user": str(VIEW | SEND | 4 | 8192), "bot": ALL, "channel": shown(guild + 6, parent=str(guild + 5))},
        ],
    }


def shown(number: int, kind: int = 0, position: int = 1, parent: str | None = None) -> dict[str, Any]:
    """Return a channel as it is shown."""
    return {"id": str(number), "name": f"channel {number}", "position": position, "parent_id": parent, "type": kind}


async def test_an_owner_may_do_everything_everywhere(world: World) -> None:
    holder, guild = await open_session(world), new_guild()
    await reported(world, guild, owner=holder.account, channels=rooms(guild), members=[member(holder.account)])
    assert {each["user"] for each in (await seen_by(holder, guild))["channels"]} == {ALL}


@pytest.mark.parametrize(("icon", "ending"), [("1f", "1f.webp"), ("a_1f", "a_1f.gif"), (None, None)])
async def test_an_icon_is_a_whole_url(world: World, icon: str | None, ending: str | None) -> None:
    holder, guild = await open_session(world), new_guild()
    await reported(world, guild, icon=icon, members=[member(holder.account)])
    url = (await seen_by(holder, guild))["icon"]
    assert url == (ending and f"{CDN_URL}/icons/{guild}/{ending}")


async def test_what_was_just_reported_is_seen(world: World) -> None:
    holder, guild, primary = await open_session(world), new_guild(), await world.primary()
    await reported(world, guild, members=[member(holder.account)])
    changes = [{"type": "guild.update", "guild": {"name": "Madeira"}}]
    await primary.post(f"/book/guilds/{guild}/changes", {"changes": changes})
    assert (await seen_by(holder, guild))["name"] == "Madeira"


async def test_a_guild_that_nobody_reported_is_not_found(world: World) -> None:
    holder = await open_session(world)
    for number in (new_guild(), 2**64 - 1):
        assert said(await holder.get(path(number))) == (404, "NotFound", "Guild not found")


async def test_who_is_not_a_member_does_not_see_a_guild(world: World) -> None:
    holder, guild = await open_session(world), new_guild()
    await reported(world, guild)
    assert said(await holder.get(path(guild))) == (404, "NotFound", "User not found in server")


async def test_a_guild_without_the_primary_bot_is_not_seen(world: World) -> None:
    holder, guild, primary = await open_session(world), new_guild(), await world.primary()
    await reported(world, guild, members=[member(holder.account)])
    await primary.delete(f"/book/guilds/{guild}")
    assert said(await holder.get(path(guild))) == (404, "NotFound", "Bot user not found")


@pytest.mark.parametrize("wrong", ["azores", "1" * 21, str(2**64), "-1", "1.5"])
async def test_a_guild_is_named_by_an_id(world: World, wrong: str) -> None:
    holder = await open_session(world)
    assert said(await holder.get(path(wrong)))[:2] == (400, "BadRequest")


async def test_a_token_needs_the_scope(world: World) -> None:
    guild = new_guild()
    able, unable = (
        await open_session(world, "api", ["guilds:read"]),
        await open_session(world, "api", ["settings:read"]),
    )
    await reported(world, guild, members=[member(able.account), member(unable.account)])
    assert (await able.get(path(guild))).status_code == 200
    missing = (403, "Restricted", "This token does not have the 'guilds:read' scope")
    assert said(await unable.get(path(guild))) == missing
    assert (await world.anyone.get(path(guild))).status_code == 401
