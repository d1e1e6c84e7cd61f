"""Sends what is in the outbox: prepare, send, record; of several senders, one acts and the others stand by.

    pending ─▶ attempt ─┬─ 2xx ────────────────────────▶ delivered; what waits to tell an older state ─▶ superseded
       ▲                ├─ the address is not public ──▶ blocked
       └── due later ───┴─ anything else ──────────────▶ dead, when the schedule is at its end
    pending, and the callback is removed ──────────────▶ cancelled, as the oldest are of what waits for a paused one

A lane is one callback and one entity; it carries one delivery at a time, the oldest that is due. In the dialect of
/book what has failed is waited for; in that of Polympics what is newer goes out meanwhile. Nothing is marked in the
database while it is under way: whoever leads next finds it due, and sends it before what is newer in its lane.
"""

import asyncio
import random
import time
from collections.abc import Callable
from datetime import UTC, datetime
from typing import NamedTuple

import aiohttp
import psycopg
import structlog
from psycopg import AsyncConnection
from psycopg.rows import TupleRow

from domain.callbacks.aggregate import BOOK, Callback
from schemas.settings import Settings
from store import leadership, signals
from store.appender import Appender
from store.connections import connect, described, pool
from store.event_store import EventStore
from store.keys import Keyring
from store.signals import Signal
from workers.callbacks import outbox, post, results
from workers.callbacks.disabling import Failure, disable, to_disable
from workers.callbacks.outbox import Busy, Due, Lane
from workers.callbacks.post import Attempt
from workers.callbacks.pruning import Pruner
from workers.callbacks.recipients import Recipients
from workers.callbacks.results import Result
from workers.callbacks.schedule import retry_at

POLL_SECONDS = 0.5
RESTART_SECONDS = 0.5
GRACE_SECONDS = 5.0  # for what is under way when the sender is stopped
ENDPOINT_CONCURRENCY_MAX = 16
CLAIM_SECONDS_MAX = 1.0  # in which its callback may change; what has to wait longer until it is sent is claimed again
CLAIMED_MAX = 4  # deliveries that are claimed for each that may be under way, so that few questions are asked
SILENT_SHARE = 4  # one in so many under way may go to endpoints that gave no answer, or a slow one: they take long
SLOW_SECONDS = 3.0
SETTLE_SECONDS = 0.01  # while something is under way, so that what happens together is written down together
CONNECTIONS_MAX = 2  # for saying that a callback is disabled

_logger = structlog.get_logger()


def _host_clock() -> datetime:
    return datetime.now(UTC)


