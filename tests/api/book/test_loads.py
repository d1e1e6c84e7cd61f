"""Loads over HTTP: asked for, planned, looked at, cancelled, refused; and those that bots run themselves."""

from typing import Any

import pytest

from tests.api.book.loading import (
    ADMIN,
    LOADS,
    MEMBER,
    NOWHERE,
    OWNER,
    back_up,
    done,
    external,
    limited,
    new_source,
    new_target,
    publish,
)
from tests.api.book.problems import faults, refused
from tests.world import Bot, World

NO_SUCH = "There is no load ld_nope."


@pytest.fixture
async def bot(world: World) -> Bot:
    return await world.bot()


async def internal(bot: Bot, **more: object) -> dict[str, Any]:
    """Return a load of a new backup into a new guild."""
    taken, target = await back_up(bot, await new_source(bot)), await new_target(bot)
    return {"type": "backup", "backup_id": taken["id"], "target_id": str(target), "user_id": str(OWNER), **more}


async def start(bot: Bot, load: dict[str, Any]) -> dict[str, Any]:
    return done(await bot.post(LOADS, load), 202)


async def test_a_load_is_started_with_a_plan(bot: Bot) -> None:
    wanted = await internal(bot, restore_settings=True)
    answer = await bot.post(LOADS, {**wanted, "backup_id": wanted["backup_id"].upper()})
    load = done(answer, 202)
    assert load["load_id"][:3] == "ld_"
    assert len(load["load_id"]) == 13
    assert (load["kind"], load["type"], load["gateway"], load["mode"]) == ("internal", "backup", "registry", "replace")
    assert (load["backup_id"], load["template_id"]) == (wanted["backup_id"], None)
    assert (load["target_id"], load["user_id"], load["bot_id"]) == (wanted["target_id"], str(OWNER), str(bot.id))
    assert (load["state"], load["outcome"], load["status"], load["progress"]) == ("running", None, "starting", 0)
    assert (load["reported_by"], load["restore_id"], load["only"], load["mapped"]) == (None, None, None, 0)
    everything = dict.fromkeys(("roles", "delete_roles", "channels", "delete_channels", "settings"), True)
    assert load["options"] == {**everything, "bans": False}
    totals = {step["name"]: step["total"] for step in load["steps"]}
    assert totals == {"delete_roles": 1, "roles": 2, "delete_channels": 1, "channels": 2, "bans": 0, "settings": 1}
    assert load["position"] == int(answer.headers["Guildbook-Position"])
    assert done(await bot.get(f"{LOADS}/{load['load_id']}"))["started_at"] == load["started_at"]


async def test_a_load_of_a_template_leaves_the_properties_of_the_guild_unless_it_is_told(bot: Bot) -> None:
    template = (await publish(bot, await new_source(bot)))["id"]
    for options, settings in (({}, False), ({"settings": None}, False), ({"settings": True}, True)):
        load = {"type": "template", "template_id": template, "user_id": str(OWNER), "options": options}
        shown = await start(bot, {**load, "target_id": str(await new_target(bot))})
        assert (shown["template_id"], shown["backup_id"]) == (template, None)
        assert shown["options"]["settings"] is settings


async def test_a_load_of_some_objects_in_some_steps(bot: Bot) -> None:
    wanted = await internal(bot, mode="merge", options={"roles": False, "settings": False}, only={"channels": ["5", 6]})
    load = await start(bot, wanted)
    assert (load["mode"], load["only"]) == ("merge", {"roles": None, "channels": ["5", "6"]})
    assert all(step["state"] == "skipped" for step in load["steps"])


async def test_a_dry_run_tells_what_would_be_done_and_does_nothing(bot: Bot) -> None:
    wanted = await internal(bot, options={"bans": True})
    target = int(wanted["target_id"])
    answer = await bot.post(LOADS, {**wanted, "dry_run": True})
    plan = done(answer)
    source = int(plan["source_id"])
    assert plan == {
        "source_id": str(source),
        "target_id": str(target),
        "mode": "replace",
        "creations": {
            "roles": [str(source + 1)],
            "channels": [str(source + 5), str(source + 6)],
            "bans": ["99"],
        },
        "edits": {
            "roles": [{"source_id": str(source), "target_id": str(target)}],
            "channels": [],
            "settings": True,
        },
        "deletions": {"roles": [str(target + 1)], "channels": [str(target + 5)]},
        "counts": {"creations": 4, "edits": 2, "deletions": 2},
    }
    assert done(await bot.get(f"{LOADS}?guild_id={target}"))["items"] == []
    await start(bot, wanted)


