"""The projector: keeps the query tables up with the log; of several, one acts and the others stand by."""

import asyncio
from collections.abc import Sequence

import psycopg
import structlog
from psycopg import AsyncConnection
from psycopg.rows import TupleRow

from projections import checkpoints
from projections.checkpoints import Checkpoint, FencedError, fingerprint
from projections.rebuild import create_tables, rebuild, table_names, tables_in
from projections.rows import Projector
from projections.runtime import BATCH_EVENTS_MAX, Feed, Group, feed_missed
from store import leadership, signals
from store.connections import connect, described, is_outage
from store.keys import Keyring
from store.signals import Signal
from store.source import Opening, Source, from_log

POLL_SECONDS = 0.25
RESTART_SECONDS = 0.5
NEAR_EVENTS = 2000  # a projector this close behind joins the others
READER = "projector"

_logger = structlog.get_logger()


class ProjectorWorker:
    """One process's projector."""

    def __init__(
        self,
        url: str,
        keyring: Keyring,
        projectors: Sequence[Projector],
        feed: Feed | None = None,
        open_source: Opening = from_log,
    ) -> None:
        self._url = url
        self._keyring = keyring
        self._projectors = projectors
        self._feed = feed
        self._open_source = open_source
        self._joining: list[Group] = []
        self._rebuilt = False
        self._signal = Signal(url, signals.APPENDED, signals.REBUILT, on_notify=self._noticed)

    def _noticed(self, channel: str, _payload: str) -> None:
        self._rebuilt |= channel == signals.REBUILT

    async def run(self) -> None:
        """Run until cancelled; after a lost connection or a rebuild, begin again from the checkpoints."""
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(self._signal.run())
            while True:
                try:
                    await self._lead()
                except* (psycopg.Error, FencedError) as errors:
                    _logger.warning("projector restarts", errors=[described(error) for error in errors.exceptions])
                    await asyncio.sleep(RESTART_SECONDS)

    async def _lead(self) -> None:
        connection = await connect(self._url)
        async with connection:
            await leadership.become_leader(connection, leadership.PROJECTOR)
            await connection.execute("SET synchronous_commit = off")  # rows can always be made again
            await connection.execute("SET statement_timeout = 0")  # one append may be large
            self._rebuilt = False
            self._keyring.forget()  # who was erased while we were cut off is not brought back into the tables
            live, behind = await self._groups(connection, await self._prepare(connection))
            opening = self._open_source(connection, READER, self._signal.wake)
            async with opening as source, asyncio.TaskGroup() as tasks:
                catching_up = [tasks.create_task(self._catch_up(group, live)) for group in behind]
                try:
                    await self._follow(connection, live, source)
                finally:
                    for task in catching_up:
                        task.cancel()

    async def _prepare(self, connection: AsyncConnection[TupleRow]) -> list[Projector]:
        """Make tables that are missing, and anew those that another version made; return whose tables are right."""
        await checkpoints.forget(connection, [projector.name for projector in self._projectors])
        places = {place.reader: place for place in await checkpoints.all_checkpoints(connection)}
        existing = set(await tables_in(connection, "projections"))
        missing = [p for p in self._projectors if not existing.issuperset(table_names(p))]
        fresh = [p for p in missing if p.name not in places and existing.isdisjoint(table_names(p))]
        async with connection.transaction():
            await create_tables(connection, fresh)
            for projector in fresh:
                await checkpoints.begin(connection, projector.name, 0, fingerprint(projector))
        stale = [p for p in self._projectors if p not in fresh and (p in missing or _is_stale(p, places))]
        failed = [p for p in stale if not await self._rebuild(connection, p)]
        return [projector for projector in self._projectors if projector not in failed]

    async def _rebuild(self, connection: AsyncConnection[TupleRow], projector: Projector) -> bool:
        _logger.info("rebuilding query tables", projector=projector.name)
        try:
            await rebuild(self._url, self._keyring, [projector])
        except Exception as error:
            if is_outage(error):
                raise
            await checkpoints.stop(connection, projector.name, 0, error)
            _logger.warning("projector stopped", projector=projector.name, error=described(error))
            return False
        return True

    async def _groups(
        self, connection: AsyncConnection[TupleRow], projectors: Sequence[Projector]
    ) -> tuple[Group, list[Group]]:
        """Return those that are furthest, with the feed, and the others one by one."""
        places = {place.reader: place.position for place in await checkpoints.all_checkpoints(connection)}
        furthest = max((places[projector.name] for projector in projectors), default=0)
        level = [projector for projector in projectors if places[projector.name] == furthest]
        behind = [Group([p], places[p.name]) for p in projectors if places[p.name] != furthest]
        feed = await self._ready_feed(connection, places, furthest) if not behind else None
        return Group(level, furthest, feed), behind

    async def _ready_feed(
        self, connection: AsyncConnection[TupleRow], places: dict[str, int], furthest: int
    ) -> Feed | None:
        """Return the feed when it is where the tables are."""
        if self._feed is None:
            return None
        try:
            await feed_missed(connection, self._keyring, self._feed, places.get(self._feed.name, furthest), furthest)
        except Exception as error:
            if is_outage(error):
                raise
            await checkpoints.stop(connection, self._feed.name, furthest, error)
            _logger.warning("feed stopped", feed=self._feed.name, error=described(error))
            return None
        return self._feed

    async def _follow(self, connection: AsyncConnection[TupleRow], live: Group, source: Source) -> None:
        while not self._rebuilt:
            await self._let_join(connection, live)
            taken = await live.step(connection, self._keyring, source=source)
            if not taken or (source.tells_of_more and taken < BATCH_EVENTS_MAX):
                await self._signal.wait(POLL_SECONDS)

    async def _let_join(self, connection: AsyncConnection[TupleRow], live: Group) -> None:
        while self._joining:
            group = self._joining.pop()
            while group.projectors and group.position < live.position:
                await group.step(connection, self._keyring, live.position - group.position)
            live.projectors += group.projectors
            # Begin again, for the feed goes on when all are level; who was stopped once more has not come nearer.
            self._rebuilt |= self._feed is not None and bool(group.projectors)

    async def _catch_up(self, group: Group, live: Group) -> None:
        async with await connect(self._url) as connection:
            while group.projectors and live.position - group.position > NEAR_EVENTS:
                await group.step(connection, self._keyring)
        self._joining.append(group)


def _is_stale(projector: Projector, places: dict[str, Checkpoint]) -> bool:
    place = places.get(projector.name)
    return place is None or place.fingerprint != fingerprint(projector)