class Attempted(NamedTuple):
    """An attempt that is not written down yet."""

    lane: Lane
    callback: Callback
    result: Result


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
        self._claimed: dict[Lane, asyncio.Task[None]] = {}
        self._slots = asyncio.Semaphore(settings.callback_concurrency_max)
        self._attempted: list[Attempted] = []
        self._silent: set[int] = set()
        self._signal = Signal(url, signals.DELIVERIES)
        self._recipients = Recipients(keyring)

    async def run(self) -> None:
        """Run until cancelled, which lets what is under way finish; after a lost connection, stand by again."""
        appender = Appender(self._url)
        async with (
            asyncio.TaskGroup() as tasks,
            pool(self._url, CONNECTIONS_MAX) as connections,
            post.open_session(allow_private=self._settings.callbacks_allow_private) as session,
        ):
            listening = tasks.create_task(self._signal.run())
            try:
                await self._lead_for_ever(session, EventStore(connections, appender, self._keyring))
            finally:
                listening.cancel()
                await appender.close()

    async def _lead_for_ever(self, session: aiohttp.ClientSession, store: EventStore) -> None:
        while True:
            try:
                await self._lead(session, store)
            except psycopg.Error as error:
                _logger.warning("callback sender restarts", error=described(error))
                await asyncio.sleep(RESTART_SECONDS)

    async def _lead(self, session: aiohttp.ClientSession, store: EventStore) -> None:
        async with await connect(self._url) as connection:
            await leadership.become_leader(connection, leadership.CALLBACK_SENDER)
            await outbox.settle(connection)
            pruner = Pruner(self._settings.delivery_days, self._settings.callback_pending_max)
            try:
                while True:
                    await self._record(connection, store)
                    await self._start(connection, session)
                    await pruner.step(connection, self._clock())
                    await self._signal.wait(POLL_SECONDS)
                    if self._claimed:
                        await asyncio.sleep(SETTLE_SECONDS)
            except asyncio.CancelledError:
                await self._finish(connection, store)
                raise
            finally:
                self._abandon()

    async def _start(self, connection: AsyncConnection[TupleRow], session: aiohttp.ClientSession) -> None:
        """Send what is due, when there is room for much of it; what has nowhere to go is cancelled."""
        claimed_max = CLAIMED_MAX * self._settings.callback_concurrency_max
        room = claimed_max - len(self._claimed)
        if room < claimed_max // 2:
            return
        silent_room = self._silent_room()
        busy = Busy(self._claimed, self._silent, silent_max=min(1, silent_room))
        found = await outbox.claim(connection, self._clock(), busy, room, ENDPOINT_CONCURRENCY_MAX)
        callbacks, unreadable = await self._recipients.of(connection, found)
        active = {number: callback for number, callback in callbacks.items() if callback.is_active()}
        sent = [due for due in found if due.lane.callback in active]
        for due in sent:
            is_silent = due.lane.callback in self._silent
            if due.lane in self._claimed or (is_silent and not silent_room):
                continue
            silent_room -= is_silent
            delivering = self._deliver(session, due, active[due.lane.callback])
            self._claimed[due.lane] = asyncio.create_task(delivering)
        gone = {due.lane.callback for due in found} - callbacks.keys() - unreadable
        if gone:
            async with connection.transaction():
                await outbox.lock_lanes(connection)
                await outbox.cancel(connection, list(gone))
        if sent or gone:
            self._signal.wake()  # there may be more

    def _silent_room(self) -> int:
        """Return how many more endpoints that gave no answer, or a slow one, may be sent to."""
        silent_max = max(1, self._settings.callback_concurrency_max // SILENT_SHARE)
        return max(0, silent_max - sum(lane.callback in self._silent for lane in self._claimed))

    async def _deliver(self, session: aiohttp.ClientSession, due: Due, callback: Callback) -> None:
        seconds_max = self._settings.callback_timeout_seconds
        claimed_at = time.monotonic()
        async with self._slots:
            if time.monotonic() - claimed_at > CLAIM_SECONDS_MAX:
                del self._claimed[due.lane]
                self._signal.wake()
                return
            attempt = await post.attempt(session, due, callback, now=self._clock(), seconds_max=seconds_max)
        if is_slow(attempt):
            self._silent.add(due.lane.callback)
        else:
            self._silent.discard(due.lane.callback)
        result = result_of(due, attempt, self._clock(), self._chance())
        self._attempted.append(Attempted(due.lane, callback, result))
        self._signal.wake()

    async def _record(self, connection: AsyncConnection[TupleRow], store: EventStore) -> None:
        """Write down what was attempted, and only then free its lanes."""
        attempted = list(self._attempted)
        if not attempted:
            return
        now = self._clock()
        delivered = [each for each in attempted if each.result.is_success()]
        newest = [each.result.delivery for each in delivered if each.callback.dialect != BOOK]
        finished = {each.lane for each in attempted if each.result.due_at is None}
        tallies = results.tallied([(each.lane, each.result) for each in attempted])
        async with connection.pipeline(), connection.transaction():
            await outbox.lock_lanes(connection)
            await results.record(connection, [each.result for each in attempted])
            if newest:
                await results.supersede(connection, newest)
            if finished:
                await results.promote(connection, sorted(finished))
            failing_since = await results.keep_figures(connection, now, list(tallies.values()))
        del self._attempted[: len(attempted)]
        for each in attempted:
            del self._claimed[each.lane]
        failures = [Failure(each.callback, each.result.status) for each in attempted if not each.result.is_success()]
        hours_max = self._settings.callback_failing_hours_max
        for callback, since, reason in to_disable(failures, failing_since, now, hours_max).values():
            await disable(store, callback, since, reason)

    async def _finish(self, connection: AsyncConnection[TupleRow], store: EventStore) -> None:
        if self._claimed:
            await asyncio.wait(self._claimed.values(), timeout=GRACE_SECONDS)
        try:
            await self._record(connection, store)
        except psycopg.Error as error:
            _logger.warning("last deliveries not recorded, they will be sent again", error=described(error))

    def _abandon(self) -> None:
        for task in self._claimed.values():
            task.cancel()
        self._claimed.clear()
        self._attempted.clear()


def is_slow(attempt: Attempt) -> bool:
    """Tell whether there was no answer, or one that kept others waiting."""
    return not attempt.refused and (attempt.status is None or attempt.duration_ms > SLOW_SECONDS * 1000)


def result_of(due: Due, attempt: Attempt, now: datetime, chance: float) -> Result:
    """Decide what becomes of a delivery after an attempt."""
    number = due.attempts + 1
    due_at = None
    if attempt.is_success():
        state = "delivered"
    elif attempt.refused:
        state = "blocked"
    else:
        due_at = retry_at(number - due.attempts_before, now, chance, attempt.asked_seconds)
        state = "dead" if due_at is None else "pending"
    return Result(
        delivery=due.id,
        number=number,
        sendings=due.sendings,
        state=state,
        due_at=due_at,
        started_at=attempt.started_at,
        duration_ms=attempt.duration_ms,
        status=attempt.status,
        error=attempt.error,
        response=attempt.response,
    )
