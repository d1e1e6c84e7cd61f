"""Limits: exactly so many within any window of so many seconds, whoever asks through whichever process."""

import asyncio
from collections.abc import AsyncIterator

import psycopg
import pytest
from psycopg import AsyncConnection
from psycopg.conninfo import conninfo_to_dict
from psycopg.rows import TupleRow

from store.connections import connect
from store.limits import Ask, Count, Limiter, Verdict, prune, take

LONG = 300
TAKERS = 64


@pytest.fixture
async def connection(database_url: str) -> AsyncIterator[AsyncConnection[TupleRow]]:
    async with await connect(database_url) as connection:
        yield connection


@pytest.fixture
async def limiters(database_url: str) -> AsyncIterator[list[Limiter]]:
    """Return the limits as several processes have them."""
    several = [Limiter(database_url) for _ in range(8)]
    yield several
    for limiter in several:
        await limiter.close()


def asks(requests: int, *, bucket: str = "bucket", key: str = "ines", seconds: int = LONG) -> Ask:
    """Return an ask that counts in one bucket."""
    return (Count(bucket, key, requests, seconds),)


async def age(connection: AsyncConnection[TupleRow], seconds: float) -> None:
    """Let all that was counted so far be older: instead of waiting."""
    await connection.execute(
        """
        UPDATE operations.limits SET
            hits = ARRAY(SELECT hit - make_interval(secs => %s) FROM unnest(hits) AS hit),
            idle_at = idle_at - make_interval(secs => %s)
        """,
        (seconds, seconds),
    )


async def rows(connection: AsyncConnection[TupleRow]) -> list[tuple[str, str, int]]:
    query = "SELECT bucket, key, cardinality(hits) FROM operations.limits ORDER BY bucket, key"
    return [(row[0], row[1], row[2]) for row in await (await connection.execute(query)).fetchall()]


def admissions(verdicts: list[Verdict]) -> list[bool]:
    return [verdict.admitted for verdict in verdicts]


async def test_a_bucket_of_ten_admits_exactly_ten_of_very_many_at_once(limiters: list[Limiter]) -> None:
    for seconds in (LONG, 2 * LONG, 3 * LONG):  # three times, as a race shows itself when it wants to
        ask = asks(10, key=str(seconds), seconds=seconds)
        verdicts = await asyncio.gather(*(limiter.take(ask) for limiter in limiters for _ in range(TAKERS)))
        assert sum(verdict is not None and verdict.admitted for verdict in verdicts) == 10
        assert None not in verdicts


async def test_a_batch_is_taken_in_its_order(connection: AsyncConnection[TupleRow]) -> None:
    verdicts = await take(connection, [asks(2)] * 3)
    assert admissions(verdicts) == [True, True, False]
    assert [verdict.levels[0].made for verdict in verdicts] == [1, 2, 2]
    assert [verdict.levels[0].left() for verdict in verdicts] == [1, 0, 0]


async def test_the_window_slides_with_each_request(connection: AsyncConnection[TupleRow]) -> None:
    assert admissions(await take(connection, [asks(2)])) == [True]
    await age(connection, 200)
    assert admissions(await take(connection, [asks(2)])) == [True]
    await age(connection, 99)
    assert admissions(await take(connection, [asks(2)])) == [False]
    await age(connection, 1)  # the first is 300 s old, the second is not
    assert admissions(await take(connection, [asks(2), asks(2)])) == [True, False]


async def test_a_refused_request_does_not_count(connection: AsyncConnection[TupleRow]) -> None:
    await take(connection, [asks(1)])
    await age(connection, 299)
    assert admissions(await take(connection, [asks(1)] * 5)) == [False] * 5
    await age(connection, 1)
    assert admissions(await take(connection, [asks(1)])) == [True]


async def test_who_is_refused_is_told_when_there_is_room_again(connection: AsyncConnection[TupleRow]) -> None:
    await take(connection, [asks(2)])
    await age(connection, 100)
    await take(connection, [asks(2)])
    [verdict] = await take(connection, [asks(2)])
    assert not verdict.admitted
    assert 199 < verdict.levels[0].reset_seconds <= 200  # when the first leaves


