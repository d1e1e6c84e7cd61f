"""Sends what is in the outbox: prepare, send, record; of several senders, one acts and the others stand by.

    pending ─▶ attempt ─┬─ 2xx ────────────────────────▶ delivered; what waits to tell an older state ─▶ superseded
       ▲                ├─ the address is not public ──▶ blocked
       └── due later ───┴─ anything else ──────────────▶ dead, when the schedule is at its end
    pending, and the callback is removed ──────────────▶ cancelled

A lane is one callback and one entity; it carries one delivery at a time, the oldest that is due. Nothing is marked
in the database while it is under way: whoever leads next finds it due, and sends it before what is newer in its lane.
"""

import asyncio
import random
from collections.abc import Callable, Sequence
from datetime import UTC, datetime

import aiohttp
import psycopg
import structlog
from psycopg import AsyncConnection
from psycopg.rows import TupleRow

from domain.callbacks.aggregate import CALLBACK, Callback
from schemas.settings import Settings
from store import leadership, log, signals
from store.connections import connect
from store.keys import Keyring
from store.signals import Signal
from workers.callbacks import outbox, post
from workers.callbacks.outbox import Busy, Due, Lane, Result
from workers.callbacks.post import Attempt
from workers.callbacks.schedule import retry_at

POLL_SECONDS = 0.5
RESTART_SECONDS = 0.5
GRACE_SECONDS = 5.0  # for what is under way when the sender is stopped
ENDPOINT_CONCURRENCY_MAX = 16

_logger = structlog.get_logger()


def _host_clock() -> datetime:
    return datetime.now(UTC)


class CallbackSender:
    """One process's sender. `clock` and `chance` are given by tests."""

    def __init__(
        self,
        url: str,
        keyring: Keyring,
        settings: Settings,
        *,
        clock: Callable[[], datetime] = _host_clock,
        chance: Callable[[], float] = random.random,
    ) -> None:
        self._url = url
        self._keyring = keyring
        self._settings = settings
        self._clock = clock
        self._chance = chance
        self._under_way: dict[Lane, asyncio.Task[None]] = {}
        self._attempted: list[tuple[Lane, Result]] = []
        self._silent: set[int] = set()
        self._signal = Signal(url, signals.DELIVERIES)

    async def run(self) -> None:
        """Run until cancelled, which lets what is under way finish; after a lost connection, stand by again."""
        allow_private = self._settings.callbacks_allow_private
        async with asyncio.TaskGroup() as tasks, post.open_session(allow_private=allow_private) as session:
            listening = tasks.create_task(self._signal.run())
            try:
                await self._lead_for_ever(session)
            finally:
                listening.cancel()

    async def _lead_for_ever(self, session: aiohttp.ClientSession) -> None:
        while True:
            try:
                await self._lead(session)
            except psycopg.Error as error:
                _logger.warning("callback sender restarts", error=str(error))
                await asyncio.sleep(RESTART_SECONDS)

    async def _lead(self, session: aiohttp.ClientSession) -> None:
        async with await connect(self._url) as connection:
            await leadership.become_leader(connection, leadership.CALLBACK_SENDER)
            await _settle(connection)
            try:
                while True:
                    await self._record(connection)
                    await self._start(connection, session)
                    await self._signal.wait(POLL_SECONDS)
            except asyncio.CancelledError:
                await self._finish(connection)
                raise
            finally:
                self._abandon()

    async def _start(self, connection: AsyncConnection[TupleRow], session: aiohttp.ClientSession) -> None:
        """Send what is due, as far as there is room for it; what has nowhere to go is cancelled."""
        room = self._settings.callback_concurrency_max - len(self._under_way)
        if not room:
            return
        busy = Busy(self._under_way, self._silent)
        found = await outbox.claim(connection, self._clock(), busy, room, ENDPOINT_CONCURRENCY_MAX)
        callbacks = await self._callbacks(connection, found) if found else {}
        for due in found:
            callback = callbacks.get(due.lane.callback)
            if callback is not None:
                self._under_way[due.lane] = asyncio.create_task(self._deliver(session, due, callback))
        gone = {due.lane.callback for due in found} - callbacks.keys()
        if gone:
            await outbox.cancel(connection, list(gone))
        if found:
            self._signal.wake()  # there may be more

    async def _callbacks(self, connection: AsyncConnection[TupleRow], found: Sequence[Due]) -> dict[int, Callback]:
        """Return where to send and with what secret, as the log has it now; by id, those that still exist."""
        streams = sorted({CALLBACK.stream(due.app, due.event) for due in found})
        histories = await log.read_streams(connection, self._keyring, streams)
        states = [CALLBACK.fold(history.events) for history in histories.values()]
        return {state.id: state for state in states if state is not None}

    async def _deliver(self, session: aiohttp.ClientSession, due: Due, callback: Callback) -> None:
        seconds_max = self._settings.callback_timeout_seconds
        attempt = await post.attempt(session, due, callback, now=self._clock(), seconds_max=seconds_max)
        if attempt.status is None and not attempt.refused:
            self._silent.add(due.lane.callback)
        else:
            self._silent.discard(due.lane.callback)
        self._attempted.append((due.lane, result_of(due, attempt, self._clock(), self._chance())))
        self._signal.wake()

    async def _record(self, connection: AsyncConnection[TupleRow]) -> None:
        """Write down what was attempted, and only then free its lanes."""
        attempted = list(self._attempted)
        if not attempted:
            return
        results = [result for _, result in attempted]
        delivered = [result.delivery for result in results if result.state == "delivered"]
        async with connection.pipeline(), connection.transaction():
            await outbox.record(connection, results)
            if delivered:
                await outbox.supersede(connection, delivered)
        del self._attempted[: len(attempted)]
        for lane, _ in attempted:
            del self._under_way[lane]

    async def _finish(self, connection: AsyncConnection[TupleRow]) -> None:
        if self._under_way:
            await asyncio.wait(self._under_way.values(), timeout=GRACE_SECONDS)
        try:
            await self._record(connection)
        except psycopg.Error as error:
            _logger.warning("last deliveries not recorded, they will be sent again", error=str(error))

    def _abandon(self) -> None:
        for task in self._under_way.values():
            task.cancel()
        self._under_way.clear()
        self._attempted.clear()


def result_of(due: Due, attempt: Attempt, now: datetime, chance: float) -> Result:
    """Decide what becomes of a delivery after an attempt."""
    number = due.attempts + 1
    due_at = None
    if attempt.is_success():
        state = "delivered"
    elif attempt.refused:
        state = "blocked"
    else:
        due_at = retry_at(number, now, chance, attempt.asked_seconds)
        state = "dead" if due_at is None else "pending"
    return Result(
        delivery=due.id,
        number=number,
        state=state,
        due_at=due_at,
        started_at=attempt.started_at,
        duration_ms=attempt.duration_ms,
        status=attempt.status,
        error=attempt.error,
        response=attempt.response,
    )


async def _settle(connection: AsyncConnection[TupleRow]) -> None:
    """Commit without waiting, as what is forgotten is sent again; and walk indexes, whatever statistics say.

    The outbox swings from empty to full and back in seconds; a plan that was made for one is ruin for the other.
    """
    for setting in ("synchronous_commit", "enable_seqscan", "enable_bitmapscan"):
        await connection.execute("SELECT set_config(%s, 'off', false)", (setting,))
