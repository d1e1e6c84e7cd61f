"""Loads into guilds of the registry, by the worker that runs them."""

import asyncio
from itertools import count, pairwise
from typing import Any

import pytest

from domain.kernel import Book
from domain.loads.commands import cancel_load, report_status
from domain.processes.advance_load import advance_load
from schemas.settings import Settings
from store import leadership
from store.connections import connect
from tests.books import ORIGIN, ask, opened, until
from tests.workers.loader.town import (
    BACKUP,
    BOT,
    SOURCE,
    TARGET,
    ask_for_load,
    back_up,
    ended,
    load_of,
    loading,
    make_source,
    make_target,
    shape_of,
)
from workers.loader import registry

PATIENCE_SECONDS = 40
CUT_OFF = """
    SELECT pg_terminate_backend(pid)
    FROM pg_stat_activity
    WHERE datname = current_database() AND pid <> pg_backend_pid()
"""

WANTS_TO_LEAD = """
    SELECT pid
    FROM pg_stat_activity
    WHERE datname = current_database() AND query LIKE 'SELECT pg_try_advisory_lock%%' AND query_start > %s
"""


async def test_a_load_that_was_asked_for_before_and_one_that_is_asked_for_later_are_both_run(database_url: str) -> None:
    async with opened(database_url) as store:
        await make_source(store)
        await back_up(store)
        for target in (TARGET, TARGET + 10_000):
            await make_target(store, guild=target)
        await ask_for_load(store, "ld_before", TARGET)
        async with loading(database_url):
            await ended(store, "ld_before")
            await ask_for_load(store, "ld_later", TARGET + 10_000)
            later = await ended(store, "ld_later")
        source = await shape_of(store, SOURCE)
        assert (later.outcome, later.progress, later.failed) == ("success", 1.0, ())
        for target in (TARGET, TARGET + 10_000):
            assert await shape_of(store, target) == {**source, "bans": []}


async def test_many_loads_run_at_the_same_time(database_url: str) -> None:
    targets = [TARGET + 10_000 * n for n in range(20)]
    async with opened(database_url) as store:
        await make_source(store, roles=30, channels=30)
        await back_up(store)
        for target in targets:
            await make_target(store, guild=target)
            await ask_for_load(store, f"ld_{target}", target)
        async with loading(database_url):
            outcomes = [(await ended(store, f"ld_{target}")).outcome for target in targets]
        assert outcomes == ["success"] * len(targets)
        source = await shape_of(store, SOURCE)
        assert all([await shape_of(store, target) == {**source, "bans": []} for target in targets])
    order = "SELECT stream FROM book.log WHERE stream LIKE 'loads-%' AND type = 'loads.IdsMapped' ORDER BY position"
    streams = [str(row[0]) for row in ask(database_url, order)]
    turns = sum(one != other for one, other in pairwise(streams))
    assert turns > 2 * len(targets)  # one after the other, there would be as many turns as loads


async def test_a_cancelled_load_ends_at_the_next_object_and_keeps_what_it_did(
    database_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    steps, at_the_tenth, goes_on = count(1), asyncio.Event(), asyncio.Event()

    async def advance(book: Book, **work: Any) -> bool:  # noqa: ANN401 - whatever it is
        if next(steps) == 10:
            at_the_tenth.set()
            await goes_on.wait()
        return await advance_load(book, **work)

    monkeypatch.setattr(registry, "OBJECTS_MAX", 1)
    monkeypatch.setattr(registry, "advance_load", advance)
    async with opened(database_url) as store:
        await make_source(store, roles=20, channels=0)
        await back_up(store)
        await make_target(store)
        await ask_for_load(store)
        async with loading(database_url), asyncio.timeout(PATIENCE_SECONDS):
            await at_the_tenth.wait()
            before = len((await load_of(store)).pairs)
            await store.execute(ORIGIN, cancel_load, load="ld_1")
            goes_on.set()
            load = await ended(store)
        assert load.outcome == "cancelled"
        assert 3 < len(load.pairs) == before < 20


async def test_of_two_loaders_one_acts_and_the_other_takes_over(database_url: str) -> None:
    async with opened(database_url) as store:
        await make_source(store)
        await back_up(store)
        await make_target(store)
        async with await connect(database_url) as other:
            await leadership.become_leader(other, leadership.LOADER)
            async with loading(database_url):
                await ask_for_load(store)
                for _ in range(2):
                    [(now,)] = ask(database_url, "SELECT now()")
                    await until(lambda now=now: ask(database_url, WANTS_TO_LEAD, now))
                assert (await load_of(store)).status is None
                await other.close()
                assert (await ended(store)).outcome == "success"


async def test_a_loader_survives_the_loss_of_its_connections(database_url: str) -> None:
    async with opened(database_url) as store:
        await make_source(store, roles=100, channels=60)
        await back_up(store)
        await make_target(store)
    async with loading(database_url):
        async with opened(database_url) as store:
            await ask_for_load(store)
        ask(database_url, CUT_OFF)
        async with opened(database_url) as store:
            assert (await ended(store)).outcome == "success"
            assert await shape_of(store, TARGET) == {**await shape_of(store, SOURCE), "bans": []}


async def test_a_load_that_a_bot_runs_ends_when_nothing_is_heard_of_it(database_url: str) -> None:
    more = {"kind": "external", "gateway": None, "reported_by": BOT}
    async with opened(database_url) as store:
        await make_source(store)
        await back_up(store)
        await make_target(store)
        await ask_for_load(store, "ld_silent", TARGET, **more)
        await ask_for_load(store, "ld_told", SOURCE, **more)
        async with loading(database_url, Settings(load_silence_seconds_max=1)):

            async def is_told_and_other_has_ended() -> bool:
                await store.execute(ORIGIN, report_status, load="ld_told", bot=BOT, status="under way")
                return (await load_of(store, "ld_silent")).outcome is not None

            await until(is_told_and_other_has_ended)
        silent, told = await load_of(store, "ld_silent"), await load_of(store, "ld_told")
        assert (silent.outcome, silent.error) == ("failed", "Nothing was heard of it for 1 s.")
        assert told.outcome is None


async def test_a_load_of_what_is_gone_ends_as_failed_and_others_go_on(
    database_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with opened(database_url) as store:
        await make_source(store)
        await back_up(store)
        await make_target(store)
        await make_target(store, guild=TARGET + 10_000)
        await ask_for_load(store, "ld_broken")
        run = registry.run

        async def broken(store: object, job: object, snowflakes: object) -> None:
            if job.load.id == "ld_broken":  # pyright: ignore[reportAttributeAccessIssue]
                raise ZeroDivisionError
            await run(store, job, snowflakes)  # pyright: ignore[reportArgumentType]

        monkeypatch.setattr(registry, "run", broken)
        async with loading(database_url):
            load = await ended(store, "ld_broken")
            await ask_for_load(store, "ld_other", TARGET + 10_000)
            assert (await ended(store, "ld_other")).outcome == "success"
        assert (load.outcome, load.error) == ("failed", "An internal fault: ZeroDivisionError.")
        assert load.asked.backup == BACKUP
