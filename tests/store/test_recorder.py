"""The `eventsourcing` library over the book: its own test cases, unmodified, and what the book adds."""

from collections.abc import Iterator, Sequence
from typing import cast
from uuid import UUID, uuid4

import msgspec
import psycopg
import pytest
from eventsourcing.application import Application
from eventsourcing.cipher import AESCipher
from eventsourcing.domain import Aggregate
from eventsourcing.persistence import (
    AggregateRecorder,
    InfrastructureFactory,
    IntegrityError,
    ProcessRecorder,
    ProgrammingError,
    StoredEvent,
    Tracking,
    TrackingRecorder,
)
from eventsourcing.postgres import PostgresDatastore, PostgresTrackingRecorder
from eventsourcing.projection import ProjectionRunner
from eventsourcing.tests import application, persistence, projection
from eventsourcing.utils import Environment, get_topic
from psycopg.sql import SQL

from store.recorder import DatabaseUrlMissingError, Factory, GuildbookApplicationRecorder, GuildbookProcessRecorder
from tests.store.test_subscription import cut_connections, stored


@pytest.fixture
def env(database_url: str) -> dict[str, str]:
    return {"PERSISTENCE_MODULE": "store.recorder", "GUILDBOOK_DATABASE_URL": database_url}


@pytest.fixture
def factory(env: dict[str, str]) -> Iterator[Factory]:
    with InfrastructureFactory[PostgresTrackingRecorder].construct(env) as made:
        assert isinstance(made, Factory)
        yield made


@pytest.fixture
def recorder(factory: Factory) -> GuildbookApplicationRecorder:
    return cast("GuildbookApplicationRecorder", factory.application_recorder())


# ---- what the library expects of a recorder --------------------------------------------------------------------------


class OnTheBook:
    """Gives one of the library's test cases a fresh book."""

    factory: Factory

    @pytest.fixture(autouse=True)
    def _open(self, factory: Factory) -> None:
        self.factory = factory


class AggregateOnly(GuildbookApplicationRecorder):
    """The log seen as a mere aggregate recorder, of which the library expects no positions."""

    def insert_events(self, stored_events: Sequence[StoredEvent], **_: object) -> None:
        super().insert_events(stored_events)


class TestStreams(OnTheBook, persistence.AggregateRecorderTestCase):
    def create_recorder(self) -> AggregateRecorder:
        return AggregateOnly(self.factory.datastore)


class TestSnapshots(OnTheBook, persistence.AggregateRecorderTestCase):
    def create_recorder(self) -> AggregateRecorder:
        return self.factory.aggregate_recorder("snapshots")


class TestLog(OnTheBook, persistence.ApplicationRecorderTestCase[GuildbookApplicationRecorder]):
    def create_recorder(self) -> GuildbookApplicationRecorder:
        return cast("GuildbookApplicationRecorder", self.factory.application_recorder())

    def test_insert_subscribe(self) -> None:
        self.optional_test_insert_subscribe()


class TestLogOfNamedStreams(TestLog):
    @pytest.fixture(autouse=True)
    def _open(self, env: dict[str, str]) -> Iterator[None]:
        with Factory({**env, "ORIGINATOR_ID_TYPE": "text"}) as self.factory:
            yield

    def new_originator_id(self) -> str:
        return f"tests-{uuid4()}"


class TestPositions(OnTheBook, persistence.NonInterleavingNotificationIDsBaseCase):
    def create_recorder(self) -> GuildbookApplicationRecorder:
        return cast("GuildbookApplicationRecorder", self.factory.application_recorder())


class TestTracking(OnTheBook, persistence.TrackingRecorderTestCase):
    def create_recorder(self) -> TrackingRecorder:
        return self.factory.tracking_recorder()


class TestProcess(OnTheBook, persistence.ProcessRecorderTestCase):
    def create_recorder(self) -> ProcessRecorder:
        return self.factory.process_recorder()


class TrackingOfOurs(PostgresTrackingRecorder):
    pass


class TestFactory(persistence.InfrastructureFactoryTestCase[Factory]):
    @pytest.fixture(autouse=True)
    def _open(self, env: dict[str, str]) -> None:
        self.env = Environment(env=env)

    def expected_factory_class(self) -> type[Factory]:
        return Factory

    def expected_aggregate_recorder_class(self) -> type[GuildbookApplicationRecorder]:
        return GuildbookApplicationRecorder

    def expected_application_recorder_class(self) -> type[GuildbookApplicationRecorder]:
        return GuildbookApplicationRecorder

    def expected_tracking_recorder_class(self) -> type[PostgresTrackingRecorder]:
        return PostgresTrackingRecorder

    def tracking_recorder_subclass(self) -> type[PostgresTrackingRecorder]:
        return TrackingOfOurs

    def expected_process_recorder_class(self) -> type[GuildbookProcessRecorder]:
        return GuildbookProcessRecorder


# ---- what the library builds on it -----------------------------------------------------------------------------------


class TestApplication(application.ExampleApplicationTestCase):
    expected_factory_topic = "store.recorder:Factory"

    @pytest.fixture(autouse=True)
    def _open(self, env: dict[str, str], monkeypatch: pytest.MonkeyPatch) -> None:
        for name, value in env.items():
            monkeypatch.setenv(name, value)


