"""Backups over HTTP: taken, read back as the guild was then, and deleted."""

from datetime import datetime
from itertools import pairwise
from typing import Any

import pytest

from tests.api.antiraid.guildhall import column, data, notes, open_guildhall, text
from tests.api.book.loading import ADMIN, BACKUPS, MEMBER, NOWHERE, OWNER, back_up, done, limited, new_source
from tests.api.book.problems import faults, refused
from tests.guild_samples import role
from tests.world import Bot, World, new_number

NO_BACKUP = (404, "There is no backup nope.")


@pytest.fixture
async def bot(world: World) -> Bot:
    return await world.bot()


async def test_a_backup_is_taken_and_read_back(bot: Bot) -> None:
    guild = await new_source(bot)
    answer = await bot.post(BACKUPS, {"guild_id": str(guild), "user_id": str(OWNER), "name": "before the move"})
    taken = done(answer, 201)
    assert list(taken) == ["id", "guild_id", "creator_id", "name", "created_at", "position", "counts"]
    assert (taken["guild_id"], taken["creator_id"], taken["name"]) == (str(guild), str(OWNER), "before the move")
    assert taken["counts"] == {"roles": 3, "channels": 2, "bans": 1, "rows": 0}
    assert taken["position"] < int(answer.headers["Guildbook-Position"])
    assert datetime.fromisoformat(taken["created_at"]).tzinfo
    shown = done(await bot.get(f"{BACKUPS}/{taken['id']}"))
    held = shown.pop("data")
    assert shown == taken
    assert (held["name"], held["description"], held["verification_level"]) == ("Azores", "Waves", 0)
    assert [(it["id"], it["managed"]) for it in held["roles"]] == [
        *((str(guild), False), (str(guild + 1), False), (str(guild + 2), True))
    ]
    assert [(it["id"], it["parent_id"]) for it in held["channels"]] == [
        *((str(guild + 5), None), (str(guild + 6), str(guild + 5)))
    ]
    assert held["channels"][1]["permission_overwrites"][0]["id"] == str(guild + 1)
    assert (held["bans"], held["rows"]) == ([{"user_id": "99", "reason": "spam"}], [])


async def test_a_backup_holds_what_was_there_then(bot: Bot) -> None:
    guild = await new_source(bot)
    taken = await back_up(bot, guild)
    changes = [
        {"type": "role.delete", "role": {"id": str(guild + 1)}},
        {"type": "role.upsert", "role": role(guild + 3)},
    ]
    done(await bot.post(f"/book/guilds/{guild}/changes", {"changes": changes}))
    held = done(await bot.get(f"{BACKUPS}/{taken['id']}"))["data"]
    assert [it["id"] for it in held["roles"]] == [str(guild), str(guild + 1), str(guild + 2)]


async def test_the_ids_of_backups_are_ten_letters_and_digits_that_grow(bot: Bot) -> None:
    guild = await new_source(bot)
    ids = [(await back_up(bot, guild))["id"] for _ in range(5)]
    assert all(len(each) == 10 and each.isalnum() and each == each.lower() for each in ids)
    assert all(earlier[:8] <= later[:8] for earlier, later in pairwise(ids))


async def test_an_id_is_known_in_any_case(bot: Bot) -> None:
    taken = await back_up(bot, await new_source(bot))
    assert done(await bot.get(f"{BACKUPS}/{taken['id'].upper()}"))["id"] == taken["id"]
    done(await bot.delete(f"{BACKUPS}/{taken['id'].upper()}", params={"user_id": OWNER}), 204)


async def test_administrators_back_up_too(bot: Bot) -> None:
    assert (await back_up(bot, await new_source(bot), ADMIN))["creator_id"] == str(ADMIN)


@pytest.mark.parametrize("user", [MEMBER, 77])
async def test_nobody_else_backs_up(bot: Bot, user: int) -> None:
    body = {"guild_id": str(await new_source(bot)), "user_id": str(user)}
    told = (403, "The user must be owner or administrator of the guild.")
    assert refused(await bot.post(BACKUPS, body)) == told


