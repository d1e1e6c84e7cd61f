"""The eraser takes erased people out of all that is made from the log, and whoever leads next goes on."""

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from datetime import UTC, datetime, timedelta

import pytest

from domain.accounts.aggregate import Profile
from domain.apps.commands import create_app
from domain.guilds.commands import report_bans, report_guild, report_members
from domain.guilds.reports import BanReport, GuildReport, MemberReport
from domain.permissions import OPERATOR
from domain.privacy.commands import change_retention
from domain.privacy.events import Rule
from domain.processes.create_account import create_account
from domain.processes.register_callback import register_callback
from projections.catalogue import PROJECTORS
from projections.rebuild import rebuild
from store import leadership
from store.connections import connect
from store.erasure import Standing, erase, latest_standings, standing_of
from store.event_store import EventStore
from store.keys import Keyring
from store.signals import REBUILT, Signal
from tests.books import KEY, ORIGIN, ask, dump, opened, places, projecting, shown, until
from workers.callbacks.feed import CallbackFeed
from workers.eraser import Eraser, EraserStoppedError, finish

LOOKS = """
    SELECT pid
    FROM pg_stat_activity
    WHERE datname = current_database() AND query LIKE '%pg_locks%' AND pid <> pg_backend_pid()
"""
INES = Profile(204778476102877187, "Inês-the-name", "0412", "https://a.example/ines-the-face.png")
RUI = Profile(205778476102877187, "Rui-the-name", "0413", None)
WHO = f"accounts-{INES.id}"
NOW = datetime(2026, 11, 21, tzinfo=UTC)
MEMBER = MemberReport(id=INES.id, username="ines-the-user", nick="ines-the-nick", roles=())
LONG_AGO = """
    SET session_replication_role = replica;
    UPDATE book.log SET recorded_at = recorded_at - interval '400 days'
"""
UNREADABLE = "SET session_replication_role = replica; UPDATE book.log SET data = 'x'"
KEPT = """
    INSERT INTO operations.keyed_requests (caller, route, key, request, claim, status, headers, body)
    VALUES ('apps-1', 'GET /', %s, '', '', 200, '{}', convert_to(%s, 'UTF8'))
"""


@pytest.fixture
async def store(database_url: str) -> AsyncIterator[EventStore]:
    async with opened(database_url) as found:
        yield found


@asynccontextmanager
async def erasing(store: EventStore, url: str, now: datetime = NOW) -> AsyncIterator[None]:
    worker = asyncio.create_task(Eraser(url, Keyring(store.pool, KEY), lambda: now).run())
    try:
        yield
    finally:
        worker.cancel()
        with suppress(asyncio.CancelledError):
            await worker


async def live(store: EventStore) -> None:
    """Let two people be known everywhere."""
    app = (await store.execute(ORIGIN, create_app, name="relay", permissions=95, token_hash="")).value
    for event in ("account_created", "account_deleted"):
        given = {"app": app, "event": event, "url": "https://a.example", "secret": "s"}
        await store.execute(ORIGIN, register_callback, **given)
    await arrive(store, INES, RUI)
    guild = {"report": GuildReport(id=920, owner=RUI.id, name="Açores"), "roles": (), "channels": (), "bot": 77}
    await store.execute(ORIGIN, report_guild, **guild)
    await store.execute(ORIGIN, report_members, guild=920, members=[MEMBER])
    await store.execute(ORIGIN, report_bans, guild=920, bans=[BanReport(id=INES.id, reason="ines-the-reason")])


async def arrive(store: EventStore, *profiles: Profile) -> None:
    for profile in profiles:
        made = {"profile": profile, "team": None, "permissions": 0, "signups_default": True}
        await store.execute(ORIGIN, create_account, OPERATOR, **made)


async def until_purged(store: EventStore) -> Standing:
    async def is_purged() -> bool:
        return (await standing_of(store, WHO)).is_purged

    await until(is_purged)
    return await standing_of(store, WHO)


def found_in(tables: dict[str, bytes], word: str) -> set[str]:
    return {table for table, rows in tables.items() if word in rows.decode()}


