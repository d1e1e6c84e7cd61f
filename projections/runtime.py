"""Runs projectors over the log: one read, many projectors, rows and checkpoints in one commit."""

from collections.abc import Sequence
from typing import Any, Protocol

import psycopg
import structlog
from psycopg import AsyncConnection
from psycopg.rows import TupleRow

from domain.catalogue import EVENTS
from projections import checkpoints
from projections.checkpoints import FencedError
from projections.rows import Projector, project
from store import log, signals
from store.keys import Keyring
from store.log import Recorded

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

    async def step(self, connection: AsyncConnection[TupleRow], keyring: Keyring, limit: int = BATCH_EVENTS_MAX) -> int:
        """Take in the next batch and return how many positions that was, 0 when there was nothing new."""
        types = [event.stored_type for projector in self.projectors for event in projector.handles()]
        end, batch = await log.read(connection, keyring, self.position, limit, types)
        if end == self.position:
            return 0
        try:
            await self._advance(connection, batch, end)
        except (psycopg.OperationalError, psycopg.InterfaceError, FencedError):
            raise
        except Exception:  # noqa: BLE001 - whatever it is, it must stop one projector, not all
            await self._isolate(connection, keyring, batch, end)
        taken, self.position = end - self.position, end
        return taken

    def _readers(self) -> list[str]:
        names = [projector.name for projector in self.projectors]
        return [*names, self._feed.name] if self._feed else names

    async def _advance(self, connection: AsyncConnection[TupleRow], batch: Sequence[Recorded], end: int) -> None:
        rows = [rows for projector in self.projectors for rows in projector.rows]
        async with connection.pipeline(), connection.transaction():
            await checkpoints.lock(connection, self._readers(), self.position)
            if self._feed is None:
                await project(connection, rows, batch)
            else:
                await _project_and_feed(connection, rows, batch, self._feed)
            await checkpoints.move(connection, self._readers(), end)
            await connection.execute("SELECT pg_notify(%s, %s)", (signals.PROJECTED, str(end)))

    async def _isolate(
        self, connection: AsyncConnection[TupleRow], keyring: Keyring, batch: Sequence[Recorded], end: int
    ) -> None:
        """Give the batch to each projector alone, then show it to the feed; who cannot take it in is left out."""
        self.projectors = [p for p in self.projectors if await self._takes_in(connection, p, batch, end)]
        if self._feed and not await self._feeds(connection, keyring, self._feed, end):
            self._feed = None

    async def _takes_in(
        self, connection: AsyncConnection[TupleRow], projector: Projector, batch: Sequence[Recorded], end: int
    ) -> bool:
        error = await _take_in(connection, projector, batch, self.position, end)
        if error is not None:
            _logger.error("projector stopped", projector=projector.name, error=repr(error))
        return error is None

    async def _feeds(self, connection: AsyncConnection[TupleRow], keyring: Keyring, feed: Feed, end: int) -> bool:
        try:
            await feed_missed(connection, keyring, feed, self.position, end)
        except (psycopg.OperationalError, psycopg.InterfaceError):
            raise
        except Exception as error:
            await checkpoints.stop(connection, feed.name, end, error)
            _logger.exception("feed stopped", feed=feed.name)
            return False
        return True


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
    """Take a batch in for one projector; at a poison event keep what came before it, and return the error."""
    error = await _attempt(connection, projector, batch, position, end)
    if error is None:
        return None
    for recorded in batch:
        error = await _attempt(connection, projector, [recorded], position, recorded.position)
        if error is not None:
            await checkpoints.stop(connection, projector.name, recorded.position, error)
            return error
        position = recorded.position
    return await _attempt(connection, projector, [], position, end)


async def _attempt(
    connection: AsyncConnection[TupleRow], projector: Projector, batch: Sequence[Recorded], position: int, end: int
) -> Exception | None:
    try:
        async with connection.transaction():
            await checkpoints.lock(connection, [projector.name], position)
            await project(connection, projector.rows, batch)
            await checkpoints.move(connection, [projector.name], end)
    except (psycopg.OperationalError, psycopg.InterfaceError, FencedError):
        raise
    except Exception as error:  # noqa: BLE001 - it is written down, not swallowed
        return error
    return None
