"""Backups and loads in the console: what is planned is shown, what was planned is done, and what runs is followed."""

import asyncio
import re
from html import unescape

import httpx
import pytest

from domain.guilds.reports import RoleReport
from tests.api.console.homes import HOSTILE, Home, key_text
from tests.api.console.moves import Move
from tests.world import new_number

PAGES = ("", "/new", "/ids", "/restore")


@pytest.fixture
async def move(home: Home) -> Move:
    """Return a new guild of the same owner that is this test's alone."""
    made = Move(home)
    await made.open()
    return made


def text_of(page: httpx.Response) -> str:
    """Return what can be read on a page."""
    return " ".join(unescape(re.sub(r"<[^>]+>", " ", page.text)).split())


@pytest.mark.parametrize("page", PAGES)
async def test_only_who_may_do_everything_in_a_guild_sees_its_loads(home: Home, page: str) -> None:
    path = f"/console/guilds/{home.guild}/loads{page}"
    assert (await home.owner.get(path)).status_code == 200
    for other in (home.manager, home.member):
        refused = await other.get(path)
        assert refused.status_code == 403
        assert "owner or administrator" in refused.text
    assert (await home.stranger.get(path)).status_code == 404
    assert "Backups and loads" not in (await home.manager.get(f"/console/guilds/{home.guild}/settings")).text
    assert path.removesuffix(page) in (await home.owner.get(f"/console/guilds/{home.guild}/settings")).text


@pytest.mark.parametrize("page", ["", "/new", "/restore"])
async def test_a_form_of_somebody_else_or_from_elsewhere_does_nothing(home: Home, page: str) -> None:
    path, form = f"/console/guilds/{home.guild}/loads{page}", {"_do": "backup", "name": "Mine"}
    assert (await home.manager.post(path, form)).status_code == 403
    assert (await home.owner.post(path, form, {"Sec-Fetch-Site": "cross-site"})).status_code == 403
    assert "You have no backups yet" in (await home.owner.get(path.removesuffix(page))).text


async def test_a_backup_is_taken_and_listed(home: Home) -> None:
    path = f"/console/guilds/{home.guild}/loads"
    done = await home.owner.post(path, {"_do": "backup", "name": HOSTILE})
    page = await home.owner.get(done.headers["location"])
    assert "The backup was taken." in page.text
    assert "3 roles, 2 channels" in page.text
    assert HOSTILE not in page.text


async def test_a_backup_is_deleted_by_its_creator_alone(move: Move) -> None:
    backup, form = await move.backup(), {"_do": "delete"}
    other = Move(move.home)
    other.owner = await move.home.person("otto")
    await other.open()
    assert (await other.owner.post(other.path, {**form, "backup": backup})).status_code == 403
    assert (await move.owner.post(move.path, {**form, "backup": "0000000000"})).status_code == 404
    done = await move.owner.post(move.path, {**form, "backup": backup})
    page = await move.owner.get(done.headers["location"])
    assert "The backup was deleted." in page.text
    assert backup not in page.text


async def test_a_backup_with_a_name_that_cannot_be_kept_is_refused(home: Home) -> None:
    path = f"/console/guilds/{home.guild}/loads"
    refused = await home.owner.post(path, {"_do": "backup", "name": "a\0b"})
    assert (refused.status_code, "NUL character" in refused.text) == (409, True)
    assert "You have no backups yet" in (await home.owner.get(path)).text


async def test_a_backup_with_an_endless_name_is_refused(home: Home) -> None:
    refused = await home.owner.post(f"/console/guilds/{home.guild}/loads", {"_do": "backup", "name": "x" * 101})
    assert refused.status_code == 422
    assert "100 characters at most" in refused.text


async def test_a_plan_says_what_would_go_and_come_and_does_nothing(move: Move) -> None:
    planned = await move.plan(await move.backup())
    assert planned.status_code == 200
    seen = text_of(planned)
    assert "Deletes 1 role @Leftover" in seen
    assert "Makes 2 roles" in seen
    assert "Makes 2 channels #hello #rules" in seen
    assert HOSTILE not in planned.text
    assert "Nothing was ever loaded" in (await move.owner.get(move.path)).text


