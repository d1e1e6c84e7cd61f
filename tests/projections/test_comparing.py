"""Query tables are compared with the log and left as they are: the same rows, or which of them are not."""

import asyncio

import pytest

from projections import comparing
from projections.catalogue import PROJECTORS
from projections.comparing import Comparison, compare
from projections.teams.projector import PROJECTOR as TEAMS
from store.event_store import EventStore
from tests.books import ask, drop_tables, dump, opened, projecting, shown, until
from tests.deeds import Deeds, do_many
from tests.projections.poison import smuggle_in

BUILT = "SELECT count(*) FROM pg_tables WHERE schemaname = 'building'"
NOT_A_TEAM = b'{"name":7}'


async def compared(url: str, store: EventStore) -> Comparison:
    """Compare all tables; the live ones must be the same afterwards, and nothing be left beside them."""
    found = await compare(url, store.keyring, PROJECTORS, lambda *_: None)
    assert ask(url, BUILT) == [(0,)]
    return found


async def projected(url: str, store: EventStore, deeds: int = 200) -> int:
    """Do so many deeds, and return the head once they are shown."""
    async with projecting(url):
        await do_many(store, Deeds(16), deeds)
        await shown(url)
    [(head,)] = ask(url, "SELECT book.head()")
    assert isinstance(head, int)
    return head


@pytest.fixture(autouse=True)
def impatience(monkeypatch: pytest.MonkeyPatch) -> None:
    """Do not wait long for a projector that does not run."""
    monkeypatch.setattr(comparing, "LEVEL_SECONDS_MAX", 0.2)
    monkeypatch.setattr(comparing, "BATCH_EVENTS_MAX", 100)


async def test_tables_that_are_what_the_log_says_are_equal(database_url: str) -> None:
    async with opened(database_url) as store:
        head = await projected(database_url, store)
        rows = dump(database_url)
        assert await compared(database_url, store) == Comparison(head, (), {})
    assert dump(database_url) == rows


@pytest.mark.parametrize(
    ("tampering", "rows", "keys"),
    [
        ("UPDATE projections.teams SET name = 'mine' WHERE id = (SELECT min(id) FROM projections.teams)", 0, 1),
        ("DELETE FROM projections.teams WHERE id IN (SELECT id FROM projections.teams ORDER BY id LIMIT 2)", -2, 2),
        ("INSERT INTO projections.teams SELECT 900000 + i, 'x', now() FROM generate_series(1, 9) AS i", 9, 5),
        ("DROP TABLE projections.teams", 0, 0),
    ],
    ids=["changed", "removed", "added", "dropped"],
)
async def test_a_table_that_differs_is_named_with_some_keys_and_left_as_it_is(
    database_url: str, tampering: str, rows: int, keys: int
) -> None:
    async with opened(database_url) as store:
        await projected(database_url, store)
        [(first, right)] = ask(database_url, "SELECT min(id), count(*) FROM projections.teams")
        assert isinstance(right, int)
        ask(database_url, tampering)
        [wrong] = (await compared(database_url, store)).wrong
        there = 0 if tampering.startswith("DROP") else right + rows
        assert wrong[:3] == ("teams", there, right)
        assert len(wrong.keys) == keys
        assert wrong.keys[:1] in ((), (f"({first})",), ("(900001)",))
        assert (await compared(database_url, store)).wrong == (wrong,)


async def test_a_book_in_use_is_compared_at_one_moment_and_nobody_waits(
    database_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(comparing, "LEVEL_SECONDS_MAX", 20.0)
    async with opened(database_url) as store, projecting(database_url):
        deeds = Deeds(17)
        await do_many(store, deeds, 300)

        async def write_without_pause() -> None:
            while True:
                await do_many(store, deeds, 20)

        writing = asyncio.create_task(write_without_pause())
        for _ in range(3):
            comparison = await compare(database_url, store.keyring, PROJECTORS, lambda *_: None)
            assert (comparison.wrong, comparison.unfit) == ((), {})
        writing.cancel()


async def test_a_projector_that_is_behind_is_said_so(database_url: str) -> None:
    async with opened(database_url) as store:
        head = await projected(database_url, store)
        await do_many(store, Deeds(18), 20)
        [(further,)] = ask(database_url, "SELECT book.head()")
        found = await compared(database_url, store)
        assert set(found.unfit) == {projector.name for projector in PROJECTORS}
        assert found.unfit["teams"].startswith(f"it is at position {head} of {further}")


async def test_a_projector_that_is_stopped_is_said_so_and_the_others_are_compared(database_url: str) -> None:
    async with opened(database_url) as store:
        await projected(database_url, store)
        position = smuggle_in(database_url, NOT_A_TEAM)
        async with projecting(database_url):
            await until(
                lambda: ask(database_url, f"SELECT 1 FROM operations.checkpoints WHERE stopped_at = {position}")
            )
            await shown(database_url, [projector for projector in PROJECTORS if projector != TEAMS])
        found = await compared(database_url, store)
        assert (found.position, found.wrong) == (position, ())
        assert list(found.unfit) == ["teams"]
        assert f"stopped at position {position}" in found.unfit["teams"]


async def test_a_log_that_says_nothing_any_more_is_not_taken_for_equal(database_url: str) -> None:
    async with opened(database_url) as store:
        await projected(database_url, store)
        ask(
            database_url,
            "SET session_replication_role = replica;"
            "UPDATE book.log SET data = '{}' WHERE position ="
            " (SELECT min(position) FROM book.log WHERE type = 'teams.TeamCreated')",
        )
        assert "run `guildbook verify`" in (await compared(database_url, store)).unfit["teams"]


async def test_tables_of_another_version_or_of_none_are_said_so(database_url: str) -> None:
    async with opened(database_url) as store:
        await projected(database_url, store)
        ask(database_url, "UPDATE operations.checkpoints SET fingerprint = 'old' WHERE reader = 'teams'")
        ask(database_url, "DELETE FROM operations.checkpoints WHERE reader = 'apps'")
        drop_tables(database_url, [TEAMS])
        found = await compared(database_url, store)
        assert (set(found.unfit), found.wrong) == ({"teams", "apps"}, ())
        assert "guildbook rebuild" in found.unfit["teams"]
        assert "never made" in found.unfit["apps"]
