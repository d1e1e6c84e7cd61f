"""Reading what was written: `Guildbook-Position`, `Guildbook-After`, `Guildbook-Stale`, `Prefer`."""

import asyncio

import pytest

from tests.world import Caller, World, new_number, refused

FAR = 2**62


async def test_every_write_says_where_the_log_is_with_it(world: World) -> None:
    team = await world.team()
    account = await world.account()
    answers = [
        await world.manager.post("/teams/new", {"name": "x"}),
        await world.manager.patch(f"/account/{account}", {"team": team}),
        await world.manager.patch(f"/account/{account}", {"team": team}),
        await world.manager.delete(f"/account/{account}"),
    ]
    positions = [int(answer.headers["Guildbook-Position"]) for answer in answers]
    assert positions == sorted(positions)
    assert [answer.headers.get("Guildbook-Stale") for answer in answers] == [None] * 4


async def test_reads_do_not_say_where_the_log_is(world: World) -> None:
    assert "Guildbook-Position" not in (await world.anyone.get("/teams/search")).headers


async def test_whoever_does_not_wait_may_wait_when_reading(world: World) -> None:
    for _ in range(20):
        body = {"name": "x"}
        made = await world.manager.post("/teams/new", body, headers={"Prefer": "wait=9, respond-async"})
        assert made.status_code == 201
        after = {"Guildbook-After": made.headers["Guildbook-Position"]}
        shown = await world.anyone.get(f"/team/{made.json()['id']}", headers=after)
        assert (shown.json()["name"], "Guildbook-Stale" in shown.headers) == ("x", False)


async def test_an_account_is_answered_even_before_reads_show_it(curt: World, world: World) -> None:
    body = {"id": new_number(), "name": "Ines", "discriminator": "0412"}
    impatient = {"Prefer": "respond-async"}
    made = await world.manager.post("/accounts/new", body, headers=impatient)
    assert made.status_code == 201
    after = {"Guildbook-After": made.headers["Guildbook-Position"]}
    assert (await world.anyone.get(f"/account/{body['id']}", headers=after)).json() == made.json()


@pytest.mark.parametrize("path", ["/accounts/signups", "/teams/search", "/accounts/search", "/callbacks", "/nothing"])
async def test_a_read_that_cannot_wait_any_longer_says_that_it_is_stale(curt: World, path: str) -> None:
    answer = await curt.manager.get(path, headers={"Guildbook-After": str(FAR)})
    assert answer.status_code in (200, 404)
    assert answer.headers["Guildbook-Stale"] == "true"


@pytest.mark.parametrize("after", ["", "x", "-1", "1.5", "+1", "9" * 20, "1 2", "0x1"])
async def test_a_position_that_is_none_is_refused(world: World, after: str) -> None:
    answer = await world.anyone.get("/teams/search", headers={"Guildbook-After": after})
    assert refused(answer) == (400, "Guildbook-After must be a position.")


async def test_a_position_that_is_shown_already_is_not_waited_for(curt: World) -> None:
    answer = await curt.anyone.get("/teams/search", headers={"Guildbook-After": "0"})
    assert (answer.status_code, "Guildbook-Stale" in answer.headers) == (200, False)


async def test_a_write_that_reads_do_not_show_yet_says_so(curt: World, world: World) -> None:
    made = await curt.manager.post("/teams/new", {"name": "x"})
    assert (made.status_code, made.headers["Guildbook-Stale"]) == (201, "true")
    await world.catch_up(made)
    assert (await world.anyone.get(f"/team/{made.json()['id']}")).json() == made.json()


async def test_writes_take_no_notice_of_it(curt: World) -> None:
    answer = await curt.manager.post("/teams/new", {"name": "x"}, headers={"Guildbook-After": "x"})
    assert answer.status_code == 201


async def test_whoever_comes_second_sees_what_the_first_wrote(world: World) -> None:
    async def ask(caller: Caller, number: int) -> None:
        body = {"id": number, "name": "Ines", "discriminator": "0412"}
        assert (await caller.post("/accounts/new", body)).status_code in (201, 409)
        assert (await caller.get(f"/account/{number}")).status_code == 200

    for _ in range(10):
        number = new_number()
        await asyncio.gather(*(ask(world.manager, number) for _ in range(8)))


async def test_whoever_finds_nothing_left_to_do_sees_it_done(world: World) -> None:
    award = await world.award(await world.team())

    async def give(account: int) -> None:
        assert (await world.manager.put(f"/account/{account}/award/{award}")).status_code in (201, 208)
        assert [held["id"] for held in (await world.shown(account))["awards"]] == [award]

    for _ in range(10):
        account = await world.account()
        await asyncio.gather(*(give(account) for _ in range(8)))
