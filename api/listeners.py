"""Who listens to this process: how many at once, whether they still may, and whether they take what they are sent."""

import asyncio
import itertools
import time
from collections import Counter
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import suppress
from enum import IntEnum

import structlog

from store.connections import DATABASE_DOWN

LISTENERS_MAX = 10  # with one token
LOOK_SECONDS = 1.5  # between two looks at the same one
LOOKS = 15  # in that time, each at some of them
REFUSALS_MAX = 2  # in a row: who was changed a moment ago is let in again when the query tables show it
LEAVE_SECONDS_MAX = 1.0

_logger = structlog.get_logger()
_turns = itertools.cycle(range(LOOKS))


class Ending(IntEnum):
    """Why a listener is sent away; the number is the WebSocket's close code."""

    REVOKED = 1008
    FRAME_TOO_LARGE = 1009
    BROKEN = 1011
    SERVER_STOPS = 1012
    TOO_SLOW = 1013


class TooManyListenersError(Exception):
    """There are too many connections with this token."""

    def __str__(self) -> str:
        return str(self.__doc__)


class Listener:
    """One client that listens. `ended` is set once when it is to be sent away."""

    def __init__(self, key: str, is_allowed: Callable[[], Awaitable[bool]]) -> None:
        self.key = key
        self.is_allowed = is_allowed
        self.ended: asyncio.Future[Ending] = asyncio.get_running_loop().create_future()
        self.sending: asyncio.Future[None] | None = None  # the newest frame, on its way or arrived
        self.sent = 0
        self.turn = next(_turns)
        self._send: Callable[[str], Awaitable[None]] | None = None
        self._refusals = 0
        self._sent_before = 0
        self._moved_at = time.monotonic()

    def end(self, ending: Ending) -> None:
        """Send it away."""
        if not self.ended.done():
            self.ended.set_result(ending)

    async def tell(self, frames: AsyncIterator[str], send: Callable[[str], Awaitable[None]]) -> None:
        """Send it frames until there are no more, or something breaks.

        A frame is waited for only when the next one is there: who sends one to a thousand begins all of them, and finds
        most of them taken by then, instead of being woken for each.
        """
        self._send = send
        try:
            async for frame in frames:
                if self.sending is not None:
                    await self.sending
                self._begin(frame)
        except Exception:
            _logger.exception("A stream broke")
        if self.sending is not None:
            await asyncio.gather(self.sending, return_exceptions=True)
        self.end(Ending.BROKEN)

    def offer(self, frame: str) -> bool:
        """Begin to send a frame, unless the one before is on its way or was lost; tell whether it was begun."""
        sending = self.sending
        if sending is None:
            if self._send is None:
                return False
        elif not sending.done() or sending.cancelled() or sending.exception() is not None:
            return False
        self._begin(frame)
        return True

    def _begin(self, frame: str) -> None:
        assert self._send is not None
        sending = self._send(frame)
        self.sending = sending if asyncio.isfuture(sending) else asyncio.ensure_future(sending)
        self.sent += 1

    async def look(self, send_seconds_max: float) -> None:
        """Send it away if it may not listen any more, or has taken nothing for too long."""
        if self._stuck_seconds() > send_seconds_max:
            self.end(Ending.TOO_SLOW)
        try:
            is_allowed = await self.is_allowed()
        except DATABASE_DOWN:  # nobody can say
            return
        self._refusals = 0 if is_allowed else self._refusals + 1
        if self._refusals >= REFUSALS_MAX:
            self.end(Ending.REVOKED)

    def _stuck_seconds(self) -> float:
        """Return for how long the frame that is being sent has been at least."""
        now = time.monotonic()
        is_sending = self.sending is not None and not self.sending.done()
        if not is_sending or self.sent != self._sent_before:
            self._sent_before, self._moved_at = self.sent, now
        return now - self._moved_at


class Listeners:
    """All that listen to this process."""

    def __init__(self, send_seconds_max: float) -> None:
        self._send_seconds_max = send_seconds_max
        self._all: set[Listener] = set()
        self._counts = Counter[str]()
        self._nobody = asyncio.Event()
        self._nobody.set()
        self._are_closed = False

    def join(self, key: str, is_allowed: Callable[[], Awaitable[bool]]) -> Listener:
        """Count a client among the listeners until it leaves. Errors: TooManyListenersError."""
        if self._counts[key] >= LISTENERS_MAX:
            raise TooManyListenersError
        listener = Listener(key, is_allowed)
        self._all.add(listener)
        self._nobody.clear()
        self._counts[key] += 1
        if self._are_closed:
            listener.end(Ending.SERVER_STOPS)
        return listener

    def leave(self, listener: Listener) -> None:
        """Count it no more."""
        self._all.remove(listener)
        self._counts[listener.key] -= 1
        if not self._counts[listener.key]:
            del self._counts[listener.key]
        if not self._all:
            self._nobody.set()

    async def run(self) -> None:
        """Look after them for ever."""
        for turn in itertools.cycle(range(LOOKS)):
            await asyncio.sleep(LOOK_SECONDS / LOOKS)
            looks = [listener.look(self._send_seconds_max) for listener in self._all if listener.turn == turn]
            for error in await asyncio.gather(*looks, return_exceptions=True):  # at once: one query for all of them
                if error is not None:
                    _logger.error("A listener could not be looked after", exc_info=error)

    async def close(self) -> None:
        """Send everybody away, and who comes after them, and wait a moment until they are gone."""
        self._are_closed = True
        for listener in self._all:
            listener.end(Ending.SERVER_STOPS)
        with suppress(TimeoutError):
            async with asyncio.timeout(LEAVE_SECONDS_MAX):
                await self._nobody.wait()
