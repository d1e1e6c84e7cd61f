"""The runtime of the query tables: one commit, poison that stops its own projector only, and replays that agree."""

import asyncio
from collections.abc import Sequence
from typing import Any

import msgspec
import psycopg
import pytest

from domain.accounts.aggregate import Profile
from domain.permissions import OPERATOR
from domain.processes.create_account import create_account
from domain.teams.commands import create_team, rename_team
from projections.catalogue import PROJECTORS
from projections.rebuild import rebuild
from projections.rows import Projector
from store.connections import connect
from store.event_store import EventStore
from tests.books import ORIGIN, ask, drop_tables, dump, opened, places, projecting, shown, until
from tests.deeds import Deeds, do_many

INES = Profile(204, "Ines", "0412", None)


async def register(store: EventStore, profile: Profile = INES) -> None:
    wishes: dict[str, Any] = {"profile": profile, "team": None, "permissions": 0, "signups_default": True}
    await store.execute(ORIGIN, create_account, OPERATOR, **wishes)


async def new_team(store: EventStore, name: str = "Azores") -> int:
    return (await store.execute(ORIGIN, create_team, OPERATOR, name=name)).value


def projector_named(name: str) -> Projector:
    [found] = [projector for projector in PROJECTORS if projector.name == name]
    return found


def poisoned(name: str, word: str) -> list[Projector]:
    """Return the projectors, with one that cannot take in an event that has this word in it."""
    honest = projector_named(name)

    def evolve(row: Any, recorded: Any) -> Any:  # noqa: ANN401 - stands in for any of them
        if word in repr(recorded.event):
            raise ValueError(word)
        return honest.rows[0].evolve(row, recorded)

    sick = msgspec.structs.replace(honest.rows[0], evolve=evolve)
    ill = msgspec.structs.replace(honest, rows=(sick, *honest.rows[1:]))
    return [ill if projector.name == name else projector for projector in PROJECTORS]


async def test_rows_follow_the_log_and_a_replay_gives_the_same_bytes(database_url: str) -> None:
    async with opened(database_url) as store:
        async with projecting(database_url):
            assert await do_many(store, Deeds(7), 600) > 100
            await shown(database_url)
            lived = dump(database_url)
        drop_tables(database_url)
        async with projecting(database_url):
            await until(lambda: asyncio.to_thread(has_tables, database_url))
            await shown(database_url)
            assert dump(database_url) == lived
    assert sum(map(len, lived.values())) > 1000


def has_tables(url: str) -> bool:
    try:
        dump(url)
    except psycopg.errors.UndefinedTable:
        return False
    return True


