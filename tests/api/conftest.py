"""A second server on the shared database, with everything set short, small or shut, and one that asks a Discord."""

from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import httpx
import pytest

from tests.fake_discord import FakeDiscord, settings_for
from tests.fake_discord_rest import TOKEN, FakeDiscordRest, fake_discord_rest
from tests.servers import NO_LIMITS, free_port, spawn, stop, wait_until_ready
from tests.world import World, open_world

ORIGIN = "https://dashboard.example.org"
CURT = {
    "GUILDBOOK_BACKUPS_OF_A_CREATOR_MAX": "2",
    "GUILDBOOK_CALLBACKS_ALLOW_PRIVATE": "yes",
    "GUILDBOOK_CALLBACKS_OF_AN_APP_MAX": "2",
    "GUILDBOOK_ALLOWED_ORIGINS": f"https://other.example.org, {ORIGIN}",
    "GUILDBOOK_BODY_BYTES_MAX": "1024",
    "GUILDBOOK_FRESHNESS_SECONDS_MAX": "0",
    "GUILDBOOK_LOG_LEVEL": "debug",
    "GUILDBOOK_LOG_REQUESTS": "yes",
    "GUILDBOOK_MAX_SESSION_AGE": "0s",
    "GUILDBOOK_SIGNUPS_OPEN": "no",
}


@pytest.fixture(scope="package")
def curt_log(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return where the second server writes its log."""
    return tmp_path_factory.mktemp("curt") / "log"


@pytest.fixture(scope="package")
def curt_url(base_url: str, shared_database_url: str, discord: FakeDiscord, curt_log: Path) -> Iterator[str]:
    """Run the second server; the projector is the first one's."""
    port = str(free_port())
    settings = {**settings_for(discord), **NO_LIMITS, **CURT}
    with curt_log.open("wb") as log:
        process = spawn("serve", "--port", port, url=shared_database_url, settings=settings, log=log)
        wait_until_ready(f"http://127.0.0.1:{port}")
        yield f"http://127.0.0.1:{port}"
        stop(process)


@pytest.fixture(scope="package")
async def curt(curt_url: str, shared_database_url: str) -> AsyncIterator[World]:
    """Meet the second server."""
    async with open_world(curt_url, shared_database_url) as met:
        yield met


@pytest.fixture(scope="module")
async def rest() -> AsyncIterator[FakeDiscordRest]:
    async with fake_discord_rest() as running:
        yield running


@pytest.fixture(scope="module")
async def there(rest: FakeDiscordRest, shared_database_url: str) -> AsyncIterator[httpx.AsyncClient]:
    """Run a server that asks this Discord."""
    url = f"http://127.0.0.1:{(port := str(free_port()))}"
    settings = {"GUILDBOOK_DISCORD_API_URL": rest.url, "GUILDBOOK_DISCORD_BOT_TOKEN": TOKEN}
    process = spawn("serve", "--port", port, url=shared_database_url, settings=settings)
    wait_until_ready(url)
    async with httpx.AsyncClient(base_url=url, timeout=30) as http:
        yield http
    stop(process)
