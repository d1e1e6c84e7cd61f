"""What tests of the auditor's pages share: who visits, and what can be read there."""

import re
from html import unescape

import httpx

from tests.api.console.homes import Home, Visitor
from tests.world import INSPECTOR, STEWARD, World

AUDIT = "/console/audit"


async def auditor_of(world: World) -> Visitor:
    return await Home(world).person("ada", number=INSPECTOR)


async def operator_of(world: World) -> Visitor:
    return await Home(world).person("otto", number=STEWARD)


def text_of(page: httpx.Response | str) -> str:
    """Return what can be read on a page, or on a piece of one."""
    text = page if isinstance(page, str) else page.text
    return " ".join(unescape(re.sub(r"<[^>]+>", " ", text)).split())


def story(stream: str, **more: object) -> str:
    """Return where the story of a stream is."""
    return f"{AUDIT}/stream?id={stream}" + "".join(f"&{name}={value}" for name, value in more.items())


def cards(page: httpx.Response) -> dict[int, str]:
    """Return what is told of each event on the page of a stream, by version."""
    found = re.findall(r'<li class="card[^"]*" id="v(\d+)">(.*?)</li>', page.text, re.DOTALL)
    return {int(version): text_of(text) for version, text in found}


def state_on(page: httpx.Response) -> dict[str, str]:
    """Return the state that a page shows, by path."""
    table = page.text.partition('<table class="state">')[2].partition("</table>")[0]
    found = re.findall(r'<th scope="row">(.*?)</th><td>(.*?)</td>', table, re.DOTALL)
    return {path: text_of(value) for path, value in found}


def badges(page: httpx.Response) -> list[str]:
    """Return what is said of the proofs of events, in the order of the page."""
    return re.findall(r'class="proof (\w+)"', page.text)
