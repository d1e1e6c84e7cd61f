"""A guild of a hundred thousand members is fed in seconds, and hinders nobody else."""

import asyncio
import time
from collections.abc import AsyncIterator, Iterator
from contextlib import suppress
from pathlib import Path

import pytest

from tests.books import ask
from tests.faults.clusters import cluster
from tests.guild_samples import large_guild, member, new_guild
from tests.servers import served
from tests.world import Bot, World, open_world

MEMBERS = 100_000
FIRST_SECONDS_MAX = 60
AGAIN_SECONDS_MAX = 20
HINDRANCE_SECONDS_MAX = 2.0
PAUSE_SECONDS = 0.05


@pytest.fixture
def database_url(tmp_path: Path) -> Iterator[str]:
    """Run a PostgreSQL that waits for its disk: the one that tests share does not."""
    with cluster(tmp_path) as own:
        yield own.url


@pytest.fixture
async def place(database_url: str) -> AsyncIterator[World]:
    """Meet a server of this test's own."""
    with served(database_url) as url:
        async with open_world(url, database_url) as world:
            world.http.timeout = 2 * FIRST_SECONDS_MAX
            yield world


@pytest.mark.alone
@pytest.mark.timeout(600)
async def test_a_hundred_thousand_members_are_fed_in_seconds(place: World, database_url: str) -> None:
    bot, guild = await place.bot(), new_guild()
    sent = large_guild(guild, MEMBERS)
    first, slowest = await fed(place, bot, guild, sent)
    before = head(database_url)
    again, _ = await fed(place, bot, guild, sent)
    assert head(database_url) == before == 1 + 250 + 500 + 1 + MEMBERS
    assert first < FIRST_SECONDS_MAX
    assert again < AGAIN_SECONDS_MAX
    assert slowest < HINDRANCE_SECONDS_MAX
    shown = (await bot.get(f"/book/guilds/{guild}")).json()
    assert (shown["member_count"], len(shown["roles"]), len(shown["channels"])) == (MEMBERS + 1, 250, 500)
    sent["members"] = [member(10**18 + n, nick="new") for n in range(3)]
    left, _ = await fed(place, bot, guild, sent)
    print(f"first {first:.1f} s, again {again:.1f} s, all but three gone {left:.1f} s, others waited {slowest:.2f} s")  # noqa: T201
    assert (await bot.get(f"/book/guilds/{guild}")).json()["member_count"] == 4


async def fed(place: World, bot: Bot, guild: int, sent: object) -> tuple[float, float]:
    """Feed a guild, and return how long that took until it was shown, and how long others waited meanwhile."""
    over = asyncio.Event()
    slowest = asyncio.create_task(hindrance(place, over))
    started = time.perf_counter()
    answer = await bot.put(f"/book/guilds/{guild}", sent)
    assert answer.status_code == 200, answer.text
    await place.catch_up(answer)
    took = time.perf_counter() - started
    over.set()
    return took, await slowest


async def hindrance(place: World, over: asyncio.Event) -> float:
    """Write now and then, and return how long the slowest write took."""
    slowest = 0.0
    while not over.is_set():
        started = time.perf_counter()
        answer = await place.manager.post("/teams/new", {"name": "Azores"}, headers={"Prefer": "respond-async"})
        assert answer.status_code == 201
        slowest = max(slowest, time.perf_counter() - started)
        with suppress(TimeoutError):
            await asyncio.wait_for(over.wait(), PAUSE_SECONDS)
    return slowest


def head(url: str) -> int:
    """Return how many events of guilds there are."""
    [(count,)] = ask(url, "SELECT count(*) FROM book.log WHERE type LIKE 'guilds.%'")
    assert isinstance(count, int)
    return count
