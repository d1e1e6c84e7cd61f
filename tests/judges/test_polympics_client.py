"""The official Python client of Polympics, unmodified, does everything that it offers."""
# Its annotations promise less than it does: an optional team is there when the server says so.
# pyright: reportOptionalMemberAccess=false, reportOptionalIterable=false, reportAttributeAccessIssue=false
# pyright: reportArgumentType=false

from collections.abc import AsyncIterator, Awaitable
from datetime import datetime
from pathlib import Path
from typing import Any

import polympics
import pytest
from polympics import AppClient, ClientError, DataError, EventType, Permissions, UnauthenticatedClient, UserClient
from polympics.clients import NO_TEAM

from tests.fake_discord import FakeDiscord
from tests.world import NOT_FOUND, World, new_number

# The client is older than the aiohttp that it runs on here.
pytestmark = [pytest.mark.judge, pytest.mark.filterwarnings("ignore::DeprecationWarning")]

OWN_TEAM = Permissions(manage_own_team=True)


@pytest.fixture
async def anybody(base_url: str) -> AsyncIterator[UnauthenticatedClient]:
    client = UnauthenticatedClient(base_url=base_url)
    yield client
    await client.close()


@pytest.fixture
async def app(world: World, base_url: str) -> AsyncIterator[AppClient]:
    made = await world.app()
    client = AppClient(polympics.Credentials(made.username, made.password), base_url=base_url)
    yield client
    await client.close()


async def person(app: AppClient, team: polympics.Team | None = None) -> polympics.Account:
    return await app.create_account(new_number(), "Ines", 412, team=team)


async def user(app: AppClient, account: polympics.Account) -> UserClient:
    return UserClient(await app.create_session(account), base_url=app.base_url)


async def refused(call: Awaitable[Any]) -> tuple[int, str]:
    with pytest.raises(ClientError) as caught:
        await call
    return caught.value.code, caught.value.detail


def test_every_method_of_the_client_is_called_here() -> None:
    methods = {name for client in (AppClient, UserClient) for name in dir(client) if not name.startswith("_")}
    inner = {"get_client", "handle_response"}  # by which the others call
    source = Path(__file__).read_text()
    assert {name for name in methods - inner if f".{name}(" not in source} == set()


async def test_sign_ups_are_asked_for(anybody: UnauthenticatedClient) -> None:
    assert await anybody.check_signups() is True


async def test_an_account_lives_from_creation_to_deletion(app: AppClient, anybody: UnauthenticatedClient) -> None:
    team = await app.create_team("Azores")
    created = await app.create_account(
        new_number(), "Ines", 412, avatar_url="https://a.example/i.png", team=team, permissions=Permissions(True)
    )
    found = await anybody.get_account(created.id)
    assert (found.id, found.name, found.discriminator) == (created.id, "Ines", "412")
    assert (found.team.id, found.team.member_count) == (team.id, 1)
    assert isinstance(found.created_at, datetime)
    edited = await app.update_account(found, name="Inês", discriminator=7, avatar_url="x", team=NO_TEAM)
    assert (edited.name, edited.discriminator, edited.avatar_url, edited.team) == ("Inês", "7", "x", None)
    await app.delete_account(edited)
    with pytest.raises(DataError) as caught:
        await anybody.get_account(created.id)
    assert str(caught.value) == "422: 1 data validation error/s:\n  path -> account: Account not found. (value_error)"


async def test_a_team_lives_from_creation_to_deletion_though_it_has_awards(
    app: AppClient, anybody: UnauthenticatedClient
) -> None:
    team = await app.create_team("Azores")
    renamed = await app.update_team(team, "Madeira")
    assert (await anybody.get_team(team.id)).name == renamed.name == "Madeira"
    award = await app.create_award("Gold", "g.png", team, [])
    await app.delete_team(team)
    assert (await anybody.get_award(award.id)).team is None
    with pytest.raises(DataError):
        await anybody.get_team(team.id)


async def test_pages_are_walked_to_their_end(app: AppClient, anybody: UnauthenticatedClient) -> None:
    team = await app.create_team(f"Team {new_number()}")
    ids = [(await person(app, team)).id for _ in range(23)]
    assert [account.id async for account in anybody.list_accounts(team=team)] == ids
    assert [account.id async for account in anybody.list_accounts("nES", team)] == ids
    assert [found.id async for found in anybody.list_teams(team.name)] == [team.id]


