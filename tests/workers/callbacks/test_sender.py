"""Deliveries to a real receiver: what is sent, in which order, and what becomes of what fails."""

import pytest
from aiohttp import web

from projections.deliveries import Delivery, recent_deliveries
from tests.projections.poison import smuggle_in
from tests.workers.callbacks.community import SECRET, Community
from tests.workers.callbacks.receivers import (
    Clock,
    Gate,
    Received,
    Receiver,
    sending,
    until_attempts,
    until_states,
)
from workers.callbacks.outbox import Due, Lane
from workers.callbacks.recipients import Recipients
from workers.callbacks.schedule import DELAYS_SECONDS
from workers.callbacks.signature import signed_headers

INES, JOAO = 204255221017214977, 7
UPDATE = "account_team_update"


async def moved(community: Community, account: int, *teams: int | None) -> None:
    """Move an account from team to team and put the deliveries into the outbox."""
    for team in teams:
        await community.move(account, team)
    await community.project()


async def two_teams(community: Community, receiver: Receiver) -> tuple[int, int, int]:
    """Return two teams and an app that wants to know of their members; Ines and João are in none."""
    first, second = await community.team("Azores"), await community.team("Madeira")
    await community.join(INES)
    await community.join(JOAO)
    app = await community.subscribe(UPDATE, url=receiver.url)
    return first, second, app


async def deliveries(community: Community) -> list[Delivery]:
    return (await recent_deliveries(community.connection))[::-1]


async def test_a_delivery_is_sent_as_the_contract_says_and_written_down(
    community: Community, receiver: Receiver, clock: Clock, database_url: str
) -> None:
    first, _, app = await two_teams(community, receiver)
    receiver.always(200, "thanks \0" + "x" * 5000)
    await moved(community, INES, first)
    [told] = await community.told()
    async with sending(database_url, clock):
        [received] = await receiver.came(1)
        await until_states(community, ["delivered"])
    expected = signed_headers(told.id, int(clock.now.timestamp()), received.body, SECRET)
    sent = {name.lower(): value for name, value in received.headers.items()}
    assert {name: sent[name.lower()] for name in expected} == expected
    assert (received.account(), received.team()) == (str(INES), first)
    [delivery] = await deliveries(community)
    assert (delivery.app, delivery.event, delivery.entity) == (app, UPDATE, f"accounts-{INES}")
    assert (delivery.state, delivery.attempts, delivery.due_at) == ("delivered", 1, None)
    [attempt] = delivery.log
    assert (attempt.number, attempt.status, attempt.error) == (1, 200, None)
    assert attempt.response == "thanks " + "x" * 1016
    assert (await community.told())[0].body is None


async def test_a_failed_delivery_is_sent_again_when_its_time_has_come_with_the_same_id_and_body(
    community: Community, receiver: Receiver, clock: Clock, database_url: str
) -> None:
    first, _, _ = await two_teams(community, receiver)
    receiver.always(500, "not now")
    await moved(community, INES, first)
    async with sending(database_url, clock):
        await until_attempts(community, 1)
        receiver.always(204)
        await clock.advance(seconds=4.9)
        await moved(community, JOAO, first)
        await until_states(community, ["pending", "delivered"])
        await clock.advance(seconds=0.2)
        once, _, again = await receiver.came(3)
        await until_states(community, ["delivered", "delivered"])
    assert (once.body, once.headers["webhook-id"]) == (again.body, again.headers["webhook-id"])
    assert int(again.headers["webhook-timestamp"]) - int(once.headers["webhook-timestamp"]) in {5, 6}
    [failed, succeeded] = (await deliveries(community))[0].log
    assert (failed.status, failed.error, failed.response, succeeded.status) == (500, "HTTP 500", "not now", 204)


async def test_deliveries_about_one_account_come_in_order_one_at_a_time(
    community: Community, receiver: Receiver, clock: Clock, database_url: str
) -> None:
    first, second, _ = await two_teams(community, receiver)
    await moved(community, INES, *[first, second] * 10)
    async with sending(database_url, clock):
        received = await receiver.came(20)
    assert [one.team() for one in received] == [first, second] * 10
    assert receiver.under_way_most == 1


async def test_a_failing_delivery_holds_back_no_other_account_and_nothing_newer(
    community: Community, receiver: Receiver, clock: Clock, database_url: str
) -> None:
    first, second, _ = await two_teams(community, receiver)

    async def answer(received: Received) -> web.StreamResponse:
        return web.Response(status=500 if received.team() == first else 204)

    receiver.answer = answer
    await moved(community, INES, first, second)
    await moved(community, JOAO, second)
    async with sending(database_url, clock):
        await until_states(community, ["superseded", "delivered", "delivered"])
    assert [one.team() for one in receiver.received if one.account() == str(INES)] == [first, second]


async def test_what_a_newer_delivery_has_made_pointless_is_never_sent_again(
    community: Community, receiver: Receiver, clock: Clock, database_url: str
) -> None:
    first, second, _ = await two_teams(community, receiver)
    receiver.always(500)
    await moved(community, INES, first)
    async with sending(database_url, clock):
        await until_attempts(community, 1)
        receiver.always(204)
        await moved(community, INES, second)
        await until_states(community, ["superseded", "delivered"])
        await clock.advance(days=4)
        await moved(community, JOAO, first)
        await until_states(community, ["superseded", "delivered", "delivered"])
    assert [one.team() for one in receiver.received] == [first, second, first]
    assert (await community.told())[0].body is None


