"""What every connection asks of the server."""

import asyncio
from collections.abc import Mapping

import psycopg
import pytest

from store.connections import KEEPALIVES, connect, connect_sync, is_outage, pool

PATIENCE_SECONDS = 20

NOTICES = ["tcp_keepalives_count", "tcp_keepalives_idle", "tcp_keepalives_interval", "tcp_user_timeout"]
ASKED = "SELECT name FROM pg_settings WHERE name LIKE 'tcp%' AND source = 'client' ORDER BY name"


async def test_the_server_is_told_to_notice_a_machine_that_has_vanished_with_a_lock(database_url: str) -> None:
    async with await connect(database_url) as connection:
        rows = await (await connection.execute(ASKED)).fetchall()
    assert [row[0] for row in rows] == NOTICES


async def test_a_server_that_has_vanished_is_noticed_also_by_whoever_waits_for_it(database_url: str) -> None:
    async with await connect(database_url) as connection:
        assert _asks(connection.info.get_parameters())
    with connect_sync(database_url) as blocking:
        assert _asks(blocking.info.get_parameters())


async def test_a_server_that_does_not_answer_breaks_the_connection_and_others_go_on(database_url: str) -> None:
    async with pool(database_url, 1, answer_seconds_max=0.3) as connections:
        async with asyncio.timeout(PATIENCE_SECONDS):
            async with connections.connection() as connection:
                with pytest.raises(psycopg.OperationalError) as raised:
                    await connection.execute("SELECT pg_sleep(5)")
                assert is_outage(raised.value)
                assert connection.closed
            async with connections.connection() as another:
                assert await (await another.execute("SELECT 1")).fetchone() == (1,)


async def test_who_serves_nobody_waits_as_long_as_it_takes(database_url: str) -> None:
    async with await connect(database_url) as connection, asyncio.timeout(PATIENCE_SECONDS):
        assert await (await connection.execute("SELECT 1 FROM pg_sleep(1)")).fetchone() == (1,)


async def test_a_refusal_of_the_server_leaves_the_connection_as_it_was(database_url: str) -> None:
    async with await connect(database_url, answer_seconds_max=5) as connection:
        with pytest.raises(psycopg.errors.QueryCanceled):
            await connection.execute("SET statement_timeout = '100ms'; SELECT pg_sleep(5)")
        assert not connection.closed


def _asks(parameters: Mapping[str, str]) -> bool:
    return {name: str(value) for name, value in KEEPALIVES.items()}.items() <= parameters.items()
