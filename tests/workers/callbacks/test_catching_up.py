"""Endpoints that are not level with the log: paused, full, replayed; each gets all that it wants, in order."""

import asyncio

import pytest
from aiohttp import web

from domain.callbacks import commands as callbacks
from projections.deliveries import recent_deliveries
from store.connections import connect
from tests.books import until
from tests.workers.callbacks.community import Community
from tests.workers.callbacks.hooks import Hooks, fanning, position_in, somebody_waits
from tests.workers.callbacks.receivers import (
    Clock,
    Gate,
    Received,
    Receiver,
    open_receiver,
    sending,
    until_attempts,
    until_states,
)
from tests.workers.callbacks.test_fanout import arrived
from workers.callbacks import outbox

ROLES = ("guilds.RoleCreated",)


@pytest.fixture(autouse=True)
def short_steps(monkeypatch: pytest.MonkeyPatch) -> None:
    """Take many steps, where in real life there would be one."""
    monkeypatch.setattr("workers.callbacks.fanout.BATCH_POSITIONS_MAX", 5)


async def test_a_paused_callback_is_sent_nothing_and_when_it_is_resumed_all_that_it_missed(
    hooks: Hooks, receiver: Receiver, clock: Clock, database_url: str
) -> None:
    await hooks.bot()
    paused = await hooks.add(receiver.url, types=ROLES)
    async with open_receiver() as other, fanning(database_url), sending(database_url, clock):
        await hooks.add(other.url, types=ROLES)
        first = await hooks.say(1, 2)
        assert sorted(await arrived(receiver, 2)) == first
        await hooks.pause(paused)
        missed = await hooks.say(1, 1, 1)
        await until(lambda: len(other.received) == 5)
        assert len(receiver.received) == 2
        assert await hooks.held_back() == {paused.id: missed[0] - 1}
        await hooks.resume(paused)
        assert (await arrived(receiver, 5))[2:] == missed
        await until(hooks.is_level)
        [last] = await hooks.say(1)
        assert (await arrived(receiver, 6))[-1] == last


async def test_what_waits_when_a_callback_is_paused_is_held_and_comes_first(
    hooks: Hooks, receiver: Receiver, clock: Clock, database_url: str
) -> None:
    await hooks.bot()
    callback = await hooks.add(receiver.url, types=ROLES)
    receiver.always(500)
    async with fanning(database_url), sending(database_url, clock):
        [first] = await hooks.say(1)
        await receiver.came(1)
        await hooks.pause(callback)
        later = await hooks.say(1, 1)
        await until(hooks.held_back)
        await clock.advance(days=4)
        receiver.always(204)
        await hooks.resume(callback)
        assert await arrived(receiver, 4) == [first, first, *later]


async def test_a_paused_callback_of_polympics_is_held_too_and_goes_on_where_it_was(
    community: Community, hooks: Hooks, receiver: Receiver, clock: Clock, database_url: str
) -> None:
    app = await community.subscribe("account_created", url=receiver.url)
    await community.do(callbacks.pause_callback, app=app, event="account_created")
    async with fanning(database_url), sending(database_url, clock):
        await until(hooks.held_back)
        for person in (1, 2):
            await community.join(person)
        await community.project()
        await community.register(app, "account_created", receiver.url)
        assert {received.account() for received in await receiver.came(2)} == {"1", "2"}
        await until(hooks.is_level)


async def test_while_a_callback_of_polympics_is_paused_no_more_than_the_newest_are_kept_for_it(
    community: Community, hooks: Hooks, receiver: Receiver, clock: Clock, database_url: str
) -> None:
    app = await community.subscribe("account_created", url=receiver.url)
    await community.do(callbacks.pause_callback, app=app, event="account_created")
    for person in (1, 2, 3):
        await community.join(person)
    await community.project()
    async with fanning(database_url):
        await until(hooks.held_back)
        async with sending(database_url, clock, callback_pending_max=2):
            await until_states(community, ["cancelled", "pending", "pending"])
            await community.register(app, "account_created", receiver.url)
            assert {received.account() for received in await receiver.came(2)} == {"2", "3"}


