"""The library's subscription: every event once and in order, whoever appended it and whatever is cut."""

import time
from collections.abc import Iterator, Sequence
from itertools import islice
from threading import Timer
from urllib.parse import urlsplit
from uuid import UUID

import psycopg
import pytest
from eventsourcing.persistence import ApplicationRecorder, Notification, ProgrammingError, StoredEvent, Subscription
from psycopg import sql
from structlog.testing import capture_logs

from store.appender import Append, Appender, NewEvent
from store.recorder import Factory
from tests.store.visitors import until

EVENTS_MANY = 1_200  # more than two of the lists that a subscription reads
STOP_SECONDS_MAX = 0.9  # less than between two looks
WAIT_SECONDS_MAX = 40.0
WAKE_SECONDS_MAX = 2.0  # five looks take longer


@pytest.fixture
def recorder(database_url: str) -> Iterator[ApplicationRecorder]:
    with Factory({"GUILDBOOK_DATABASE_URL": database_url, "ORIGINATOR_ID_TYPE": "text"}) as factory:
        yield factory.application_recorder()


def stored(version: int, stream: UUID | str = "tests-1", topic: str = "tests.Happened") -> StoredEvent:
    """Return an event of the library's."""
    return StoredEvent(originator_id=stream, originator_version=version, topic=topic, state=b"{}")


def cut_connections(server_url: str, database_url: str) -> int:
    """End every connection to a database, as a restart would, and return how many there were."""
    query = "SELECT pg_terminate_backend(pid, 5000) FROM pg_stat_activity WHERE datname = %s"
    with psycopg.connect(server_url, autocommit=True) as connection:
        return len(connection.execute(query, (urlsplit(database_url).path[1:],)).fetchall())


def take(subscription: Subscription[ApplicationRecorder], count: int) -> list[Notification]:
    """Return the next events; fewer of them when they do not come in time."""
    guard = Timer(WAIT_SECONDS_MAX, subscription.stop)
    guard.start()
    try:
        return list(islice(subscription, count))
    finally:
        guard.cancel()


def positions(subscription: Subscription[ApplicationRecorder], count: int) -> list[int]:
    return [event.id for event in take(subscription, count)]


def listeners(server_url: str, database_url: str) -> int:
    """Count the connections to a database that listen to the log."""
    query = "SELECT count(*) FROM pg_stat_activity WHERE datname = %s AND query = 'LISTEN guildbook_log'"
    with psycopg.connect(server_url) as connection:
        [(count,)] = connection.execute(query, (urlsplit(database_url).path[1:],)).fetchall()
    return count


def wait_for_listener(server_url: str, database_url: str) -> None:
    until(lambda: listeners(server_url, database_url) > 0)


def allow_connections(server_url: str, database_url: str, *, allowed: bool) -> None:
    """Open a database, or close it as if it were gone."""
    name = sql.Identifier(urlsplit(database_url).path[1:])
    with psycopg.connect(server_url, autocommit=True) as connection:
        connection.execute(sql.SQL("ALTER DATABASE {} ALLOW_CONNECTIONS {}").format(name, sql.Literal(allowed)))


async def append(appender: Appender, versions: Sequence[int]) -> None:
    """Append one event after the other, as the server does."""
    for version in versions:
        event = NewEvent("teams-1", version, "teams.TeamCreated", b"{}", b"{}", "")
        await appender.append(Append([event], {"teams-1": version - 1}))


@pytest.mark.anyio
async def test_what_the_server_appends_is_seen_in_order(database_url: str, recorder: ApplicationRecorder) -> None:
    appender = Appender(database_url)
    with recorder.subscribe() as subscription:
        await append(appender, [1, 2])
        recorder.insert_events([stored(1)])
        await append(appender, [3])
        seen = [(event.id, event.originator_id, event.originator_version) for event in take(subscription, 4)]
    await appender.close()
    assert seen == [(1, "teams-1", 1), (2, "teams-1", 2), (3, "tests-1", 1), (4, "teams-1", 3)]