async def test_an_award_is_not_made_pointless_by_another_award(
    community: Community, receiver: Receiver, clock: Clock, database_url: str
) -> None:
    team = await community.team("Azores")
    await community.join(INES)
    await community.subscribe("award_granted", url=receiver.url)
    receiver.always(500)
    await community.award(team, INES, title="Bronze")
    await community.project()
    async with sending(database_url, clock):
        await until_attempts(community, 1)
        receiver.always(204)
        await community.award(team, INES, title="Gold")
        await community.project()
        await until_states(community, ["pending", "delivered"])
        await clock.advance(seconds=6)
        await until_states(community, ["delivered", "delivered"])


async def test_a_redirect_is_a_failure_and_is_not_followed(
    community: Community, receiver: Receiver, clock: Clock, database_url: str
) -> None:
    first, _, _ = await two_teams(community, receiver)
    receiver.always(307, Location="/elsewhere")
    await moved(community, INES, first)
    async with sending(database_url, clock):
        await until_attempts(community, 1)
    assert [one.path for one in receiver.received] == ["/hook"]
    [delivery] = await deliveries(community)
    assert (delivery.state, delivery.log[0].status) == ("pending", 307)


async def test_retry_after_puts_the_next_attempt_off(
    community: Community, receiver: Receiver, clock: Clock, database_url: str
) -> None:
    first, _, _ = await two_teams(community, receiver)
    receiver.always(429, Retry_After="3600")
    await moved(community, INES, first)
    start = clock.now
    async with sending(database_url, clock):
        await until_attempts(community, 1)
    [delivery] = await deliveries(community)
    assert delivery.due_at is not None
    assert (delivery.due_at - start).total_seconds() == 3600


async def test_a_delivery_is_dead_after_the_whole_schedule_and_keeps_its_body(
    community: Community, receiver: Receiver, clock: Clock, database_url: str
) -> None:
    first, _, _ = await two_teams(community, receiver)
    receiver.always(500)
    await moved(community, INES, first)
    async with sending(database_url, clock):
        for attempts, delay in enumerate(DELAYS_SECONDS, start=1):
            await until_attempts(community, attempts)
            await clock.advance(seconds=delay + 1)
        await until_states(community, ["dead"])
    assert len(receiver.received) == len(DELAYS_SECONDS) + 1
    assert len({one.headers["webhook-id"] for one in receiver.received}) == 1
    assert (await community.told())[0].body is not None


async def test_a_private_address_is_blocked_and_not_tried_again(
    community: Community, receiver: Receiver, clock: Clock, database_url: str
) -> None:
    first, _, _ = await two_teams(community, receiver)
    await moved(community, INES, first)
    async with sending(database_url, clock, callbacks_allow_private=False):
        await until_states(community, ["blocked"])
        await clock.advance(days=4)
    assert receiver.received == []
    [delivery] = await deliveries(community)
    assert delivery.log[0].error == "127.0.0.1 is not a public address"


async def test_what_is_pending_goes_to_the_new_url_with_the_new_secret(
    community: Community, receiver: Receiver, clock: Clock, database_url: str
) -> None:
    first, _, app = await two_teams(community, receiver)
    receiver.always(500)
    await moved(community, INES, first)
    async with sending(database_url, clock):
        await until_attempts(community, 1)
        await community.register(app, UPDATE, receiver.url.replace("hook", "new"), "another")
        await clock.advance(seconds=6)
        _, again = await receiver.came(2)
    assert (again.path, again.headers["Authorization"]) == ("/new", "Bearer another")


async def test_what_waits_for_a_callback_that_is_gone_is_cancelled_even_if_nobody_said_so(
    community: Community, receiver: Receiver, clock: Clock, database_url: str
) -> None:
    first, _, app = await two_teams(community, receiver)
    await moved(community, INES, first)
    await community.unsubscribe(app, UPDATE)  # in the log, not yet in the tables
    await community.register(app, UPDATE, receiver.url)  # another callback
    async with sending(database_url, clock):
        await until_states(community, ["cancelled"])
    assert receiver.received == []


async def test_a_cancelled_delivery_that_arrives_after_all_counts_as_delivered(
    community: Community, receiver: Receiver, clock: Clock, database_url: str
) -> None:
    first, _, app = await two_teams(community, receiver)
    gate = Gate(receiver, "Welcome, Ines!")
    await moved(community, INES, first)
    async with sending(database_url, clock):
        await receiver.came(1)
        await community.unsubscribe(app, UPDATE)
        await community.project()
        assert await community.states() == ["cancelled"]
        gate.open()
        await until_states(community, ["delivered"])
    query = "SELECT status, response FROM operations.delivery_attempts"
    told = await (await community.connection.execute(query)).fetchall()
    assert told == [(200, None)]  # who cancelled it may have erased somebody, and an answer may repeat what it was told


async def test_recipients_are_found_however_many_were_sent_to(
    community: Community, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("workers.callbacks.recipients.REMEMBERED_MAX", 2)
    kinds = ("account_created", "award_granted", UPDATE)
    app = await community.subscribe(*kinds)
    found = [Due("", Lane(0, ""), app, kind, b"", 0, version=1) for kind in kinds]
    recipients = Recipients(community.keyring)
    assert len((await recipients.of(community.connection, found[:1]))[0]) == 1
    assert len((await recipients.of(community.connection, found))[0]) == 3


async def test_a_callback_whose_stream_cannot_be_read_waits_and_keeps_nobody_waiting(
    community: Community, receiver: Receiver, clock: Clock, database_url: str
) -> None:
    first, _, app = await two_teams(community, receiver)
    await community.subscribe(UPDATE, url=receiver.url)
    await moved(community, INES, first)
    smuggle_in(database_url, b"{}", f"callbacks-{app}-{UPDATE}", "callbacks.CallbackPainted", version=2)
    async with sending(database_url, clock):
        await until_states(community, ["pending", "delivered"])
        await moved(community, JOAO, first)
        await until_states(community, ["pending", "delivered", "pending", "delivered"])
