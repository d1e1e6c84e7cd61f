"""A guild for the tests of the console."""

import pytest

from tests.api.console.homes import Home
from tests.world import World


@pytest.fixture
async def home(world: World) -> Home:
    """Return a guild that is this test's alone."""
    made = Home(world)
    await made.open()
    return made
