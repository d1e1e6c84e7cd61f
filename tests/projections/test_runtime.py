"""The projector on a real database: one commit of rows and places, and a poison event that stops one of them only."""

import asyncio
from collections.abc import Sequence
from datetime import datetime
from typing import Any

import msgspec
import pytest
from psycopg import AsyncConnection
from psycopg.rows import TupleRow
from structlog.testing import capture_logs

from domain.permissions import OPERATOR
from domain.teams.commands import create_team
from projections.catalogue import PROJECTORS
from projections.checkpoints import Checkpoint
from projections.rebuild import rebuild, table_names
from projections.rows import Projector
from projections.teams.projector import PROJECTOR as TEAMS
from projections.teams.projector import TeamRow, evolve
from store.connections import connect
from store.event_store import EventStore
from store.log import Recorded
from tests.books import ORIGIN, ask, drop_tables, dump, opened, places, projecting, shown, until
from tests.deeds import Deeds, do_many
from tests.projections.poison import UNLUCKY, instead_of_teams, smuggle_in, with_a_mistake
from workers import projector as module

OTHERS = tuple(projector for projector in PROJECTORS if projector.name != TEAMS.name)
NUL_IN_A_NAME = b'{"team":13,"name":"a\\u0000b"}'
ID_TOO_LARGE = b'{"team":99999999999999999999,"name":"x"}'
NOT_A_TEAM = b'{"name":7}'


async def create(store: EventStore, *names: str) -> None:
    for name in names:
        await store.execute(ORIGIN, create_team, OPERATOR, name=name)


async def names(url: str) -> list[object]:
    """Ask from a thread: it may have to wait for a swap that this very process is making."""
    rows = await asyncio.to_thread(ask, url, "SELECT name FROM projections.teams ORDER BY id")
    return [name for (name,) in rows]


async def come_to(url: str, *expected: str) -> None:
    """Return when these are the names of all teams."""

    async def are_there() -> bool:
        return await names(url) == list(expected)

    await until(are_there)


async def stopped(url: str) -> Checkpoint:
    """Return where the projector of the teams is once it is stopped."""

    async def is_stopped() -> bool:
        found = await places(url)
        return "teams" in found and found["teams"].stopped_at is not None

    await until(is_stopped)
    return (await places(url))["teams"]


async def is_a_replay(url: str, store: EventStore) -> bool:
    """Tell whether the tables are what a fresh replay makes, byte by byte."""
    before = dump(url)
    return await rebuild(url, store.keyring, PROJECTORS) == [] and dump(url) == before


async def test_rows_and_places_are_committed_together(database_url: str) -> None:
    query = (
        "SELECT position, (SELECT count(*) FROM projections.teams) FROM operations.checkpoints WHERE reader = 'teams'"
    )
    seen: set[tuple[object, ...]] = set()
    async with opened(database_url) as store, projecting(database_url), await connect(database_url) as connection:
        await shown(database_url)

        async def see_all() -> bool:
            seen.update(await (await connection.execute(query)).fetchall())
            return (200, 200) in seen

        creating = asyncio.gather(*(create(store, *"abcdefghij") for _ in range(20)))
        await until(see_all)
        await creating
    assert all(position == count for position, count in seen)


async def test_a_poison_event_stops_its_projector_only_until_it_is_fixed(database_url: str) -> None:
    async with opened(database_url) as store:
        async with projecting(database_url, with_a_mistake()):
            await create(store, "one", "two", UNLUCKY, "three")
            place = await stopped(database_url)
            await do_many(store, Deeds(1), 300)
            await shown(database_url, OTHERS)
            assert (place.position, place.stopped_at) == (2, 3)
            assert "UnluckyError" in (place.error or "")
            assert await names(database_url) == ["one", "two"]
        async with projecting(database_url):
            await shown(database_url)
            assert (await places(database_url))["teams"].error is None
        assert await is_a_replay(database_url, store)


@pytest.mark.parametrize("data", [NUL_IN_A_NAME, ID_TOO_LARGE, NOT_A_TEAM], ids=["text", "number", "shape"])
async def test_whatever_is_wrong_with_an_event_the_others_go_on(database_url: str, data: bytes) -> None:
    async with opened(database_url) as store, projecting(database_url) as worker:
        await shown(database_url)
        await create(store, *"ab")
        position = smuggle_in(database_url, data)
        await create(store, "c")
        place = await stopped(database_url)
        await shown(database_url, OTHERS)
        assert (place.position, place.stopped_at) == (position - 1, position)
        assert await names(database_url) == ["a", "b"]
        assert not worker.done()


async def test_a_stopped_projector_is_tried_once_and_then_left_alone(database_url: str) -> None:
    async with opened(database_url) as store:
        async with projecting(database_url, with_a_mistake(), _Feed()):
            await create(store, UNLUCKY)
            await stopped(database_url)
            await shown(database_url, OTHERS)
        with capture_logs() as logs:
            async with projecting(database_url, with_a_mistake(), _Feed()):
                await shown(database_url, OTHERS)
                for _ in range(5):
                    await create(store, "fine")
                    await shown(database_url, OTHERS)
    assert len([entry for entry in logs if entry["event"] == "projector stopped"]) == 1


