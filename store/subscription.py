"""Following the log, blocking, for the `eventsourcing` library: woken by NOTIFY, and looking anyway every second."""

import time
from collections.abc import Sequence
from contextlib import suppress
from threading import Thread

import psycopg
import structlog
from eventsourcing.persistence import (
    ApplicationRecorder,
    InterfaceError,
    ListenNotifySubscription,
    Notification,
    OperationalError,
    ShutDown,
)
from psycopg import Connection
from psycopg.rows import TupleRow

from store.connections import connect_sync

POLL_SECONDS = 1.0
TICK_SECONDS = 0.1  # how soon the listener sees that it is stopped, or tries to connect again

_logger = structlog.get_logger()


class LogSubscription(ListenNotifySubscription[ApplicationRecorder]):
    """Every event after a position, once and in order, until it is stopped; the database may come and go meanwhile.

    The library's own subscription ends with its LISTEN connection. Here LISTEN only shortens the wait for the poll.
    """

    def __init__(self, recorder: ApplicationRecorder, url: str, gt: int | None, topics: Sequence[str]) -> None:
        super().__init__(recorder, gt, topics)
        self._listen_thread = Thread(target=self._listen, args=(url,))
        self._listen_thread.start()

    def __exit__(self, *args: object, **kwargs: object) -> None:
        try:
            super().__exit__(*args, **kwargs)
        finally:
            self._listen_thread.join()

    def _listen(self, url: str) -> None:
        # A connection of its own: one from the pool would be missed there for as long as the subscription lives.
        while not self._has_been_stopped:
            with suppress(psycopg.Error), connect_sync(url) as connection:
                self._hear(connection)
            time.sleep(TICK_SECONDS)

    def _hear(self, connection: Connection[TupleRow]) -> None:
        connection.execute("LISTEN guildbook_log")
        self._has_been_notified.set()  # of what was appended before we listened
        while not self._has_been_stopped:
            if list(connection.notifies(timeout=TICK_SECONDS, stop_after=1)):
                self._has_been_notified.set()

    def _loop_on_pull(self) -> None:
        """Queue what is new at each wake; the thread of the library's constructor runs this."""
        try:
            self._has_been_notified.set()  # of what is there already
            while not self._has_been_stopped:
                self._has_been_notified.wait(POLL_SECONDS)
                self._has_been_notified.clear()
                self._pull()
        except ShutDown:  # stopped while the queue was full
            return
        except BaseException as error:  # noqa: BLE001 - raised again where the subscription is read
            self._thread_error = error
            self.stop()

    def _pull(self) -> None:
        try:
            while not self._has_been_stopped and self._pull_some():
                pass
        except (InterfaceError, OperationalError) as error:
            _logger.warning("The log cannot be read; the subscription will ask again", error=str(error))

    def _pull_some(self) -> bool:
        """Queue a list of events, and tell whether there may be more."""
        head = self._recorder.max_notification_id() or 0
        after = self._last_notification_id or 0
        found = self._recorder.select_notifications(
            after, self._select_limit, head, self._topics, inclusive_of_start=False
        )
        self._queue(found)
        is_full = len(found) == self._select_limit
        # Up to the head there is nothing else of these topics, and nothing can still appear there.
        self._last_notification_id = found[-1].id if is_full else max(after, head)
        return is_full

    def _queue(self, notifications: Sequence[Notification]) -> None:
        if notifications:
            self._notifications_queue.put(notifications)