def test_an_append_wakes_a_subscription_at_once(
    server_url: str, database_url: str, recorder: ApplicationRecorder
) -> None:
    with recorder.subscribe() as subscription:
        wait_for_listener(server_url, database_url)
        recorder.insert_events([stored(1)])
        assert positions(subscription, 1) == [1]  # it may be the look at the start that saw this one
        started = time.monotonic()
        for version in range(2, 7):
            recorder.insert_events([stored(version)])
            assert positions(subscription, 1) == [version]
        assert time.monotonic() - started < WAKE_SECONDS_MAX


def test_an_append_that_nobody_tells_of_is_seen_as_well(database_url: str, recorder: ApplicationRecorder) -> None:
    query = """
        INSERT INTO book.log (position, stream, version, type, data, meta, append_end, recorded_at)
        VALUES (2, 'tests-2', 1, 'tests.Silent', '', '', 2, now())
    """
    recorder.insert_events([stored(1)])
    with recorder.subscribe() as subscription:
        assert positions(subscription, 1) == [1]
        with psycopg.connect(database_url) as connection:
            connection.execute(query)
        assert positions(subscription, 1) == [2]


@pytest.mark.faults
def test_a_subscription_outlives_its_connections(
    server_url: str, database_url: str, recorder: ApplicationRecorder
) -> None:
    with recorder.subscribe() as subscription:
        for version in range(1, 4):
            wait_for_listener(server_url, database_url)
            assert cut_connections(server_url, database_url) >= 1
            recorder.insert_events([stored(version)])
            assert positions(subscription, 1) == [version]
        wait_for_listener(server_url, database_url)


@pytest.mark.faults
def test_a_subscription_outlives_an_outage(server_url: str, database_url: str, recorder: ApplicationRecorder) -> None:
    with capture_logs() as logs, recorder.subscribe() as subscription:
        wait_for_listener(server_url, database_url)
        allow_connections(server_url, database_url, allowed=False)
        cut_connections(server_url, database_url)
        until(lambda: bool(logs))
        allow_connections(server_url, database_url, allowed=True)
        recorder.insert_events([stored(1)])
        assert positions(subscription, 1) == [1]


def test_a_long_log_is_read_whole(recorder: ApplicationRecorder) -> None:
    recorder.insert_events([stored(version) for version in range(EVENTS_MANY)])
    with recorder.subscribe() as subscription:
        assert positions(subscription, EVENTS_MANY) == list(range(1, EVENTS_MANY + 1))


def test_rare_topics_are_found_wherever_they_are(recorder: ApplicationRecorder) -> None:
    common = [stored(version) for version in range(EVENTS_MANY)]
    recorder.insert_events([*common, stored(1, "tests-2", "tests.Rare")])
    with recorder.subscribe(topics=["tests.Rare"]) as subscription:
        assert positions(subscription, 1) == [EVENTS_MANY + 1]
        recorder.insert_events([stored(EVENTS_MANY), stored(2, "tests-2", "tests.Rare")])
        assert positions(subscription, 1) == [EVENTS_MANY + 3]


def test_a_subscription_that_waits_stops_at_once(recorder: ApplicationRecorder) -> None:
    with recorder.subscribe() as subscription:
        recorder.insert_events([stored(1)])
        take(subscription, 1)
        started = time.monotonic()
    assert time.monotonic() - started < STOP_SECONDS_MAX


def test_a_subscription_that_is_not_read_stops_at_once(recorder: ApplicationRecorder) -> None:
    for start in range(0, 12 * 500, 500):  # more lists than are kept waiting
        recorder.insert_events([stored(start + version) for version in range(500)])
    with recorder.subscribe() as subscription:
        take(subscription, 1)
        started = time.monotonic()
    assert time.monotonic() - started < STOP_SECONDS_MAX
    assert take(subscription, 1) == []


def test_what_a_subscription_cannot_bear_reaches_its_reader(database_url: str, recorder: ApplicationRecorder) -> None:
    with recorder.subscribe() as subscription:
        with psycopg.connect(database_url) as connection:
            connection.execute("REVOKE SELECT ON book.log FROM guildbook_service")
        with pytest.raises(ProgrammingError, match="permission denied"):
            take(subscription, 1)
