"""The guilds of whoever has logged in, and in which of them the primary bot is, over HTTP."""

import asyncio
from typing import Any

import pytest

from domain.guilds.commands import bot_left, report_guild
from domain.guilds.reports import GuildReport, RoleReport
from tests.api.antiraid.callers import Holder, come_back, log_in, said
from tests.fake_discord import CLIENT_ID, GUILDS, TOKEN, FakeDiscord
from tests.world import ORIGIN, World, new_number

PATH = "/users/@me/guilds"
NOT_GRANTED = (400, "BadRequest", "User has not logged in/authenticated via OAuth2 yet!")
LOGIN_ONLY = (403, "Restricted", "This endpoint is restricted to only Discord Oauth2 login sessions for now.")


def guild(number: int, name: str = "Azores Gaming", **more: object) -> dict[str, Any]:
    return {"id": str(number), "name": name, "icon": "a_bc", "owner": False, "permissions": "2147483648", **more}


def listed(number: int, name: str = "Azores Gaming") -> dict[str, Any]:
    return {"id": str(number), "name": name, "icon": "a_bc", "permissions": "2147483648"}


async def came_back(world: World, discord: FakeDiscord, *guilds: dict[str, Any]) -> tuple[Holder, str]:
    """Log in somebody who is in these guilds; returns the provider's token, too."""
    number = new_number()
    code = discord.sends_back(number)
    token = discord.token_for(code)
    discord.lists(token, *guilds)
    made = (await come_back(world, code)).json()
    return Holder(world.http, made["token"], number, made["session_id"]), token


async def has_bot(world: World, number: int) -> None:
    """Let the primary bot report a guild."""
    report = GuildReport(id=number, owner=1, name="Azores Gaming")
    roles = [RoleReport(id=number, name="@everyone")]
    made = await world.store.execute(ORIGIN, report_guild, report=report, roles=roles, channels=[], bot=CLIENT_ID)
    await world.anyone.get("/accounts/signups", headers={"Guildbook-After": str(made.position)})


async def test_the_list_is_stored_at_first_use_and_at_every_refresh(world: World, discord: FakeDiscord) -> None:
    first, second = new_number(), new_number()
    ines, token = await came_back(world, discord, guild(first))
    for _ in range(2):
        answer = await ines.get(PATH)
        assert (answer.status_code, answer.json()) == (200, {"guilds": [listed(first)], "bot_in_guilds": []})
        discord.lists(token, guild(second, "Madeira"))
    fresh = await ines.get(PATH, params={"refresh": "true"})
    assert fresh.json() == {"guilds": [listed(second, "Madeira")], "bot_in_guilds": []}
    assert (await ines.get(PATH, params={"refresh": "false"})).json() == fresh.json()


async def test_an_empty_list_is_a_list(world: World, discord: FakeDiscord) -> None:
    ines, token = await came_back(world, discord)
    assert (await ines.get(PATH)).json() == {"guilds": [], "bot_in_guilds": []}
    discord.lists(token, guild(new_number()))
    assert (await ines.get(PATH)).json() == {"guilds": [], "bot_in_guilds": []}


async def test_where_the_bot_is_is_looked_up_every_time(world: World, discord: FakeDiscord) -> None:
    first, second = new_number(), new_number()
    await has_bot(world, second)
    ines, _ = await came_back(world, discord, guild(first), guild(second), guild(2**64 - 1, icon=None))
    assert (await ines.get(PATH)).json()["bot_in_guilds"] == [str(second)]
    await has_bot(world, first)
    assert (await ines.get(PATH)).json()["bot_in_guilds"] == [str(first), str(second)]
    left = await world.store.execute(ORIGIN, bot_left, guild=second, bot=CLIENT_ID)
    answer = await ines.get(PATH, headers={"Guildbook-After": str(left.position)})
    assert answer.json()["bot_in_guilds"] == [str(first)]
    assert answer.json()["guilds"][2] == {**listed(2**64 - 1), "icon": None}


@pytest.mark.parametrize("query", ["refresh=", "refresh=1", "refresh=TRUE", "refresh=true&refresh=false"])
async def test_refresh_is_true_or_false(world: World, discord: FakeDiscord, query: str) -> None:
    ines, _ = await came_back(world, discord)
    assert said(await ines.get(f"{PATH}?{query}")) == (400, "BadRequest", "refresh must be true or false")


