"""The templates that every guild is offered from the beginning: said once, by whichever process starts first."""

import asyncio
from collections.abc import Sequence
from typing import Any

import pytest
from structlog.testing import capture_logs

from api import stock as module
from api.parts import Parts
from api.stock import keep_stock, stock
from domain.processes.register_template import register_template
from domain.settings.aggregate import TEMPLATE, Template, template_id
from domain.settings.definitions import DefinitionError
from projections.settings.queries import templates_after
from schemas.settings import Settings
from tests.books import ORIGIN, ask, projecting, shown
from tests.processes import several, started

STARTS = 8
OFF = Settings(stock_templates=False)
NAMES = [template["name"] for template in stock()]
HISTORY = "SELECT stream, type FROM book.log ORDER BY position"
BOT = 77


def said(url: str, name: str) -> list[object]:
    """Return what was said of a template, the oldest first."""
    stream = TEMPLATE.stream(template_id(name))
    return [kind for where, kind in ask(url, HISTORY) if where == stream]


def once(*kinds: str) -> dict[str, list[object]]:
    """Return that this was said of each stock template, and nothing else."""
    return {name: [f"settings.Template{kind}" for kind in kinds] for name in NAMES}


def all_said(url: str) -> dict[str, list[object]]:
    assert len(ask(url, HISTORY)) == sum(len(said(url, name)) for name in NAMES)
    return {name: said(url, name) for name in NAMES}


async def start(url: str, settings: Settings | None = None) -> None:
    """Let a process start, keep the stock, and end."""
    async with started(url, settings) as parts:
        await keep_stock(parts)


async def offered(url: str) -> list[str]:
    """Return the names of the templates that are offered."""
    async with projecting(url), started(url) as parts:
        await shown(url)
        async with parts.pool.connection() as connection:
            return [it.name for it in await templates_after(connection, BOT, "", 10, with_operators=True)]


async def known(parts: Parts, name: str) -> Template:
    """Return a template as the log has it."""
    return (await parts.store.load(TEMPLATE, TEMPLATE.stream(template_id(name)))).state


def changed(monkeypatch: pytest.MonkeyPatch, name: str) -> None:
    """Let this version have another description of the first setting of a template."""
    templates: Sequence[dict[str, Any]] = stock()
    for template in templates:
        if template["name"] == name:
            template["settings"][0]["description"] = "Said otherwise."
    monkeypatch.setattr(module, "stock", lambda: templates)


async def test_the_stock_templates_are_offered_as_soon_as_a_process_has_started(database_url: str) -> None:
    await start(database_url)
    assert all_said(database_url) == once("Registered")
    assert await offered(database_url) == sorted(NAMES)
    async with started(database_url) as parts:
        for template in stock():
            found = await known(parts, template["name"])
            assert found.owner is None
            assert not isinstance(found.parsed, DefinitionError)
            assert set(found.parsed) == {setting["id"] for setting in template["settings"]}


async def test_a_process_that_starts_again_says_nothing_new(database_url: str) -> None:
    for _ in range(2):
        await start(database_url)
    async with started(database_url) as parts:
        for _ in range(2):
            await keep_stock(parts)
    assert all_said(database_url) == once("Registered")


async def test_processes_that_start_at_once_say_it_once(database_url: str) -> None:
    async with several(database_url, STARTS) as processes:
        await asyncio.gather(*map(keep_stock, processes))
    assert all_said(database_url) == once("Registered")


async def test_who_does_not_wish_the_stock_has_it_withdrawn(database_url: str) -> None:
    await start(database_url)
    async with several(database_url, STARTS, OFF) as processes:
        await asyncio.gather(*map(keep_stock, processes))
    await start(database_url, OFF)
    assert all_said(database_url) == once("Registered", "Withdrawn")
    assert await offered(database_url) == []


async def test_nothing_is_said_where_the_stock_was_never_wished(database_url: str) -> None:
    await start(database_url, OFF)
    assert ask(database_url, HISTORY) == []


async def test_stock_that_is_wished_again_comes_back(database_url: str) -> None:
    for settings in (None, OFF, None, None):
        await start(database_url, settings)
    assert all_said(database_url) == once("Registered", "Withdrawn", "Registered")
    assert await offered(database_url) == sorted(NAMES)


@pytest.mark.parametrize("name", NAMES)
async def test_a_version_with_another_definition_says_that_one_change(
    database_url: str, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    await start(database_url)
    changed(monkeypatch, name)
    async with several(database_url, STARTS) as processes:
        await asyncio.gather(*map(keep_stock, processes))
        found = await known(processes[0], name)
    assert found.settings[0]["description"] == "Said otherwise."
    assert found.revision == 2
    expected = once("Registered") | {name: ["settings.TemplateRegistered", "settings.TemplateRevised"]}
    assert all_said(database_url) == expected


async def test_a_template_of_a_bot_is_left_to_it(database_url: str) -> None:
    theirs, others = NAMES[0], NAMES[1:]
    async with started(database_url) as parts:
        template = {**stock()[0], "owner": BOT, "may_reserve": True}
        await parts.store.execute(ORIGIN, register_template, **template)
        with capture_logs() as logs:
            await keep_stock(parts)
        assert [line["template"] for line in logs] == [theirs]
        assert (await known(parts, theirs)).owner == BOT
        assert all([(await known(parts, name)).owner is None for name in others])
    await start(database_url, OFF)
    assert said(database_url, theirs) == ["settings.TemplateRegistered"]
