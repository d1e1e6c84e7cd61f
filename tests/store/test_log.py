"""Reading the log, and that nobody can change it."""

from typing import LiteralString, cast

import psycopg
import pytest
from psycopg import sql

from domain.awards.events import AwardCreated, AwardGranted
from domain.catalogue import EVENTS
from domain.permissions import OPERATOR
from domain.processes.create_account import create_account
from domain.processes.create_award import create_award
from domain.teams.commands import create_team
from domain.teams.events import TeamCreated
from store import log
from store.connections import connect, connect_sync
from store.event_store import EventStore
from tests.books import ORIGIN, opened
from tests.domain.samples import profile

CHANGES = ("UPDATE {} SET position = position", "DELETE FROM {}", "TRUNCATE {}")
TABLES = ("log", "links")


async def fill(store: EventStore) -> None:
    """Append a team (1), two accounts (2, 3), an award with two holders (4 to 6), and a team (7)."""
    team = (await store.execute(ORIGIN, create_team, OPERATOR, name="Azores")).value
    for account in (204, 205):
        new = {"profile": profile(account), "team": team, "permissions": 0, "signups_default": True}
        await store.execute(ORIGIN, create_account, OPERATOR, **new)
    award = {"title": "Gold", "image_url": "g.png", "team": team, "accounts": [204, 205]}
    await store.execute(ORIGIN, create_award, OPERATOR, **award)
    await store.execute(ORIGIN, create_team, OPERATOR, name="Madeira")


async def positions(store: EventStore, after: int, limit: int, *types: str) -> tuple[int, list[int]]:
    async with store.pool.connection() as connection:
        end, batch = await log.read(connection, store.keyring, after, limit, types or list(EVENTS))
    return end, [recorded.position for recorded in batch]


@pytest.mark.parametrize(
    ("after", "limit", "end", "found"),
    [
        (0, 100, 7, [1, 2, 3, 4, 5, 6, 7]),
        (0, 2, 2, [1, 2]),
        (3, 1, 6, [4, 5, 6]),
        (2, 3, 6, [3, 4, 5, 6]),
        (4, 1, 6, [5, 6]),
        (7, 10, 7, []),
        (99, 10, 99, []),
    ],
)
async def test_a_reading_ends_with_a_whole_append(
    database_url: str, after: int, limit: int, end: int, found: list[int]
) -> None:
    async with opened(database_url) as store:
        await fill(store)
        assert await positions(store, after, limit) == (end, found)


async def test_a_reading_goes_past_what_it_is_not_interested_in(database_url: str) -> None:
    async with opened(database_url) as store:
        await fill(store)
        assert await positions(store, 0, 100, AwardGranted.stored_type) == (7, [5, 6])
        assert await positions(store, 6, 100, AwardCreated.stored_type) == (7, [])


async def test_a_reading_holds_no_more_than_fits_and_always_a_whole_append(
    database_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(log, "READ_BYTES", 1)
    async with opened(database_url) as store:
        await fill(store)
        assert [await positions(store, after, 100) for after in (0, 2, 3, 6, 7)] == [
            (1, [1]),
            (3, [3]),
            (6, [4, 5, 6]),
            (7, [7]),
            (7, []),
        ]
        assert await positions(store, 3, 100, TeamCreated.stored_type) == (6, [])


async def test_an_empty_log_has_nothing_to_read(database_url: str) -> None:
    async with opened(database_url) as store, store.pool.connection() as connection:
        assert await positions(store, 0, 100) == (0, [])
        assert await log.head(connection) == 0


async def test_events_come_back_as_they_were_said(database_url: str) -> None:
    async with opened(database_url) as store, store.pool.connection() as connection:
        await fill(store)
        _, batch = await log.read(connection, store.keyring, 0, 1, [TeamCreated.stored_type])
        assert [recorded.event for recorded in batch] == [TeamCreated(team=1, name="Azores")]
        assert (batch[0].meta().actor, batch[0].meta().surface) == (ORIGIN.actor, ORIGIN.surface)


async def test_whole_streams_are_read(database_url: str) -> None:
    async with opened(database_url) as store, store.pool.connection() as connection:
        await fill(store)
        found = await log.read_streams(connection, store.keyring, ["teams-2", "teams-1", "teams-9"])
        assert {name: stream.version for name, stream in found.items()} == {"teams-1": 1, "teams-2": 1}
        assert found["teams-2"].events == [TeamCreated(team=2, name="Madeira")]


async def test_the_log_knows_who_spoke_of_an_entity(database_url: str) -> None:
    async with opened(database_url) as store, store.pool.connection() as connection:
        await fill(store)
        assert await log.streams_about(connection, "teams-1", "accounts-") == (7, ["accounts-204", "accounts-205"])
        assert await log.streams_about(connection, "accounts-204", "awards-") == (7, ["awards-1-204"])
        assert await log.streams_about(connection, "accounts-204", "sessions-") == (7, [])


@pytest.mark.parametrize("table", TABLES)
@pytest.mark.parametrize("change", CHANGES)
async def test_whoever_serves_may_not_change_the_log(database_url: str, change: str, table: str) -> None:
    async with opened(database_url) as store:
        await fill(store)
    with connect_sync(database_url) as connection, pytest.raises(psycopg.errors.InsufficientPrivilege) as refusal:
        connection.execute(sql.SQL(cast("LiteralString", change)).format(sql.Identifier("book", table)))
    assert "permission denied" in str(refusal.value)


@pytest.mark.parametrize("table", TABLES)
@pytest.mark.parametrize("change", CHANGES)
async def test_even_its_owner_may_not_change_the_log(database_url: str, change: str, table: str) -> None:
    async with opened(database_url) as store:
        await fill(store)
    with psycopg.connect(database_url) as connection, pytest.raises(psycopg.errors.InsufficientPrivilege) as refusal:
        connection.execute(sql.SQL(cast("LiteralString", change)).format(sql.Identifier("book", table)))
    assert "append-only" in str(refusal.value)


async def test_whoever_serves_cannot_lift_the_ban(database_url: str) -> None:
    statements = (
        "ALTER TABLE book.log DISABLE TRIGGER ALL",
        "DROP TABLE book.log",
        "CREATE OR REPLACE FUNCTION book.refuse_change() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NULL; END'",
        "INSERT INTO book.log SELECT position + 1, 'x', 1, type, data, meta, position + 1, now() FROM book.log",
        "DELETE FROM book.keys",
        "UPDATE book.keys SET wrapped = ''",
    )
    async with await connect(database_url) as connection:
        for statement in statements:
            with pytest.raises(psycopg.errors.InsufficientPrivilege):
                await connection.execute(statement)
