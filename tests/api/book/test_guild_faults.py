"""What is wrong with a report of a guild is named, with its place, and nothing is recorded."""

from typing import Any

import pytest

from tests.api.book.problems import faults, refused
from tests.guild_samples import ban, channel, member, new_guild, overwrite, role, snapshot
from tests.world import World

G = new_guild()
EVERYONE = role(G, name="@everyone")
TOO_LARGE = str(2**63)
WITH_MEMBER = (
    b'{"name":"a","icon":null,"owner_id":"1","roles":[],"channels":[],"members":[{"user":{"id":"1"},"nick":%s}]}'
)


@pytest.mark.parametrize(
    ("wrong", "pointers"),
    [
        ({"name": 7}, ["/name"]),
        ({"owner_id": None}, ["/owner_id"]),
        ({"owner_id": TOO_LARGE}, ["/owner_id"]),
        ({"owner_id": 2**53}, ["/owner_id"]),
        ({"owner_id": "-1"}, ["/owner_id"]),
        ({"owner_id": 1.5}, ["/owner_id"]),
        ({"verification_level": -1}, ["/verification_level"]),
        ({"afk_channel_id": "hall"}, ["/afk_channel_id"]),
        ({"features": ["A", 1]}, ["/features/1"]),
        ({"roles": []}, ["/roles"]),
        ({"roles": None}, ["/roles"]),
        ({"roles": [role(G + 1)]}, ["/roles"]),
        ({"roles": [EVERYONE, role(G + 1), role(G + 1)]}, ["/roles/2"]),
        ({"roles": [EVERYONE, {"id": str(G + 1)}]}, ["/roles/1"]),
        ({"roles": [{**EVERYONE, "permissions": "many"}]}, ["/roles/0/permissions"]),
        ({"roles": [{**EVERYONE, "permissions": TOO_LARGE}]}, ["/roles/0/permissions", "/roles"]),
        ({"roles": [{**EVERYONE, "position": 2**31}]}, ["/roles/0/position"]),
        ({"roles": [{**EVERYONE, "hoist": 1}]}, ["/roles/0/hoist"]),
        ({"channels": [channel(G + 5), channel(G + 5)]}, ["/channels/1"]),
        ({"channels": [channel(G + 5, parent=G + 6)]}, ["/channels/0/parent_id"]),
        ({"channels": [channel(G + 6), channel(G + 5, parent=G + 6)]}, ["/channels/1/parent_id"]),
        (
            {"channels": [channel(G + 5, permission_overwrites=[overwrite(1, kind=2)])]},
            ["/channels/0/permission_overwrites/0/type"],
        ),
        (
            {"channels": [channel(G + 5, permission_overwrites=[overwrite(1), overwrite(1)])]},
            ["/channels/0/permission_overwrites/1/id"],
        ),
        ({"members": [member(8), member(8)]}, ["/members/1"]),
        ({"members": [{"user": {}}]}, ["/members/0/user"]),
        ({"members": [member(8), member(9, [2**63])]}, ["/members/1/roles/0"]),
        ({"members": [member(8, joined_at="yesterday")]}, ["/members/0/joined_at"]),
        ({"members": [member(8, joined_at="0001-01-01T00:00:00+14:00")]}, ["/members/0/joined_at"]),
        ({"members": [8]}, ["/members/0"]),
        ({"members_complete": "yes"}, ["/members_complete"]),
        ({"bans": [ban(8), ban(8)]}, ["/bans/1"]),
        ({"bans": [{}]}, ["/bans/0/user_id"]),
        ({"members": [{}, {}], "bans": [{}]}, ["/members/0", "/members/1", "/bans/0/user_id"]),
    ],
)
async def test_everything_that_is_wrong_is_named_with_its_place(
    world: World, wrong: dict[str, Any], pointers: list[str]
) -> None:
    bot = await world.bot()
    assert list(faults(await bot.put(f"/book/guilds/{G}", snapshot(G, **wrong)))) == pointers
    assert (await bot.get(f"/book/guilds/{G}")).status_code == 404


@pytest.mark.parametrize("missing", ["name", "icon", "owner_id", "roles", "channels"])
async def test_what_must_be_said_is_missed(world: World, missing: str) -> None:
    bot, sent = await world.bot(), snapshot(G)
    del sent[missing]
    assert f"`{missing}`" in faults(await bot.put(f"/book/guilds/{G}", sent))[""]


async def test_very_many_faults_are_named_as_far_as_that_helps(world: World) -> None:
    bot = await world.bot()
    found = faults(await bot.put(f"/book/guilds/{G}", snapshot(G, members=[{}] * 1_000)))
    assert len(found) == 100


@pytest.mark.parametrize("wrong", [b'"\\ud800"', b'"\xff"', b'"\0"', b"NaN", b"}"])
async def test_what_is_no_json_is_refused(world: World, wrong: bytes) -> None:
    bot = await world.bot()
    for body in (b'{"name":%s}' % wrong, WITH_MEMBER % wrong):
        answer = await bot.ask("PUT", f"/book/guilds/{G}", content=body)
        assert refused(answer)[0] == 400
        assert refused(answer)[1].startswith("The body is not JSON")


@pytest.mark.parametrize("body", [b"", b" \n", b'{"name":"a\\u0000b"}'])
async def test_a_report_is_there_and_holds_no_nul(world: World, body: bytes) -> None:
    bot = await world.bot()
    assert (await bot.ask("PUT", f"/book/guilds/{G}", content=body)).status_code == 400


async def test_an_array_is_no_guild(world: World) -> None:
    bot = await world.bot()
    assert list(faults(await bot.put(f"/book/guilds/{G}", []))) == [""]


async def test_a_report_may_be_larger_than_other_bodies_but_not_without_end(world: World) -> None:
    bot, guild = await world.bot(), new_guild()
    large = snapshot(guild, padding="x" * 2_000_000)
    assert (await bot.put(f"/book/guilds/{guild}", large)).status_code == 200
    too_large = b'{"padding":"' + b"x" * 33_554_432 + b'"}'
    assert (await bot.ask("PUT", f"/book/guilds/{guild}", content=too_large)).status_code == 413
