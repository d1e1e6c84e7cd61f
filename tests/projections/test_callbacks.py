"""Callbacks as rows, how they do, and what was sent to them; and the same rows after a rebuild."""

import base64
from datetime import UTC, datetime
from typing import Any

from domain.callbacks.commands import (
    disable_callback,
    edit_callback,
    pause_callback,
    probe_callback,
    remove_callback,
    resume_callback,
    rotate_secret,
)
from domain.processes.add_callback import add_callback
from domain.processes.register_callback import register_callback
from projections.callbacks.projector import PROJECTOR
from projections.callbacks.queries import CallbackFound, callback_by_id, callbacks_after, callbacks_of_app
from projections.deliveries import deliveries_of, delivery_by_id, figures_of, last_deliveries
from projections.rebuild import rebuild
from schemas.callbacks import CallbackFigures
from store.connections import connect
from store.event_store import EventStore
from tests.api.book.subscribing import deliver
from tests.books import ORIGIN, ask, dump, opened, projecting, shown
from tests.domain.samples import BOT, SOON
from tests.load_events import tell

ALL = (PROJECTOR,)
HOOK = "https://a.example.org/hook"
SEEDS = [f"whsk_{base64.b64encode(bytes([fill]) * 32).decode()}" for fill in (1, 2)]
SECRET = f"whsec_{base64.b64encode(bytes(24)).decode()}"
MINE: dict[str, Any] = {"id": "1", "bot_id": "1"}
BEYOND = 2**63 - 1


async def found(url: str, callback: int) -> CallbackFound | None:
    await shown(url, ALL)
    async with await connect(url) as connection:
        return await callback_by_id(connection, callback)


async def add(store: EventStore, **wishes: object) -> str:
    wish = {"app": 1, "url": HOOK, "secret": SECRET, **wishes}
    return (await store.execute(ORIGIN, add_callback, **wish)).value.event


async def test_a_callback_is_shown_as_it_is_at_each_moment(database_url: str) -> None:
    async with opened(database_url) as store, projecting(database_url, ALL):
        await tell(store, BOT)
        filters: dict[str, Any] = {"types": ("a.B",), "contexts": ("c", "d"), "guilds": (920, 2**62)}
        named = {"app": 1, "event": await add(store, secret=SEEDS[0], signing="ed25519", description="é", **filters)}
        first = await found(database_url, 1)
        assert first
        assert (first.id, first.app, first.event, first.url, first.dialect) == (1, 1, "1", HOOK, "book")
        assert (first.types, first.contexts, first.guilds) == (["a.B"], ["c", "d"], [920, 2**62])
        assert (first.description, first.status, first.status_since) == ("é", "active", first.created_at)
        assert first.public_key
        assert first.public_key.startswith("whpk_")

        await store.execute(ORIGIN, edit_callback, **named, url=f"{HOOK}/2", types=(), guilds=())
        await store.execute(ORIGIN, rotate_secret, **named, secret=SEEDS[1], overlap_ends_at=SOON)
        edited = await found(database_url, 1)
        assert edited
        assert (edited.url, edited.types, edited.contexts, edited.guilds) == (f"{HOOK}/2", [], ["c", "d"], [])
        assert (edited.overlap_ends_at, edited.created_at) == (SOON, first.created_at)
        assert edited.public_key not in (None, first.public_key)

        await store.execute(ORIGIN, disable_callback, **named, failing_since=SOON, reason="HTTP 500")
        disabled = await found(database_url, 1)
        assert disabled
        assert (disabled.status, disabled.failing_since, disabled.reason) == ("disabled", SOON, "HTTP 500")
        assert disabled.status_since > first.created_at

        await store.execute(ORIGIN, resume_callback, **named)
        await store.execute(ORIGIN, probe_callback, **named)
        await store.execute(ORIGIN, pause_callback, **named)
        paused = await found(database_url, 1)
        assert paused
        assert (paused.status, paused.failing_since, paused.reason) == ("paused", None, None)
        rows = dump(database_url, ALL)
        assert SEEDS[1].encode() not in rows["callbacks"]
        assert await rebuild(database_url, store.keyring, ALL) == []
        assert dump(database_url, ALL) == rows
        await store.execute(ORIGIN, remove_callback, **named)
        assert await found(database_url, 1) is None


