"""Sign-ups over HTTP: closed by the setting, opened and closed by the operator's word."""

from domain.accounts.commands import turn_signups
from domain.permissions import SUPERUSER_BITS
from tests.fake_discord import FakeDiscord, settings_for
from tests.servers import served
from tests.world import ORIGIN, SCOPE, Caller, World, fault, new_number, open_world, refused

CLOSED = (403, "Signups are closed.")


def newcomer(number: int) -> dict[str, object]:
    """Return the body that registers somebody."""
    return {"id": number, "name": "Ines", "discriminator": "0412"}


async def test_closed_sign_ups_are_said_to_be_closed(curt: World) -> None:
    assert (await curt.anyone.get("/accounts/signups")).json() == {"signups_open": False}


async def test_nobody_registers_anybody_while_sign_ups_are_closed(world: World, curt: World) -> None:
    duplicate = await world.account()
    wrong = Caller(curt.http, "A999999", "wrong")
    superuser = (await world.member(None, SUPERUSER_BITS)).at(curt.http)
    for caller in (curt.manager, await curt.app(0), wrong, superuser):
        for number in (new_number(), duplicate):
            assert refused(await caller.post("/accounts/new", newcomer(number))) == CLOSED


async def test_what_is_wrong_is_said_before_sign_ups_are_closed(curt: World) -> None:
    assert refused(await curt.anyone.post("/accounts/new", {})) == (401, "Not authenticated")
    answer = await curt.manager.post("/accounts/new", {**newcomer(1), "id": 0})
    assert answer.status_code == 422


async def test_only_known_people_log_in_while_sign_ups_are_closed(
    world: World, curt: World, discord: FakeDiscord
) -> None:
    account = await world.account()
    known, stranger = discord.knows(account), discord.knows(new_number())
    assert (await curt.anyone.post("/auth/discord", {"token": known})).status_code == 200
    assert refused(await curt.anyone.post("/auth/discord", {"token": stranger})) == CLOSED
    assert refused(await curt.anyone.post("/auth/discord", {"token": "bad"})) == (401, "Bad Discord user token.")


async def test_the_operators_word_counts_more_than_the_setting(database_url: str, discord: FakeDiscord) -> None:
    with served(database_url, {**settings_for(discord), "GUILDBOOK_SIGNUPS_OPEN": "false"}) as url:
        async with open_world(url, database_url) as world:
            for is_open, status in [(True, 201), (False, 403), (True, 201)]:
                said = await world.store.execute(ORIGIN, turn_signups, is_open=is_open)
                after = {"Guildbook-After": str(said.position)}
                shown = await world.anyone.get("/accounts/signups", headers=after)
                assert shown.json() == {"signups_open": is_open}
                answer = await world.manager.post("/accounts/new", newcomer(new_number()))
                assert answer.status_code == status
            assert refused(await (await world.app(0)).post("/accounts/new", newcomer(1))) == SCOPE
            missing = fault(["body", "id"], "field required", "value_error.missing")
            body = {"name": "Ines", "discriminator": "0412"}
            assert refused(await world.manager.post("/accounts/new", body)) == (422, [missing])
