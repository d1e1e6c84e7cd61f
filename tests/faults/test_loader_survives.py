"""The loader is killed with -9 at ten different moments of a load: the target becomes what it becomes undisturbed."""

import asyncio
import time
from itertools import count

import psycopg
import pytest
from aiohttp import web

from domain.loads.aggregate import LOAD
from domain.loads.events import Options
from schemas.settings import Settings
from tests.books import ask, opened
from tests.fake_discord_rest import TOKEN, FakeDiscordRest, fake_discord_rest
from tests.faults.clusters import Restarted
from tests.workers.loader.town import (
    TARGET,
    ask_for_load,
    at_discord,
    back_up,
    ended,
    load_of,
    loading,
    make_source,
    make_target,
    shape_of,
)

pytestmark = [pytest.mark.faults, pytest.mark.xdist_group("faults")]

KILLS = 10
KILLS_AT_DISCORD = 6
UNDISTURBED = TARGET + 10_000
MODULE = "tests.workers.loader.loader_process"
SECONDS_MAX = 180.0
VERSION = "SELECT coalesce(max(version), 0) FROM book.log WHERE stream = %s"
SAID_OF = """
    SELECT type, count(*)
    FROM book.log
    WHERE stream LIKE 'guilds-%%-' || %s || '-%%' AND type <> 'guilds.MemberJoined'
    GROUP BY type
    ORDER BY type
"""
CHANGES = ("POST", "PATCH", "PUT", "DELETE")


def kill_at(url: str, loader: Restarted, version: int, delay_seconds: float) -> None:
    """Kill the loader a moment after the load's stream has become so long."""
    deadline = time.monotonic() + SECONDS_MAX
    with psycopg.connect(url, autocommit=True) as connection:
        while connection.execute(VERSION, (LOAD.stream("ld_1"),)).fetchone() < (version,):  # pyright: ignore[reportOptionalOperand]
            assert time.monotonic() < deadline
    time.sleep(delay_seconds)
    loader.kill()


async def test_a_load_that_was_killed_ten_times_leaves_the_guild_that_an_undisturbed_one_does(
    database_url: str,
) -> None:
    options = Options(bans=True)
    async with opened(database_url) as store:
        await make_source(store, roles=100, channels=150, bans=40)
        await back_up(store)
        for target in (TARGET, UNDISTURBED):
            await make_target(store, guild=target, roles=30, channels=30)
        await ask_for_load(store, "ld_undisturbed", UNDISTURBED, options=options)
        undisturbed = Restarted(MODULE, database_url, "")
        wanted = await ended(store, "ld_undisturbed", SECONDS_MAX)
        undisturbed.end()
        [(length,)] = ask(database_url, VERSION, LOAD.stream("ld_undisturbed"))
        assert isinstance(length, int)
        await ask_for_load(store, options=options)
        for kill in range(KILLS):
            loader = Restarted(MODULE, database_url, "")
            moment = 1 + length * (kill + 1) // (KILLS + 5)  # far enough from the end for a slow machine
            await asyncio.to_thread(kill_at, database_url, loader, moment, kill % 4 * 0.003)
            assert (await load_of(store)).outcome is None
        loader = Restarted(MODULE, database_url, "")
        load = await ended(store, seconds=SECONDS_MAX)
        loader.end()
        assert (load.outcome, load.failed) == ("success", ())
        assert await shape_of(store, TARGET) == await shape_of(store, UNDISTURBED)
    assert ask(database_url, SAID_OF, str(TARGET)) == ask(database_url, SAID_OF, str(UNDISTURBED))  # each object once
    assert load.pairs.keys() == wanted.pairs.keys()
    assert len({pair.new for pair in load.pairs.values()}) == len(load.pairs)


class Killer:
    """Kills the loader at every so many changes that it asks Discord for: before they are done, and after."""

    def __init__(self, url: str, discord: FakeDiscordRest, changes_between: int) -> None:
        self._command = (MODULE, url, discord.url)
        self._changes_between = changes_between
        self._seen = count(1)
        self.kills = 0
        self.loader = Restarted(*self._command)

    def fault_of(self, request: web.Request) -> str:
        """Kill, or let pass."""
        if request.method not in CHANGES or next(self._seen) % self._changes_between or self.kills == KILLS_AT_DISCORD:
            return ""
        self.kills += 1
        self.loader.kill()
        self.loader = Restarted(*self._command)
        return "cut" if self.kills % 3 == 0 else ""


async def test_no_object_is_made_twice_at_discord_however_often_the_loader_is_killed(database_url: str) -> None:
    options = Options(bans=True)
    async with opened(database_url) as store, fake_discord_rest() as discord:
        await make_source(store, roles=20, channels=20, bans=3)
        await back_up(store)
        for target in (TARGET, UNDISTURBED):
            await make_target(store, guild=target)
        guild, undisturbed = at_discord(discord, TARGET), at_discord(discord, UNDISTURBED)
        await ask_for_load(store, "ld_undisturbed", UNDISTURBED, options=options, gateway="discord")
        async with loading(database_url, Settings(discord_api_url=discord.url, discord_bot_token=TOKEN)):
            assert (await ended(store, "ld_undisturbed")).failed == ()
        await ask_for_load(store, options=options, gateway="discord")
        killer = Killer(database_url, discord, 4)
        discord.fault_of = killer.fault_of
        load = await ended(store, seconds=SECONDS_MAX)
        killer.loader.end()
        assert (load.outcome, load.failed, killer.kills) == ("success", (), KILLS_AT_DISCORD)
    assert guild.shape() == undisturbed.shape()
    assert len(guild.roles) == 1 + 1 + 20  # @everyone, the bot's, and those of the source
    assert len(guild.channels) == 2 + 20
