"""Many deliveries and several senders: shares, taking over, stopping, and starting again."""

import asyncio

import psycopg
import pytest
from aiohttp import web
from psycopg.conninfo import conninfo_to_dict

from tests.workers.callbacks.community import Community
from tests.workers.callbacks.receivers import (
    Clock,
    Gate,
    Received,
    Receiver,
    end,
    open_receiver,
    sending,
    until_attempts,
    until_states,
)
from workers.callbacks.sender import ENDPOINT_CONCURRENCY_MAX

CREATED = "account_created"
PEOPLE = 40


async def joined(community: Community, *people: int) -> None:
    for person in people:
        await community.join(person)
    await community.project()


async def unevenly(received: Received) -> web.StreamResponse:
    """Take longer for some than for others, so that they do not finish together."""
    await asyncio.sleep(0.01 * (int(received.account()) % 3))
    return web.Response(status=204)


async def test_deliveries_about_different_accounts_go_out_together_up_to_the_share_of_their_endpoint(
    community: Community, receiver: Receiver, clock: Clock, database_url: str
) -> None:
    await community.subscribe(CREATED, url=receiver.url)
    gate = Gate(receiver)
    await joined(community, *range(1, PEOPLE + 1))
    async with sending(database_url, clock, callback_concurrency_max=PEOPLE), open_receiver() as other:
        await receiver.came(ENDPOINT_CONCURRENCY_MAX)
        await community.subscribe(CREATED, url=other.url)
        await joined(community, PEOPLE + 1)
        await other.came(1)  # a full endpoint holds back no other
        assert receiver.under_way == ENDPOINT_CONCURRENCY_MAX
        gate.open()
        await until_states(community, ["delivered"] * (PEOPLE + 2))
    assert receiver.under_way_most == ENDPOINT_CONCURRENCY_MAX


async def test_no_more_are_under_way_than_the_setting_allows(
    community: Community, receiver: Receiver, clock: Clock, database_url: str
) -> None:
    await community.subscribe(CREATED, url=receiver.url)
    receiver.answer = unevenly
    await joined(community, *range(1, PEOPLE + 1))
    async with sending(database_url, clock, callback_concurrency_max=3):
        await until_states(community, ["delivered"] * PEOPLE)
    assert receiver.under_way_most == 3


async def test_an_endpoint_that_gives_no_answer_gets_one_at_a_time_until_it_does(
    community: Community, receiver: Receiver, clock: Clock, database_url: str
) -> None:
    await community.subscribe(CREATED, url=receiver.url)
    gate = Gate(receiver)
    await joined(community, *range(1, 28))
    async with sending(database_url, clock, callback_timeout_seconds=1):
        await until_attempts(community, ENDPOINT_CONCURRENCY_MAX)
        await until_attempts(community, ENDPOINT_CONCURRENCY_MAX + 1)
        await receiver.came(ENDPOINT_CONCURRENCY_MAX + 2)
        assert len(receiver.received) == ENDPOINT_CONCURRENCY_MAX + 2
        gate.open()
        await until_states(community, ["pending"] * 17 + ["delivered"] * 10)


