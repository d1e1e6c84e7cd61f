"""A community for every test that asks for one."""

from collections.abc import AsyncIterator

import pytest

from tests.workers.callbacks.community import Community, open_community


@pytest.fixture
async def community(database_url: str) -> AsyncIterator[Community]:
    async with open_community(database_url) as opened:
        yield opened
