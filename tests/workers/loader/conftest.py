"""A Discord for every test that asks for one."""

from collections.abc import AsyncIterator

import pytest

from tests.fake_discord_rest import FakeDiscordRest, fake_discord_rest


@pytest.fixture
async def discord() -> AsyncIterator[FakeDiscordRest]:
    async with fake_discord_rest() as running:
        yield running
