"""The eraser: takes what is about erased people out of everything that is made from the log; of several, one acts.

    erased ─▶ key gone ─▶ caches gone ─▶ query tables rebuilt ─▶ operation purged ─▶ files rewritten ─▶ purged
              └── in the commit of the event; processes are told by it ──┘

Every step can be done again, and the checkpoint moves when all are done: whoever leads next begins anew.
Several that wait are one rebuild.
"""

import asyncio
from collections.abc import Callable, Sequence
from datetime import UTC, datetime, timedelta

import psycopg
import structlog
from psycopg import AsyncConnection
from psycopg.rows import TupleRow

from domain.kernel import RefusalError
from projections import checkpoints
from projections.catalogue import PROJECTORS
from projections.checkpoints import FencedError
from projections.rebuild import rebuild
from projections.rows import Projector
from store import erasure, leadership, signals
from store.appender import Appender, BookUnavailableError, ConflictError
from store.codec import SHAPES
from store.connections import connect, described, is_outage, pool
from store.erasure import READER, Erased
from store.event_store import EventStore
from store.keys import Keyring
from store.signals import Signal
from workers.retention import apply_rules

POLL_SECONDS = 5.0
RESTART_SECONDS = 0.5
STOPPED_SECONDS = 30.0
LEVEL_SECONDS = 0.05
WAIT_SECONDS = 0.2
CONNECTIONS_MAX = 2
RETENTION_EVERY = timedelta(days=1)

PERSONAL: tuple[Projector, ...] = tuple(
    projector for projector in PROJECTORS if any(SHAPES[it.stored_type].sealed_fields for it in projector.handles())
)
"""Those whose events have sealed fields, and whose tables may show them."""

_logger = structlog.get_logger()


class EraserStoppedError(RefusalError):
    """The key is destroyed. Clearing away what was made with it is stopped, and tried again every half minute."""

    def __str__(self) -> str:
        return f"{self.__doc__} What stops it: {self.args[0]}. `guildbook privacy show SUBJECT` says when it is done."


class Eraser:
    """One process's eraser."""

    def __init__(self, url: str, keyring: Keyring, now: Callable[[], datetime] = lambda: datetime.now(UTC)) -> None:
        self._url = url
        self._keyring = keyring
        self._now = now
        self._applied_at: datetime | None = None
        self._signal = Signal(url, signals.ERASED)

    async def run(self) -> None:
        """Run until cancelled; after a lost connection, stand by again."""
        async with asyncio.TaskGroup() as tasks, pool(self._url, CONNECTIONS_MAX) as connections:
            tasks.create_task(self._signal.run())
            appender = Appender(self._url)
            try:
                await self._lead_for_ever(EventStore(connections, appender, self._keyring))
            finally:
                await appender.close()

    async def _lead_for_ever(self, store: EventStore) -> None:
        while True:
            try:
                await self._lead(store)
            except (psycopg.Error, FencedError, BookUnavailableError, ConflictError) as error:
                _logger.warning("eraser restarts", error=described(error))
                await asyncio.sleep(RESTART_SECONDS)

    async def _lead(self, store: EventStore) -> None:
        async with await connect(self._url) as connection:
            await leadership.become_leader(connection, leadership.ERASER)
            await connection.execute("SET statement_timeout = 0")
            while True:
                await self._carry_out(connection)
                await self._retain(store)
                await self._signal.wait(POLL_SECONDS)

    async def _carry_out(self, connection: AsyncConnection[TupleRow]) -> None:
        """Do what is to be done; what cannot be is written down, and tried again."""
        try:
            refused = await catch_up(self._url, connection, self._keyring)
        except FencedError:
            raise
        except Exception as error:
            if is_outage(error) or connection.broken:
                raise
            await checkpoints.stop(connection, READER, await place_of(connection) + 1, error)
            _logger.error("eraser stopped", error=described(error))  # noqa: TRY400 - its text may hold a name
            await asyncio.sleep(STOPPED_SECONDS)
            return
        if refused:
            _logger.warning("files of the database may hold what was deleted", steps=refused)

    async def _retain(self, store: EventStore) -> None:
        """Apply the rules of retention once a day."""
        now = self._now()
        if self._applied_at is None or now >= self._applied_at + RETENTION_EVERY:
            self._applied_at = now  # also when it fails: it is tried again tomorrow, and purging goes on
            try:
                await apply_rules(store, now)
            except Exception as error:
                if isinstance(error, (psycopg.Error, BookUnavailableError, ConflictError)):
                    raise
                _logger.error("retention stopped", error=described(error))  # noqa: TRY400 - its text may hold a name
            store.forget()


async def place_of(connection: AsyncConnection[TupleRow]) -> int:
    """Return up to where everybody who was erased is purged; there is such a place from now on."""
    for place in await checkpoints.all_checkpoints(connection):
        if place.reader == READER:
            return place.position
    await checkpoints.begin(connection, READER, 0, "")
    return 0


async def finish(url: str, keyring: Keyring, position: int) -> list[str]:
    """Return when everybody who was erased up to a position is purged: by whoever leads, else by ourselves.

    Returns what of it was not allowed to ourselves. Errors: EraserStoppedError.
    """
    refused: list[str] = []
    async with await connect(url) as connection:
        await connection.execute("SET statement_timeout = 0")
        [(began,)] = await (await connection.execute("SELECT now()")).fetchall()
        while await place_of(connection) < position:
            if await leadership.leads(connection, leadership.ERASER):
                refused = await _catch_up_ourselves(url, connection, keyring)
            elif (error := await erasure.stopped_since(connection, began)) is not None:
                raise EraserStoppedError(error)
            else:
                await asyncio.sleep(WAIT_SECONDS)
    return refused


async def _catch_up_ourselves(url: str, connection: AsyncConnection[TupleRow], keyring: Keyring) -> list[str]:
    try:
        return await catch_up(url, connection, keyring)
    except Exception as error:
        if is_outage(error) or connection.broken or isinstance(error, FencedError):
            raise
        raise EraserStoppedError(described(error)) from error


async def catch_up(url: str, connection: AsyncConnection[TupleRow], keyring: Keyring) -> list[str]:
    """Purge everybody who was erased until now, and return what of it is not allowed here. `connection` leads."""
    start = position = await place_of(connection)
    waiting: list[Erased] = []
    while True:
        end, found = await erasure.erased_after(connection, keyring, position)
        waiting += found
        if end == position:
            break
        position = end
    refused = await _purge(url, connection, keyring, waiting) if waiting else []
    if position > start:
        moved = await checkpoints.move(connection, [READER], start, position)
        await checkpoints.require_moved(moved, [READER])
    return refused


async def _purge(
    url: str, connection: AsyncConnection[TupleRow], keyring: Keyring, erased: Sequence[Erased]
) -> list[str]:
    keyring.forget()
    await _until_level(connection, erased[-1].position)
    await rebuild(url, keyring, PERSONAL)
    await erasure.purge(connection, erased)
    return await erasure.rewrite(url)


async def _until_level(connection: AsyncConnection[TupleRow], position: int) -> None:
    """Return when no projector has in hand what was sealed before a position: it would bring it into new tables."""
    while True:
        if await _are_past(connection, position) or not await leadership.is_led(connection, leadership.PROJECTOR):
            return
        await asyncio.sleep(LEVEL_SECONDS)


async def _are_past(connection: AsyncConnection[TupleRow], position: int) -> bool:
    places = await checkpoints.all_checkpoints(connection)
    return all(place.position >= position or place.stopped_at for place in places if place.fingerprint)
