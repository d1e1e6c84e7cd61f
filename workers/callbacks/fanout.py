"""Puts what callbacks of /book are to be told into the outbox: a reader of the log, with a checkpoint of its own.

    level ─┬─ paused, or disabled ─▶ held ── resumed ─▶ lagging ─ has been told all up to the head ─▶ level
           ├─ replayed ──────────────────────────────────▶ ▲
           └─ more wait for it than may ─────────────────▶ ┘

Who is level is told in the commit that moves the checkpoint. Who is not has a cursor: nothing beyond it is put in, or
sent, until the cursor has caught up, a bounded step at a time, while few deliveries wait. So an endpoint that is down
costs no space, and order is kept. What lags is told by the filters and the rights of today.
"""

import asyncio
import re
from collections import Counter
from collections.abc import Callable, Sequence
from functools import partial
from typing import NamedTuple

import psycopg
import structlog
from psycopg import AsyncConnection
from psycopg.rows import TupleRow

from domain.callbacks.aggregate import BOOK, Callback
from domain.callbacks.events import CallbackEvent, CallbackResumed, DeliveryResent
from projections import checkpoints
from projections.checkpoints import FencedError
from projections.sights import Line, line_of
from schemas.settings import Settings
from store import leadership, signals
from store.codec import UNDECODABLE
from store.connections import connect, described
from store.signals import Signal
from store.source import Opening, Source, from_log
from store.tail import Told, told_after, told_of
from workers.callbacks import cursors, outbox
from workers.callbacks.endpoints import WIDENING, Endpoints, apps_registering, types_wanted
from workers.callbacks.outbox import Said, Target
from workers.cloud_events import cloud_event, structured

POLL_SECONDS = 0.5
RESTART_SECONDS = 0.5
BATCH_POSITIONS_MAX = 500
BATCH_DELIVERIES_MAX = 10_000  # about; with many endpoints, fewer positions are read at a time
LAGGING_MAX = 10  # that take a step before what happens now is looked at again

_logger = structlog.get_logger()


class Telling(NamedTuple):
    """What a batch of the log comes to: whom to tell what, which callbacks it changed, and what was asked for."""

    said: list[Said]
    targets: list[Target]
    changes: list[CallbackEvent]

    def add(self, said: Said, callbacks: Sequence[Callback]) -> None:
        """Tell these callbacks of an event; positions do not go back."""
        if not self.said or self.said[-1].position < said.position:
            self.said.append(said)
        self.targets.extend(Target(said.position, each.id, each.app, each.event) for each in callbacks)


