"""PATCH /account/{account} over HTTP: who may change what, in which order, all or nothing."""

from typing import Any

import pytest

from domain.permissions import APP_BITS, Permission
from tests.world import NOT_FOUND, SCOPE, Caller, World, fault, refused

DETAILS = Permission.MANAGE_ACCOUNT_DETAILS
TEAMS = Permission.MANAGE_ACCOUNT_TEAMS
OWN = Permission.MANAGE_OWN_TEAM


async def edit(caller: Caller, account: int, **body: object) -> dict[str, Any]:
    """Edit an account successfully and return it."""
    answer = await caller.patch(f"/account/{account}", body)
    assert answer.status_code == 200, answer.text
    return answer.json()


async def test_details_are_changed_with_the_permission_for_them(world: World) -> None:
    account = await world.account()
    manager = await world.app(DETAILS)
    edited = await edit(manager, account, name="Rui", discriminator=7, avatar_url="https://img.example.org/r.png")
    assert (edited["name"], edited["discriminator"]) == ("Rui", "7")
    assert edited["avatar_url"] == "https://img.example.org/r.png"
    assert await world.shown(account) == edited


async def test_null_and_empty_text_leave_details_as_they_are(world: World) -> None:
    account = await world.account()
    before = await edit(world.manager, account, avatar_url="a.png")
    for nothing in (None, ""):
        assert await edit(world.manager, account, name=nothing, discriminator=nothing, avatar_url=nothing) == before


@pytest.mark.parametrize("field", ["name", "discriminator", "avatar_url"])
async def test_details_are_not_changed_without_the_permission_not_even_ones_own(world: World, field: str) -> None:
    member = await world.member()
    stranger = await world.app(APP_BITS & ~DETAILS)
    for caller in (member, stranger):
        assert refused(await caller.patch(f"/account/{member.account}", {field: "x"})) == SCOPE


@pytest.mark.parametrize("body", [{}, {"name": "", "team": None, "grant_permissions": 0, "unknown": 1}])
async def test_an_edit_without_effect_shows_the_account_to_any_credentials(world: World, body: object) -> None:
    account = await world.account()
    shown = await world.shown(account)
    for caller in (await world.app(0), Caller(world.http, "A999999", "wrong"), Caller(world.http, "nobody", "x")):
        answer = await caller.patch(f"/account/{account}", body)
        assert (answer.status_code, answer.json()) == (200, shown)


async def test_a_manager_of_account_teams_moves_anybody_and_leaves_permissions_alone(world: World) -> None:
    azores, madeira = await world.team("Azores"), await world.team("Madeira")
    account = await world.account(azores, OWN)
    mover = await world.app(TEAMS)
    moved = await edit(mover, account, team=madeira)
    assert (moved["team"]["id"], moved["permissions"]) == (madeira, OWN)
    removed = await edit(mover, account, team=0)
    assert (removed["team"], removed["permissions"]) == (None, OWN)


async def test_a_member_joins_switches_and_leaves_and_loses_the_ownership(world: World) -> None:
    azores, madeira = await world.team("Azores"), await world.team("Madeira")
    member = await world.member()
    assert (await edit(member, member.account, team=str(azores)))["team"]["id"] == azores
    await edit(world.manager, member.account, grant_permissions=OWN)
    switched = await edit(member, member.account, team=madeira)
    assert (switched["team"]["id"], switched["permissions"]) == (madeira, 0)
    await edit(world.manager, member.account, grant_permissions=OWN)
    left = await edit(member, member.account, team=0)
    assert (left["team"], left["permissions"]) == (None, 0)


async def test_moving_to_the_same_team_changes_nothing(world: World) -> None:
    team = await world.team()
    member = await world.member(team, OWN)
    assert (await edit(member, member.account, team=team))["permissions"] == OWN


@pytest.mark.parametrize("nothing", [0, "0", False, 0.0], ids=repr)
async def test_a_team_is_left_by_any_zero(world: World, nothing: object) -> None:
    account = await world.account(await world.team())
    assert (await edit(world.manager, account, team=nothing))["team"] is None


async def test_an_owner_removes_team_mates_and_takes_their_ownership(world: World) -> None:
    team = await world.team()
    owner = await world.member(team, OWN)
    mate = await world.account(team, OWN)
    removed = await edit(owner, mate, team=0)
    assert (removed["team"], removed["permissions"]) == (None, 0)


async def test_an_owner_neither_pulls_others_in_nor_moves_them_elsewhere(world: World) -> None:
    team, other = await world.team(), await world.team()
    owner = await world.member(team, OWN)
    mate, stranger = await world.account(team), await world.account(other)
    for account, target in [(mate, other), (mate, team), (stranger, team), (stranger, 0)]:
        assert refused(await owner.patch(f"/account/{account}", {"team": target})) == SCOPE


