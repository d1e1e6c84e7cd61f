"""The console in a real browser: somebody logs in, fills in a field of every kind, errs, looks back, and undoes."""

from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import Any

import pytest

from api.demo_world import BOT, GUILD, GUILD_NAME, MANAGER, OWNER, settings_at
from cli.demo_guild import CHANNEL_IDS, ROLE_IDS, found_demo_guild
from domain.apps.aggregate import BOT_SCOPES
from domain.apps.commands import create_bot
from domain.processes.register_template import register_template
from tests.api.console.homes import GREETINGS
from tests.browser import Tab, browsing, chromium
from tests.servers import NO_LIMITS, free_port, spawn, stop, wait_until_ready
from tests.world import World, open_world

pytestmark = [
    pytest.mark.judge,
    pytest.mark.skipif(chromium() is None, reason="there is no chromium in PATH, and no other browser is driven"),
]

TEMPLATE = "greeter"
PATH = f"/console/guilds/{GUILD}/settings/{TEMPLATE}/greetings"
LOADS = f"/console/guilds/{GUILD}/loads"
RULES = CHANNEL_IDS["rules"]
CHESS, MEMBER = ROLE_IDS["Chess"], ROLE_IDS["Member"]
SAVE = ".sheet .actions .primary"


@pytest.fixture
def base_url(database_url: str) -> Iterator[str]:
    """Run a server with the demo's identity provider on a database of its own."""
    url = f"http://127.0.0.1:{free_port()}"
    settings = {**settings_at(url), **NO_LIMITS, "GUILDBOOK_DEMO": "1"}
    port = url.rpartition(":")[2]
    processes = [
        spawn("work", "projector", url=database_url, settings=settings),
        spawn("serve", "--port", port, url=database_url, settings=settings),
    ]
    try:
        wait_until_ready(url)
        yield url
    finally:
        for process in processes:
            stop(process)


@pytest.fixture
async def world(base_url: str, database_url: str) -> AsyncIterator[World]:
    """Found the demo's guild, in which a bot has a setting with every kind of column."""
    async with open_world(base_url, database_url) as met:
        await met.do(create_bot, app=BOT, name="demo", token_hash="0" * 64, scopes=BOT_SCOPES)
        await found_demo_guild(met.store)
        wishes = {"name": TEMPLATE, "owner": BOT, "may_reserve": False, "settings": [GREETINGS]}
        await met.do(register_template, **wishes)
        yield met


@pytest.fixture
async def tab(tmp_path: Path) -> AsyncIterator[Tab]:
    async with browsing(tmp_path / "profile") as opened:
        await opened.size(1200, 900)
        yield opened


async def log_in(tab: Tab, base_url: str, name: str = MANAGER) -> None:
    """Come in as somebody by way of the identity provider."""
    await tab.open(f"{base_url}/console")
    await tab.click("a.primary")
    await tab.until_it_says("Who are you?")
    await tab.type("input[name=name]", name)
    await tab.click("button")
    await tab.until_it_says("My guilds")


async def until_it_stands(tab: Tab, text: str) -> None:
    """Return when a page says something and has scrolled to where it is to be read."""
    await tab.until_it_says(text)
    await tab.until("!document.querySelector('.htmx-request, .htmx-swapping, .htmx-settling')")


