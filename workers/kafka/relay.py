"""The Kafka relay: publishes the log as it grows; of several, one acts and the others stand by."""

import asyncio
import time
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from threading import Event, Thread

import psycopg
import structlog
from psycopg import Connection
from psycopg.rows import TupleRow

from schemas.settings import Settings
from store import leadership
from store.connections import connect_sync, described
from workers.kafka import topics
from workers.kafka.publishing import Patience, Publisher, StoppedError, last_watermark, publisher
from workers.kafka.records import Record, Row, writer

READER = "kafka_relay"
RESTART_SECONDS = 1.0
STOP_SECONDS_MAX = 4.0
STUCK_SECONDS_MAX = 300.0  # longer than any question to Kafka or the database may take
POLL_SECONDS = 0.5
BATCH_EVENTS_MAX = 5000
BATCH_BYTES_MAX = 16 * 1_048_576

_logger = structlog.get_logger()


class AheadOfLogError(Exception):
    """Kafka was told of events that the log does not hold: the log is an older copy of what it was.

    Give the topics another prefix, or delete them: whoever reads them has to begin anew too.
    """


class StuckError(Exception):
    """The relay's thread does not go on: no thread can be ended, so the process has to be."""


class Relay:
    """One process's relay. It is best alone in its process: it blocks, in a thread of its own, and computes much."""

    def __init__(self, url: str, settings: Settings) -> None:
        self._url = url
        self._settings = settings
        self._stop = Event()
        self._write = writer(settings)
        self._patience = Patience(self._is_to_stop)
        self._stirred_at = time.monotonic()

    async def run(self) -> None:
        """Run until cancelled; then end the transaction that is under way, if Kafka answers in time.

        Errors: StuckError.
        """
        ended = asyncio.get_running_loop().create_future()
        thread = Thread(target=self._run_until_stopped, args=(asyncio.get_running_loop(), ended), daemon=True)
        thread.start()
        try:
            while not ended.done():
                self._require_stirring()
                await asyncio.wait([ended], timeout=POLL_SECONDS)
        finally:
            self._stop.set()
            await asyncio.wait([ended], timeout=STOP_SECONDS_MAX)

    def _is_to_stop(self) -> bool:
        """Tell whether to stop. The thread asks this again and again, by which it shows that it is not stuck."""
        self._stirred_at = time.monotonic()
        return self._stop.is_set()

    def _require_stirring(self) -> None:
        if time.monotonic() - self._stirred_at > STUCK_SECONDS_MAX:
            raise StuckError

    def _run_until_stopped(self, loop: asyncio.AbstractEventLoop, ended: asyncio.Future[None]) -> None:
        while not self._is_to_stop():
            try:
                self._lead()
            except StoppedError:
                break
            except Exception as error:  # noqa: BLE001 - whatever it is, it may be over in a second
                _logger.warning("relay restarts", error=described(error))
            self._stop.wait(RESTART_SECONDS)
        with suppress(RuntimeError):  # nobody waits any more
            loop.call_soon_threadsafe(ended.set_result, None)

    def _lead(self) -> None:
        with connect_sync(self._url) as connection:
            if not self._become_leader(connection):
                return
            connection.execute("SET synchronous_commit = off")  # what is noted can always be read in Kafka
            connection.execute("LISTEN guildbook_log")  # signals.APPENDED
            try:
                self._relay(connection)
            except StoppedError:
                raise
            except Exception as error:
                _note_failure(connection, error)
                raise

    def _become_leader(self, connection: Connection[TupleRow]) -> bool:
        while not leadership.lead_if_nobody_does(connection, leadership.RELAY):
            self._stop.wait(leadership.STAND_BY_SECONDS)
            if self._is_to_stop():
                return False
        return True

    def _relay(self, connection: Connection[TupleRow]) -> None:
        topics.ensure(self._settings, [*topics.event_topics(self._settings), topics.positions_topic(self._settings)])
        with publisher(self._settings, self._patience) as to_kafka:
            watermark = last_watermark(self._settings)
            position = watermark.to if watermark else 0
            if position > _head(connection):
                raise AheadOfLogError
            _note(connection, position)
            self._follow(connection, to_kafka, position)

    def _follow(self, connection: Connection[TupleRow], to_kafka: Publisher, position: int) -> None:
        reader = ThreadPoolExecutor(1)
        try:
            coming = reader.submit(self._next, connection, position)
            while not self._is_to_stop():
                end, records = coming.result()
                if not records:
                    _wait(connection)
                coming = reader.submit(self._next, connection, end)  # while Kafka takes in this one
                if records:
                    to_kafka.begin(records)
                    to_kafka.commit(position, end)
                    position = end
                    _note(connection, position)
        finally:
            reader.shutdown(wait=False)

    def _next(self, connection: Connection[TupleRow], after: int) -> tuple[int, list[Record]]:
        """Return where the next batch ends, and its records."""
        rows = _read(connection, after)
        return rows[-1].position if rows else after, list(map(self._write, rows))


def _wait(connection: Connection[TupleRow]) -> None:
    """Return when something was appended, or soon anyway."""
    for _ in connection.notifies(timeout=POLL_SECONDS, stop_after=1):
        pass


def _head(connection: Connection[TupleRow]) -> int:
    row = connection.execute("SELECT book.head()").fetchone()
    return row[0] if row else 0


def _read(connection: Connection[TupleRow], after: int) -> Sequence[Row]:
    """Return what comes after a position, in order: whole appends, and as many as are good to handle at once."""
    query = """
        WITH next AS (
            SELECT position, append_end, octet_length(data) AS bytes
            FROM book.log
            WHERE position > %(after)s
            ORDER BY position
            LIMIT %(events)s
        ), counted AS (
            SELECT append_end, sum(bytes) OVER (ORDER BY position) AS bytes_so_far
            FROM next
        ), chosen AS (
            SELECT coalesce(max(append_end) FILTER (WHERE bytes_so_far <= %(bytes)s), min(append_end)) AS ending
            FROM counted
        )
        SELECT position, stream, version, type, data, append_end, recorded_at, meta
        FROM chosen
        JOIN book.log ON position > %(after)s AND position <= ending
        ORDER BY position
    """
    wanted = {"after": after, "events": BATCH_EVENTS_MAX, "bytes": BATCH_BYTES_MAX}
    return [Row(*row) for row in connection.execute(query, wanted, binary=True).fetchall()]


def _note(connection: Connection[TupleRow], position: int) -> None:
    """Show how far the relay is, where the other readers of the log do."""
    statement = """
        INSERT INTO operations.checkpoints (reader, position, fingerprint)
        VALUES (%s, %s, '')
        ON CONFLICT (reader) DO UPDATE SET
            (position, stopped_at, error, updated_at) = (EXCLUDED.position, NULL, NULL, now())
    """
    connection.execute(statement, (READER, position))


def _note_failure(connection: Connection[TupleRow], error: Exception) -> None:
    """Show that the relay does not go on, until it does."""
    statement = """
        INSERT INTO operations.checkpoints AS place (reader, position, fingerprint, stopped_at, error)
        VALUES (%s, 0, '', 1, %s)
        ON CONFLICT (reader) DO UPDATE SET
            (stopped_at, error, updated_at) = (place.position + 1, EXCLUDED.error, now())
    """
    with suppress(psycopg.Error):  # it may be the database that failed
        connection.execute(statement, (READER, described(error)))
