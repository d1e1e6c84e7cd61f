"""Waking up when the database says so, and by polling when it does not: a lost connection must never stall anyone."""

import asyncio
from collections.abc import Callable

import psycopg
from psycopg import AsyncConnection, sql
from psycopg.rows import TupleRow

from store.connections import connect

RECONNECT_SECONDS = 0.5
LISTEN_SECONDS = 5.0  # how long one round of listening lasts before the connection is tested

APPENDED = "guildbook_log"
PROJECTED = "guildbook_projected"
DELIVERIES = "guildbook_deliveries"
REBUILT = "guildbook_rebuilt"
ERASED = "guildbook_erased"


class Signal:
    """Listens to a channel of the database and wakes whoever waits."""

    def __init__(
        self,
        url: str,
        *channels: str,
        on_notify: Callable[[str, str], None] | None = None,
        on_connect: Callable[[], None] | None = None,
    ) -> None:
        self._url = url
        self._channels = channels
        self._on_notify = on_notify
        self._on_connect = on_connect
        self._event = asyncio.Event()

    async def wait(self, seconds: float) -> None:
        """Return at the next notification, at once when one came since the last wait, at the latest in `seconds`."""
        try:
            async with asyncio.timeout(seconds):
                await self._event.wait()
        except TimeoutError:
            return
        self._event.clear()

    def wake(self) -> None:
        """Wake whoever waits, as a notification would."""
        self._event.set()

    async def run(self) -> None:
        """Listen for ever, connecting again whenever the connection is lost."""
        while True:
            try:
                async with await connect(self._url) as connection:
                    await self._listen(connection)
            except psycopg.Error:
                await asyncio.sleep(RECONNECT_SECONDS)

    async def _listen(self, connection: AsyncConnection[TupleRow]) -> None:
        for channel in self._channels:
            await connection.execute(sql.SQL("LISTEN {}").format(sql.Identifier(channel)))
        if self._on_connect:
            self._on_connect()
        self.wake()  # something may have happened before
        while True:
            async for notify in connection.notifies(timeout=LISTEN_SECONDS):
                if self._on_notify:
                    self._on_notify(notify.channel, notify.payload)
                self.wake()
            await connection.execute("SELECT")


async def tell_of_erasures(url: str, forget: Callable[[], None]) -> None:
    """Forget, for ever, whenever somebody was erased or may have been: whenever the connection is a new one."""
    await Signal(url, ERASED, on_notify=lambda _channel, _payload: forget(), on_connect=forget).run()