async def fill(tab: Tab, count: str) -> None:
    """Fill in a field of every kind."""
    await tab.choose('[name="f:channel"]', str(RULES))
    await tab.type('[name="f:message"]', "Welcome!\nRead the rules.")
    await tab.type('[name="f:nick"]', "Herald")
    await tab.choose('[name="f:tone"]', "dry")
    await tab.choose('[name="f:role"]', str(CHESS))
    await tab.type('[name="f:author"]', str(BOT))
    await tab.type('[name="f:key"]', "6f0d0c0e-3a58-4c0e-9f6e-5f8a3f7f2b11")
    await tab.type('[name="f:delay"]', "5m")
    await tab.choose('[name="f:until"]', "2030-01-02T03:04:05")
    await tab.type('[name="f:secret"]', "hunter2")
    await tab.type('[name="f:count"]', count)
    await tab.type('[name="f:chance"]', "0.5")
    await tab.click('input[type=checkbox][name="f:active"]')
    await tab.click('input[type=checkbox][name="f:style"][value="2"]')
    await tab.type('[name="f:extra"]', '{"a": [1, 2]}')
    await tab.type('[name="p:script"]', "init.luau")
    await tab.type('[name="f:script"]', "return 1")
    await tab.click(f'[name="f:roles"][value="{MEMBER}"]')
    await tab.type('[name="f:words"]', "spam\neggs")
    await tab.type('[name="f:events"]', "JOIN")


async def rows(tab: Tab) -> list[dict[str, Any]]:
    """Return what the page shows of each row, by the names of the columns."""
    return await tab.run(
        "[...document.querySelectorAll('.row')].map(row => Object.fromEntries([...row.querySelectorAll('dl > div')]"
        ".map(cell => [cell.querySelector('dt').innerText, cell.querySelector('dd').innerText])))"
    )


async def test_a_person_sets_a_guild_up_errs_looks_back_and_undoes(
    world: World, tab: Tab, base_url: str, tmp_path: Path
) -> None:
    await log_in(tab, base_url)
    await tab.click(f'a[href="/console/guilds/{GUILD}/settings"]')
    await tab.until_it_says(f"Settings of {GUILD_NAME}")
    await tab.click(f'a[href="{PATH}"]')
    await tab.until_it_says("What newcomers read.")
    await tab.click(f'a[href="{PATH}?new=1"]')
    await fill(tab, "twelve")
    await tab.click(SAVE)
    await tab.until("!!document.querySelector('.faulty [name=\"f:count\"]')")
    fault = await tab.run("document.querySelector('.faulty .fault').innerText")
    assert "xpected" in fault
    assert await tab.run("document.querySelector('[name=\"f:extra\"]').value") == '{"a": [1, 2]}'
    await tab.picture(tmp_path / "error.png")

    await tab.type('[name="f:count"]', "12")
    await tab.type('[name="f:secret"]', "hunter2")
    await tab.click(SAVE)
    await tab.until_it_says("Created.")
    [row] = await rows(tab)
    assert row["Channel"] == "#rules"
    assert (row["Count"], row["Active"], row["Style"], row["Roles"]) == ("12", "yes", "DM", "@Member")
    assert (row["Words"].split(), row["Events"], row["Script"]) == (["spam", "eggs"], "JOIN", "init.luau")
    assert "hunter2" not in await tab.text()

    await tab.click('a[aria-label^="Edit"]')
    await tab.type('.row [name="f:message"]', "Come in!")
    await tab.click('.row input[type=checkbox][name="f:active"]')
    await tab.click(f".row {SAVE}")
    await tab.until_it_says("Saved.")
    [row] = await rows(tab)
    assert (row["Message"], row["Active"], row["Until"]) == ("Come in!", "no", "02 Jan 2030, 03:04:05 UTC")

    await tab.click('a[aria-label^="History"]')
    await tab.until("document.querySelectorAll('.history li').length == 2")
    story = await tab.run("document.querySelector('.history').innerText")
    assert story.index("Changed by Ines") < story.index("Created by Ines")
    assert "Come in!" in story
    await tab.picture(tmp_path / "history.png")
    await tab.click(".history button")
    await tab.until_it_says("Undone.")
    [row] = await rows(tab)
    assert (row["Message"], row["Active"]) == ("Welcome!\nRead the rules.", "yes")
    assert tab.complaints == [], tab.complaints


