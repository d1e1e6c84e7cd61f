"""Templates of guilds over HTTP: published, read by everybody, and withdrawn."""

from typing import Any

import pytest

from tests.api.book.loading import (
    ADMIN,
    MEMBER,
    NOWHERE,
    OWNER,
    TEMPLATES,
    back_up,
    done,
    external,
    limited,
    new_source,
    new_target,
    publish,
)
from tests.api.book.problems import faults, refused
from tests.guild_samples import role
from tests.world import Bot, World


@pytest.fixture
async def bot(world: World) -> Bot:
    return await world.bot()


async def test_a_guild_is_published_and_read_back(bot: Bot) -> None:
    guild = await new_source(bot)
    made = await publish(bot, guild, description="Rooms")
    assert list(made) == [
        *("id", "name", "description", "creator_id", "source_guild_id", "usage_count", "bots", "created_at"),
    ]
    assert (made["name"], made["description"], made["creator_id"]) == ("Gaming", "Rooms", str(OWNER))
    assert (made["source_guild_id"], made["usage_count"], made["bots"]) == (str(guild), 0, [])
    assert len(made["id"]) == 12
    assert made["id"].isalnum()
    shown = done(await bot.get(f"{TEMPLATES}/{made['id']}"))
    held = shown.pop("data")
    assert shown == made
    assert (held["name"], held["description"]) == ("Azores", "Waves")
    assert [it["id"] for it in held["roles"]] == [str(guild + n) for n in range(3)]
    assert [it["id"] for it in held["channels"]] == [str(guild + 5), str(guild + 6)]
    assert not {"bans", "rows"} & set(held)


async def test_a_backup_is_published_as_it_is(bot: Bot) -> None:
    guild = await new_source(bot)
    taken = await back_up(bot, guild)
    change = {"type": "role.upsert", "role": role(guild + 3)}
    done(await bot.post(f"/book/guilds/{guild}/changes", {"changes": [change]}))
    body = {"name": "Then", "backup_id": taken["id"].upper(), "user_id": str(OWNER)}
    made = done(await bot.post(TEMPLATES, body), 201)
    assert (made["source_guild_id"], made["description"]) == (str(guild), "")
    assert len(done(await bot.get(f"{TEMPLATES}/{made['id']}"))["data"]["roles"]) == 3


@pytest.mark.parametrize(("user", "status"), [(ADMIN, 201), (MEMBER, 403), (77, 403)])
async def test_owners_and_administrators_publish(bot: Bot, user: int, status: int) -> None:
    body = {"name": "Gaming", "guild_id": str(await new_source(bot)), "user_id": str(user)}
    assert (await bot.post(TEMPLATES, body)).status_code == status


async def test_only_its_creator_publishes_a_backup(bot: Bot) -> None:
    taken = await back_up(bot, await new_source(bot))
    answer = await bot.post(TEMPLATES, {"name": "Mine", "backup_id": taken["id"], "user_id": str(ADMIN)})
    assert refused(answer) == (403, "Only its creator may load or delete a backup.")


async def test_only_what_there_is_is_published(bot: Bot) -> None:
    body = {"name": "Gaming", "user_id": str(OWNER)}
    answer = await bot.post(TEMPLATES, {**body, "guild_id": str(NOWHERE)})
    assert refused(answer) == (404, f"There is no guild {NOWHERE}.")
    assert refused(await bot.post(TEMPLATES, {**body, "backup_id": "nope"})) == (404, "There is no backup nope.")


@pytest.mark.parametrize(
    ("change", "pointers"),
    [
        ({"guild_id": None}, [""]),
        ({"backup_id": "abc"}, [""]),
        ({"backup_id": "a b", "guild_id": None}, ["/backup_id"]),
        ({"name": "", "user_id": True}, ["/name", "/user_id"]),
        ({"name": "x" * 101, "description": "x" * 1001}, ["/name", "/description"]),
        ({"description": None}, ["/description"]),
        ({"source": "1"}, ["/source"]),
    ],
)
async def test_every_fault_of_a_body_is_named(bot: Bot, change: dict[str, Any], pointers: list[str]) -> None:
    body = {"name": "Gaming", "guild_id": "5", "user_id": "64", **change}
    assert list(faults(await bot.post(TEMPLATES, body))) == pointers


async def test_every_bot_reads_templates_page_by_page_newest_first(world: World, bot: Bot) -> None:
    guild = await new_source(bot)
    first, second = [await publish(bot, guild, name=name) for name in "ab"]
    other = await limited(world, 5)
    page = done(await other.get(f"{TEMPLATES}?limit=1"))
    rest = done(await other.get(f"{TEMPLATES}?limit=1&cursor={page['next_cursor']}"))
    assert (page["items"], rest["items"]) == ([second], [first])
    assert done(await other.get(f"{TEMPLATES}/{first['id']}"))["data"]["name"] == "Azores"
    assert refused(await bot.get(f"{TEMPLATES}?limit=201"))[0] == 400


async def test_a_token_for_some_guilds_publishes_those_only(world: World, bot: Bot) -> None:
    guild, other = await new_source(bot), await new_source(bot)
    taken = await back_up(bot, other)
    narrow = await limited(world, guild)
    await publish(narrow, guild)
    body = {"name": "Gaming", "user_id": str(OWNER)}
    answer = await narrow.post(TEMPLATES, {**body, "guild_id": str(other)})
    assert refused(answer) == (403, f"This token is not for guild {other}.")
    answer = await narrow.post(TEMPLATES, {**body, "backup_id": taken["id"]})
    assert refused(answer) == (404, f"There is no backup {taken['id']}.")


async def test_only_a_token_with_the_scope_publishes_and_withdraws(world: World) -> None:
    other = await world.bot("backups:write")
    told = (403, "This token does not have the 'templates:write' scope.")
    assert refused(await other.post(TEMPLATES, {})) == told
    assert refused(await other.delete(f"{TEMPLATES}/x?user_id=1")) == told


async def test_loads_of_a_template_are_counted(bot: Bot) -> None:
    made, target = await publish(bot, await new_source(bot)), await new_target(bot)
    load = external(target, type="template", template_id=made["id"])
    del load["backup_id"]
    done(await bot.post("/book/loads", load), 202)
    done(await bot.post("/book/loads", load), 409)
    assert done(await bot.get(f"{TEMPLATES}/{made['id']}"))["usage_count"] == 1


async def test_a_template_is_withdrawn_by_its_creator_only(bot: Bot) -> None:
    path = f"{TEMPLATES}/{(await publish(bot, await new_source(bot)))['id']}"
    assert refused(await bot.delete(path)) == (400, "user_id must be in the query.")
    told = (403, "Only its creator may change or withdraw a template.")
    assert refused(await bot.delete(f"{path}?user_id={ADMIN}")) == told
    answer = await bot.delete(f"{path}?user_id={OWNER}")
    assert (answer.status_code, answer.content) == (204, b"")
    for again in (await bot.get(path), await bot.delete(f"{path}?user_id={OWNER}")):
        assert again.status_code == 404


@pytest.mark.parametrize("name", ["nope", "n" * 65, "%00", "a%20b", "é"])
async def test_a_template_that_is_not_there(bot: Bot, name: str) -> None:
    assert (await bot.get(f"{TEMPLATES}/{name}")).status_code == 404
    assert (await bot.delete(f"{TEMPLATES}/{name}?user_id=1")).status_code == 404
