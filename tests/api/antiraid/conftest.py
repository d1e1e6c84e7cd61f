"""Servers of their own on the shared database: one that limits, behind a proxy, and one with a list of dashboards."""

from collections.abc import AsyncIterator, Iterator
from contextlib import contextmanager

import httpx
import pytest

from tests.fake_discord import REDIRECT_URI, FakeDiscord, settings_for
from tests.servers import LIMITS, free_port, spawn, stop, wait_until_ready

CONSOLE_HOST = "console.example.org"
LIMITED = {
    **LIMITS,
    "GUILDBOOK_LIMIT_ANONYMOUS": "6/60",
    "GUILDBOOK_OAUTH_REDIRECT_URIS": f"{REDIRECT_URI}, https://{CONSOLE_HOST}/console/login/done",
    "GUILDBOOK_TRUSTED_PROXIES": "127.0.0.0/8, 10.0.0.0/8",
}
LISTING = {
    "GUILDBOOK_ANTIRAID_ORIGINS": "https://dashboard.example.org, https://other.example.org",
    "GUILDBOOK_SETTINGS_BODY_BYTES_MAX": "1024",
    "GUILDBOOK_BODY_SECONDS_MAX": "1",
}


@contextmanager
def _running(url: str, settings: dict[str, str]) -> Iterator[str]:
    port = str(free_port())
    process = spawn("serve", "--port", port, url=url, settings=settings)
    wait_until_ready(f"http://127.0.0.1:{port}")
    yield f"http://127.0.0.1:{port}"
    stop(process)


@pytest.fixture(scope="package")
def limited_url(base_url: str, shared_database_url: str, discord: FakeDiscord) -> Iterator[str]:
    """Run the server that limits; the projector is the shared one's."""
    with _running(shared_database_url, {**settings_for(discord), **LIMITED}) as url:
        yield url


@pytest.fixture(scope="package")
def listing_url(base_url: str, shared_database_url: str, discord: FakeDiscord) -> Iterator[str]:
    """Run the server that knows its dashboards."""
    with _running(shared_database_url, {**settings_for(discord), **LISTING}) as url:
        yield url


@pytest.fixture(scope="package")
async def limited(limited_url: str) -> AsyncIterator[httpx.AsyncClient]:
    """Return the way to the server that limits."""
    async with httpx.AsyncClient(base_url=limited_url, timeout=30) as http:
        yield http


@pytest.fixture(scope="package")
async def listing(listing_url: str) -> AsyncIterator[httpx.AsyncClient]:
    """Return the way to the server that knows its dashboards."""
    async with httpx.AsyncClient(base_url=listing_url, timeout=30) as http:
        yield http


@pytest.fixture(scope="package")
async def second_limited(limited_url: str, shared_database_url: str) -> AsyncIterator[httpx.AsyncClient]:
    """Return the way to a second process that limits as the first does."""
    with _running(shared_database_url, LIMITED) as url:
        async with httpx.AsyncClient(base_url=url, timeout=30) as http:
            yield http