async def test_moving_others_needs_a_permission_even_when_it_changes_nothing(world: World) -> None:
    account = await world.account()
    for stranger in (await world.app(APP_BITS & ~TEAMS), await world.member()):
        assert refused(await stranger.patch(f"/account/{account}", {"team": 0})) == SCOPE


async def test_an_owner_promotes_and_demotes_team_mates(world: World) -> None:
    team = await world.team()
    owner = await world.member(team, OWN)
    mate, stranger = await world.account(team), await world.account(await world.team())
    assert (await edit(owner, mate, grant_permissions=32))["permissions"] == 32
    assert (await edit(owner, mate, revoke_permissions=32))["permissions"] == 0
    assert refused(await owner.patch(f"/account/{stranger}", {"grant_permissions": 32})) == SCOPE
    assert refused(await owner.patch(f"/account/{mate}", {"grant_permissions": 32 | 64})) == SCOPE


async def test_manage_permissions_alone_makes_no_owners(world: World) -> None:
    account = await world.account(await world.team())
    granter = await world.app(Permission.MANAGE_PERMISSIONS)
    assert refused(await granter.patch(f"/account/{account}", {"grant_permissions": 32})) == SCOPE
    both = await world.app(Permission.MANAGE_PERMISSIONS | Permission.MANAGE_TEAMS)
    assert (await edit(both, account, grant_permissions=32))["permissions"] == 32


async def test_permissions_are_granted_by_those_who_hold_them(world: World) -> None:
    account = await world.account()
    granter = await world.app(Permission.MANAGE_PERMISSIONS | Permission.MANAGE_AWARDS)
    assert (await edit(granter, account, grant_permissions=64))["permissions"] == 64
    assert refused(await granter.patch(f"/account/{account}", {"grant_permissions": 8})) == SCOPE
    assert (await edit(granter, account, revoke_permissions=64))["permissions"] == 0


async def test_authenticate_users_is_never_granted_to_an_account(world: World) -> None:
    account = await world.account()
    for field in ("grant_permissions", "revoke_permissions"):
        assert refused(await world.manager.patch(f"/account/{account}", {field: 16})) == SCOPE


async def test_a_bit_that_is_granted_and_revoked_ends_revoked(world: World) -> None:
    account = await world.account()
    edited = await edit(world.manager, account, grant_permissions=64 | 8, revoke_permissions=64)
    assert edited["permissions"] == 8


async def test_one_may_revoke_ones_own_manage_permissions(world: World) -> None:
    member = await world.member(None, Permission.MANAGE_PERMISSIONS)
    assert (await edit(member, member.account, revoke_permissions=1))["permissions"] == 0
    assert refused(await member.patch(f"/account/{member.account}", {"grant_permissions": 1})) == SCOPE


async def test_nobody_joins_a_team_and_takes_it_over_in_one_request(world: World) -> None:
    team = await world.team()
    member = await world.member(await world.team(), OWN)
    body = {"team": team, "grant_permissions": 32}
    assert refused(await member.patch(f"/account/{member.account}", body)) == SCOPE
    assert (await world.shown(member.account))["team"]["id"] != team


async def test_an_edit_is_saved_wholly_or_not_at_all(world: World) -> None:
    account = await world.account()
    before = await world.shown(account)
    caller = await world.app(DETAILS)
    assert refused(await caller.patch(f"/account/{account}", {"name": "Rui", "grant_permissions": 8})) == SCOPE
    assert (await caller.patch(f"/account/{account}", {"name": "Rui", "team": NOT_FOUND})).status_code == 422
    assert await world.shown(account) == before


async def test_an_edit_names_an_account_and_a_team_that_exist(world: World) -> None:
    account = await world.account()
    answer = await world.manager.patch(f"/account/{NOT_FOUND}", {"team": NOT_FOUND, "name": []})
    assert refused(answer) == (422, [
        fault(["path", "account"], "Account not found."),
        fault(["body", "team"], "Team not found."),
        fault(["body", "name"], "str type expected", "type_error.str"),
    ])  # fmt: skip
    answer = await world.manager.patch(f"/account/{account}", {"team": ""})
    assert refused(answer) == (422, [fault(["body", "team"], "Invalid Team ID: must be int.")])


async def test_a_body_is_needed_even_to_change_nothing(world: World) -> None:
    account = await world.account()
    answer = await world.manager.ask("PATCH", f"/account/{account}")
    assert refused(answer) == (422, [fault(["body"], "field required", "value_error.missing")])