async def test_no_more_deliveries_wait_for_an_endpoint_than_may_and_the_rest_comes_in_order(
    hooks: Hooks, receiver: Receiver, clock: Clock, database_url: str
) -> None:
    await hooks.bot()
    callback = await hooks.add(receiver.url, types=ROLES)
    gate = Gate(receiver)
    async with fanning(database_url, callback_pending_max=10), sending(database_url, clock):
        said = await hooks.say(*[1] * 60)
        await until(hooks.held_back)
        waiting = await hooks.states_of(callback)
        assert len(waiting) <= 20
        gate.open()
        assert await arrived(receiver, 60) == said
        await until(hooks.is_level)


async def test_an_endpoint_that_keeps_up_is_never_held_back(
    hooks: Hooks, receiver: Receiver, clock: Clock, database_url: str
) -> None:
    await hooks.bot()
    callback = await hooks.add(receiver.url, types=ROLES)
    async with fanning(database_url, callback_pending_max=3), sending(database_url, clock):
        for count in (2, 4, 6, 8):
            await hooks.say(1, 1)
            await until(lambda count=count: hooks.are(callback, *["delivered"] * count))
    size = "SELECT pg_relation_size('operations.callback_cursors')"
    assert await (await hooks.community.connection.execute(size)).fetchone() == (0,)


async def test_a_replay_begins_also_when_more_waits_than_may(
    hooks: Hooks, receiver: Receiver, clock: Clock, database_url: str
) -> None:
    await hooks.bot()
    callback = await hooks.add(receiver.url, types=ROLES)
    gate = Gate(receiver)
    sendings = "SELECT max(sendings) FROM operations.deliveries"

    async def is_sent_again() -> bool:
        return await (await hooks.community.connection.execute(sendings)).fetchone() == (2,)

    async with fanning(database_url, callback_pending_max=3), sending(database_url, clock):
        said = await hooks.say(*[1] * 8)
        await until(hooks.held_back)
        await receiver.came(1)
        await hooks.replay(callback, after=0)
        await until(is_sent_again)
        gate.open()
        assert (await arrived(receiver, 9))[1:] == said
        await until(hooks.is_level)


async def test_a_replay_sends_everything_after_a_position_again_under_the_same_ids(
    community: Community, hooks: Hooks, receiver: Receiver, clock: Clock, database_url: str
) -> None:
    await hooks.bot()
    before = await hooks.say(1)
    callback = await hooks.add(receiver.url, types=ROLES)
    async with fanning(database_url), sending(database_url, clock):
        said = await hooks.say(1, 1, 1)
        assert await arrived(receiver, 3) == said
        await hooks.replay(callback, after=said[0])
        assert (await arrived(receiver, 5))[3:] == said[1:]
        await hooks.replay(callback, after=0)
        assert (await arrived(receiver, 9))[5:] == [*before, *said]
    ids = [received.headers["webhook-id"] for received in receiver.received]
    assert ids[:3] == ids[6:]
    numbers = {one.id: [attempt.number for attempt in one.log] for one in await recent_deliveries(community.connection)}
    assert numbers[ids[1]] == [1, 2, 3]


@pytest.mark.parametrize("is_put_in", [False, True], ids=["while it is put in", "when all of it is put in"])
async def test_what_is_newer_waits_until_a_replay_has_come_to_it(
    hooks: Hooks, receiver: Receiver, clock: Clock, database_url: str, is_put_in: bool
) -> None:
    await hooks.bot()
    callback = await hooks.add(receiver.url, types=ROLES)
    pending_max = 1000 if is_put_in else 10
    async with fanning(database_url, callback_pending_max=pending_max), sending(database_url, clock):
        said = await hooks.say(*[1] * 20)
        assert await arrived(receiver, 20) == said
        gate = Gate(receiver)
        said += await hooks.say(1, 1, 1)
        await receiver.came(21)  # one is under way and two wait when all is to be sent again
        await hooks.replay(callback, after=0)
        await until((lambda: hooks.are(callback, *["pending"] * 23)) if is_put_in else hooks.held_back)
        said += await hooks.say(1)
        gate.open()
        assert (await arrived(receiver, 45))[21:] == said