@pytest.mark.parametrize("user", [MEMBER, 77])
async def test_nobody_without_the_right_in_the_target_loads(bot: Bot, user: int) -> None:
    template = (await publish(bot, await new_source(bot)))["id"]
    wanted = {"type": "template", "template_id": template, "target_id": str(await new_target(bot)), "user_id": user}
    told = (403, "The user must be owner or administrator of the guild.")
    for load in (wanted, {**wanted, "dry_run": True}, {**wanted, "kind": "external"}):
        assert refused(await bot.post(LOADS, load)) == told


async def test_only_its_creator_loads_a_backup(bot: Bot) -> None:
    taken, target = await back_up(bot, await new_source(bot)), await new_target(bot, ADMIN)
    load = {"type": "backup", "backup_id": taken["id"], "target_id": str(target), "user_id": str(ADMIN)}
    assert refused(await bot.post(LOADS, load)) == (403, "Only its creator may load or delete a backup.")


async def test_only_what_there_is_is_loaded_and_only_into_what_there_is(bot: Bot) -> None:
    wanted = await internal(bot)
    cases = [
        ({"backup_id": "nope"}, "There is no backup nope."),
        ({"type": "template", "backup_id": None, "template_id": "nope"}, "There is no template nope."),
        ({"target_id": str(NOWHERE)}, f"There is no guild {NOWHERE}."),
    ]
    for change, told in cases:
        assert refused(await bot.post(LOADS, {**wanted, **change})) == (404, told)
        assert refused(await bot.post(LOADS, {**wanted, **change, "dry_run": True})) == (404, told)


@pytest.mark.parametrize(
    ("change", "pointers"),
    [
        ({"type": None, "target_id": None, "user_id": "x"}, ["/type", "/target_id", "/user_id"]),
        ({"type": "guild"}, ["/type"]),
        ({"backup_id": None}, ["/backup_id"]),
        ({"template_id": "abc"}, ["/template_id"]),
        ({"type": "template"}, ["/backup_id", "/template_id"]),
        ({"backup_id": "a b"}, ["/backup_id"]),
        ({"backup_id": "a\n"}, ["/backup_id"]),
        ({"kind": "foreign", "mode": "add", "gateway": "irc"}, ["/kind", "/gateway", "/mode"]),
        ({"source_id": "5"}, ["/source_id"]),
        ({"kind": "external", "gateway": "registry"}, ["/gateway"]),
        ({"kind": "external", "dry_run": True, "restore_settings": True}, ["/dry_run", "/restore_settings"]),
        ({"kind": "external"}, ["/source_id"]),
        ({"options": {"roles": 1}}, ["/options/roles"]),
        ({"options": {"emojis": True}}, ["/options"]),
        ({"options": None, "dry_run": None}, ["/options", "/dry_run"]),
        ({"only": {"roles": ["a"]}}, ["/only/roles/0"]),
        ({"only": {"channels": ["1", str(2**63)]}}, ["/only/channels/1"]),
        ({"only": []}, ["/only"]),
        ({"member": True}, ["/member"]),
        ({"gateway": "discord"}, ["/gateway"]),
    ],
)
async def test_every_fault_of_a_load_is_named(bot: Bot, change: dict[str, Any], pointers: list[str]) -> None:
    load = {"type": "backup", "backup_id": "elsewhere2", "target_id": "5", "user_id": "64", **change}
    assert list(faults(await bot.post(LOADS, load))) == pointers


async def test_a_second_load_into_a_guild_is_refused_and_told_of(bot: Bot) -> None:
    target = await new_target(bot)
    first = await start(bot, external(target))
    answer = await bot.post(LOADS, external(target, user_id=str(OWNER)))
    load = done(answer, 409)
    assert answer.headers["Content-Type"] == "application/json"
    assert (load["state"], load["outcome"], load["status"], load["steps"]) == ("finished", "refused", "refused", [])
    assert [error["message"] for error in load["errors"]] == [f"Load {first['load_id']} runs in the guild."]
    assert load["finished_at"]
    assert done(await bot.get(f"{LOADS}/{load['load_id']}")) == load
    done(await bot.post(f"{LOADS}/{first['load_id']}/done", {"outcome": "success"}))
    await start(bot, external(target))


async def test_a_dry_run_is_refused_while_a_load_runs(bot: Bot) -> None:
    wanted = await internal(bot, dry_run=True)
    await start(bot, external(int(wanted["target_id"])))
    assert refused(await bot.post(LOADS, wanted)) == (409, "Another load runs in the guild.")


