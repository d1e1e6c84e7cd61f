"""Accounts over HTTP: created, shown, deleted."""

import pytest

from domain.permissions import APP_BITS, Permission
from tests.world import NOT_FOUND, SCOPE, World, fault, new_number, refused


def newcomer(**more: object) -> dict[str, object]:
    """Return the body that registers somebody new."""
    return {"id": new_number(), "name": "Ines", "discriminator": "0412", **more}


@pytest.mark.parametrize("path", ["/accounts/new", "/acounts/new"])
async def test_an_account_is_created_under_both_spellings(world: World, path: str) -> None:
    manager = await world.app(Permission.MANAGE_ACCOUNT_DETAILS)
    team = await world.team("Azores")
    body = newcomer(team=team, avatar_url="https://img.example.org/i.png")
    made = await manager.post(path, body)
    account = made.json()
    assert made.status_code == 201
    assert list(account) == [
        "id", "name", "discriminator", "avatar_url", "team", "permissions", "created_at", "awards",
    ]  # fmt: skip
    assert account["id"] == str(body["id"])
    assert (account["name"], account["discriminator"]) == ("Ines", "0412")
    assert account["avatar_url"] == "https://img.example.org/i.png"
    assert (account["team"]["id"], account["team"]["member_count"]) == (team, 1)
    assert (account["permissions"], account["awards"]) == (0, [])
    assert isinstance(account["created_at"], float)
    shown = await world.anyone.get(f"/account/{body['id']}")
    assert (shown.status_code, shown.json()) == (200, account)


async def test_an_account_may_come_with_nulls_and_its_id_as_text(world: World) -> None:
    body = newcomer(team=None, avatar_url=None, permissions=None)
    made = await world.manager.post("/accounts/new", {**body, "id": f" {body['id']} "})
    account = made.json()
    assert (made.status_code, account["id"]) == (201, str(body["id"]))
    assert (account["team"], account["avatar_url"], account["permissions"]) == (None, None, 0)


async def test_an_account_id_is_registered_once_until_it_is_deleted(world: World) -> None:
    account = await world.account()
    body = {**newcomer(name="Rui"), "id": account}
    again = await world.manager.post("/accounts/new", body)
    assert refused(again) == (409, "That Discord ID is already registered.")
    assert (await world.manager.delete(f"/account/{account}")).status_code == 204
    assert (await world.manager.post("/accounts/new", body)).json()["name"] == "Rui"


async def test_creating_accounts_needs_the_permission_for_details(world: World) -> None:
    for stranger in [await world.app(APP_BITS & ~Permission.MANAGE_ACCOUNT_DETAILS), await world.member()]:
        assert refused(await stranger.post("/accounts/new", newcomer())) == SCOPE


async def test_the_permission_comes_before_the_duplicate(world: World) -> None:
    account = await world.account()
    stranger = await world.app(0)
    assert refused(await stranger.post("/accounts/new", {**newcomer(), "id": account})) == SCOPE


async def test_permissions_at_creation_are_granted_by_the_rule_for_granting(world: World) -> None:
    details, own = Permission.MANAGE_ACCOUNT_DETAILS, Permission.MANAGE_OWN_TEAM
    granter = await world.app(details | Permission.MANAGE_PERMISSIONS | Permission.MANAGE_AWARDS)
    made = await granter.post("/accounts/new", newcomer(permissions=64))
    assert (made.status_code, made.json()["permissions"]) == (201, 64)
    for refusal in (8, 64 | 8, Permission.AUTHENTICATE_USERS, own):
        assert refused(await granter.post("/accounts/new", newcomer(permissions=refusal))) == SCOPE
    assert refused(await world.manager.post("/accounts/new", newcomer(permissions=16))) == SCOPE


async def test_an_owner_who_registers_people_makes_owners_in_the_own_team_only(world: World) -> None:
    team, other = await world.team(), await world.team()
    owner = await world.member(team, Permission.MANAGE_OWN_TEAM | Permission.MANAGE_ACCOUNT_DETAILS)
    made = await owner.post("/accounts/new", newcomer(team=team, permissions=32))
    assert (made.status_code, made.json()["permissions"]) == (201, 32)
    assert refused(await owner.post("/accounts/new", newcomer(team=other, permissions=32))) == SCOPE
    assert refused(await owner.post("/accounts/new", newcomer(permissions=32))) == SCOPE


@pytest.mark.parametrize("by", ["manager", "self"])
async def test_an_account_is_deleted_with_its_sessions_and_holdings(world: World, by: str) -> None:
    team = await world.team()
    member = await world.member(team)
    award = await world.award(team, [member.account])
    caller = member if by == "self" else await world.app(Permission.MANAGE_ACCOUNT_DETAILS)
    deleted = await caller.delete(f"/account/{member.account}")
    assert (deleted.status_code, deleted.content) == (204, b"")
    missing = (422, [fault(["path", "account"], "Account not found.")])
    assert refused(await world.anyone.get(f"/account/{member.account}")) == missing
    assert refused(await member.get("/auth/me")) == (401, "A token was not used to authenticate.")
    assert (await world.anyone.get(f"/award/{award}")).json()["awardees"] == []
    assert (await world.anyone.get(f"/team/{team}")).json()["member_count"] == 0


async def test_an_account_is_deleted_by_a_manager_of_details_or_itself_only(world: World) -> None:
    team = await world.team()
    account = await world.account(team)
    strangers = [
        await world.app(APP_BITS & ~Permission.MANAGE_ACCOUNT_DETAILS),
        await world.member(team, Permission.MANAGE_OWN_TEAM),
    ]
    for stranger in strangers:
        assert refused(await stranger.delete(f"/account/{account}")) == SCOPE


async def test_an_account_that_is_not_there_is_neither_shown_nor_deleted(world: World) -> None:
    missing = (422, [fault(["path", "account"], "Account not found.")])
    assert refused(await world.anyone.get(f"/account/{NOT_FOUND}")) == missing
    assert refused(await world.manager.delete(f"/account/{NOT_FOUND}")) == missing


async def test_an_account_shows_the_awards_that_it_holds_by_id(world: World) -> None:
    team = await world.team()
    account = await world.account()
    awards = [await world.award(team, [account], title) for title in ("Zinc", "Gold")]
    shown = await world.shown(account)
    assert [award["id"] for award in shown["awards"]] == awards
    assert shown["awards"][0] == {"id": awards[0], "title": "Zinc", "image_url": "https://img.example.org/g.png"}


async def test_awards_survive_a_change_of_team(world: World) -> None:
    team = await world.team()
    member = await world.member(team)
    award = await world.award(team, [member.account])
    left = await member.patch(f"/account/{member.account}", {"team": 0})
    assert (left.json()["team"], [held["id"] for held in left.json()["awards"]]) == (None, [award])


async def test_the_team_in_an_account_shows_its_awards(world: World) -> None:
    team = await world.team()
    account = await world.account(team)
    award = await world.award(team)
    shown = await world.shown(account)
    assert ([own["id"] for own in shown["team"]["awards"]], shown["awards"]) == ([award], [])


async def test_sign_ups_are_open_unless_somebody_says_otherwise(world: World) -> None:
    answer = await world.anyone.get("/accounts/signups")
    assert (answer.status_code, answer.json()) == (200, {"signups_open": True})
