"""The loader: finds the loads that have not ended and runs them; of several loaders, one acts and the others stand by.

    asked ─▶ running ─┬─ every object is done ──────────────▶ success
               ▲      ├─ somebody wants it to end ──────────▶ cancelled, at the next object
               │      └─ no source, no target, a fault ─────▶ failed
               └───── the loader dies: whoever leads next goes on where the load's stream ends

A load that a bot runs itself is only watched: when nothing is heard of it for too long, it ends as failed.
"""

import asyncio
import time

import psycopg
import structlog
from psycopg import AsyncConnection
from psycopg.rows import TupleRow

from domain.loads.commands import expire_load
from domain.loads.events import CancelRequested, LoadFinished, LoadStarted
from schemas.settings import Settings
from store import leadership, log, signals
from store.appender import Appender, BookUnavailableError, ConflictError
from store.connections import connect, described, pool
from store.event_store import EventStore
from store.keys import Keyring
from store.signals import Signal
from workers.loader.rest import Rest, open_session
from workers.loader.runs import ORIGIN, Runs
from workers.loader.snowflakes import Snowflakes
from workers.loader.unfinished import REGISTRY, silent_loads, unfinished_loads
from workers.loader.waiting import Waiting

POLL_SECONDS = 0.5
RESTART_SECONDS = 0.5
SETTLE_SECONDS = 0.02  # so that a busy log is read some appends at a time
LEASE_SECONDS = 15.0  # longer than a leader that was cut off takes to notice: no two may act on one guild at Discord
LOOKS_AT_SILENCE = 4  # within the time that may be silent
LOOK_SECONDS_MAX = 15.0
BATCH_EVENTS_MAX = 5000
CONNECTIONS_MAX = 4
LOADS_MAX = {"registry": 16, "discord": 256}  # at Discord they wait, perhaps for days
WATCHED = [kind.stored_type for kind in (LoadStarted, CancelRequested, LoadFinished)]

_logger = structlog.get_logger()


class LoaderWorker:
    """One process's loader. `lease_seconds` is given by tests."""

    def __init__(self, url: str, keyring: Keyring, settings: Settings, *, lease_seconds: float = LEASE_SECONDS) -> None:
        self._url = url
        self._keyring = keyring
        self._settings = settings
        self._lease_seconds = lease_seconds
        self._snowflakes = Snowflakes()
        self._signal = Signal(url, signals.APPENDED)

    async def run(self) -> None:
        """Run until cancelled; after a lost connection, stand by again."""
        appender = Appender(self._url)
        async with (
            asyncio.TaskGroup() as tasks,
            pool(self._url, CONNECTIONS_MAX) as connections,
            open_session() as session,
        ):
            listening = tasks.create_task(self._signal.run())
            store = EventStore(connections, appender, self._keyring)
            forgetting = tasks.create_task(signals.tell_of_erasures(self._url, store.forget))
            rest = Rest(session, self._settings) if self._settings.discord_bot_token else None
            try:
                await self._lead_for_ever(store, rest)
            finally:
                listening.cancel()
                forgetting.cancel()
                await appender.close()

    async def _lead_for_ever(self, store: EventStore, rest: Rest | None) -> None:
        while True:
            try:
                async with await connect(self._url) as connection:
                    await leadership.become_leader(connection, leadership.LOADER)
                    free_at = time.monotonic() + self._lease_seconds
                    primary_bot = self._settings.antiraid_client_id or None
                    runs = Runs(store, rest, self._snowflakes, free_at, primary_bot)
                    await _Led(connection, store, self._settings, runs).follow(self._signal)
            except (psycopg.Error, BookUnavailableError, ConflictError) as error:
                _logger.warning("loader restarts", error=described(error))
                await asyncio.sleep(RESTART_SECONDS)


class _Led:
    """What a loader does while it leads."""

    def __init__(
        self, connection: AsyncConnection[TupleRow], store: EventStore, settings: Settings, runs: Runs
    ) -> None:
        self._connection = connection
        self._store = store
        self._silence_seconds = settings.load_silence_seconds_max
        self._runs = runs
        self._rooms = {gateway: asyncio.Semaphore(loads) for gateway, loads in LOADS_MAX.items()}
        self._waiting: dict[str, Waiting] = {}
        self._tasks: dict[str, asyncio.Task[None]] = {}
        self._external: set[str] = set()
        self._look_at = 0.0

    async def follow(self, signal: Signal) -> None:
        """Run what has not ended and what begins, until cancelled or the connection is lost; then run nothing."""
        try:
            position = await log.head(self._connection)
            for name, gateway in await unfinished_loads(self._connection, position):
                self._begin(name, gateway)
            while True:
                position, came = await self._read(position)
                await self._end_silent()
                if not came:
                    await signal.wait(POLL_SECONDS)
                    await asyncio.sleep(SETTLE_SECONDS)
        finally:
            await self._abandon()

    async def _read(self, position: int) -> tuple[int, bool]:
        end, batch = await log.read(self._connection, self._store.keyring, position, BATCH_EVENTS_MAX, WATCHED)
        for recorded in batch:
            match recorded.event:
                case LoadStarted(load=name, kind=kind, gateway=gateway):
                    self._begin(name, (gateway or REGISTRY) if kind == "internal" else None)
                case CancelRequested(load=name) if name in self._waiting:
                    self._waiting[name].end()
                case LoadFinished(load=name):
                    self._external.discard(name)
                case _:
                    pass
        return end, end > position

    def _begin(self, name: str, gateway: str | None) -> None:
        if gateway is None:
            self._external.add(name)
        elif name not in self._tasks:
            self._waiting[name] = Waiting()
            self._tasks[name] = asyncio.create_task(self._run(name, self._rooms[gateway], self._waiting[name]))

    async def _run(self, name: str, room: asyncio.Semaphore, waiting: Waiting) -> None:
        try:
            async with room:
                await self._runs.run(name, waiting)
        finally:
            del self._tasks[name], self._waiting[name]

    async def _end_silent(self) -> None:
        """End the loads that bots run themselves and say nothing of."""
        now = time.monotonic()
        if now < self._look_at or not self._external:
            return
        self._look_at = now + min(self._silence_seconds / LOOKS_AT_SILENCE, LOOK_SECONDS_MAX)
        error = f"Nothing was heard of it for {self._silence_seconds} s."
        for name, position in await silent_loads(self._connection, self._external, self._silence_seconds):
            await self._store.execute(ORIGIN, expire_load, load=name, seen=position, error=error)

    async def _abandon(self) -> None:
        tasks = list(self._tasks.values())
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
