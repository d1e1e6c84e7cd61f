"""Loads that bots run themselves: how they go is told over HTTP, by who runs them, until they end."""

from typing import Any

import pytest

from tests.api.book.loading import LOADS, NOWHERE, OWNER, back_up, done, external, new_source, new_target
from tests.api.book.problems import faults, refused
from tests.world import Bot, World


@pytest.fixture
async def bot(world: World) -> Bot:
    return await world.bot()


async def start(bot: Bot, load: dict[str, Any]) -> dict[str, Any]:
    return done(await bot.post(LOADS, load), 202)


async def test_a_bot_runs_a_load_and_says_how_it_goes(bot: Bot) -> None:
    target = await new_target(bot)
    load = await start(bot, external(target))
    assert (load["kind"], load["backup_id"], load["source_id"]) == ("external", "elsewhere1", "7100")
    assert (load["reported_by"], load["gateway"], load["steps"]) == (str(bot.id), None, [])
    path = f"{LOADS}/{load['load_id']}"
    done(await bot.post(f"{path}/status", {"status": "deleting roles", "progress": 0.25}), 204)
    done(await bot.post(f"{path}/status", {"status": "loading roles"}), 204)
    shown = done(await bot.get(path))
    assert (shown["status"], shown["progress"], shown["mapped"]) == ("loading roles", 0.25, 0)
    body = {"ids": {"7110": "7311", "7120": "7322"}, "kinds": {"7110": "role"}, "deleted": [str(target + 5)]}
    answer = await bot.post(f"{path}/mappings", body)
    assert (answer.status_code, answer.content) == (204, b"")
    position = answer.headers["Guildbook-Position"]
    assert (await bot.post(f"{path}/mappings", body)).headers["Guildbook-Position"] == position
    assert done(await bot.get(path))["mapped"] == 3
    ended = done(await bot.post(f"{path}/done", {"outcome": "success"}))
    assert (ended["state"], ended["outcome"], ended["progress"]) == ("finished", "success", 1)
    assert done(await bot.get(path)) == ended
    assert done(await bot.post(f"{path}/done", {"outcome": "success"})) == ended


async def test_a_load_into_a_guild_that_nobody_reported_goes_by_the_bots_word(bot: Bot) -> None:
    load = await start(bot, external(NOWHERE - bot.id % 10**6))
    assert load["reported_by"] == str(bot.id)
    done(await bot.post(f"{LOADS}/{load['load_id']}/done", {"outcome": "cancelled"}))


async def test_an_external_load_of_what_is_known_here_is_of_its_guild(bot: Bot) -> None:
    source = await new_source(bot)
    taken = await back_up(bot, source)
    load = external(await new_target(bot), backup_id=taken["id"].upper(), source_id="5")
    shown = await start(bot, load)
    assert (shown["backup_id"], shown["source_id"]) == (taken["id"], str(source))


@pytest.mark.parametrize(
    ("report", "body", "pointers"),
    [
        ("status", {}, ["/status"]),
        ("status", {"status": ""}, ["/status"]),
        ("status", {"status": "x" * 101, "progress": 1.1}, ["/status", "/progress"]),
        ("status", {"status": "a", "progress": "0.5", "step": "roles"}, ["/step", "/progress"]),
        ("mappings", {"ids": []}, ["/ids"]),
        ("mappings", {"ids": {"a": "1", "2": "b", "3": 4}}, ["/ids/a", "/ids/2", "/ids/3"]),
        ("mappings", {"ids": {"1": "2"}, "kinds": {"1": "emoji", "5": "role"}}, ["/kinds/1", "/kinds/5"]),
        ("mappings", {"ids": {"1": "2"}, "kinds": {"1": ["role"]}}, ["/kinds/1"]),
        ("mappings", {"ids": {"1": "0" * 21}, "deleted": ["x"], "more": 1}, ["/more", "/deleted/0", "/ids/1"]),
        ("mappings", {"ids": {str(n): "1" for n in range(5001)}}, ["/ids"]),
        ("mappings", {"deleted": ["1"] * 5001}, ["/deleted"]),
        ("done", {}, ["/outcome"]),
        ("done", {"outcome": "refused"}, ["/outcome"]),
        ("done", {"outcome": "failed", "error": ""}, ["/error"]),
    ],
)
async def test_every_fault_of_a_report_is_named(
    bot: Bot, report: str, body: dict[str, Any], pointers: list[str]
) -> None:
    load = await start(bot, external(await new_target(bot)))
    assert list(faults(await bot.post(f"{LOADS}/{load['load_id']}/{report}", body))) == pointers


async def test_as_many_ids_as_may_be_are_mapped_in_one_call(bot: Bot) -> None:
    load = await start(bot, external(await new_target(bot)))
    ids = {str(10**18 + n): str(2 * 10**18 + n) for n in range(5000)}
    body = {"ids": ids, "kinds": dict.fromkeys(ids, "channel"), "deleted": [str(n) for n in range(5000)]}
    done(await bot.post(f"{LOADS}/{load['load_id']}/mappings", body), 204)
    assert done(await bot.get(f"{LOADS}/{load['load_id']}"))["mapped"] == 5001


REPORTS: list[tuple[str, dict[str, Any]]] = [
    ("status", {"status": "a"}),
    ("mappings", {"ids": {"1": "2"}}),
    ("done", {"outcome": "failed"}),
]


@pytest.mark.parametrize(("report", "body"), REPORTS)
async def test_only_the_bot_that_runs_a_load_reports_it_and_only_until_it_ended(
    world: World, bot: Bot, report: str, body: dict[str, Any]
) -> None:
    path = f"{LOADS}/{(await start(bot, external(await new_target(bot))))['load_id']}"
    other, unable = await world.bot(), await world.bot("loads:run")
    assert refused(await other.post(f"{path}/{report}", body)) == (403, "Another bot runs and reports this load.")
    told = (403, "This token does not have the 'loads:report' scope.")
    assert refused(await unable.post(f"{path}/{report}", body)) == told
    assert refused(await bot.post(f"{LOADS}/ld_nope/{report}", body)) == (404, "There is no load ld_nope.")
    done(await bot.post(f"{path}/done", {"outcome": "success"}))
    assert refused(await bot.post(f"{path}/{report}", body)) == (409, "The load has ended.")


@pytest.mark.parametrize(("report", "body"), REPORTS)
async def test_a_load_that_is_run_here_is_reported_by_nobody(bot: Bot, report: str, body: dict[str, Any]) -> None:
    taken, target = await back_up(bot, await new_source(bot)), await new_target(bot)
    wanted = {"type": "backup", "backup_id": taken["id"], "target_id": str(target), "user_id": str(OWNER)}
    load = await start(bot, wanted)
    answer = await bot.post(f"{LOADS}/{load['load_id']}/{report}", body)
    assert refused(answer) == (409, "The load is run here; nobody else can report how it goes.")