async def test_what_was_planned_is_done_and_can_be_looked_up(move: Move) -> None:
    load = await move.started()
    running = await move.owner.get(f"{move.path}/{load}")
    assert f'data-live="{move.path}/{load}/live"' in running.text
    assert "0 of 2" in text_of(running)
    assert "Cancel the load" in (await move.owner.get(move.path)).text
    await move.run(load)
    ended = await move.owner.get(f"{move.path}/{load}")
    assert "data-live" not in ended.text
    assert "2 of 2" in text_of(ended)
    assert "Deletes 1 role @Leftover" in text_of(ended)
    assert "ids mapped" in text_of(await move.owner.get(move.path))
    by_name = await move.owner.get(f"{move.path}/ids", params={"q": "#rul"})
    assert f"{move.home.rules} #rules" in text_of(by_name)
    assert str(move.home.hello) not in by_name.text
    [new] = re.findall(r"#rules (\d+)", text_of(by_name))
    assert f"{move.home.rules} #rules {new}" in text_of(await move.owner.get(f"{move.path}/ids", params={"q": new}))
    old = await move.owner.get(f"{move.path}/ids", params={"q": str(move.home.rules)})
    assert f"#rules {new}" in text_of(old)


async def test_a_guild_is_backed_up_before_it_is_loaded_into(move: Move) -> None:
    planned = await move.plan(await move.backup(), keep="true")
    assert (await move.load(planned)).status_code == 303
    assert "Before loading" in (await move.owner.get(move.path)).text


async def test_a_plan_that_is_no_longer_so_is_shown_again_and_not_done(move: Move) -> None:
    planned = await move.plan(await move.backup())
    await move.report(RoleReport(id=new_number(), name="Latecomer", position=2))
    again = await move.load(planned)
    assert again.status_code == 409
    assert "Deletes 2 roles @Latecomer @Leftover" in text_of(again)
    assert "Nothing was ever loaded" in (await move.owner.get(move.path)).text
    assert (await move.load(again)).status_code == 303


async def test_a_second_load_waits_until_the_first_has_ended(move: Move) -> None:
    load = await move.started()
    refused = await move.plan(await move.backup())
    assert refused.status_code == 409
    assert "Another load runs" in refused.text
    await move.run(load)
    assert (await move.plan(await move.backup())).status_code == 200


async def test_a_load_is_cancelled_by_its_guild_alone(move: Move) -> None:
    load, form = await move.started(), {"_do": "cancel"}
    elsewhere = f"/console/guilds/{move.home.guild}/loads"
    assert (await move.owner.post(elsewhere, {**form, "load": load})).status_code == 404
    assert (await move.owner.get(f"{elsewhere}/{load}")).status_code == 404
    done = await move.owner.post(move.path, {**form, "load": load})
    assert "It was asked to end" in (await move.owner.get(done.headers["location"])).text
    await move.run(load)
    assert "cancelled" in text_of(await move.owner.get(f"{move.path}/{load}"))
    assert (await move.owner.post(move.path, {**form, "load": load})).status_code == 303


@pytest.mark.parametrize(
    ("form", "status", "text"),
    [
        ({}, 422, "Choose a backup"),
        ({"backup": "0000000000"}, 409, "no such backup"),
        ({"template": "nope"}, 409, "There is no template nope"),
        ({"template": "\N{SNOWMAN}" * 99}, 409, "There is no template"),
        ({"template": "my old server"}, 409, "There is no template my old server"),
        ({"template": "x" * 300}, 409, "There is no template"),
        ({"template": "a\0b"}, 409, "There is no template"),
        ({"backup": "my backup"}, 409, "no such backup"),
    ],
)
async def test_what_there_is_not_cannot_be_loaded(move: Move, form: dict[str, str], status: int, text: str) -> None:
    refused = await move.owner.post(f"{move.path}/new", {**form, "_do": "load"})
    assert refused.status_code == status
    assert text in refused.text


async def test_a_backup_of_somebody_else_cannot_be_loaded(move: Move) -> None:
    path = f"/console/guilds/{move.home.guild}/loads/new"
    other = Move(move.home)
    other.owner = await move.home.person("otto")
    await other.open()
    backup = await move.backup()
    assert backup not in (await other.owner.get(f"{other.path}/new")).text
    refused = await other.owner.post(f"{other.path}/new", {"backup": backup, "_do": "plan"})
    assert refused.status_code == 409
    assert "Only its creator" in refused.text
    assert (await move.owner.get(path)).status_code == 200


