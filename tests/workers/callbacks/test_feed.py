"""What callbacks are told of: every row of the contract's table, with bodies, and silence where nothing happened."""

import asyncio
from typing import Any

import msgspec
import pytest

from domain.catalogue import EVENTS
from projections.runtime import appends
from schemas.polympics import CALLBACK_EVENTS, Account, AccountTeamUpdate
from store import log, signals
from store.connections import connect
from tests.books import until
from tests.workers.callbacks.community import Community, Told
from tests.workers.callbacks.hooks import somebody_waits
from workers.callbacks import outbox
from workers.callbacks.feed import CallbackFeed

INES, JOAO = 204255221017214977, 7


@pytest.fixture
async def listening(community: Community) -> Community:
    """A community where one app wants to be told everything."""
    await community.subscribe(*CALLBACK_EVENTS)
    return community


async def told_since(community: Community, before: list[Told]) -> list[tuple[str, str, dict[str, Any]]]:
    return [(told.event, told.entity, told.body or {}) for told in (await community.told())[len(before) :]]


def _kind(told: tuple[str, str, dict[str, Any]]) -> str:
    return told[0]


async def test_an_account_that_is_created_in_a_team_is_told_as_both(listening: Community) -> None:
    team = await listening.team("Azores")
    await listening.join(INES, team)
    created, moved = sorted(await told_since(listening, []), key=_kind)
    assert (created[0], moved[0]) == ("account_created", "account_team_update")
    account = moved[2]["account"]
    assert list(account) == list(msgspec.structs.asdict(Account("", "", "", None, None, 0, 0.0, ())))
    assert account["id"] == str(INES)
    assert account["team"] == moved[2]["team"]
    assert (moved[2]["team"]["name"], moved[2]["team"]["member_count"]) == ("Azores", 1)
    assert created[2] == {"account": account}
    assert moved[1] == created[1] == f"accounts-{INES}"


async def test_an_account_that_is_created_without_a_team_is_no_team_update(listening: Community) -> None:
    await listening.join(INES)
    assert [event for event, _, _ in await told_since(listening, [])] == ["account_created"]


async def test_every_real_change_of_team_is_told_with_the_state_after_the_whole_request(listening: Community) -> None:
    first, second = await listening.team("Azores"), await listening.team("Madeira")
    await listening.join(INES, first)
    before = await listening.told()
    await listening.edit(INES, team=second, grant=8)
    await listening.move(INES, None)
    [(_, _, moved), (_, _, left)] = await told_since(listening, before)
    assert (moved["team"]["name"], moved["team"]["member_count"]) == ("Madeira", 1)
    assert moved["account"]["permissions"] == 8
    assert left["team"] is None
    assert left["account"]["team"] is None


async def test_nothing_is_told_when_nothing_happened(listening: Community) -> None:
    team = await listening.team("Azores")
    await listening.join(INES, team)
    award = await listening.award(team, INES)
    before = await listening.told()
    await listening.move(INES, team)
    await listening.edit(INES, name="Inês", grant=8)
    await listening.grant(award, INES)
    await listening.edit_award(award, title="Silver")
    await listening.move(INES, None)  # a feed that stopped would be silent too
    assert [(event, body["team"]) for event, _, body in await told_since(listening, before)] == [
        ("account_team_update", None),
    ]


async def test_an_account_that_is_deleted_stands_as_it_last_was_but_without_team(listening: Community) -> None:
    team = await listening.team("Azores")
    await listening.join(INES, team)
    award = await listening.award(team, INES)
    before = await listening.told()
    await listening.leave(INES)
    deleted, update = sorted(await told_since(listening, before), key=_kind)
    assert (deleted[0], update[0]) == ("account_deleted", "account_team_update")
    assert update[2]["team"] is None
    assert update[2]["account"] == deleted[2]["account"]
    assert deleted[2]["account"]["team"] is None
    assert [held["id"] for held in deleted[2]["account"]["awards"]] == [award]


async def test_an_account_without_team_is_deleted_without_a_team_update(listening: Community) -> None:
    await listening.join(INES)
    before = await listening.told()
    await listening.leave(INES)
    assert [event for event, _, _ in await told_since(listening, before)] == ["account_deleted"]


async def test_a_deleted_team_stands_as_it_was_and_each_member_is_told_without_it(listening: Community) -> None:
    team = await listening.team("Azores")
    await listening.join(INES, team)
    await listening.join(JOAO, team)
    award = await listening.award(team, INES)
    before = await listening.told()
    await listening.dissolve(team)
    told = await told_since(listening, before)
    bodies = {(event, entity): body for event, entity, body in told}
    deleted = bodies.pop(("team_deleted", f"teams-{team}"))
    assert (deleted["team"]["member_count"], [a["id"] for a in deleted["team"]["awards"]]) == (2, [award])
    assert {entity for _, entity in bodies} == {f"accounts-{INES}", f"accounts-{JOAO}"}
    assert all(body["team"] is None and body["account"]["team"] is None for body in bodies.values())
    assert [a["id"] for a in bodies["account_team_update", f"accounts-{INES}"]["account"]["awards"]] == [award]


async def test_an_award_is_told_for_everybody_who_gets_it(listening: Community) -> None:
    team = await listening.team("Azores")
    await listening.join(INES)
    await listening.join(JOAO)
    before = await listening.told()
    award = await listening.award(team, INES)
    await listening.grant(award, JOAO)
    [(event, entity, body), (_, other, _)] = await told_since(listening, before)
    assert (event, entity, other) == ("award_granted", f"accounts-{INES}", f"accounts-{JOAO}")
    assert list(body) == ["award", "account", "team"]
    assert body["award"] == {"id": award, "title": "Gold", "image_url": "g.png"}
    assert body["account"]["awards"] == [body["award"]]
    assert body["team"]["awards"] == [body["award"]]