async def test_callbacks_are_found_by_app_by_status_and_page_by_page(database_url: str) -> None:
    async with opened(database_url) as store, projecting(database_url, ALL):
        for event in (BOT, type(BOT)(app=2, name="b", permissions=0, token_hash="")):
            await tell(store, event)
        for app in (1, 2, 1):
            await add(store, app=app)
        kind = "account_deleted"
        await store.execute(ORIGIN, register_callback, app=1, event=kind, url=HOOK, secret="x")
        await store.execute(ORIGIN, pause_callback, app=1, event=kind)
        await shown(database_url, ALL)
        async with await connect(database_url) as connection:

            async def ids(after: int = 0, limit: int = 9, **only: Any) -> list[int]:  # noqa: ANN401 - as the query has
                return [each.id for each in await callbacks_after(connection, after, limit, **only)]

            assert await ids() == [1, 2, 3, 4]
            assert await ids(1, 2) == [2, 3]
            assert await ids(app=1) == [1, 3, 4]
            assert await ids(app=1, status="paused") == [4]
            assert await ids(status="disabled") == []
            assert [each.event for each in await callbacks_of_app(connection, 1)] == [kind]


async def test_a_key_that_was_erased_stops_nobody(database_url: str) -> None:
    async with opened(database_url) as store:
        await tell(store, BOT)
        await add(store, secret=SEEDS[0], signing="ed25519")
        ask(database_url, "DELETE FROM book.keys")
    async with opened(database_url), projecting(database_url, ALL):
        left = await found(database_url, 1)
        assert left
        assert (left.signing, left.public_key) == ("ed25519", None)


async def test_the_figures_of_a_callback(database_url: str) -> None:
    other = {"id": "2", "bot_id": "1", "event": "account_deleted"}
    for position, state in ((5, "delivered"), (7, "pending"), (8, "pending")):
        deliver(database_url, MINE, position, state)
    deliver(database_url, other, 9, "dead")
    for reader, position in (("callback_fanout", 40), ("callbacks", 50)):
        ask(database_url, "INSERT INTO operations.checkpoints VALUES (%s, %s, '') ON CONFLICT (reader) DO UPDATE"
            " SET position = EXCLUDED.position", reader, position)  # fmt: skip
    async with await connect(database_url) as connection:
        dialects = {1: "book", 2: "polympics", 3: "book"}
        figures = await figures_of(connection, dialects)
        assert figures == {
            1: CallbackFigures(pending=2, position=6),
            2: CallbackFigures(position=50),
            3: CallbackFigures(position=40),
        }
        assert await figures_of(connection, {}) == {}
        await connection.execute("INSERT INTO operations.callback_cursors VALUES (3, 20, true)")
        assert (await figures_of(connection, dialects))[3].position == 20


async def test_deliveries_are_found_by_callback_and_by_id(database_url: str) -> None:
    other = {"id": "2", "bot_id": "1"}
    names = [deliver(database_url, MINE, position, "delivered") for position in (5, 7, 8)]
    deliver(database_url, other, 6, "pending", due_at="infinity")
    async with await connect(database_url) as connection:
        assert [each.id for each in await deliveries_of(connection, 1, BEYOND, 2)] == names[:0:-1]
        assert [each.id for each in await deliveries_of(connection, 1, 8, 9, state="delivered")] == names[1::-1]
        assert await deliveries_of(connection, 1, BEYOND, 9, state="dead") == []
        one = await delivery_by_id(connection, names[0])
        assert one
        assert (one.type, one.entity, one.due_at, one.log[0].status) == (
            "guilds.RoleCreated",
            "guilds-role-9-8",
            None,
            503,
        )
        assert one.log[0].started_at == datetime(2027, 1, 1, tzinfo=UTC)
        assert await delivery_by_id(connection, "msg_1_1") is None
        last = await last_deliveries(connection, [1, 2, 3], 2)
        assert {callback: [each.position for each in found] for callback, found in last.items()} == {1: [8, 7], 2: [6]}
        assert last[2][0].due_at is None


async def test_what_a_polympics_callback_was_told_is_sent_again_only_until_it_arrived(database_url: str) -> None:
    other = {"id": "2", "bot_id": "1", "event": "account_deleted"}
    for position, state in enumerate(("dead", "blocked", "delivered"), start=1):
        deliver(database_url, MINE, position, state)
        deliver(database_url, other, position, state)
    async with await connect(database_url) as connection:
        for callback, resendable in ((1, [True, True, True]), (2, [False, True, True])):
            found = await deliveries_of(connection, callback, BEYOND, 9)
            assert [each.is_resendable() for each in found] == resendable