async def test_what_is_asked_for_again_comes_before_what_waits_for_another_attempt(
    hooks: Hooks, receiver: Receiver, clock: Clock, database_url: str
) -> None:
    await hooks.bot()
    callback = await hooks.add(receiver.url, types=ROLES)
    async with fanning(database_url), sending(database_url, clock):
        [first] = await hooks.say(1)
        await until(lambda: hooks.are(callback, "delivered"))
        receiver.always(500)
        [second] = await hooks.say(1)
        await until_attempts(hooks.community, 2)
        await clock.advance(seconds=1)
        await hooks.resend(callback, f"msg_{first}_{callback.id}")
        await until_attempts(hooks.community, 3)
        receiver.always(204)
        await clock.advance(seconds=10)
        assert await arrived(receiver, 5) == [first, second, first, first, second]


async def test_what_is_asked_for_again_comes_before_what_fails_meanwhile(
    hooks: Hooks, receiver: Receiver, clock: Clock, database_url: str
) -> None:
    await hooks.bot()
    callback = await hooks.add(receiver.url, types=ROLES)
    statuses = asyncio.Queue[int]()

    async def answer(_received: Received) -> web.StreamResponse:
        return web.Response(status=await statuses.get())

    async with fanning(database_url), sending(database_url, clock):
        [first] = await hooks.say(1)
        await until(lambda: hooks.are(callback, "delivered"))
        receiver.answer = answer
        [second] = await hooks.say(1)
        await receiver.came(2)
        await hooks.resend(callback, f"msg_{first}_{callback.id}")
        await until(lambda: hooks.are(callback, "pending", "pending"))
        statuses.put_nowait(500)
        await receiver.came(3)
        await clock.advance(seconds=1)
        statuses.put_nowait(500)
        await until_attempts(hooks.community, 3)
        receiver.always(204)
        await clock.advance(seconds=10)
        assert await arrived(receiver, 5) == [first, second, first, first, second]


async def test_single_deliveries_are_sent_again_when_somebody_asks_for_them(
    hooks: Hooks, receiver: Receiver, clock: Clock, database_url: str
) -> None:
    await hooks.bot()
    one, other = [await hooks.add(receiver.url, types=ROLES) for _ in range(2)]
    async with sending(database_url, clock):
        async with fanning(database_url):
            first, second = await hooks.say(1, 1)
            await until(lambda: hooks.are(one, "delivered", "delivered"))
            await until(lambda: hooks.are(other, "delivered", "delivered"))
        for callback, position in ((one, first), (one, second), (other, first)):
            await hooks.resend(callback, f"msg_{position}_{callback.id}")
        async with fanning(database_url):
            again = (await receiver.came(7))[4:]
    ids = sorted(received.headers["webhook-id"] for received in again)
    assert ids == [f"msg_{first}_{one.id}", f"msg_{first}_{other.id}", f"msg_{second}_{one.id}"]
    assert {received.body for received in again} == {received.body for received in receiver.received[:4]}


async def test_a_test_is_told_to_its_own_endpoint_whatever_is_filtered(
    hooks: Hooks, receiver: Receiver, clock: Clock, database_url: str
) -> None:
    await hooks.bot()
    callback = await hooks.add(receiver.url, types=ROLES)
    async with open_receiver() as other, fanning(database_url), sending(database_url, clock):
        await hooks.add(other.url, types=ROLES)
        await hooks.probe(callback)
        [received] = await receiver.came(1)
        assert b"callbacks.CallbackTested" in received.body
        said = await hooks.say(1)
        assert await arrived(other, 1) == said
        assert position_in(received) < said[0]


async def test_what_waits_is_not_given_up_while_the_sender_moves_lanes(
    hooks: Hooks, receiver: Receiver, database_url: str
) -> None:
    await hooks.bot()
    callback = await hooks.add(receiver.url, types=ROLES)
    async with fanning(database_url), await connect(database_url) as sender:
        await hooks.say(1, 2)
        await until(lambda: hooks.are(callback, "pending", "pending"))
        async with sender.transaction():
            await outbox.lock_lanes(sender)
            await hooks.remove(callback)
            await until(lambda: somebody_waits(sender), seconds=5)
            assert await hooks.are(callback, "pending", "pending")
        await until(lambda: hooks.are(callback, "cancelled", "cancelled"))
