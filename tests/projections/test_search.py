"""The index of the trail: whatever is asked, it finds what the log has, however far behind it is."""

import asyncio
from contextlib import suppress
from datetime import datetime
from functools import partial

import pytest

from domain.accounts.aggregate import Edit
from domain.permissions import OPERATOR
from domain.processes.edit_account import edit_account
from domain.teams.commands import create_team
from projections.search import index
from projections.search.entries import IDS_MAX
from projections.search.queries import BEYOND, Hit, Wanted, search, search_page
from store import log
from store.codec import Origin
from store.connections import connect
from store.event_store import EventStore
from tests.books import ORIGIN, ask, opened, until
from tests.deeds import Deeds, do_many
from tests.store.test_history import fill, put
from workers import indexer
from workers.indexer import Indexer

SOMEBODY = Origin(actor="apps-77", surface="tests", request="req-7 of us")
QUESTIONS = (
    {},
    {"q": "role created"},
    {"q": "ROLE del"},
    {"q": "920"},
    {"q": "guilds-guild-92"},
    {"q": "fleet.statsreported 9"},
    {"q": "operator 310 l"},
    {"q": "nothing of this"},
    {"type": "guilds.RoleCreated"},
    {"context": "guilds", "guild": 920},
    {"context": "guild"},
    {"guild": 921, "q": "channel"},
    {"actor": "operator", "before": 60},
    {"actor": "apps-77"},
    {"request": "req-7 of us"},
    {"q": "of us req-"},
    {"stream": "guilds-guild-920"},
    {"stream": "guilds-guild-920", "q": "updated"},
    {"since": datetime.fromisoformat("2999-01-01T00:00:00Z")},
    {"until": datetime.fromisoformat("2999-01-01T00:00:00Z"), "context": "awards"},
)


async def answers(url: str, limit: int = 25) -> list[list[Hit]]:
    """Ask all questions."""
    async with await connect(url) as connection:
        return [await search(connection, Wanted(**question, limit=limit)) for question in QUESTIONS]  # type: ignore[arg-type]


async def take_in(url: str, up_to: int = BEYOND) -> int:
    """Bring the index up to the log, or to about a position."""
    async with await connect(url) as connection:
        position = await index.prepare(connection)
        while position < up_to and (end := await index.take_in(connection, position)) > position:
            position = end
        return position


async def busy(store: EventStore) -> None:
    await do_many(store, Deeds(6), 400)
    for _ in range(3):
        await store.execute(SOMEBODY, create_team, OPERATOR, name="Azores")