async def test_erased_people_are_gone_from_every_query_table_and_others_stay(
    store: EventStore, database_url: str
) -> None:
    async with projecting(database_url, feed=CallbackFeed()):
        await live(store)
        await shown(database_url)
        assert found_in(dump(database_url), "-the-") == {"accounts", "guild_members", "guild_bans"}
        await erase(store, ORIGIN, WHO)
        async with erasing(store, database_url):
            standing = await until_purged(store)
        await shown(database_url)
        assert (standing.erasures, standing.has_key) == (1, False)
        tables = dump(database_url)
        assert found_in(tables, "Rui-the-name") == {"accounts"}
        assert found_in(tables, "ines-the") == found_in(tables, "Inês") == set()
        assert found_in(tables, str(INES.id)) == {"guild_members", "guild_bans"}  # ids are no secret
        store.forget()  # nobody has told this process
        assert await rebuild(database_url, store.keyring, PROJECTORS) == []


async def test_deliveries_answers_and_grants_go_and_those_of_others_stay(store: EventStore, database_url: str) -> None:
    async with projecting(database_url, feed=CallbackFeed()):
        await live(store)
        await shown(database_url)
        for number in (INES.id, RUI.id):
            ask(database_url, KEPT, str(number), f'{{"id": "{number}"}}')
            ask(database_url, "INSERT INTO operations.provider_grants (account, sealed) VALUES (%s, 'box')", number)
        await erase(store, ORIGIN, WHO)
        async with erasing(store, database_url):
            await until_purged(store)
    states = ask(database_url, "SELECT entity, event, state FROM operations.deliveries ORDER BY position")
    assert states == [
        (WHO, "account_created", "cancelled"),
        (f"accounts-{RUI.id}", "account_created", "pending"),
        (WHO, "account_deleted", "pending"),
    ]
    [body] = ask(
        database_url, "SELECT convert_from(body, 'UTF8') FROM operations.deliveries WHERE event = 'account_deleted'"
    )
    account = json.loads(str(body[0]))["account"]
    assert (account["id"], account["name"], account["avatar_url"]) == (str(INES.id), "", None)
    assert ask(database_url, "SELECT key FROM operations.keyed_requests") == [(str(RUI.id),)]
    assert ask(database_url, "SELECT account FROM operations.provider_grants") == [(RUI.id,)]


async def test_what_is_told_of_others_stays_when_an_app_goes_whose_number_is_in_it(
    store: EventStore, database_url: str
) -> None:
    async with projecting(database_url, feed=CallbackFeed()):
        await live(store)
        app = (await store.execute(ORIGIN, create_app, name="leaving", permissions=0, token_hash="1")).value
        await shown(database_url)
        for caller in (f"apps-{app}", "apps-77"):
            ask(database_url, KEPT.replace("apps-1", caller), caller, f'{{"number": {app}}}')
        erased = await erase(store, ORIGIN, f"apps-{app}")
        async with erasing(store, database_url):
            await until(lambda: _is_past(database_url, erased.position))
    assert str(app) in str(INES.id)
    assert ask(database_url, "SELECT DISTINCT state FROM operations.deliveries") == [("pending",)]
    assert ask(database_url, "SELECT key FROM operations.keyed_requests") == [("apps-77",)]


async def test_several_that_wait_are_one_rebuild(store: EventStore, database_url: str) -> None:
    async with projecting(database_url):
        await live(store)
        await shown(database_url)
        await erase(store, ORIGIN, WHO)
        await erase(store, ORIGIN, f"accounts-{RUI.id}")
        rebuilds: list[str] = []
        listens = asyncio.Event()
        signal = Signal(
            database_url, REBUILT, on_notify=lambda channel, _: rebuilds.append(channel), on_connect=listens.set
        )
        listening = asyncio.create_task(signal.run())
        await listens.wait()
        async with erasing(store, database_url):
            await until_purged(store)
        await until(lambda: rebuilds)
        listening.cancel()
    assert len(rebuilds) == 1
    assert found_in(dump(database_url), "-the-name") == set()
    assert [each.is_purged for each in await latest_standings(store, 10)] == [True, True]


async def test_without_a_projector_it_is_done_all_the_same(store: EventStore, database_url: str) -> None:
    async with projecting(database_url):
        await live(store)
        await shown(database_url)
    await erase(store, ORIGIN, WHO)
    async with erasing(store, database_url):
        await until_purged(store)
    assert found_in(dump(database_url), "ines-the") == set()


