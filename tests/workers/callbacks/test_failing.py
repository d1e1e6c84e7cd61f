"""Endpoints of /book that fail: what is newer waits, for a day; then they are disabled, and resumed, and get it all."""

import asyncio
from datetime import datetime

import pytest
from aiohttp import web

from domain.callbacks import commands as callbacks
from projections.deliveries import recent_deliveries
from projections.delivery_figures import delivery_figures
from tests.books import until
from tests.workers.callbacks.community import Community
from tests.workers.callbacks.hooks import Hooks, fanning, position_in
from tests.workers.callbacks.receivers import Clock, Received, Receiver, open_receiver, sending, until_attempts
from tests.workers.callbacks.test_fanout import arrived
from workers.callbacks.schedule import DELAYS_SECONDS

ROLES = ("guilds.RoleCreated",)
DISABLED = "callbacks.CallbackDisabled"


async def disabled(hooks: Hooks) -> list[bytes]:
    """Return what the log says of callbacks that were disabled."""
    query = "SELECT data FROM book.log WHERE type = %s ORDER BY position"
    return [row[0] for row in await (await hooks.community.connection.execute(query, (DISABLED,))).fetchall()]


async def test_what_failed_is_waited_for_by_what_is_newer_of_its_entity_and_by_nothing_else(
    hooks: Hooks, receiver: Receiver, clock: Clock, database_url: str
) -> None:
    await hooks.bot()
    callback = await hooks.add(receiver.url, types=ROLES)
    receiver.always(500)
    async with fanning(database_url), sending(database_url, clock):
        [first] = await hooks.say(1)
        await until_attempts(hooks.community, 1)
        receiver.always(204)
        [second], [other] = await hooks.say(1), await hooks.say(2)
        assert await arrived(receiver, 2) == [first, other]
        await until(lambda: hooks.are(callback, "pending", "pending", "delivered"))
        await clock.advance(seconds=6)
        assert await arrived(receiver, 4) == [first, other, first, second]


async def test_an_endpoint_that_fails_for_a_day_is_disabled_and_gets_everything_in_order_when_it_is_resumed(
    community: Community, hooks: Hooks, receiver: Receiver, clock: Clock, database_url: str
) -> None:
    await hooks.bot()
    callback = await hooks.add(receiver.url, types=ROLES)
    receiver.always(503)
    async with fanning(database_url), sending(database_url, clock), open_receiver() as owner:
        await hooks.add(owner.url, types=(DISABLED,))
        said = await hooks.say(1, 1)
        start = clock.now
        times = [await tried(hooks, clock, number, delay) for number, delay in enumerate(DELAYS_SECONDS[:10], start=1)]
        await until(hooks.held_back)  # after the eleventh
        [told] = await disabled(hooks)
        assert b"Nothing was delivered for 24 hours." in told
        assert [round((at - start).total_seconds()) for at in times] == as_planned(10)
        await owner.came(1)  # the notice
        said += await hooks.say(2, 1)
        await clock.advance(days=10)
        receiver.always(204)
        await hooks.resume(callback)
        received = [position_in(each) for each in (await receiver.came(11 + len(said)))[11:]]
        assert sorted(received) == said
        assert [each for each in received if each != said[2]] == [said[0], said[1], said[3]]
        await until(hooks.is_level)
    assert len(await disabled(hooks)) == 1


async def tried(hooks: Hooks, clock: Clock, number: int, delay: float) -> datetime:
    """Return when the next attempt was made, and move on to the one after it."""
    await until_attempts(hooks.community, number)
    at = clock.now
    await clock.advance(seconds=delay)
    return at


def as_planned(count: int) -> list[int]:
    """Return when attempts are made, in seconds from the first."""
    return [sum(DELAYS_SECONDS[:number]) for number in range(count)]


async def test_an_endpoint_that_takes_one_thing_and_fails_at_another_is_not_disabled(
    hooks: Hooks, receiver: Receiver, clock: Clock, database_url: str
) -> None:
    await hooks.bot()
    callback = await hooks.add(receiver.url, types=ROLES)
    [bad] = await hooks.say(1)

    async def answer(received: Received) -> web.StreamResponse:
        return web.Response(status=500 if position_in(received) == bad else 204)

    receiver.answer = answer
    async with fanning(database_url), sending(database_url, clock):
        for number, delay in enumerate(DELAYS_SECONDS, start=1):
            await hooks.say(2)
            await until_attempts(hooks.community, 2 * number)
            await clock.advance(seconds=delay)
        await until(lambda: hooks.are(callback, "dead", *["delivered"] * len(DELAYS_SECONDS)))
        [after] = await hooks.say(1)
        assert (await arrived(receiver, 2 * len(DELAYS_SECONDS) + 2))[-1] == after
    assert await disabled(hooks) == []