async def test_an_endpoint_that_takes_long_for_its_answers_gets_one_at_a_time(
    community: Community, receiver: Receiver, clock: Clock, database_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("workers.callbacks.sender.SLOW_SECONDS", 0)
    await community.subscribe(CREATED, url=receiver.url)
    await joined(community, 1)
    async with sending(database_url, clock):
        await until_states(community, ["delivered"])
        gate = Gate(receiver)
        await joined(community, *range(2, 8))
        await receiver.came(2)
        gate.open()
        await until_states(community, ["delivered"] * 7)
    assert receiver.under_way_most == 1


async def test_endpoints_that_give_no_answer_leave_room_for_those_that_do(
    community: Community, receiver: Receiver, clock: Clock, database_url: str
) -> None:
    for _ in range(6):
        await community.subscribe(CREATED, url=receiver.url)
    Gate(receiver)
    await joined(community, *range(1, 9))
    room = {"callback_concurrency_max": 4, "callback_timeout_seconds": 1}
    async with open_receiver() as other, sending(database_url, clock, **room):
        await until_attempts(community, 16)
        await community.subscribe(CREATED, url=other.url)
        before = len(receiver.received)
        await joined(community, *range(9, 49))
        await other.came(40)
        assert len(receiver.received) - before <= 3


async def test_only_one_sender_sends_and_another_takes_over_when_it_stops(
    community: Community, receiver: Receiver, clock: Clock, database_url: str
) -> None:
    await community.subscribe(CREATED, url=receiver.url)
    async with sending(database_url, clock) as first, sending(database_url, clock) as second:
        await joined(community, *range(1, 11))
        await until_states(community, ["delivered"] * 10)
        await end(first)
        await joined(community, *range(11, 21))
        await until_states(community, ["delivered"] * 20)
        assert not second.done()
    assert len(receiver.received) == 20


async def test_a_sender_that_is_stopped_lets_what_is_under_way_finish(
    community: Community, receiver: Receiver, clock: Clock, database_url: str
) -> None:
    await community.subscribe(CREATED, url=receiver.url)
    gate = Gate(receiver)
    await joined(community, *range(1, PEOPLE + 1))
    async with sending(database_url, clock) as task:
        await receiver.came(ENDPOINT_CONCURRENCY_MAX)
        task.cancel()
        gate.open()
        with pytest.raises(asyncio.CancelledError):
            await task
    assert await community.states() == ["delivered"] * 16 + ["pending"] * (PEOPLE - 16)
    assert len(receiver.received) == 16


async def test_a_sender_that_is_stopped_does_not_wait_for_ever(
    community: Community, receiver: Receiver, clock: Clock, database_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("workers.callbacks.sender.GRACE_SECONDS", 0.1)
    await community.subscribe(CREATED, url=receiver.url)
    Gate(receiver)
    await joined(community, 1)
    async with sending(database_url, clock) as task:
        await receiver.came(1)
        task.cancel()
        assert (await asyncio.wait({task}, timeout=20))[0] == {task}
    assert await community.states() == ["pending"]


async def test_what_was_under_way_when_a_sender_died_is_sent_first_by_the_next(
    community: Community, receiver: Receiver, clock: Clock, database_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("workers.callbacks.sender.GRACE_SECONDS", 0.1)
    first, second = await community.team("Azores"), await community.team("Madeira")
    await community.join(1)
    await community.subscribe("account_team_update", url=receiver.url)
    await community.move(1, first)
    await community.move(1, second)
    await community.project()
    gate = Gate(receiver)
    async with sending(database_url, clock):
        await receiver.came(1)
    gate.open()
    async with sending(database_url, clock):
        await until_states(community, ["delivered"] * 2)
    assert [one.team() for one in receiver.received] == [first, first, second]


async def test_a_sender_that_loses_the_database_goes_on_when_it_is_back(
    community: Community, receiver: Receiver, clock: Clock, database_url: str, server_url: str
) -> None:
    await community.subscribe(CREATED, url=receiver.url)
    async with sending(database_url, clock):
        await joined(community, 1)
        await until_states(community, ["delivered"])
        with psycopg.connect(server_url, autocommit=True) as server:
            query = "SELECT pg_terminate_backend(pid) FROM pg_locks WHERE locktype = 'advisory' AND objid = %s"
            name = conninfo_to_dict(database_url)["dbname"]
            scope = " AND database = (SELECT oid FROM pg_database WHERE datname = %s)"
            cut = server.execute(query + scope, (7121402820 % 2**32, name)).fetchall()
        assert len(cut) == 1
        await joined(community, 2)
        await until_states(community, ["delivered"] * 2)


async def test_what_was_removed_while_others_were_sent_to_is_not_sent(
    community: Community, receiver: Receiver, clock: Clock, database_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    app = await community.subscribe(CREATED, url=receiver.url)
    gate = Gate(receiver)
    await joined(community, 1, 2)
    async with sending(database_url, clock, callback_concurrency_max=1):
        await receiver.came(1)
        await community.close_app(app)  # in the log, not yet in the tables
        monkeypatch.setattr("workers.callbacks.sender.CLAIM_SECONDS_MAX", 0)  # what waits has waited for longer
        gate.open()
        await until_states(community, ["delivered", "cancelled"])
    assert len(receiver.received) == 1