async def test_only_known_guilds_are_backed_up(bot: Bot) -> None:
    answer = await bot.post(BACKUPS, {"guild_id": str(NOWHERE), "user_id": str(OWNER)})
    assert refused(answer) == (404, f"There is no guild {NOWHERE}.")


@pytest.mark.parametrize(
    ("change", "pointers"),
    [
        ({"guild_id": None, "user_id": "x"}, ["/guild_id", "/user_id"]),
        ({"guild_id": str(2**63)}, ["/guild_id"]),
        ({"guild_id": -1}, ["/guild_id"]),
        ({"name": ""}, ["/name"]),
        ({"name": "x" * 101}, ["/name"]),
        ({"name": 7, "extra": 1}, ["/extra", "/name"]),
    ],
)
async def test_every_fault_of_a_body_is_named(bot: Bot, change: dict[str, Any], pointers: list[str]) -> None:
    assert list(faults(await bot.post(BACKUPS, {"guild_id": "5", "user_id": "64", **change}))) == pointers


async def test_what_must_be_there_is_named(bot: Bot) -> None:
    assert faults(await bot.post(BACKUPS, {})) == {"/guild_id": "is missing", "/user_id": "is missing"}
    assert refused(await bot.ask("POST", BACKUPS, content=b"")) == (400, "There is no body; this takes a JSON object.")


async def test_one_may_have_so_many_backups_and_no_more(curt: World, world: World) -> None:
    bot, owner = await world.bot(), new_number()
    guild, there = await new_source(bot, owner), bot.at(curt.http)
    first, _ = [await back_up(there, guild, owner) for _ in range(2)]
    body = {"guild_id": str(guild), "user_id": str(owner)}
    status, detail = refused(await there.post(BACKUPS, body))
    assert (status, detail[:37]) == (409, "The creator has as many backups as on")
    done(await there.delete(f"{BACKUPS}/{first['id']}?user_id={owner}"), 204)
    await back_up(there, guild, owner)


async def test_rows_of_settings_are_shown_as_they_were_without_passwords(world: World) -> None:
    hall = await open_guildhall(world)
    columns = [column("name", text(), primary_key=True), column("code", text("password")), column("word", text())]
    name = await hall.offer([{**notes(), "id": "doorbell", "columns": columns}])
    data(await hall.said("Create", {"name": "a", "code": "hush", "word": "then"}))
    taken = await back_up(hall.bot, hall.id, hall.owner.account)
    data(await hall.said("Update", {"name": "a", "code": "hush", "word": "now"}))
    shown = done(await hall.bot.get(f"{BACKUPS}/{taken['id']}"))
    assert shown["counts"]["rows"] == 1
    row = {"template": name, "setting": "doorbell", "key": {"name": "a"}, "fields": {"name": "a", "word": "then"}}
    assert shown["data"]["rows"] == [row]


async def test_what_became_a_password_is_not_shown_where_it_stood_open(world: World) -> None:
    hall = await open_guildhall(world)
    columns = [column("name", text(), primary_key=True), column("code", text())]
    open_notes = {**notes(), "id": "doorbell", "columns": columns}
    name = await hall.offer([open_notes])
    data(await hall.said("Create", {"name": "a", "code": "hush"}))
    taken = await back_up(hall.bot, hall.id, hall.owner.account)
    body = {
        "guild_ids": [str(hall.id)],
        "settings": [{**open_notes, "columns": [columns[0], column("code", text("password"))]}],
    }
    done(await hall.bot.put(f"/book/settings/templates/{name}", body))
    [row] = done(await hall.bot.get(f"{BACKUPS}/{taken['id']}"))["data"]["rows"]
    assert row["fields"] == {"name": "a"}
    done(await hall.bot.delete(f"/book/settings/templates/{name}"))
    assert done(await hall.bot.get(f"{BACKUPS}/{taken['id']}"))["data"]["rows"] == []