async def test_an_award_of_no_team_is_told_with_none(listening: Community) -> None:
    award = await listening.award(await listening.team("Azores"))
    await listening.edit_award(award, team=None)
    await listening.join(INES)
    before = await listening.told()
    await listening.grant(award, INES)
    assert [body["team"] for _, _, body in await told_since(listening, before)] == [None]


async def test_an_award_that_is_taken_is_told(listening: Community) -> None:
    award = await listening.award(await listening.team("Azores"))
    await listening.join(INES)
    await listening.grant(award, INES)
    before = await listening.told()
    await listening.revoke(award, INES)
    [(event, _, body)] = await told_since(listening, before)
    assert (event, body["award"]["id"], body["account"]["awards"]) == ("award_revoked", award, [])


async def test_a_deleted_award_is_told_for_each_holder_as_it_was(listening: Community) -> None:
    team = await listening.team("Azores")
    await listening.join(INES)
    await listening.join(JOAO)
    award = await listening.award(team, INES, JOAO)
    before = await listening.told()
    await listening.delete_award(award)
    told = await told_since(listening, before)
    assert {(event, entity) for event, entity, _ in told} == {
        ("award_revoked", f"accounts-{INES}"),
        ("award_revoked", f"accounts-{JOAO}"),
    }
    assert all(body["award"] == {"id": award, "title": "Gold", "image_url": "g.png"} for _, _, body in told)
    assert all((body["account"]["awards"], body["team"]["awards"]) == ([], []) for _, _, body in told)


async def test_a_deleted_account_does_not_have_its_awards_revoked_one_by_one(listening: Community) -> None:
    await listening.join(INES)
    await listening.award(await listening.team("Azores"), INES)
    before = await listening.told()
    await listening.leave(INES)
    assert [event for event, _, _ in await told_since(listening, before)] == ["account_deleted"]


async def test_every_app_that_subscribed_is_told_and_no_other(community: Community) -> None:
    await community.subscribe("account_created")
    await community.subscribe("account_created", "account_deleted")
    await community.subscribe("team_deleted")
    await community.join(INES)
    told = await community.told()
    position = community.group.position
    assert [delivery.id for delivery in told] == [f"msg_{position}_1", f"msg_{position}_2"]
    assert told[0].body == told[1].body


async def test_a_subscription_in_the_same_batch_is_told_of_what_follows_it_only(community: Community) -> None:
    await community.join(INES)
    app = await community.subscribe("account_created")
    await community.join(JOAO)
    await community.unsubscribe(app, "account_created")
    await community.join(8)
    assert [(delivery.entity, delivery.state) for delivery in await community.told()] == [
        (f"accounts-{JOAO}", "cancelled"),
    ]


async def test_what_is_pending_for_a_removed_callback_or_a_deleted_app_is_cancelled(community: Community) -> None:
    kept = await community.subscribe("account_created")
    removed = await community.subscribe("account_created")
    deleted = await community.subscribe("account_created")
    await community.join(INES)
    await community.project()
    await community.unsubscribe(removed, "account_created")
    await community.close_app(deleted)
    told = await community.told()
    assert [(delivery.state, delivery.body is None) for delivery in told] == [
        ("pending", False), ("cancelled", True), ("cancelled", True),
    ]  # fmt: skip
    assert kept


async def test_the_same_append_is_told_once_even_when_it_is_shown_again(listening: Community) -> None:
    await listening.join(INES)
    [delivery] = await listening.told()
    feed = CallbackFeed()
    await feed.refresh(listening.connection)
    from_log = await _first_append_wanted(listening, feed)
    await feed.after(listening.connection, from_log, await feed.before(listening.connection, from_log))
    assert await listening.told() == [delivery]


async def _first_append_wanted(community: Community, feed: CallbackFeed) -> list[Any]:
    _, batch = await log.read(community.connection, community.keyring, 0, 1000, list(EVENTS))
    return next(append for append in appends(batch) if feed.wants(append))


def test_the_body_is_the_one_of_the_contract_byte_for_byte() -> None:
    account = Account("204255221017214977", "Ines", "0412", None, None, 0, 1795300000.25, ())
    assert msgspec.json.encode(AccountTeamUpdate(account, None)) == (
        b'{"account":{"id":"204255221017214977","name":"Ines","discriminator":"0412","avatar_url":null,"team":null,'
        b'"permissions":0,"created_at":1795300000.25,"awards":[]},"team":null}'
    )


async def test_the_sender_is_woken_at_the_commit(listening: Community) -> None:
    await listening.connection.execute(f"LISTEN {signals.DELIVERIES}")
    await listening.join(INES)
    await listening.project()
    notified = [notify async for notify in listening.connection.notifies(timeout=30, stop_after=1)]
    assert [notify.channel for notify in notified] == [signals.DELIVERIES]


async def test_what_waits_is_not_given_up_while_the_sender_moves_lanes(community: Community, database_url: str) -> None:
    app = await community.subscribe("account_created")
    await community.join(INES)
    await community.project()
    await community.unsubscribe(app, "account_created")
    async with await connect(database_url) as sender:
        async with sender.transaction():
            await outbox.lock_lanes(sender)
            projecting = asyncio.create_task(community.project())
            await until(lambda: somebody_waits(sender), seconds=5)
        await projecting
    assert await community.states() == ["cancelled"]