async def test_members_are_proposed_while_their_name_is_typed(world: World, tab: Tab, base_url: str) -> None:
    await log_in(tab, base_url)
    await tab.open(f"{base_url}{PATH}?new=1")
    await tab.type('[name="f:author"]', "bru")
    proposed = "document.querySelector('[name=\"f:author\"]').list.options"
    await tab.until(f"{proposed}.length == 1")
    assert await tab.run(f"{proposed}[0].textContent") == "Bruno"


async def test_a_page_fits_a_narrow_screen_and_every_field_has_a_name(
    world: World, tab: Tab, base_url: str, tmp_path: Path
) -> None:
    await log_in(tab, base_url, OWNER)
    loads = (LOADS, f"{LOADS}/new", f"{LOADS}/restore", f"{LOADS}/ids")
    for path in ("/console", f"/console/guilds/{GUILD}/settings", *loads, f"{PATH}?new=1"):
        await tab.size(400, 800, dark=True)
        await tab.open(f"{base_url}{path}")
        assert await tab.run("document.documentElement.scrollWidth") <= 400
        unnamed = (
            "[...document.querySelectorAll('main :is(input, select, textarea):not([type=hidden])')]"
            ".filter(e => !e.labels.length && !e.ariaLabel).map(e => e.name)"
        )
        assert await tab.run(unnamed) == []
    await tab.picture(tmp_path / "narrow.png")
    assert tab.complaints == [], tab.complaints


async def test_without_scripts_the_console_works_as_well(world: World, tab: Tab, base_url: str) -> None:
    await tab.ask("Emulation.setScriptExecutionDisabled", value=True)
    await log_in(tab, base_url)
    await tab.open(f"{base_url}{PATH}?new=1")
    await fill(tab, "12")
    await tab.click(SAVE)
    await tab.until_it_says("Created.")


async def test_a_load_is_planned_started_and_watched_to_its_end(
    world: World, tab: Tab, base_url: str, database_url: str, tmp_path: Path
) -> None:
    await log_in(tab, base_url, OWNER)
    await tab.open(f"{base_url}{PATH}?new=1")
    await fill(tab, "12")
    await tab.click(SAVE)
    await tab.until_it_says("Created.")
    await tab.open(f"{base_url}{LOADS}")
    await tab.until_it_says("The first day")
    await tab.click('a[href*="?backup="]')
    await until_it_stands(tab, "You see what would happen before it does.")
    assert await tab.run("document.querySelector('#backup').value") != ""
    await tab.click('.sheet button[value="plan"]')
    await until_it_stands(tab, "This is what would happen")
    assert "Makes 12 channels" in await tab.text()
    await tab.picture(tmp_path / "plan.png")
    await tab.click('#plan button[value="load"]')
    await tab.until("!!document.querySelector('[data-live]')")
    await tab.picture(tmp_path / "running.png")
    loader = spawn("work", "loader", url=database_url)
    try:
        await tab.until("!document.querySelector('[data-live]') && !!document.querySelector('.outcome.done')")
    finally:
        stop(loader)
    assert "12 of 12" in await tab.text()
    await tab.picture(tmp_path / "ended.png")
    await tab.open(f"{base_url}{LOADS}")
    await tab.until_it_says("Before loading")
    await tab.picture(tmp_path / "loads.png")
    await tab.open(f"{base_url}{LOADS}/ids")
    await tab.type("#q", "mod-")
    await tab.until("document.querySelectorAll('#found tbody tr').length == 1")
    assert str(CHANNEL_IDS["mod-log"]) in await tab.text()
    await tab.picture(tmp_path / "ids.png")
    await tab.open(f"{base_url}{LOADS}/restore")
    await tab.click('.sheet button[value="preview"]')
    await until_it_stands(tab, "This is what would happen")
    await tab.picture(tmp_path / "restore.png")
    await tab.click('button[value="restore"]')
    await tab.until_it_says("This was done")
    await tab.picture(tmp_path / "restored.png")
    assert tab.complaints == [], tab.complaints