async def test_the_index_finds_what_the_log_has_however_far_it_is(
    database_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(index, "READ_EVENTS", 60)
    monkeypatch.setattr("projections.search.queries.READ_EVENTS", 50)
    monkeypatch.setattr("projections.search.queries.RECENT_POSITIONS", 30)
    async with opened(database_url) as store:
        await busy(store)
        head = int(str(ask(database_url, "SELECT book.head()")[0][0]))
        in_log = await answers(database_url)
        assert await take_in(database_url, head // 2) < head
        assert await answers(database_url) == in_log
        assert await take_in(database_url) == head
        assert await answers(database_url) == in_log
    found = dict(zip(map(str, QUESTIONS), map(len, in_log), strict=True))
    assert found[str({"q": "nothing of this"})] == 0
    assert found[str({"context": "guild"})] == 0
    assert found[str(QUESTIONS[-2])] == 0
    assert all(found[str(question)] for question in QUESTIONS[:7])
    assert (found[str({"actor": "apps-77"})], found[str({"request": "req-7 of us"})]) == (3, 3)


async def test_a_page_looks_at_so_many_events_and_says_where_to_go_on(
    database_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with opened(database_url) as store:
        await busy(store)
    in_log = await answers(database_url)
    monkeypatch.setattr("projections.search.queries.READ_EVENTS", 10)
    monkeypatch.setattr("projections.search.queries.LOOKED_AT_MAX", 50)
    assert await answers(database_url) == in_log
    async with await connect(database_url) as connection:
        hits, place = await search_page(connection, Wanted(q="nothing of this"))
        assert (hits, place) == ([], await log.head(connection) - 49)
        oldest = await search_page(connection, Wanted(q="nothing of this", before=40))
        assert oldest == ([], None)
    await take_in(database_url)
    async with await connect(database_url) as connection:
        assert await search_page(connection, Wanted(q="nothing of this")) == ([], None)


async def test_nothing_that_is_sealed_is_in_the_index_and_broken_events_are(database_url: str) -> None:
    async with opened(database_url) as store:
        await fill(store)
        await store.execute(ORIGIN, edit_account, OPERATOR, account=204, edit=Edit(discriminator="4711"))
    long = b'{"actor": "%s", "surface": "x", "request": "%s"}' % (b"a" * 9000, b"r" * 9000)
    deep = b'{"x": ' * 3000 + b"1" + b"}" * 3000
    for broken in (b"", b"null", b"\xff 4712", b'{"sealed": "4713 4714", "x": "4715\\u0000"}', long, deep):
        put(database_url, "accounts-204", "accounts.AccountCreated", broken)
        put(database_url, "teams-5", "teams.Forgotten", broken)
    await take_in(database_url)
    words = " ".join(str(row[0]) for row in ask(database_url, "SELECT words FROM projections.trail"))
    assert "'204'" in words
    assert not any(word in words.lower() for word in ("rui", "ines", "4711", "4713", "4714"))
    assert ask(database_url, "SELECT count(*) FROM projections.trail WHERE position > 4") == [(12,)]


async def test_of_an_event_with_very_many_ids_the_first_are_found(database_url: str) -> None:
    put(database_url, "teams-5", "teams.Forgotten", b'{"ids": %s}' % str(list(range(10_000, 90_000))).encode())
    await take_in(database_url)
    assert ask(database_url, "SELECT length(words) BETWEEN %s AND %s FROM projections.trail", IDS_MAX, IDS_MAX + 9) == [
        (True,)
    ]


async def test_an_index_of_another_version_is_made_anew(database_url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    async with opened(database_url) as store:
        await fill(store)
    assert await take_in(database_url) == 3
    ask(database_url, "DELETE FROM projections.trail WHERE position = 2")
    assert await take_in(database_url) == 3
    assert ask(database_url, "SELECT count(*) FROM projections.trail") == [(2,)]
    monkeypatch.setattr(index, "REVISION", 0)
    assert await take_in(database_url) == 3
    assert ask(database_url, "SELECT count(*) FROM projections.trail") == [(3,)]


async def test_a_mistake_of_the_indexers_ends_nothing_that_works_beside_it(
    database_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(indexer, "RESTART_SECONDS", 0.01)
    monkeypatch.setattr(indexer, "REST_SHARE", "x")
    async with opened(database_url) as store:
        await fill(store)
    task = asyncio.create_task(Indexer(database_url).run())
    await asyncio.wait([task], timeout=0.5)
    assert not task.done()
    monkeypatch.setattr(indexer, "REST_SHARE", 0.0)
    await until(partial(is_taken_in, database_url))
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)


async def is_taken_in(url: str) -> bool:
    with suppress(Exception):
        [(taken, head)] = ask(url, "SELECT (SELECT count(*) FROM projections.trail), book.head()")
        return taken == head
    return False


async def test_the_indexer_keeps_it_up_and_after_a_lost_table_or_connection_goes_on(
    database_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(indexer, "REST_SECONDS_MIN", 0.01)
    monkeypatch.setattr(indexer, "RESTART_SECONDS", 0.01)
    both = [asyncio.create_task(Indexer(database_url).run()) for _ in range(2)]
    is_whole = partial(is_taken_in, database_url)
    async with opened(database_url) as store:
        await fill(store)
        await until(is_whole)
        ask(database_url, "DROP TABLE projections.trail")
        await store.execute(ORIGIN, create_team, OPERATOR, name="Azores")
        await until(is_whole)
        ask(
            database_url,
            "SELECT pg_terminate_backend(pid) FROM pg_locks WHERE locktype = 'advisory' AND database = "
            "(SELECT oid FROM pg_database WHERE datname = current_database()) AND pid <> pg_backend_pid()",
        )
        await store.execute(ORIGIN, create_team, OPERATOR, name="Madeira")
        await until(is_whole)
    for task in both:
        task.cancel()
    await asyncio.gather(*both, return_exceptions=True)