async def test_a_running_load_is_followed_to_its_end(move: Move) -> None:
    load = await move.started()
    frames: list[str] = []
    async with asyncio.timeout(60), asyncio.TaskGroup() as tasks:
        tasks.create_task(move.run(load))
        path = f"{move.path}/{load}/live"
        async with move.owner.http.stream("GET", path, headers=move.owner.headers) as answer:
            assert answer.headers["content-type"].startswith("text/event-stream")
            async for line in answer.aiter_lines():
                frames.append(line)
                if line == "event: end":
                    break
    assert any("<progress" in line for line in frames)


async def test_who_may_no_longer_see_a_load_does_not_follow_it_any_further(move: Move) -> None:
    path = f"{move.path}/{await move.started()}/live"
    async with asyncio.timeout(60), move.owner.http.stream("GET", path, headers=move.owner.headers) as answer:
        lines = answer.aiter_lines()
        assert await anext(lines) == "retry: 1000"
        await move.report(owner=move.home.manager.account)
        assert [line async for line in lines if line == "event: end"] == []
    assert (await move.owner.get(path)).status_code == 403


async def test_settings_are_previewed_restored_and_brought_back(move: Move) -> None:
    await move.owner.post(move.home.path(), move.home.greeting())
    await move.run(await move.started())
    page = await move.owner.get(f"{move.path}/restore")
    assert f'value="guild-{move.home.guild}"' in page.text
    form = {"from": f"guild-{move.home.guild}"}
    tried = await move.owner.post(f"{move.path}/restore", {**form, "_do": "preview"})
    assert "1 created" in text_of(tried)
    assert "→ #hello" in text_of(tried)
    assert "hunter2" not in tried.text
    assert HOSTILE not in tried.text
    assert "Earlier restores" not in tried.text
    done = await move.owner.post(f"{move.path}/restore", {**form, "_do": "restore"})
    assert "This was done" in text_of(done)
    setting = move.home.path().replace(str(move.home.guild), str(move.new))
    assert "Welcome!" in (await move.owner.get(setting)).text
    [restore] = set(re.findall(r'name="restore" value="([^"]+)"', done.text))
    undone = await move.owner.post(f"{move.path}/restore", {"_do": "undo", "restore": restore})
    assert "1 deleted" in text_of(undone)
    assert "Welcome!" not in (await move.owner.get(setting)).text


@pytest.mark.parametrize("source", ["", "guild-", "guild-x", "backup-none", "backup-my own", f"guild-{'9' * 40}"])
async def test_settings_of_nowhere_are_not_restored(move: Move, source: str) -> None:
    refused = await move.owner.post(f"{move.path}/restore", {"from": source, "_do": "restore"})
    assert refused.status_code == 422


async def test_settings_of_a_guild_that_was_never_loaded_are_not_restored(move: Move) -> None:
    refused = await move.owner.post(f"{move.path}/restore", {"from": f"guild-{move.home.guild}", "_do": "restore"})
    assert refused.status_code == 409
    assert "Nothing was ever loaded" in refused.text
    unknown = await move.owner.post(f"{move.path}/restore", {"_do": "undo", "restore": key_text(no="restore")})
    assert unknown.status_code == 409


@pytest.mark.parametrize("page", ["/ld_0000000000", "/ld_0000000000/live", "/my%20load", "/a%00b/live"])
async def test_a_load_that_there_is_not_is_not_found(home: Home, page: str) -> None:
    assert (await home.owner.get(f"/console/guilds/{home.guild}/loads{page}")).status_code == 404


@pytest.mark.parametrize("name", ["", "my own", "a\0b", "x" * 300])
async def test_what_has_no_name_that_anything_can_have_is_not_found(home: Home, name: str) -> None:
    path = f"/console/guilds/{home.guild}/loads"
    for form in ({"_do": "delete", "backup": name}, {"_do": "cancel", "load": name}):
        assert (await home.owner.post(path, form)).status_code == 404
    undone = await home.owner.post(f"{path}/restore", {"_do": "undo", "restore": name})
    assert (undone.status_code, "No restore of this id" in undone.text) == (409, True)