class _Feed:
    """A feed that wants nothing."""

    name = "tests_feed"

    def wants(self, append: Sequence[Recorded]) -> bool:
        return append == []

    def is_changed_by(self, append: Sequence[Recorded]) -> bool:
        return append == []

    async def refresh(self, connection: AsyncConnection[TupleRow]) -> None:
        pass

    async def before(self, connection: AsyncConnection[TupleRow], append: Sequence[Recorded]) -> None:
        pass

    async def after(self, connection: AsyncConnection[TupleRow], append: Sequence[Recorded], seen: Any) -> None:  # noqa: ANN401
        pass


@pytest.mark.parametrize("near", [0, 10_000], ids=["far", "near"])
async def test_a_projector_that_is_behind_catches_up_and_goes_on_with_the_others(
    database_url: str, monkeypatch: pytest.MonkeyPatch, near: int
) -> None:
    monkeypatch.setattr(module, "NEAR_EVENTS", near)
    async with opened(database_url) as store:
        async with projecting(database_url, with_a_mistake()):
            await create(store, UNLUCKY)
            await stopped(database_url)
            await do_many(store, Deeds(2), 2000)
            await shown(database_url, OTHERS)
        async with projecting(database_url):
            await do_many(store, Deeds(3), 500)
            await shown(database_url)
        assert await is_a_replay(database_url, store)


async def test_tables_of_another_version_are_made_anew(database_url: str) -> None:
    def shout(row: TeamRow | None, recorded: Recorded) -> TeamRow | None:
        new = evolve(row, recorded)
        return new and msgspec.structs.replace(new, name=new.name.upper())

    loud = msgspec.structs.replace(TEAMS, revision=2, rows=(msgspec.structs.replace(TEAMS.rows[0], evolve=shout),))
    async with opened(database_url) as store:
        async with projecting(database_url):
            await create(store, "azores", "madeira")
            await shown(database_url)
        before = (await places(database_url))["teams"].fingerprint
        async with projecting(database_url, instead_of_teams(loud)):
            await come_to(database_url, "AZORES", "MADEIRA")
            await create(store, "faial")
            await come_to(database_url, "AZORES", "MADEIRA", "FAIAL")
    assert (await places(database_url))["teams"].fingerprint != before


@pytest.mark.parametrize("lost", [PROJECTORS, (TEAMS,)], ids=["all", "one"])
async def test_tables_that_are_dropped_come_back_byte_by_byte(database_url: str, lost: Sequence[Projector]) -> None:
    async with opened(database_url) as store:
        async with projecting(database_url):
            await do_many(store, Deeds(4), 3000)
            await shown(database_url)
        before = dump(database_url)
        drop_tables(database_url, lost)
        async with projecting(database_url):
            await until(lambda: _all_exist(database_url))
            await shown(database_url)
    assert all(before.values())
    assert dump(database_url) == before


def _all_exist(url: str) -> bool:
    tables = {table for (table,) in ask(url, "SELECT tablename FROM pg_tables WHERE schemaname = 'projections'")}
    return tables >= {table for projector in PROJECTORS for table in table_names(projector)}


async def test_of_two_projectors_one_acts_and_the_other_takes_over(database_url: str) -> None:
    async with opened(database_url) as store, projecting(database_url) as first:
        await shown(database_url)
        async with projecting(database_url):
            await create(store, "a")
            await shown(database_url)
            first.cancel()
            await create(store, "b")
            await shown(database_url)
        assert await names(database_url) == ["a", "b"]


@pytest.mark.faults
async def test_a_projector_outlives_its_connections(database_url: str) -> None:
    cut = """
        SELECT pg_terminate_backend(pid)
        FROM pg_stat_activity
        WHERE datname = current_database() AND pid <> pg_backend_pid() AND query LIKE '%%checkpoints%%'
    """
    async with opened(database_url) as store, projecting(database_url):
        await shown(database_url)
        for number in range(5):
            ask(database_url, cut)
            await do_many(store, Deeds(number), 100)
            await shown(database_url)
        assert await is_a_replay(database_url, store)


async def test_times_are_those_of_the_log(database_url: str) -> None:
    async with opened(database_url) as store, projecting(database_url):
        await create(store, "a")
        await shown(database_url)
    [(recorded_at,)] = ask(database_url, "SELECT recorded_at FROM book.log")
    assert isinstance(recorded_at, datetime)
    assert ask(database_url, "SELECT created_at FROM projections.teams") == [(recorded_at,)]


async def test_a_table_without_its_place_is_made_anew_with_the_others(database_url: str) -> None:
    async with opened(database_url) as store:
        async with projecting(database_url):
            await do_many(store, Deeds(5), 500)
            await shown(database_url)
        before = dump(database_url)
        ask(database_url, "DELETE FROM operations.checkpoints WHERE reader = 'awards'")
        ask(database_url, "DROP TABLE projections.holdings")
        async with projecting(database_url):
            await shown(database_url)
    assert dump(database_url) == before
