"""What was deleted is in no file of the database any more, or it is said; and nobody waits long for that."""

import asyncio
import secrets
from collections.abc import Iterator

import psycopg
import pytest
from psycopg.conninfo import make_conninfo

from store import erasure
from tests.books import ask, until

TABLE = "operations.keyed_requests"
SECRET = "Inês-the-name"
KEPT = """
    INSERT INTO operations.keyed_requests (caller, route, key, request, claim, status, headers, body)
    VALUES ('apps-1', 'GET /', '1', '', '', 200, '{}', convert_to(%s, 'UTF8'))
"""
IN_FILE = """
    SELECT position(convert_to(%s, 'UTF8') IN pg_read_binary_file(pg_relation_filepath('operations.keyed_requests')))
"""
LOOKS = """
    SELECT pid
    FROM pg_stat_activity
    WHERE datname = current_database() AND query LIKE '%age(backend_xmin)%' AND pid <> pg_backend_pid()
"""
WAITS = "SELECT pid FROM pg_locks WHERE NOT granted AND relation = 'operations.keyed_requests'::regclass"


@pytest.fixture
def member(database_url: str) -> Iterator[str]:
    """Yield the URL of a login that may serve the book, and owns nothing of it."""
    login = f"member_{secrets.token_hex(4)}"
    ask(database_url, f"CREATE ROLE {login} LOGIN; GRANT guildbook_service TO {login}")
    yield make_conninfo(database_url, user=login)
    ask(database_url, f"DROP ROLE {login}")


def is_in_file(url: str) -> bool:
    ask(url, "CHECKPOINT")
    [(place,)] = ask(url, IN_FILE, SECRET)
    return place != 0


async def test_what_an_older_transaction_still_sees_is_waited_for(database_url: str) -> None:
    ask(database_url, KEPT, SECRET)
    with psycopg.connect(database_url) as older:
        older.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ")
        older.execute("SELECT")
        ask(database_url, f"DELETE FROM {TABLE}")
        rewriting = asyncio.create_task(erasure.rewrite(database_url, [TABLE]))
        await until(lambda: ask(database_url, LOOKS))
        assert not rewriting.done()
    assert await rewriting == []
    assert not is_in_file(database_url)


async def test_what_is_waited_for_too_long_is_named(database_url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(erasure, "SEEN_SECONDS_MAX", 0.0)
    ask(database_url, KEPT, SECRET)
    with psycopg.connect(database_url) as older:
        older.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ")
        older.execute("SELECT")
        ask(database_url, f"DELETE FROM {TABLE}")
        assert await erasure.rewrite(database_url, [TABLE]) == [erasure.STILL_SEEN]


async def test_whatever_the_user_may_not_rewrite_is_named(member: str) -> None:
    steps = await erasure.rewrite(member, [TABLE, "pg_catalog.pg_statistic"])
    assert steps[:2] == [
        'VACUUM (FULL) "operations"."keyed_requests"',
        'VACUUM (FULL) "pg_catalog"."pg_statistic"',
    ]
    assert len(steps) == 5  # the WAL, too


async def test_nobody_waits_long_while_somebody_else_holds_a_table(database_url: str) -> None:
    with psycopg.connect(database_url) as holding:
        holding.execute("LOCK TABLE operations.keyed_requests IN ACCESS SHARE MODE")
        rewriting = asyncio.create_task(erasure.rewrite(database_url, [TABLE]))
        await until(lambda: ask(database_url, WAITS))
        ask(database_url, "SET lock_timeout = '1s'; SELECT key FROM operations.keyed_requests")
    assert await rewriting == []