async def test_loads_are_listed_by_guild_and_state_newest_first(bot: Bot) -> None:
    target = await new_target(bot)
    first = await start(bot, external(target))
    ended = done(await bot.post(f"{LOADS}/{first['load_id']}/done", {"outcome": "failed", "error": "no more"}))
    second = await start(bot, external(target))
    page = done(await bot.get(f"{LOADS}?guild_id={target}&limit=1"))
    assert page["items"] == [second]
    rest = done(await bot.get(f"{LOADS}?guild_id={target}&limit=1&cursor={page['next_cursor']}"))
    assert rest == {"items": [ended], "next_cursor": None}
    assert done(await bot.get(f"{LOADS}?guild_id={target}&state=running"))["items"] == [second]
    assert done(await bot.get(f"{LOADS}?guild_id={target}&state=finished"))["items"] == [ended]


@pytest.mark.parametrize("query", ["guild_id=x", "state=", "state=done", "limit=x", "cursor=W10"])
async def test_a_list_is_not_asked_for_like_this(bot: Bot, query: str) -> None:
    assert refused(await bot.get(f"{LOADS}?{query}"))[0] == 400


async def test_a_load_is_cancelled_once(world: World, bot: Bot) -> None:
    load = await start(bot, external(await new_target(bot)))
    path = f"{LOADS}/{load['load_id']}/cancel"
    told = (403, "This token does not have the 'loads:run' scope.")
    assert refused(await (await world.bot("guilds:write")).post(path)) == told
    cancelled = done(await (await world.bot("loads:run")).post(path), 202)
    assert (cancelled["state"], cancelled["outcome"]) == ("finished", "cancelled")
    assert refused(await bot.post(path)) == (409, "The load has ended.")
    assert refused(await bot.post(f"{LOADS}/ld_nope/cancel")) == (404, NO_SUCH)


async def test_who_runs_loads_and_who_reports_them_has_scopes_for_it(world: World, bot: Bot) -> None:
    wanted, target = await internal(bot), await new_target(bot)
    runner, reporter = await world.bot("loads:run"), await world.bot("loads:report")
    assert refused(await reporter.post(LOADS, wanted)) == (403, "This token does not have the 'loads:run' scope.")
    told = (403, "This token does not have the 'loads:report' scope.")
    assert refused(await runner.post(LOADS, external(target))) == told
    await start(runner, wanted)
    await start(reporter, external(target))


async def test_a_token_for_some_guilds_loads_and_sees_those_only(world: World, bot: Bot) -> None:
    wanted, other = await internal(bot), await new_target(bot)
    target = int(wanted["target_id"])
    hidden, narrow = await start(bot, external(other)), await limited(world, target)
    answer = await narrow.post(LOADS, external(other))
    assert refused(answer) == (403, f"This token is not for guild {other}.")
    # The backup is of another guild, too.
    assert refused(await narrow.post(LOADS, wanted)) == (404, f"There is no backup {wanted['backup_id']}.")
    shown = await start(narrow, external(target))
    assert [load["load_id"] for load in done(await narrow.get(LOADS))["items"]] == [shown["load_id"]]
    unknown = (404, f"There is no load {hidden['load_id']}.")
    assert refused(await narrow.get(f"{LOADS}/{hidden['load_id']}")) == unknown
    assert refused(await narrow.post(f"{LOADS}/{hidden['load_id']}/cancel")) == unknown
    assert refused(await narrow.post(f"{LOADS}/{hidden['load_id']}/done", {"outcome": "failed"})) == unknown


@pytest.mark.parametrize("name", ["ld_nope", "x" * 65, "%00", "a%20b", "é"])
async def test_a_load_that_is_not_there(bot: Bot, name: str) -> None:
    assert (await bot.get(f"{LOADS}/{name}")).status_code == 404
    assert (await bot.post(f"{LOADS}/{name}/cancel")).status_code == 404
    assert (await bot.post(f"{LOADS}/{name}/status", {"status": "a"})).status_code == 404


async def test_who_asks_again_under_a_key_has_started_one_load(bot: Bot) -> None:
    load, headers = external(await new_target(bot)), {"Idempotency-Key": f"k{bot.id}"}
    first, again = [done(await bot.post(LOADS, load, headers=headers), 202) for _ in range(2)]
    assert first == again
    done(await bot.post(LOADS, load), 409)


async def test_without_a_token_nobody_sees_loads(world: World) -> None:
    for path in (LOADS, f"{LOADS}/x"):
        assert refused(await world.anyone.get(path))[0] == 401
    assert refused(await world.anyone.post(LOADS, {}))[0] == 401