async def test_it_waits_for_a_projector_that_has_older_events_in_hand(store: EventStore, database_url: str) -> None:
    async with projecting(database_url):
        await live(store)
        await shown(database_url)
    await erase(store, ORIGIN, WHO)
    async with await connect(database_url) as slow:
        await leadership.become_leader(slow, leadership.PROJECTOR)
        async with erasing(store, database_url):
            await until(lambda: ask(database_url, LOOKS))
            assert found_in(dump(database_url), "ines-the") != set()
            await slow.close()
            await until_purged(store)
    assert found_in(dump(database_url), "ines-the") == set()


async def test_what_stops_it_is_written_down_and_nothing_is_said_to_be_purged(
    store: EventStore, database_url: str
) -> None:
    await live(store)
    await erase(store, ORIGIN, WHO)
    ask(database_url, "ALTER FUNCTION operations.lock_lanes() RENAME TO lock_lanes_gone")
    async with erasing(store, database_url):
        await until(lambda: _is_stopped(database_url))
    assert not (await standing_of(store, WHO)).is_purged
    ask(database_url, "ALTER FUNCTION operations.lock_lanes_gone() RENAME TO lock_lanes")
    async with erasing(store, database_url):
        await until_purged(store)
    assert (await places(database_url))["eraser"].error is None


async def test_who_waits_for_an_eraser_that_is_stopped_is_told_what_stops_it(
    store: EventStore, database_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("workers.eraser.STOPPED_SECONDS", 0.1)
    async with projecting(database_url):
        await live(store)
        await shown(database_url)
    ask(database_url, "ALTER FUNCTION operations.lock_lanes() RENAME TO lock_lanes_gone")
    position = (await erase(store, ORIGIN, WHO)).position
    async with erasing(store, database_url):
        await until(lambda: _is_stopped(database_url))
        with pytest.raises(EraserStoppedError, match=r"UndefinedFunction.*privacy show"):  # by whoever leads
            await finish(database_url, store.keyring, position)
    with pytest.raises(EraserStoppedError, match=r"UndefinedFunction.*privacy show"):  # by ourselves
        await finish(database_url, store.keyring, position)
    ask(database_url, "ALTER FUNCTION operations.lock_lanes_gone() RENAME TO lock_lanes")
    await finish(database_url, store.keyring, position)
    assert (await standing_of(store, WHO)).is_purged


async def test_whose_events_cannot_be_read_keeps_nobody_else_from_being_retained_or_purged(
    store: EventStore, database_url: str
) -> None:
    async with projecting(database_url):
        await arrive(store, INES, RUI)
        await store.execute(ORIGIN, change_retention, rules=(Rule("unseen_people", 1),))
        await shown(database_url)
    ask(database_url, LONG_AGO)
    ask(database_url, f"{UNREADABLE} WHERE stream = '{WHO}'")
    async with erasing(store, database_url):
        await until(lambda: ask(database_url, "SELECT 1 FROM book.log WHERE type = 'privacy.RetentionApplied'"))
    assert not await store.keyring.has_key(f"accounts-{RUI.id}")
    assert await store.keyring.has_key(WHO)


async def _is_past(url: str, position: int) -> bool:
    place = (await places(url)).get("eraser")
    return place is not None and place.position >= position


async def _is_stopped(url: str) -> bool:
    place = (await places(url)).get("eraser")
    return place is not None and place.error is not None


async def test_rules_of_retention_are_applied_and_what_they_erase_is_purged(
    store: EventStore, database_url: str
) -> None:
    async with projecting(database_url):
        await live(store)
        await store.execute(ORIGIN, change_retention, rules=(Rule("unseen_people", 1),))
        await shown(database_url)
        later = datetime.now(UTC) + timedelta(days=2)
        async with erasing(store, database_url, later):
            await until(lambda: _is_erased(store, f"accounts-{RUI.id}"))
    assert found_in(dump(database_url), "Rui-the-name") == set()
    assert not (await standing_of(store, WHO)).erasures  # a member is seen


async def _is_erased(store: EventStore, subject: str) -> bool:
    return (await standing_of(store, subject)).is_purged