async def test_awards_are_given_taken_edited_and_deleted(app: AppClient, anybody: UnauthenticatedClient) -> None:
    team = await app.create_team("Azores")
    first, second = await person(app, team), await person(app)
    award = await app.create_award("Gold", "g.png", team, [first, first])
    await app.give_award(award, second)
    await app.give_award(award, second)
    shown = await anybody.get_award(award.id)
    assert [account.id for account in shown.awardees] == [first.id, second.id]
    assert [held.id for held in (await anybody.get_team(team.id)).awards] == [award.id]
    await app.take_award(award, second)
    assert await refused(app.take_award(award, second)) == (404, "Account does not have that award.")
    edited = await app.update_award(award, title="Silver")
    assert (edited.title, edited.image_url) == ("Silver", "g.png")
    assert (await anybody.get_award(award.id)).team.id == team.id
    await app.delete_award(award)
    assert (await anybody.get_account(first.id)).awards == []


async def test_an_app_knows_itself_and_gets_a_new_password(app: AppClient) -> None:
    assert (await app.get_self()).name == "bot"
    before = app.auth.password
    credentials = await app.reset_token()
    assert credentials.password != before
    assert (await app.get_self()).username == credentials.username


async def test_a_user_gets_a_new_password_and_stays_logged_in(app: AppClient) -> None:
    account = await person(app)
    client = await user(app, account)
    before = client.auth.password
    session = await client.reset_token()
    assert isinstance(session.expires_at, datetime)
    assert session.password not in ("", before)
    assert (await client.get_self()).id == account.id
    old = UserClient(polympics.Credentials(session.username, before), base_url=app.base_url)
    assert (await refused(old.get_self()))[0] == 401
    await old.close()
    await client.close()


async def test_a_user_joins_and_leaves_and_an_owner_promotes_and_removes(app: AppClient) -> None:
    team = await app.create_team("Azores")
    owner = await user(app, await app.create_account(new_number(), "Rui", 1, team=team, permissions=OWN_TEAM))
    member = await person(app)
    client = await user(app, member)
    assert (await client.update_account(member, team=team)).team.id == team.id
    promoted = await owner.update_account(member, grant_permissions=OWN_TEAM)
    assert promoted.permissions.manage_own_team is True
    demoted = await owner.update_account(member, revoke_permissions=OWN_TEAM)
    assert demoted.permissions.manage_own_team is False
    assert (await owner.update_account(member, team=NO_TEAM)).team is None
    assert await refused(owner.update_account(member, team=team)) == (403, "Request outside of authorisation scope.")
    await owner.close()
    await client.close()


async def test_discord_logs_in_and_refreshes_without_a_login(
    anybody: UnauthenticatedClient, discord: FakeDiscord, base_url: str
) -> None:
    number = new_number()
    session = await anybody.discord_authenticate(discord.knows(number, "Ines"))
    client = UserClient(session, base_url=base_url)
    account = await client.get_self()
    assert (account.id, account.name) == (number, "Ines")
    refreshed = await anybody.update_account(account, discord_token=discord.knows(number, "Inês"))
    assert refreshed.name == "Inês"
    assert await refused(anybody.discord_authenticate("never-issued")) == (401, "Bad Discord user token.")
    with pytest.raises(DataError) as caught:
        await anybody.update_account(account, discord_token="never-issued")
    assert caught.value.issues[0]["loc"] == ["body", "discord_token"]
    await client.close()


async def test_callbacks_are_registered_replaced_listed_and_removed(app: AppClient) -> None:
    event = EventType.ACCOUNT_TEAM_UPDATE
    assert await app.get_callbacks() == {}
    created = await app.create_callback(event, "https://bot.example.org/a", "sample-only")
    replaced = await app.create_callback(event, "https://bot.example.org/b", "sample-only")
    assert (created.id, replaced.url) == (replaced.id, "https://bot.example.org/b")
    assert (await app.get_callback(event)).url == replaced.url
    assert await app.get_callbacks() == {event: replaced.url}
    await app.delete_callback(event)
    assert (await refused(app.get_callback(event)))[0] == 404
    assert (await refused(app.delete_callback(event)))[0] == 404


async def test_what_is_wrong_is_said_in_words_that_the_client_can_show(app: AppClient) -> None:
    team = await app.create_team("Azores")
    with pytest.raises(DataError) as caught:
        await app.request(
            "POST", "/awards/new", json={"title": "x" * 33, "image_url": "", "team": team.id, "accounts": [NOT_FOUND]}
        )
    assert "body -> accounts -> 0: Account not found. (value_error)" in str(caught.value)
    known = await person(app)
    taken = app.create_account(known.id, "Ines", 412)
    assert await refused(taken) == (409, "That Discord ID is already registered.")
