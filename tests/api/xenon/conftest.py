"""A bot before the shared server, and a server that limits."""

from collections.abc import AsyncIterator, Iterator

import httpx
import pytest

from tests.api.xenon.callers import Program, program
from tests.fake_discord import FakeDiscord, settings_for
from tests.servers import LIMITS, free_port, spawn, stop, wait_until_ready
from tests.world import World


@pytest.fixture
async def bot(world: World) -> Program:
    """Return a bot that no other test knows."""
    return program(await world.bot())


@pytest.fixture(scope="package")
def limited_url(base_url: str, shared_database_url: str, discord: FakeDiscord) -> Iterator[str]:
    """Run a server that limits; the projector is the shared one's."""
    port = str(free_port())
    settings = {**settings_for(discord), **LIMITS, "GUILDBOOK_TRUSTED_PROXIES": "127.0.0.0/8"}
    process = spawn("serve", "--port", port, url=shared_database_url, settings=settings)
    wait_until_ready(f"http://127.0.0.1:{port}")
    yield f"http://127.0.0.1:{port}"
    stop(process)


@pytest.fixture
async def limited(limited_url: str) -> AsyncIterator[httpx.AsyncClient]:
    """Return the way to the server that limits."""
    async with httpx.AsyncClient(base_url=limited_url, timeout=30) as http:
        yield http
