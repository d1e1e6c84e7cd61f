"""Runs projectors over the log: one read, many projectors, rows and checkpoints in one commit."""

from collections.abc import Sequence
from typing import Any, Protocol

import structlog
from psycopg import AsyncConnection
from psycopg.rows import TupleRow

from domain.catalogue import EVENTS
from projections import checkpoints
from projections.checkpoints import FencedError
from projections.rows import Projector, project
from store import log
from store.connections import described, is_outage
from store.keys import Keyring
from store.log import Recorded
from store.source import THE_LOG, Source

BATCH_EVENTS_MAX = 1000

_logger = structlog.get_logger()


class Feed(Protocol):
    """Something that must see the query tables just before and just after certain appends, in the same commit."""

    name: str

    def wants(self, append: Sequence[Recorded]) -> bool:
        """Tell whether this append is to be shown."""
        ...

    def is_changed_by(self, append: Sequence[Recorded]) -> bool:
        """Tell whether this append changes what is wanted."""
        ...

    async def refresh(self, connection: AsyncConnection[TupleRow]) -> None:
        """Learn from the query tables what is wanted."""
        ...

    async def before(self, connection: AsyncConnection[TupleRow], append: Sequence[Recorded]) -> Any:  # noqa: ANN401
        """Look at the tables before the append is in them."""
        ...

    async def after(
        self,
        connection: AsyncConnection[TupleRow],
        append: Sequence[Recorded],
        seen: Any,  # noqa: ANN401
    ) -> None:
        """Look at the tables when the append is in them; `seen` is what `before` returned."""
        ...


class Group:
    """Projectors that are at the same position and go on together. A poison event stops its projector only."""

    def __init__(self, projectors: Sequence[Projector], position: int, feed: Feed | None = None) -> None:
        self.projectors = list(projectors)
        self.position = position
        self._feed = feed

    async def step(
        self,
        connection: AsyncConnection[TupleRow],
        keyring: Keyring,
        limit: int = BATCH_EVENTS_MAX,
        source: Source = THE_LOG,
    ) -> int:
        """Take in the next batch and return how many positions that was, 0 when there was nothing new."""
        types = [event.stored_type for projector in self.projectors for event in projector.handles()]
        end, rows = await source.read(connection, self.position, limit, types)
        if end == self.position:
            return 0
        batch = await log.recorded(rows, keyring)
        try:
            await self._advance(connection, source, batch, end)
        except FencedError:
            raise
        except Exception as error:
            if is_outage(error) or connection.broken:
                raise
            await self._isolate(connection, batch, end, error)
        taken, self.position = end - self.position, end
        return taken

    async def _advance(
        self, connection: AsyncConnection[TupleRow], source: Source, batch: Sequence[Recorded], end: int
    ) -> None:
        readers = [reader.name for reader in (*self.projectors, self._feed) if reader]
        rows = [rows for projector in self.projectors for rows in projector.rows]
        async with connection.pipeline(), connection.transaction():
            moved = await checkpoints.move(connection, readers, self.position, end)
            await source.keep(connection, end)
            if self._feed is None:
                await project(connection, rows, batch)
            else:
                await _project_and_feed(connection, rows, batch, self._feed)
            await checkpoints.require_moved(moved, readers)
            await checkpoints.announce(connection)

    async def _isolate(
        self, connection: AsyncConnection[TupleRow], batch: Sequence[Recorded], end: int, error: Exception
    ) -> None:
        """Give the batch to each projector alone and leave out who cannot take it in.

        The feed shows what the tables say, so it stops with the first of them, or when it was at fault itself.
        """
        taken = [await self._takes_in(connection, projector, batch, end) for projector in self.projectors]
        self.projectors = [projector for projector, took in zip(self.projectors, taken, strict=True) if took]
        if self._feed:
            await checkpoints.stop(connection, self._feed.name, self.position + 1, error)
            _logger.error("feed stopped", feed=self._feed.name, error=described(error))
            self._feed = None
        await checkpoints.announce(connection)

    async def _takes_in(
        self, connection: AsyncConnection[TupleRow], projector: Projector, batch: Sequence[Recorded], end: int
    ) -> bool:
        error = await _take_in(connection, projector, batch, self.position, end)
        if error is not None:
            _logger.error("projector stopped", projector=projector.name, error=described(error))
        return error is None


async def _project_and_feed(
    connection: AsyncConnection[TupleRow], rows: Sequence[Any], batch: Sequence[Recorded], feed: Feed
) -> None:
    """Project up to each append that the feed wants, show it before and after, and go on."""
    waiting: list[Recorded] = []
    for append in appends(batch):
        if feed.wants(append):
            await project(connection, rows, waiting)
            seen = await feed.before(connection, append)
            await project(connection, rows, append)
            await feed.after(connection, append, seen)
            waiting = []
        elif feed.is_changed_by(append):
            await project(connection, rows, [*waiting, *append])
            await feed.refresh(connection)
            waiting = []
        else:
            waiting += append
    await project(connection, rows, waiting)


async def feed_missed(
    connection: AsyncConnection[TupleRow], keyring: Keyring, feed: Feed, position: int, furthest: int
) -> None:
    """Bring a feed that was stopped up to the tables: what it missed is shown with the tables as they are now."""
    await feed.refresh(connection)
    async with connection.transaction():
        await checkpoints.begin(connection, feed.name, furthest, "")
        while position < furthest:
            position, batch = await log.read(
                connection, keyring, position, min(BATCH_EVENTS_MAX, furthest - position), list(EVENTS)
            )
            for append in filter(feed.wants, appends(batch)):
                await feed.after(connection, append, await feed.before(connection, append))


def appends(batch: Sequence[Recorded]) -> list[list[Recorded]]:
    """Split a batch into what was appended together."""
    parts: dict[int, list[Recorded]] = {}
    for recorded in batch:
        parts.setdefault(recorded.append_end, []).append(recorded)
    return list(parts.values())


async def _take_in(
    connection: AsyncConnection[TupleRow], projector: Projector, batch: Sequence[Recorded], position: int, end: int
) -> Exception | None:
    """Take a batch in for one projector; at a poison event keep the appends before it, and return the error.

    The batch is halved until the append at fault stands alone.
    """
    error = await _attempt(connection, projector, batch, position, end)
    if error is None:
        return None
    parts = appends(batch)
    if len(parts) == 1:
        await checkpoints.stop(connection, projector.name, batch[0].position, error)
        return error
    first = [recorded for part in parts[: len(parts) // 2] for recorded in part]
    middle = first[-1].append_end
    error = await _take_in(connection, projector, first, position, middle)
    if error is not None:
        return error
    return await _take_in(connection, projector, batch[len(first) :], middle, end)


async def _attempt(
    connection: AsyncConnection[TupleRow], projector: Projector, batch: Sequence[Recorded], position: int, end: int
) -> Exception | None:
    try:
        async with connection.transaction():
            moved = await checkpoints.move(connection, [projector.name], position, end)
            await checkpoints.require_moved(moved, [projector.name])
            await project(connection, projector.rows, batch)
    except FencedError:
        raise
    except Exception as error:
        if is_outage(error) or connection.broken:
            raise
        return error
    return None
