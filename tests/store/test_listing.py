"""Listing: what was recorded between two moments is the difference of two positions."""

from datetime import UTC, datetime, timedelta

from store.connections import connect
from store.listing import contexts_after, positions_before
from tests.workers.notary.books import append
from tests.workers.notary.lies import execute

START = datetime(2027, 1, 1, tzinfo=UTC)


async def test_the_last_position_before_each_moment_is_found(database_url: str) -> None:
    await append(database_url, [["teams-1", "teams-2"]] * 50)
    execute(
        database_url, "UPDATE book.log SET recorded_at = '2027-01-01Z'::timestamptz + make_interval(secs => position)"
    )
    moments = [START + timedelta(seconds=each) for each in (0, 1, 2, 50, 50.5, 100, 101, 1000)]
    async with await connect(database_url) as connection:
        assert await positions_before(connection, moments) == [0, 0, 1, 49, 50, 99, 100, 100]
        assert await positions_before(connection, [moments[3], moments[1]]) == [49, 0]


async def test_a_log_in_which_nothing_is_yet_has_no_positions(database_url: str) -> None:
    async with await connect(database_url) as connection:
        assert await positions_before(connection, [START]) == [0]
        assert await contexts_after(connection, 0) == {}


async def test_contexts_are_counted_after_a_position(database_url: str) -> None:
    await append(database_url, [["teams-1"]] * 5)
    async with await connect(database_url) as connection:
        assert await contexts_after(connection, 2) == {"teams": 3}
