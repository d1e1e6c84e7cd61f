"""The persistence module of the `eventsourcing` library over the book: PERSISTENCE_MODULE=store.recorder.

An event of the library's is an event of the log: topic is `type`, state is `data`, notification id is `position`.
What can be made again or moves on (snapshots, tracking) is kept in `eventsourcing` by the library's own recorders.

All applications share the one log. One that writes what it follows hears itself, unless it names its topics.
"""

from collections.abc import Sequence
from typing import Any, Literal, LiteralString, TypeVar, cast
from uuid import UUID, uuid4

import msgspec
from eventsourcing.persistence import (
    AggregateRecorder,
    ApplicationRecorder,
    InfrastructureFactory,
    Notification,
    ProcessRecorder,
    StoredEvent,
    Subscription,
    Tracking,
)
from eventsourcing.postgres import (
    PostgresAggregateRecorder,
    PostgresDatastore,
    PostgresRecorder,
    PostgresTrackingRecorder,
)
from eventsourcing.utils import Environment, EnvType, resolve_topic, strtobool
from psycopg import Cursor
from psycopg.rows import DictRow, dict_row

from store.appender import NewEvent
from store.codec import Meta
from store.connections import CONNECT_SECONDS_MAX, OPTIONS, POOL_CONNECTIONS_MAX, POOL_WAIT_SECONDS_MAX
from store.subscription import LogSubscription

DATABASE_URL = "GUILDBOOK_DATABASE_URL"
SCHEMA = "eventsourcing"
IDLE_IN_TRANSACTION_SECONDS_MAX = 5  # one who holds the append lock and falls asleep stops everybody
RECONNECT_SECONDS_MAX = 2  # then the next caller tries; the pool's own pauses grow as long as the outage was
BIGINT_MAX = 2**63 - 1

Class = TypeVar("Class", bound=type)
Tables = TypeVar("Tables", bound=PostgresRecorder)


class DatabaseUrlMissingError(OSError):
    """Set GUILDBOOK_DATABASE_URL to the URL of the book's database."""

    def __str__(self) -> str:
        return str(self.__doc__)


class Datastore(PostgresDatastore):
    """The library's datastore on our connections, with the library's own errors and tables in `eventsourcing`."""

    def __init__(self, url: str, originator_id_type: Literal["uuid", "text"]) -> None:
        super().__init__(
            *("dbname", "host", "port", "user", "password"),  # not used: the URL below says it all
            connect_timeout=POOL_WAIT_SECONDS_MAX,
            idle_in_transaction_session_timeout=IDLE_IN_TRANSACTION_SECONDS_MAX,
            pool_size=1,
            max_overflow=POOL_CONNECTIONS_MAX - 1,
            pre_ping=True,  # after a restart every pooled connection is dead; to try an append twice would be wrong
            schema=SCHEMA,
            originator_id_type=originator_id_type,
        )
        self.url = url
        self.pool.reconnect_timeout = RECONNECT_SECONDS_MAX
        self.pool.conninfo = url
        self.pool.kwargs = {
            "options": OPTIONS,
            "connect_timeout": CONNECT_SECONDS_MAX,
            "prepare_threshold": 1,
            "row_factory": dict_row,
        }


class GuildbookApplicationRecorder(PostgresRecorder, ApplicationRecorder):
    """Events in and out of `book.log`. The table is made by migrations, and the database keeps it append-only."""

    def __init__(self, datastore: Datastore) -> None:
        super().__init__(datastore)
        self._url = datastore.url
        self._originator_id = _as_uuid if datastore.originator_id_type == "uuid" else str

    def insert_events(
        self,
        stored_events: Sequence[StoredEvent],
        **_: Any,  # noqa: ANN401 - the library's own signature
    ) -> Sequence[int] | None:
        """Append all or none of the events, and return their positions."""
        # In autocommit mode this is one statement and its commit: the append lock never waits for our network.
        with self.datastore.get_connection() as connection, connection.cursor() as cursor:
            return _append(cursor, stored_events)

    def select_events(
        self,
        originator_id: UUID | str,
        *,
        gt: int | None = None,
        lte: int | None = None,
        desc: bool = False,
        limit: int | None = None,
    ) -> Sequence[StoredEvent]:
        query: LiteralString = """
            SELECT stream AS originator_id, version AS originator_version, type AS topic, data AS state
            FROM book.log
            WHERE stream = %b
              AND version > %b
              AND version <= %b
            ORDER BY version
        """
        query += "DESC LIMIT %b" if desc else "ASC LIMIT %b"
        versions = (-1 if gt is None else gt, BIGINT_MAX if lte is None else lte)
        rows = self._rows(query, (str(originator_id), *versions, limit))
        return [StoredEvent(**row) for row in rows]

    def select_notifications(
        self,
        start: int | None,
        limit: int,
        stop: int | None = None,
        topics: Sequence[str] = (),
        *,
        inclusive_of_start: bool = True,
    ) -> Sequence[Notification]:
        query = """
            SELECT position AS id, stream AS originator_id, version AS originator_version, type AS topic, data AS state
            FROM book.log
            WHERE position >= %b
              AND position <= %b
              AND (%b OR type = ANY(%b))
            ORDER BY position
            LIMIT %b
        """
        first = (start or 0) + (0 if inclusive_of_start else 1)
        last = BIGINT_MAX if stop is None else stop
        rows = self._rows(query, (first, last, not topics, list(topics), limit))
        return [Notification(**row) for row in rows]

    def max_notification_id(self) -> int | None:
        return self._rows("SELECT nullif(book.head(), 0) AS head", ())[0]["head"]

    def subscribe(self, gt: int | None = None, topics: Sequence[str] = ()) -> Subscription[ApplicationRecorder]:
        return LogSubscription(self, self._url, gt, topics)

    def _rows(self, query: LiteralString, values: Sequence[object]) -> list[DictRow]:
        with self.datastore.get_connection() as connection, connection.cursor(binary=True) as cursor:
            rows = cursor.execute(query, values).fetchall()
        for row in rows:
            if "originator_id" in row:
                row["originator_id"] = self._originator_id(row["originator_id"])
        return rows