async def test_backups_are_listed_page_by_page_newest_first(bot: Bot) -> None:
    guild, other = await new_source(bot), await new_source(bot)
    first, second = await back_up(bot, guild), await back_up(bot, guild, ADMIN)
    await back_up(bot, other)
    page = done(await bot.get(f"{BACKUPS}?guild_id={guild}&limit=1"))
    assert page["items"] == [second]
    rest = done(await bot.get(f"{BACKUPS}?guild_id={guild}&limit=1&cursor={page['next_cursor']}"))
    assert rest == {"items": [first], "next_cursor": None}
    assert done(await bot.get(f"{BACKUPS}?guild_id={guild}&creator={ADMIN}"))["items"] == [second]
    assert done(await bot.get(f"{BACKUPS}?creator={new_number()}"))["items"] == []


@pytest.mark.parametrize("query", ["guild_id=x", "creator=", f"guild_id={2**63}", "limit=0", "cursor=x"])
async def test_a_list_is_not_asked_for_like_this(bot: Bot, query: str) -> None:
    assert refused(await bot.get(f"{BACKUPS}?{query}"))[0] == 400


async def test_a_token_for_some_guilds_sees_the_backups_of_those_only(world: World, bot: Bot) -> None:
    guild, other = await new_source(bot), await new_source(bot)
    taken, hidden = await back_up(bot, guild), await back_up(bot, other)
    narrow = await limited(world, guild)
    assert done(await narrow.get(f"{BACKUPS}?limit=200"))["items"] == [taken]
    assert done(await narrow.get(f"{BACKUPS}?guild_id={other}"))["items"] == []
    unknown = (404, f"There is no backup {hidden['id']}.")
    assert refused(await narrow.get(f"{BACKUPS}/{hidden['id']}")) == unknown
    assert refused(await narrow.delete(f"{BACKUPS}/{hidden['id']}?user_id={OWNER}")) == unknown
    answer = await narrow.post(BACKUPS, {"guild_id": str(other), "user_id": str(OWNER)})
    assert refused(answer) == (403, f"This token is not for guild {other}.")


async def test_without_the_scope_one_sees_that_there_is_a_backup_and_not_what_it_holds(world: World, bot: Bot) -> None:
    taken, other = await back_up(bot, await new_source(bot)), await world.bot("stats:write")
    assert done(await other.get(f"{BACKUPS}/{taken['id']}")) == taken
    told = (403, "This token does not have the 'backups:write' scope.")
    assert refused(await other.post(BACKUPS, {})) == told
    assert refused(await other.delete(f"{BACKUPS}/{taken['id']}?user_id={OWNER}")) == told


async def test_a_backup_is_deleted_by_its_creator_only(bot: Bot) -> None:
    path = f"{BACKUPS}/{(await back_up(bot, await new_source(bot)))['id']}"
    assert refused(await bot.delete(path)) == (400, "user_id must be in the query.")
    assert refused(await bot.delete(f"{path}?user_id={ADMIN}")) == (
        403,
        "Only its creator may load or delete a backup.",
    )
    answer = await bot.delete(f"{path}?user_id={OWNER}")
    assert (answer.status_code, answer.content) == (204, b"")
    assert answer.headers["Guildbook-Position"]
    for again in (await bot.get(path), await bot.delete(f"{path}?user_id={OWNER}")):
        assert again.status_code == 404


@pytest.mark.parametrize("name", ["nope", "n" * 65, "%00", "a%20b", "é", "a%2Fb", "-", "0" * 64])
async def test_a_backup_that_is_not_there(bot: Bot, name: str) -> None:
    assert (await bot.get(f"{BACKUPS}/{name}")).status_code == 404
    assert (await bot.delete(f"{BACKUPS}/{name}?user_id=1")).status_code == 404


async def test_who_asks_again_under_a_key_has_taken_one_backup(bot: Bot) -> None:
    guild = await new_source(bot)
    body, headers = {"guild_id": str(guild), "user_id": str(OWNER)}, {"Idempotency-Key": f"k{guild}"}
    first, again = [done(await bot.post(BACKUPS, body, headers=headers), 201) for _ in range(2)]
    assert first == again
    assert done(await bot.get(f"{BACKUPS}?guild_id={guild}"))["items"] == [first]


@pytest.mark.parametrize("path", [BACKUPS, f"{BACKUPS}/x"])
async def test_without_a_token_nobody_reads_backups(world: World, path: str) -> None:
    assert refused(await world.anyone.get(path))[0] == 401
