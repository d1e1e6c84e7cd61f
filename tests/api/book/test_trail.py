"""Reading the trail over HTTP where it is long, and what is written down of who reads it."""

import pytest

from domain.apps.aggregate import AUDITOR_SCOPE
from tests.api.book.test_history import SEARCH, STREAMS, looks, read, steps
from tests.world import Bot, World


@pytest.fixture
async def auditor(world: World) -> Bot:
    return await world.bot(AUDITOR_SCOPE)


async def test_names_are_written_down_of_nothing_that_is_asked_for(world: World, auditor: Bot) -> None:
    for name in ("actor", "stream", "type", "context", "request"):
        await read(auditor, SEARCH, **{name: "Ines"})
    for path in ("accounts-ines?as_of=1", "accounts-ines/related"):
        await auditor.get(f"{STREAMS}/{path}")
    asked = [query for query, _ in await looks(world, auditor)]
    assert asked == [
        *(f"search {name}=%3F" for name in ("actor", "stream", "type", "context", "request")),
        "stream accounts-?",
    ]


async def test_the_name_of_what_there_is_is_written_down_whole(world: World, auditor: Bot) -> None:
    await steps(auditor, "settings-template-$builtins")
    assert await looks(world, auditor) == [("stream settings-template-$builtins", False)]


async def test_nothing_is_before_the_first_position(auditor: Bot) -> None:
    assert await read(auditor, SEARCH, before=0) == {"items": [], "next": None}