class EventCounters(PostgresTrackingRecorder, projection.EventCountersView):
    """Counts events in a table, with the tracking in one transaction."""

    def __init__(self, datastore: PostgresDatastore, *, tracking_table_name: str) -> None:
        super().__init__(datastore, tracking_table_name=tracking_table_name)
        table = SQL(
            "CREATE TABLE IF NOT EXISTS eventsourcing.counters (name text PRIMARY KEY, counted bigint)"
        ).format()
        self.sql_create_statements.append(table)

    def get_created_event_counter(self) -> int:
        return self._counted("created")

    def get_subsequent_event_counter(self) -> int:
        return self._counted("subsequent")

    def incr_created_event_counter(self, tracking: Tracking) -> None:
        self._count("created", tracking)

    def incr_subsequent_event_counter(self, tracking: Tracking) -> None:
        self._count("subsequent", tracking)

    def _counted(self, name: str) -> int:
        with self.datastore.transaction() as cursor:
            row = cursor.execute("SELECT counted FROM eventsourcing.counters WHERE name = %s", (name,)).fetchone()
        return row["counted"] if row else 0

    def _count(self, name: str, tracking: Tracking) -> None:
        query = """
            INSERT INTO eventsourcing.counters AS counter (name, counted) VALUES (%s, 1)
            ON CONFLICT (name) DO UPDATE SET counted = counter.counted + 1
        """
        with self.datastore.transaction(commit=True) as cursor:
            self._insert_tracking(cursor, tracking)
            cursor.execute(query, (name,))


class TestProjection(projection.AggregateEventCountersProjectionTestCase):
    view_class = EventCounters

    @pytest.fixture(autouse=True)
    def _open(self, env: dict[str, str], monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(type(self), "env", env)


class TestProcessingApplication(projection.EventSourcedProjectionTestCase):
    @pytest.fixture(autouse=True)
    def _open(self, env: dict[str, str], monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(type(self), "env", env)
        # It writes to the log that it follows, so it has to say what it listens for.
        monkeypatch.setattr(projection.Counters, "topics", [get_topic(Aggregate.Created), get_topic(Aggregate.Event)])


class Secret(Aggregate):
    def __init__(self, text: str) -> None:
        self.text = text


def test_events_can_be_encrypted_and_compressed(env: dict[str, str], database_url: str) -> None:
    env |= {
        "CIPHER_TOPIC": "eventsourcing.cryptography:AESCipher",
        "CIPHER_KEY": AESCipher.create_key(32),
        "COMPRESSOR_TOPIC": "eventsourcing.compressor:ZlibCompressor",
    }
    with Application[UUID](env=env) as app:
        secret = Secret(text="swordfish " * 100)
        app.save(secret)
        assert cast("Secret", app.repository.get(secret.id)).text == secret.text
    with psycopg.connect(database_url) as connection:
        [(data,)] = connection.execute("SELECT data FROM book.log").fetchall()
    assert b"swordfish" not in data
    assert len(data) < len(secret.text)


def test_a_projection_that_is_started_again_goes_on_where_it_was(env: dict[str, str]) -> None:
    for total in (1, 2):
        with ProjectionRunner(
            application_class=Application[UUID],
            projection_class=projection.AggregateEventCountersProjection,
            view_class=EventCounters,
            env=env,
        ) as runner:
            [recording] = runner.app.save(Aggregate())
            runner.wait(recording.notification.id, timeout=40)
            assert runner.projection.view.get_created_event_counter() == total


# ---- what the book adds ----------------------------------------------------------------------------------------------


def test_an_append_that_conflicts_leaves_no_gap(recorder: GuildbookApplicationRecorder) -> None:
    assert recorder.insert_events([stored(1)]) == [1]
    with pytest.raises(IntegrityError):
        recorder.insert_events([stored(2), stored(1)])
    assert recorder.insert_events([stored(2), stored(3)]) == [2, 3]


def test_events_that_are_appended_together_say_so(recorder: GuildbookApplicationRecorder, database_url: str) -> None:
    recorder.insert_events([stored(1), stored(2)])
    recorder.insert_events([stored(3)])
    with psycopg.connect(database_url) as connection:
        rows = connection.execute("SELECT append_end, meta FROM book.log ORDER BY position").fetchall()
    metas = [msgspec.json.decode(meta) for _, meta in rows]
    assert [end for end, _ in rows] == [2, 2, 3]
    assert metas[0] == metas[1] == {"actor": "system", "surface": "eventsourcing", "append": metas[0]["append"]}
    assert metas[0]["append"] != metas[2]["append"]


def test_the_library_works_in_the_serving_role(factory: Factory) -> None:
    factory.application_recorder().insert_events([stored(1)])
    with (
        pytest.raises(ProgrammingError, match="permission denied"),
        factory.datastore.transaction(commit=True) as cursor,
    ):
        cursor.execute("DELETE FROM book.log")


def test_an_application_of_uuids_meets_streams_that_are_named(recorder: GuildbookApplicationRecorder) -> None:
    number = uuid4()
    recorder.insert_events([stored(1, "teams-1"), stored(1, number)])
    assert [event.originator_id for event in recorder.select_notifications(1, 10)] == ["teams-1", number]


def test_a_restart_of_the_database_is_not_noticed_by_the_next_append(
    recorder: GuildbookApplicationRecorder, server_url: str, database_url: str
) -> None:
    assert recorder.insert_events([stored(1)]) == [1]
    cut_connections(server_url, database_url)
    assert recorder.insert_events([stored(2)]) == [2]


def test_a_factory_without_a_database_says_what_to_set(env: dict[str, str]) -> None:
    del env["GUILDBOOK_DATABASE_URL"]
    with pytest.raises(DatabaseUrlMissingError, match="GUILDBOOK_DATABASE_URL"):
        InfrastructureFactory.construct(env)