class CallbackFanout:
    """One process's fan-out."""

    def __init__(self, url: str, settings: Settings, open_source: Opening = from_log) -> None:
        self._url = url
        self._settings = settings
        self._open_source = open_source
        self._signal = Signal(url, signals.APPENDED)
        self._position = 0
        self._endpoints = Endpoints((), {})
        self._waiting = Counter[int]()  # by callback: deliveries when they were last counted, and those put in since

    async def run(self) -> None:
        """Run until cancelled; after a lost connection, stand by again."""
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(self._signal.run())
            while True:
                try:
                    await self._lead()
                except (psycopg.Error, FencedError) as error:
                    _logger.warning("callback fan-out restarts", error=described(error))
                    await asyncio.sleep(RESTART_SECONDS)

    async def _lead(self) -> None:
        async with await connect(self._url) as connection:
            await leadership.become_leader(connection, leadership.CALLBACK_FANOUT)
            await outbox.settle(connection)
            self._position = await cursors.place(connection)
            known = await cursors.callbacks_at(connection, self._position)
            self._endpoints = Endpoints(known, await cursors.all_cursors(connection))
            await self._endpoints.learn(connection, self._position)
            async with self._open_source(connection, cursors.READER, self._signal.wake) as source:
                while True:
                    is_moved = await self._go_on(connection, source)
                    if not await self._catch_up(connection) and not is_moved:
                        await self._signal.wait(POLL_SECONDS)

    async def _go_on(self, connection: AsyncConnection[TupleRow], source: Source) -> bool:
        """Tell those that are level what happened next, and tell whether there was anything."""
        types = self._endpoints.types()
        limit = min(BATCH_POSITIONS_MAX, 1 + BATCH_DELIVERIES_MAX // (1 + len(self._endpoints.level())))
        end, rows = await source.read(connection, self._position, limit, types)
        if end == self._position:
            return False
        batch = [told_of(row) for row in rows]
        if types is not None:
            end, batch = _until_widened(end, batch)
        await self._endpoints.learn(connection, end, apps_registering([told.event for told in batch]))
        telling = self._telling(batch)
        again = await self._asked_again(connection, telling.changes)
        async with connection.pipeline(), connection.transaction():
            moved = await checkpoints.move(connection, [cursors.READER], self._position, end)
            await self._put(connection, telling)
            await self._put(connection, again, newest=False)
            await self._change(connection, telling.changes)
            await source.keep(connection, end)
            await checkpoints.require_moved(moved, [cursors.READER])
        self._position = end
        await self._hold_back(connection, telling.targets)
        return True

    def _telling(self, batch: Sequence[Told]) -> Telling:
        telling = Telling([], [], [])
        for told in batch:
            self._endpoints.viewers.follow(told.event, told.position)
            self._tell(telling, told, self._endpoints.told)
            if isinstance(told.event, CallbackEvent):
                self._endpoints.apply(told.event, told.position)
                telling.changes.append(told.event)
        return telling

    def _tell(self, telling: Telling, told: Told, who: Callable[[Line], Sequence[Callback]]) -> None:
        """Add an event for those whom it is for. One that cannot be read is told to nobody."""
        try:
            line = line_of(told)
            callbacks = who(line)
            if callbacks:
                telling.add(self._said(told, line), callbacks)
        except UNDECODABLE as error:
            _logger.warning("event not told: it cannot be read", position=told.position, error=described(error))

    def _said(self, told: Told, line: Line) -> Said:
        event = cloud_event(
            self._settings.event_source,
            position=told.position,
            stream=told.stream,
            version=told.version,
            stored_type=told.type,
            append_end=told.append_end,
            recorded_at=told.recorded_at,
            meta=told.meta(),
            guild=line.guild,
            data=bytes(line.shown.data),
        )
        return Said(told.position, told.type, told.stream, structured(event))

    async def _asked_again(self, connection: AsyncConnection[TupleRow], changes: Sequence[CallbackEvent]) -> Telling:
        """Tell once more what somebody asked for, one by one, whatever is filtered now."""
        asked = {
            (position_of(change.delivery, change.callback), change.callback)
            for change in changes
            if isinstance(change, DeliveryResent)
        }
        telling = Telling([], [], [])
        for position, number in sorted(asked):
            callback = self._endpoints.get(number)
            if callback is None or callback.dialect != BOOK or not 0 < position <= self._position:
                continue
            _, batch = await told_after(connection, position - 1, 1)
            for told in batch:
                self._tell(telling, told, partial(self._endpoints.visible_to, callback))
        return telling

    async def _put(self, connection: AsyncConnection[TupleRow], telling: Telling, *, newest: bool = True) -> None:
        if telling.targets:
            await outbox.lock_lanes(connection)
            await outbox.tell(connection, telling.said, telling.targets)
            if not newest:
                await outbox.demote_newer(connection, sorted({target.callback for target in telling.targets}))
            await outbox.wake_sender(connection)

    async def _change(self, connection: AsyncConnection[TupleRow], changes: Sequence[CallbackEvent]) -> None:
        """Write down what became of callbacks that changed."""
        if changes:
            await outbox.lock_lanes(connection)
        touched = {change.callback for change in changes}
        gone = [callback for callback in touched if self._endpoints.get(callback) is None]
        if gone:
            await outbox.cancel(connection, gone)
            await cursors.forget(connection, gone)
        await self._save(connection, touched)
        for change in changes:
            if isinstance(change, CallbackResumed):
                await outbox.hurry(connection, change.callback)
                await cursors.forget_failures(connection, change.callback)
            if isinstance(change, DeliveryResent):
                await outbox.send_kept(connection, change.delivery, change.callback)
        if changes:
            await outbox.wake_sender(connection)

    async def _save(self, connection: AsyncConnection[TupleRow], callbacks: set[int]) -> None:
        places = {
            each: (self._endpoints.cursors[each], not callback.is_active())
            for each in callbacks & self._endpoints.cursors.keys()
            if (callback := self._endpoints.get(each)) is not None
        }
        await cursors.save(connection, places, [each for each in callbacks if each not in places])

    async def _hold_back(self, connection: AsyncConnection[TupleRow], targets: Sequence[Target]) -> None:
        """Let those lag for whom more waits than may."""
        self._waiting.update(target.callback for target in targets)
        waiting_max = self._settings.callback_pending_max
        suspects = [each for each, count in self._waiting.items() if count > waiting_max]
        if not suspects:
            return
        for callback, count in (await outbox.pending_of(connection, suspects, waiting_max + 1)).items():
            self._waiting[callback] = count
        full = [each for each in suspects if self._waiting[each] > waiting_max and self._endpoints.get(each)]
        for callback in full:
            self._endpoints.hold_back(callback, self._position)
        await self._save(connection, set(full))

    async def _catch_up(self, connection: AsyncConnection[TupleRow]) -> bool:
        """Let some of those that lag take a step, if few deliveries wait for them, and tell whether any did."""
        lagging = [callback.id for callback in self._endpoints.lagging()]
        if not lagging:
            return False
        waiting = await outbox.pending_of(connection, lagging, self._settings.callback_pending_max)
        stepping = [each for each in lagging if waiting[each] < self._settings.callback_pending_max][:LAGGING_MAX]
        for callback in stepping:
            self._waiting[callback] = waiting[callback]
            await self._step(connection, callback)
        return bool(stepping)

    async def _step(self, connection: AsyncConnection[TupleRow], number: int) -> None:
        callback, start = self._endpoints.get(number), self._endpoints.cursors[number]
        assert callback is not None, number
        limit = min(BATCH_POSITIONS_MAX, self._position - start)
        end, batch = await told_after(connection, start, limit, types_wanted(callback))
        telling = Telling([], [], [])
        for told in batch:
            self._tell(telling, told, partial(self._endpoints.wanted_by, callback))
        self._endpoints.move(number, end, self._position)
        self._waiting.update(target.callback for target in telling.targets)
        async with connection.pipeline(), connection.transaction():
            await self._put(connection, telling, newest=False)
            await self._save(connection, {number})
            await outbox.wake_sender(connection)


def _until_widened(end: int, batch: list[Told]) -> tuple[int, list[Told]]:
    """Return the beginning of a batch, up to where other types of events may be wanted, too."""
    for place, told in enumerate(batch, start=1):
        if isinstance(told.event, WIDENING):
            return told.position, batch[:place]
    return end, batch


def position_of(delivery: str, callback: int) -> int:
    """Return the position that a delivery to a callback tells of, 0 when it is none of this callback's."""
    found = re.fullmatch(rf"msg_([0-9]{{1,18}})_{callback}", delivery)
    return int(found[1]) if found else 0