async def test_a_batch_gives_the_same_rows_as_one_event_at_a_time(
    database_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with opened(database_url) as store:
        await do_many(store, Deeds(8), 300)
    async with projecting(database_url):
        await shown(database_url)
    in_batches = dump(database_url)
    monkeypatch.setattr("projections.rebuild.BATCH_EVENTS_MAX", 1)
    async with opened(database_url) as store:
        await rebuild(database_url, store.keyring, PROJECTORS)
    assert dump(database_url) == in_batches


async def test_a_poison_event_stops_its_own_projector_and_is_named(database_url: str) -> None:
    async with opened(database_url) as store, projecting(database_url, poisoned("teams", "Poison")):
        await new_team(store)
        await new_team(store, "Poison")
        await register(store)
        await shown(database_url, [projector for projector in PROJECTORS if projector.name != "teams"])
        place = (await places(database_url))["teams"]
    assert (place.position, place.stopped_at, place.error) == (1, 2, "ValueError")
    assert [row[0] for row in ask(database_url, "SELECT name FROM projections.teams")] == ["Azores"]
    assert ask(database_url, "SELECT count(*) FROM projections.accounts") == [(1,)]


async def test_a_stopped_projector_goes_on_when_its_code_is_mended(database_url: str) -> None:
    async with opened(database_url) as store:
        async with projecting(database_url, poisoned("teams", "Poison")):
            await new_team(store, "Poison")
            await until(lambda: is_stopped(database_url, "teams"))
        async with projecting(database_url):
            await shown(database_url)
    assert (await places(database_url))["teams"].error is None
    assert [row[0] for row in ask(database_url, "SELECT name FROM projections.teams")] == ["Poison"]


async def is_stopped(url: str, name: str) -> bool:
    found = await places(url)
    return name in found and found[name].stopped_at is not None


async def test_stored_bytes_that_cannot_be_read_stop_only_who_needs_them(database_url: str) -> None:
    async with opened(database_url) as store, projecting(database_url):
        await new_team(store)
        new = "'{0}', '{teams-9}', '{1}', '{teams.TeamCreated}', %s, %s, '{\"\"}'"
        spoil = f"SELECT book.append('{{}}', '{{}}', '{{}}', '{{}}', '{{}}', '{{}}', {new})"
        ask(database_url, spoil, [b"not JSON"], [b"{}"])
        await register(store)
        await shown(database_url, [projector for projector in PROJECTORS if projector.name != "teams"])
        await until(lambda: is_stopped(database_url, "teams"))
        assert (await places(database_url))["teams"].stopped_at == 2


async def test_who_is_behind_catches_up_alone_and_joins(database_url: str) -> None:
    others = [projector for projector in PROJECTORS if projector.name != "teams"]
    async with opened(database_url) as store:
        await asyncio.gather(*(new_team(store) for _ in range(20)))
        async with projecting(database_url, others):
            await shown(database_url, others)
        async with projecting(database_url):
            await shown(database_url)
            await new_team(store, "Madeira")
            await shown(database_url)
    assert ask(database_url, "SELECT count(*) FROM projections.teams") == [(21,)]


async def test_tables_of_another_version_are_made_anew(database_url: str) -> None:
    async with opened(database_url) as store, projecting(database_url):
        await new_team(store)
        await shown(database_url)
    ask(database_url, "UPDATE projections.teams SET name = 'as an older version had it'")
    newer = [msgspec.structs.replace(projector, revision=2) for projector in PROJECTORS]
    async with projecting(database_url, newer):
        await until(lambda: asyncio.to_thread(is_named, database_url, "Azores"))


def is_named(url: str, name: str) -> bool:
    return ask(url, "SELECT name FROM projections.teams") == [(name,)]


async def test_a_rebuild_says_which_rows_were_not_what_the_log_says(database_url: str) -> None:
    async with opened(database_url) as store, projecting(database_url):
        await new_team(store)
        await register(store)
        await shown(database_url)
        assert await rebuild(database_url, store.keyring, PROJECTORS) == []
        ask(database_url, "UPDATE projections.accounts SET permissions = 127")
        [difference] = await rebuild(database_url, store.keyring, PROJECTORS)
        assert (difference.table, difference.rows_before, difference.rows_after) == ("accounts", 1, 1)
    assert ask(database_url, "SELECT permissions FROM projections.accounts") == [(0,)]


async def test_reads_and_writes_go_on_while_tables_are_rebuilt(database_url: str) -> None:
    async with opened(database_url) as store, projecting(database_url):
        team = await new_team(store, "0")
        await shown(database_url)
        over = asyncio.Event()
        reads = [asyncio.create_task(read_on(database_url, over)) for _ in range(3)]
        writes = asyncio.create_task(write_on(store, team, over))
        for _ in range(4):
            await rebuild(database_url, store.keyring, PROJECTORS)
        over.set()
        assert min(await asyncio.gather(*reads)) > 0
        last = await writes
        await shown(database_url)
    assert ask(database_url, "SELECT name FROM projections.teams") == [(str(last),)]


async def read_on(url: str, over: asyncio.Event) -> int:
    """Read with prepared statements that touch several tables, and return how often; no read may fail."""
    reads = 0
    async with await connect(url) as connection:
        while not over.is_set():
            query = "SELECT t.name FROM teams AS t LEFT JOIN accounts AS a ON a.team = t.id LEFT JOIN awards ON TRUE"
            rows = await (await connection.execute(query)).fetchall()
            assert len(rows) == 1
            reads += 1
    return reads


async def write_on(store: EventStore, team: int, over: asyncio.Event) -> int:
    writes = 0
    while not over.is_set():
        writes += 1
        await store.execute(ORIGIN, rename_team, OPERATOR, team=team, name=str(writes))
    return writes


def test_an_event_that_says_nothing_of_a_row_leaves_it_alone() -> None:
    """Only what deletes removes a row, so an event type that comes later cannot."""
    for rows in (rows for projector in PROJECTORS for rows in projector.rows):
        deletions = {
            event for event in rows.keys if event.__name__.endswith(("Deleted", "Removed", "Closed", "Revoked"))
        }
        for event in rows.keys.keys() - deletions:
            assert keeps(rows, event), event


def keeps(rows: Any, event: type[Any]) -> bool:  # noqa: ANN401 - any of the tables
    """Tell whether some row is still there after the event, whatever the event says."""
    row = blank(rows.row)
    said = blank(event)
    recorded = type("Said", (), {"event": said, "recorded_at": None})()
    return rows.evolve(row, recorded) is not None


def blank(struct: type[Any]) -> Any:  # noqa: ANN401 - any struct
    """Make a struct without looking at what it may hold."""
    names: Sequence[str] = struct.__struct_fields__
    return struct(**dict.fromkeys(names, 1))
