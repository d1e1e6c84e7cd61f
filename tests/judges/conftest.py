"""The server before which dashboards are judged, and two people before dashboards."""

from collections.abc import AsyncIterator, Iterator

import pytest

from tests.conftest import cloned
from tests.fake_discord import FakeDiscord, settings_for
from tests.judges.antiraid_client import Dashboard
from tests.judges.antiraid_town import INES, RUI, dashboard_of, found
from tests.servers import LIMITS, served
from tests.world import World, open_world

LIMIT = "GUILDBOOK_LIMIT_GET_USER_GUILD_BASE_INFO"
CONFIG = {"GUILDBOOK_ANTIRAID_MAIN_SERVER": "920", "GUILDBOOK_ANTIRAID_SUPPORT_INVITE": "https://discord.gg/azores"}


@pytest.fixture(scope="module")
def urls(server_url: str, template: str, discord: FakeDiscord) -> Iterator[tuple[str, str]]:
    """Run a server on a database of its own, so that everything has the ids that it has in the samples."""
    settings = {**settings_for(discord), **CONFIG, LIMIT: LIMITS[LIMIT]}
    with cloned(server_url, template) as url, served(url, settings) as base_url:
        yield base_url, url


@pytest.fixture
async def town(urls: tuple[str, str]) -> AsyncIterator[World]:
    """Return a server whose primary bot has reported two guilds, and what may be set there."""
    async with open_world(*urls) as world:
        await found(await world.primary())
        yield world


@pytest.fixture
async def ines(town: World, discord: FakeDiscord) -> Dashboard:
    """Return the dashboard before somebody who may manage both guilds."""
    return await dashboard_of(town, discord, INES)


@pytest.fixture
async def rui(town: World, discord: FakeDiscord) -> Dashboard:
    """Return the dashboard before somebody who is in both guilds, and may do nothing there."""
    return await dashboard_of(town, discord, RUI)
