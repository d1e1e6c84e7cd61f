"""Equal requests at the same moment, through one process and through two."""

import asyncio
from collections import Counter
from collections.abc import Awaitable, Callable

import httpx

from tests.world import Caller, World, new_number, refused

CALLS = 16


async def answers(ask: Callable[[int], Awaitable[httpx.Response]]) -> list[httpx.Response]:
    """Ask many times at once."""
    return list(await asyncio.gather(*(ask(number) for number in range(CALLS))))


def statuses(answers: list[httpx.Response]) -> Counter[int]:
    """Count the answers by status."""
    return Counter(answer.status_code for answer in answers)


def everywhere(world: World, curt: World, caller: Caller) -> Callable[[int], Caller]:
    """Let the caller alternate between the two servers."""
    return lambda number: caller.at((world, curt)[number % 2].http)


async def test_equal_registrations_make_one_account(world: World) -> None:
    body = {"id": new_number(), "name": "Ines", "discriminator": "0412"}
    made = await answers(lambda _: world.manager.post("/accounts/new", body))
    assert statuses(made) == {201: 1, 409: CALLS - 1}


async def test_equal_gifts_make_one_holding(world: World, curt: World) -> None:
    account, award = await world.account(), await world.award(await world.team())
    caller = everywhere(world, curt, world.manager)
    given = await answers(lambda number: caller(number).put(f"/account/{account}/award/{award}"))
    assert statuses(given) == {201: 1, 208: CALLS - 1}
    assert [held["id"] for held in (await world.shown(account))["awards"]] == [award]
    taken = await answers(lambda number: caller(number).delete(f"/account/{account}/award/{award}"))
    assert statuses(taken) == {204: 1, 404: CALLS - 1}


async def test_equal_subscriptions_make_one_callback(world: World, curt: World) -> None:
    app = await world.app(0)
    caller = everywhere(world, curt, app)
    body = {"url": "https://bot.example.org/hook", "secret": "x"}
    put = await answers(lambda number: caller(number).put("/callback/team_deleted", body))
    assert statuses(put) == {200: CALLS}
    assert len({answer.json()["id"] for answer in put}) == 1


async def test_subscriptions_that_differ_leave_one_callback(world: World, curt: World) -> None:
    app = await world.app(0)
    caller = everywhere(world, curt, app)

    def body(number: int) -> dict[str, str]:
        return {"url": f"https://bot.example.org/{number}", "secret": "x"}

    put = await answers(lambda number: caller(number).put("/callback/team_deleted", body(number)))
    assert statuses(put) == {200: CALLS}
    assert len({answer.json()["id"] for answer in put}) == 1
    await world.catch_up(*put)
    assert (await app.get("/callback/team_deleted")).json() in [answer.json() for answer in put]


async def test_equal_deletions_delete_once(world: World, curt: World) -> None:
    team = await world.team()
    caller = everywhere(world, curt, world.manager)
    deleted = await answers(lambda number: caller(number).delete(f"/team/{team}"))
    assert statuses(deleted) == {204: 1, 422: CALLS - 1}


async def test_nobody_joins_a_team_that_is_being_deleted(world: World, curt: World) -> None:
    team = await world.team()
    members = [await world.member() for _ in range(4)]
    asked = [member.patch(f"/account/{member.account}", {"team": team}) for member in members]
    *joined, deleted = await asyncio.gather(*asked, world.manager.at(curt.http).delete(f"/team/{team}"))
    assert deleted.status_code == 204
    assert {answer.status_code for answer in joined} <= {200, 422}
    await world.catch_up(deleted)
    assert [(await world.shown(member.account))["team"] for member in members] == [None] * 4


async def test_an_account_that_is_deleted_leaves_nobody_logged_in(world: World, curt: World) -> None:
    account = await world.account()
    opened, deleted = await asyncio.gather(
        world.manager.post("/auth/create_session", {"account": account}),
        world.manager.at(curt.http).delete(f"/account/{account}"),
    )
    assert deleted.status_code == 204
    assert opened.status_code in (201, 422)
    await world.catch_up(deleted)
    if opened.status_code == 201:
        session = Caller(world.http, opened.json()["username"], opened.json()["password"])
        assert (await session.get("/auth/me")).status_code == 401


async def test_who_was_deleted_before_reads_show_it_is_nobody(world: World, curt: World) -> None:
    for _ in range(20):
        member = await world.member()
        hasty = member.at(curt.http)
        deleted = await hasty.delete(f"/account/{member.account}")
        assert deleted.status_code == 204
        assert refused(await hasty.post("/auth/reset_token")) == (401, "A token was not used to authenticate.")


async def test_of_two_resets_at_once_the_later_one_counts(world: World) -> None:
    app = await world.app(0)
    resets = await answers(lambda _: app.post("/auth/reset_token"))
    assert set(statuses(resets)) <= {200, 401}
    passwords = [answer.json()["password"] for answer in resets if answer.status_code == 200]
    alive = [await Caller(world.http, app.username, password).get("/auth/me") for password in passwords]
    assert sum(answer.status_code == 200 for answer in alive) == 1
