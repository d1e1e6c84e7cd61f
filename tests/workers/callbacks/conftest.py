"""A community, a receiver and a clock for every test that asks for them."""

from collections.abc import AsyncIterator

import pytest

from tests.workers.callbacks.community import Community, open_community
from tests.workers.callbacks.hooks import Hooks
from tests.workers.callbacks.receivers import Clock, Receiver, open_receiver


@pytest.fixture
async def community(database_url: str) -> AsyncIterator[Community]:
    async with open_community(database_url) as opened:
        yield opened


@pytest.fixture
async def receiver() -> AsyncIterator[Receiver]:
    async with open_receiver() as opened:
        yield opened


@pytest.fixture
def clock(community: Community) -> Clock:
    return Clock(community)


@pytest.fixture
def hooks(community: Community) -> Hooks:
    return Hooks(community)