class GuildbookProcessRecorder(PostgresTrackingRecorder, GuildbookApplicationRecorder, ProcessRecorder):
    """Events, and how far their writer has read, in one transaction."""

    def insert_events(
        self, stored_events: Sequence[StoredEvent], *, tracking: Tracking | None = None, **_: object
    ) -> Sequence[int] | None:
        # The append lock comes last: whoever waits for the row of a process must not make everybody wait.
        with self.datastore.transaction(commit=True) as cursor:
            if tracking is not None:
                self._insert_tracking(cursor, tracking)
            return _append(cursor, stored_events)


class Factory(InfrastructureFactory[PostgresTrackingRecorder]):
    """Makes what an application of the library needs, from its environment."""

    def __init__(self, env: Environment | EnvType | None) -> None:
        super().__init__(env)
        url = self.env.get(DATABASE_URL)
        if not url:
            raise DatabaseUrlMissingError
        id_type = cast("Literal['uuid', 'text']", self.env.get("ORIGINATOR_ID_TYPE", "uuid"))  # it checks
        self.datastore = Datastore(url, id_type)

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        if hasattr(self, "datastore"):
            self.datastore.close()

    def aggregate_recorder(self, purpose: str = "events") -> AggregateRecorder:
        """Events belong in the book, whatever they are for. Snapshots can be made again, so they do not."""
        if purpose == "events":
            return self.application_recorder()
        table = f"{self._prefix('stored')}_{purpose}"
        return self._ready(PostgresAggregateRecorder(self.datastore, events_table_name=table))

    def application_recorder(self) -> ApplicationRecorder:
        recorder_class = self._class(self.APPLICATION_RECORDER_TOPIC, GuildbookApplicationRecorder)
        return recorder_class(self.datastore)

    def tracking_recorder(
        self, tracking_recorder_class: type[PostgresTrackingRecorder] | None = None
    ) -> PostgresTrackingRecorder:
        recorder_class = tracking_recorder_class or self._class(self.TRACKING_RECORDER_TOPIC, PostgresTrackingRecorder)
        return self._ready(recorder_class(self.datastore, tracking_table_name=self._tracking_table()))

    def process_recorder(self) -> ProcessRecorder:
        recorder_class = self._class(self.PROCESS_RECORDER_TOPIC, GuildbookProcessRecorder)
        return self._ready(recorder_class(self.datastore, tracking_table_name=self._tracking_table()))

    def _class(self, topic_key: str, default: Class) -> Class:
        topic = self.env.get(topic_key)
        return resolve_topic(topic) if topic else default

    def _prefix(self, default: str) -> str:
        return self.env.name.lower() or default

    def _tracking_table(self) -> str:
        return f"{self._prefix('notification')}_tracking"

    def _ready(self, recorder: Tables) -> Tables:
        if strtobool(self.env.get("CREATE_TABLE") or "yes"):
            recorder.create_table()
        return recorder


def _as_uuid(stream: str) -> UUID | str:
    """An application of UUIDs may meet other streams of the book, whose names are words."""
    try:
        return UUID(stream)
    except ValueError:
        return stream


def _append(cursor: Cursor[DictRow], stored_events: Sequence[StoredEvent]) -> list[int] | None:
    """Append as one command that has read nothing: a version that is taken is the only conflict the library knows."""
    if not stored_events:
        return None
    query = """
        SELECT head
        FROM book.append(
            '{}', '{}', '{}', '{}', '{}', '{}',
            array_fill(0::bigint, ARRAY[%b::integer]),
            %b::text[], %b::bigint[], %b::text[], %b::bytea[], %b::bytea[], %b::text[]
        )
    """
    row = cursor.execute(query, (len(stored_events), *_columns(stored_events)), binary=True).fetchone()
    assert row is not None
    return [row["head"] + place for place in range(1, len(stored_events) + 1)]


def _columns(stored_events: Sequence[StoredEvent]) -> list[list[object]]:
    meta = msgspec.json.encode(Meta(actor="system", surface="eventsourcing", append=uuid4().hex))
    events = [NewEvent(str(e.originator_id), e.originator_version, e.topic, e.state, meta, "") for e in stored_events]
    return [list(column) for column in zip(*events, strict=True)]
