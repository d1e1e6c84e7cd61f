"""The auditor's pages in a real browser: looking, going through time by keyboard, erasing; also without scripts."""

from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest

from api.demo_world import GUILD, MANAGER, OWNER, person, settings_at
from cli.demo_guild import found_demo_guild
from domain.accounts.aggregate import Edit
from domain.permissions import OPERATOR
from domain.processes.create_account import create_account
from domain.processes.edit_account import edit_account
from tests.browser import Tab, browsing, chromium
from tests.conftest import cloned
from tests.domain.samples import profile
from tests.judges.test_console_browser import log_in, until_it_stands
from tests.servers import NO_LIMITS, free_port, spawn, stop, wait_until_ready
from tests.world import World, new_number, open_world

pytestmark = [
    pytest.mark.judge,
    pytest.mark.skipif(chromium() is None, reason="there is no chromium in PATH, and no other browser is driven"),
]

AUDIT = "/console/audit"
NAMES = ("Bela", "Belo", "Bel", "Bella")
NAME = (
    "[...document.querySelectorAll('.state tr')].find(r => r.cells[0].innerText == 'name')"
    "?.cells[1].innerText.trim() ?? ''"
)


@pytest.fixture(scope="module")
def database(server_url: str, template: str) -> Iterator[str]:
    """Return the URL of a database that is this module's alone."""
    with cloned(server_url, template) as url:
        yield url


@pytest.fixture(scope="module")
def base_url(database: str) -> Iterator[str]:
    """Run a server with the demo's identity provider, at which one audits and one looks after the book."""
    url = f"http://127.0.0.1:{free_port()}"
    who = {"GUILDBOOK_AUDITORS": str(person(MANAGER)), "GUILDBOOK_OPERATORS": str(person(OWNER))}
    settings = {**settings_at(url), **NO_LIMITS, **who, "GUILDBOOK_DEMO": "1", "GUILDBOOK_CHECKPOINT_SECONDS": "1"}
    processes = [
        spawn("work", "projector", "notary", "eraser", url=database, settings=settings),
        spawn("serve", "--port", url.rpartition(":")[2], url=database, settings=settings),
    ]
    try:
        wait_until_ready(url)
        yield url
    finally:
        for process in processes:
            stop(process)


@pytest.fixture(scope="module")
async def world(base_url: str, database: str) -> AsyncIterator[World]:
    """Found the demo's guild."""
    async with open_world(base_url, database) as met:
        await found_demo_guild(met.store)
        yield met


@pytest.fixture
async def bela(world: World) -> int:
    """Make somebody who changes their name now and then."""
    account = new_number()
    wishes = {"profile": profile(account, NAMES[0]), "team": None, "permissions": 0, "signups_default": True}
    await world.do(create_account, OPERATOR, **wishes)
    for name in NAMES[1:]:
        await world.do(edit_account, OPERATOR, account=account, edit=Edit(name=name))
    return account


def story(base_url: str, account: int) -> str:
    return f"{base_url}{AUDIT}/stream?id=accounts-{account}"


@pytest.fixture
async def tab(tmp_path: Path) -> AsyncIterator[Tab]:
    async with browsing(tmp_path / "profile") as opened:
        await opened.size(1200, 900)
        yield opened


async def test_an_auditor_finds_somebody_and_goes_back_in_time_with_the_keyboard(
    bela: int, tab: Tab, base_url: str, tmp_path: Path
) -> None:
    await log_in(tab, base_url)
    await tab.click(f'a[href="{AUDIT}"]')
    await tab.until_it_says("All that was recorded")
    await tab.type("[name=q]", f"accounts {bela} details")
    await tab.until("document.querySelectorAll('.events li').length == 3")
    await tab.until("location.search.includes('details')")
    await tab.choose("[name=context]", "teams")
    await tab.until_it_says("There is nothing like that in the book.")
    await tab.choose("[name=context]", "accounts")
    await until_it_stands(tab, "DetailsChanged")
    await tab.picture(tmp_path / "timeline.png")
    await tab.tab_to(".events .what > a")
    await tab.press("Enter")
    await until_it_stands(tab, "As it was")
    await tab.tab_to("#reveal")
    await tab.press("Enter")
    await tab.until(f"/^{NAMES[3]}\\b/.test({NAME})")
    await until_it_stands(tab, "Close what is sealed")
    await tab.tab_to("#slider")
    for name in NAMES[2::-1]:
        await tab.press("ArrowLeft")
        await tab.until(f"/^{name}\\b/.test({NAME})")
    await tab.until("location.search.includes('at=1')")
    await tab.until("document.querySelector('#said').innerText.startsWith('Version 1 of 4')")
    assert await tab.run("document.activeElement.id") == "slider"
    await tab.picture(tmp_path / "slider.png")
    assert tab.complaints == [], tab.complaints


async def test_proofs_are_there_as_soon_as_they_are_signed(bela: int, tab: Tab, base_url: str) -> None:
    await log_in(tab, base_url)
    while True:
        await tab.open(story(base_url, bela))
        if "not signed yet" not in await tab.text():
            break
    assert await tab.run("document.querySelectorAll('.trail .proof.proven').length") == len(NAMES)
    path = await tab.run("document.querySelector('a.proof').pathname + document.querySelector('a.proof').search")
    found = await tab.run(f"fetch('{path}').then(answer => answer.text())")
    assert found.startswith("c2sp.org/tlog-proof@v1")


async def test_pages_fit_a_narrow_screen_in_the_dark_and_every_field_has_a_name(
    bela: int, tab: Tab, base_url: str, tmp_path: Path
) -> None:
    await log_in(tab, base_url, OWNER)
    privacy = f"{AUDIT}/privacy?subject=accounts-{bela}"
    for path in (f"{AUDIT}?guild={GUILD}", f"{AUDIT}/stream?id=accounts-{bela}&at=2", f"{AUDIT}/state", privacy):
        await tab.size(400, 800, dark=True)
        await tab.open(f"{base_url}{path}")
        assert await tab.run("document.documentElement.scrollWidth") <= 400, path
        unnamed = (
            "[...document.querySelectorAll('main :is(input, select, textarea):not([type=hidden])')]"
            ".filter(e => !e.labels.length && !e.ariaLabel).map(e => e.name)"
        )
        assert await tab.run(unnamed) == [], path
    await tab.picture(tmp_path / "narrow.png")
    assert tab.complaints == [], tab.complaints


async def test_without_scripts_one_goes_through_time_and_an_operator_erases(bela: int, tab: Tab, base_url: str) -> None:
    await tab.ask("Emulation.setScriptExecutionDisabled", value=True)
    await log_in(tab, base_url, OWNER)
    await tab.open(f"{story(base_url, bela)}&reveal=1")
    assert await tab.run("getComputedStyle(document.querySelector('.slide')).display") == "none"
    for name in NAMES[2:0:-1]:
        await tab.click("#earlier")
        await tab.until(f"/^{name}\\b/.test({NAME})")
    await tab.type("#at", "1")
    await tab.click(".steps button:not([id])")
    await tab.until(f"/^{NAMES[0]}\\b/.test({NAME})")

    await tab.open(f"{base_url}{AUDIT}/privacy?subject=accounts-{bela}")
    await tab.click("[name=sure]")
    await tab.click("button[value=erase]")
    await tab.until_it_says("It is erased.")
    await tab.open(f"{story(base_url, bela)}&reveal=1&at=1")
    assert NAMES[0] not in await tab.text()
    assert await tab.run(NAME) == "erased"