async def test_who_lowered_a_limit_waits_until_few_enough_are_left(connection: AsyncConnection[TupleRow]) -> None:
    await take(connection, [asks(3)])
    await age(connection, 100)
    await take(connection, [asks(3), asks(3)])
    [verdict] = await take(connection, [asks(2)])
    assert (verdict.admitted, verdict.levels[0].made, verdict.levels[0].left()) == (False, 3, 0)
    assert 299 < verdict.levels[0].reset_seconds <= 300  # two of the three must leave


async def test_an_ask_counts_in_all_of_its_buckets_or_in_none(connection: AsyncConnection[TupleRow]) -> None:
    both = (Count("narrow", "ines", 1, LONG), Count("wide", "ines", 5, LONG))
    assert admissions(await take(connection, [both, both, both])) == [True, False, False]
    assert await rows(connection) == [("narrow", "ines", 1), ("wide", "ines", 1)]
    other_way_round = (both[1], both[0])
    assert admissions(await take(connection, [other_way_round])) == [False]
    assert await rows(connection) == [("narrow", "ines", 1), ("wide", "ines", 1)]


async def test_asks_of_one_and_of_two_buckets_may_come_together(connection: AsyncConnection[TupleRow]) -> None:
    narrow, wide = Count("narrow", "ines", 1, LONG), Count("wide", "ines", 2, LONG)
    verdicts = await take(connection, [(narrow, wide), (wide,), (narrow, wide), (wide,)])
    assert admissions(verdicts) == [True, True, False, False]
    assert [len(verdict.levels) for verdict in verdicts] == [2, 1, 2, 1]


async def test_nobody_uses_up_what_is_anothers(connection: AsyncConnection[TupleRow]) -> None:
    several = [asks(1), asks(1, key="noor"), asks(1, bucket="other"), asks(1)]
    assert admissions(await take(connection, several)) == [True, True, True, False]


async def test_the_tightest_bucket_is_the_one_with_least_room(connection: AsyncConnection[TupleRow]) -> None:
    user, settings = Count("user", "ines", 300, 60), Count("settings", "ines", 10, LONG)
    [verdict] = await take(connection, [(settings, user)])
    assert verdict.tightest().of == settings
    await take(connection, [(user,)] * 298)
    [verdict] = await take(connection, [(settings, user)])
    assert verdict.tightest().of == user


async def test_of_two_full_buckets_the_one_that_stays_full_longer_counts(
    connection: AsyncConnection[TupleRow],
) -> None:
    both = (Count("short", "ines", 1, 60), Count("long", "ines", 1, LONG))
    verdicts = await take(connection, [both, both])
    assert verdicts[1].tightest().of.bucket == "long"


async def test_who_has_not_asked_for_a_while_is_forgotten(connection: AsyncConnection[TupleRow]) -> None:
    await take(connection, [asks(2), asks(2, key="noor", seconds=60)])
    await age(connection, 61)
    await prune(connection)
    assert await rows(connection) == [("bucket", "ines", 1)]
    assert admissions(await take(connection, [asks(2, key="noor", seconds=60)])) == [True]


async def test_only_as_many_are_kept_as_count(connection: AsyncConnection[TupleRow]) -> None:
    for _ in range(4):
        await take(connection, [asks(3)] * 3)
        await age(connection, LONG)
    await take(connection, [asks(3)])
    assert await rows(connection) == [("bucket", "ines", 1)]


async def test_nothing_is_counted_where_there_is_no_limit(limiters: list[Limiter]) -> None:
    assert await limiters[0].take(()) is None


async def test_a_connection_that_was_cut_is_replaced(
    server_url: str, database_url: str, limiters: list[Limiter]
) -> None:
    assert await limiters[0].take(asks(2))
    cut = "SELECT pg_terminate_backend(pid, 5000) FROM pg_stat_activity WHERE datname = %s"
    with psycopg.connect(server_url) as operator:
        operator.execute(cut, (conninfo_to_dict(database_url)["dbname"],))
    verdict = await limiters[0].take(asks(2))
    assert verdict is not None
    assert verdict.levels[0].made == 2


async def test_while_the_database_is_down_everybody_is_admitted() -> None:
    limiter = Limiter("postgresql://nobody@127.0.0.1:9/nothing")
    assert await asyncio.gather(*(limiter.take(asks(1)) for _ in range(10))) == [None] * 10