async def test_a_receiver_that_says_it_is_gone_is_disabled_at_once(
    hooks: Hooks, receiver: Receiver, clock: Clock, database_url: str
) -> None:
    await hooks.bot()
    callback = await hooks.add(receiver.url, types=ROLES)
    receiver.always(410)
    async with fanning(database_url), sending(database_url, clock):
        said = await hooks.say(1, 2, 2)
        await until(hooks.held_back)
        [told] = await disabled(hooks)
        assert b"410" in told
        came = len(receiver.received)
        await clock.advance(days=1)
        receiver.always(204)
        await hooks.resume(callback)
        assert sorted((await arrived(receiver, came + 3))[came:]) == said


async def test_a_callback_of_polympics_is_never_disabled_and_what_is_dead_is_sent_when_somebody_asks(
    community: Community, receiver: Receiver, clock: Clock, database_url: str, hooks: Hooks
) -> None:
    await community.subscribe("account_created", url=receiver.url)
    receiver.always(410)
    await community.join(1)
    await community.project()
    async with fanning(database_url), sending(database_url, clock):
        for attempts, delay in enumerate(DELAYS_SECONDS, start=1):
            await until_attempts(community, attempts)
            await clock.advance(seconds=delay + 1)
        await until(lambda: has_states(community, "dead"))
        receiver.always(204)
        [dead] = await recent_deliveries(community.connection)
        args = {"app": dead.app, "event": dead.event, "delivery": dead.id}
        await community.do(callbacks.resend_delivery, **args)
        await until(lambda: has_states(community, "delivered"))
    assert len({received.body for received in receiver.received}) == 1
    assert await disabled(hooks) == []


async def has_states(community: Community, *states: str) -> bool:
    return await community.states() == list(states)


async def test_after_a_resume_patience_and_schedule_begin_anew_and_attempts_are_counted_on(
    community: Community, hooks: Hooks, receiver: Receiver, clock: Clock, database_url: str
) -> None:
    await hooks.bot()
    callback = await hooks.add(receiver.url, types=ROLES)
    receiver.always(500)
    async with fanning(database_url), sending(database_url, clock):
        await hooks.say(1)
        await until_attempts(community, 1)
        await clock.advance(seconds=6)
        await until_attempts(community, 2)
        await hooks.pause(callback)
        await until(hooks.held_back)
        await clock.advance(days=2)
        await hooks.resume(callback)
        await until_attempts(community, 3)
        await clock.advance(seconds=6)
        await until_attempts(community, 4)
    [delivery] = await recent_deliveries(community.connection)
    assert [attempt.number for attempt in delivery.log] == [1, 2, 3, 4]


async def test_figures_say_how_an_endpoint_does(
    community: Community, hooks: Hooks, receiver: Receiver, clock: Clock, database_url: str
) -> None:
    await hooks.bot()
    await hooks.add(receiver.url, types=ROLES)
    query = "SELECT delivered, dead, failing_since IS NULL, last_failure_at IS NULL FROM operations.callback_figures"

    async def figures() -> object:
        return await (await community.connection.execute(query)).fetchone()

    async def are(*wanted: object) -> bool:
        return await figures() == wanted

    receiver.always(500)
    async with fanning(database_url), sending(database_url, clock):
        await hooks.say(1)
        await until(lambda: are(0, 0, False, False))
        receiver.always(204)
        await clock.advance(seconds=6)
        await until(lambda: are(1, 0, True, False))


async def test_a_callback_that_is_gone_does_not_count_as_failing(
    community: Community, hooks: Hooks, receiver: Receiver, clock: Clock, database_url: str
) -> None:
    await hooks.bot()
    callback = await hooks.add(receiver.url, types=ROLES)
    is_removed = asyncio.Event()

    async def answer(_received: Received) -> web.StreamResponse:
        await is_removed.wait()
        return web.Response(status=500)

    receiver.answer = answer
    async with fanning(database_url), sending(database_url, clock):
        await hooks.say(1)
        await receiver.came(1)
        await hooks.remove(callback)
        await until(lambda: hooks.are(callback, "cancelled"))
        is_removed.set()
        await until_attempts(community, 1)
    await community.project()
    assert (await delivery_figures(community.connection)).failing == 0


async def test_what_became_of_deliveries_is_forgotten_after_a_while_but_not_what_waits(
    hooks: Hooks, receiver: Receiver, clock: Clock, database_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("workers.callbacks.pruning.STEP_DELIVERIES_MAX", 2)
    await hooks.bot()
    callback = await hooks.add(receiver.url, types=ROLES)
    async with fanning(database_url), sending(database_url, clock):
        await hooks.say(*range(1, 6))
        await until(lambda: hooks.are(callback, *["delivered"] * 5))
        receiver.always(500)
        await hooks.say(6)
        await until_attempts(hooks.community, 6)
        await hooks.pause(callback)
        await until(hooks.held_back)
        await clock.advance(days=29)
        assert len(await hooks.states_of(callback)) == 6
        await clock.advance(days=2)
        await until(lambda: hooks.are(callback, "pending"))
    query = "SELECT count(*) FROM operations.delivery_attempts"
    assert await (await hooks.community.connection.execute(query)).fetchone() == (1,)
