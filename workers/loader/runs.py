"""Brings one load to its end: through the registry or Discord, over outages, and whatever fault it has."""

import asyncio
import time
from contextlib import suppress

import structlog

from domain.kernel import RefusalError
from domain.loads.aggregate import Load
from domain.loads.commands import finish_load
from domain.permissions import OPERATOR
from store.appender import BookUnavailableError, ConflictError
from store.codec import Origin
from store.connections import described, is_outage
from store.event_store import EventStore
from workers.loader import discord, registry
from workers.loader.gateway import DiscordGuild
from workers.loader.job import SURFACE, Job, SourceLostError, job_of, running_load
from workers.loader.rest import Rest
from workers.loader.settings import Ending, restore_settings
from workers.loader.snowflakes import Snowflakes
from workers.loader.waiting import LoadCancelledError, Waiting

RETRY_SECONDS = 0.5
NO_TOKEN = "There is no token for Discord: GUILDBOOK_DISCORD_BOT_TOKEN."  # noqa: S105 - as it says
ORIGIN = Origin(actor=OPERATOR.name(), surface=SURFACE)

_logger = structlog.get_logger()


class Runs:
    """Runs loads for one leader. `free_at`: when nobody else acts at Discord any more, by the monotonic clock."""

    def __init__(
        self, store: EventStore, rest: Rest | None, snowflakes: Snowflakes, free_at: float, primary_bot: int | None
    ) -> None:
        self._store = store
        self._primary_bot = primary_bot
        self._rest = rest
        self._snowflakes = snowflakes
        self._free_at = free_at

    async def run(self, name: str, waiting: Waiting) -> None:
        """Return when the load has ended. A fault of it ends it, an outage is waited out."""
        while True:
            try:
                load = await running_load(self._store, name)
                if load:
                    await self._run(load, waiting)
                return
            except Exception as error:  # noqa: BLE001 - whatever it is, it is this load's
                if not _may_pass(error):
                    await self._give_up(name, error)
            await asyncio.sleep(RETRY_SECONDS)

    async def _run(self, load: Load, waiting: Waiting) -> None:
        if load.is_cancelled:
            await self._store.execute(ORIGIN, finish_load, load=load.id, outcome="cancelled")
            return
        job = await job_of(self._store, load)
        if load.asked.gateway == "discord":
            await self._run_at_discord(job, waiting)
        else:
            await registry.run(self._store, job, self._snowflakes)
        done = await running_load(self._store, load.id)
        if done:
            await self._finish(job._replace(load=done), waiting)

    async def _finish(self, job: Job, waiting: Waiting) -> None:
        """Do what comes after the plan, and end the load."""
        load, ending = job.load, Ending()
        if load.asked.restore_settings:
            gone = {*load.deleted}
            ids = {old: new for old, new in job.earlier.items() if new not in gone} | load.translated()
            ending = await restore_settings(self._store, job, ids, self._primary_bot, waiting)
        await self._store.execute(job.origin, finish_load, load=load.id, **ending._asdict())

    async def _run_at_discord(self, job: Job, waiting: Waiting) -> None:
        load = job.load
        if self._rest is None:
            await self._store.execute(job.origin, finish_load, load=load.id, outcome="failed", error=NO_TOKEN)
            return
        if load.has_begun:
            with suppress(LoadCancelledError):
                await waiting.pause(self._free_at - time.monotonic())
        pause = discord.pauses(self._store, job, waiting)
        await discord.run(self._store, job, DiscordGuild(self._rest, load.target, load.id, job.since, pause))

    async def _give_up(self, name: str, error: Exception) -> None:
        is_told = isinstance(error, RefusalError | SourceLostError)
        if not is_told:
            _logger.error("load broken", load=name, error=described(error), exc_info=error)
        why = str(error) if is_told else f"An internal fault: {described(error)}."
        try:
            await self._store.execute(ORIGIN, finish_load, load=name, outcome="failed", error=why)
        except Exception as another:  # noqa: BLE001 - it is tried again with the load
            _logger.warning("load not ended", load=name, error=described(another))


def _may_pass(error: Exception) -> bool:
    return isinstance(error, BookUnavailableError | ConflictError) or is_outage(error)