async def test_a_token_lists_guilds_only_when_it_is_for_that(world: World, discord: FakeDiscord) -> None:
    ines, _ = await came_back(world, discord)
    for scopes in (None, [], ["guilds:read", "settings:read"]):
        assert said(await (await ines.issue(scopes=scopes)).get(PATH)) == LOGIN_ONLY
    lister = await ines.issue(scopes=["guilds:list"])
    assert (await lister.get(PATH)).status_code == 200


async def test_dead_tokens_of_the_provider_are_renewed_once_and_for_all(world: World, discord: FakeDiscord) -> None:
    number = new_number()
    ines, token = await came_back(world, discord)
    refresh = f"refresh-{ines.account}"
    discord.says(token, 401, b"{}", path=GUILDS)
    discord.grants(refresh, "renewed", refresh="refresh-2")
    discord.lists("renewed", guild(number))
    assert (await ines.get(PATH)).json()["guilds"] == [listed(number)]
    assert (discord.forms[-1]["grant_type"], discord.forms[-1]["refresh_token"]) == ("refresh_token", refresh)
    asked = len(discord.forms)
    assert (await ines.get(PATH, params={"refresh": "true"})).status_code == 200
    assert len(discord.forms) == asked


async def test_whom_the_provider_does_not_know_any_more_has_to_log_in_again(world: World, discord: FakeDiscord) -> None:
    ines, token = await came_back(world, discord)
    discord.says(token, 401, b"{}", path=GUILDS)
    for _ in range(2):
        assert said(await ines.get(PATH)) == NOT_GRANTED
    again = await log_in(world, discord, ines.account)
    assert (await ines.get(PATH)).status_code == (await again.get(PATH)).status_code == 200


async def test_a_renewed_token_that_is_dead_too_is_no_reason_to_go_on(world: World, discord: FakeDiscord) -> None:
    ines, token = await came_back(world, discord)
    discord.says(token, 401, b"{}", path=GUILDS)
    discord.grants(f"refresh-{ines.account}", token)
    assert said(await ines.get(PATH)) == NOT_GRANTED


async def test_of_two_servers_that_renew_at_once_both_get_the_list(
    world: World, curt: World, discord: FakeDiscord
) -> None:
    ines, token = await came_back(world, discord)
    discord.says(token, 401, b"{}", path=GUILDS)
    discord.grants(f"refresh-{ines.account}", f"renewed-{ines.account}", refresh="next")
    discord.lists(f"renewed-{ines.account}")
    answers = await asyncio.gather(*(ines.at(each.http).get(PATH) for each in (world, curt) * 2))
    assert [answer.status_code for answer in answers] == [200] * 4


@pytest.mark.parametrize(
    ("status", "content"),
    [
        (500, b"[]"),
        (429, b"[]"),
        (404, b"{}"),
        (200, b"{}"),
        (200, b'[{"id": "0", "name": "x"}]'),
        (200, b'[{"id": "18446744073709551616", "name": "x"}]'),
        (200, b'[{"id": "5", "name": "x", "permissions": "-1"}]'),
        (200, b'[{"id": "5", "name": "a\\u0000"}]'),
        (200, b" " * 1_100_000),
    ],
)
async def test_a_provider_that_fails_is_told_with_a_reference(
    world: World, discord: FakeDiscord, status: int, content: bytes
) -> None:
    ines, token = await came_back(world, discord)
    discord.says(token, status, content, path=GUILDS)
    answer = await ines.get(PATH)
    reference = answer.headers["X-Request-Id"]
    assert said(answer) == (500, "InternalError", f"Failed to get user guilds: {reference}")


async def test_a_provider_that_fails_to_renew_is_told_and_asked_again_later(world: World, discord: FakeDiscord) -> None:
    ines, token = await came_back(world, discord)
    refresh = f"refresh-{ines.account}"
    discord.says(token, 401, b"{}", path=GUILDS)
    discord.says(refresh, 503, b"{}", path=TOKEN)
    assert said(await ines.get(PATH))[:2] == (500, "InternalError")
    discord.grants(refresh, f"late-{ines.account}")
    discord.lists(f"late-{ines.account}")
    assert (await ines.get(PATH)).status_code == 200
