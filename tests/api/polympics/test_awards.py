"""Awards over HTTP: created, shown, edited, deleted, given and taken."""

import pytest

from domain.permissions import APP_BITS, Permission
from tests.world import NOT_FOUND, SCOPE, World, fault, refused

MISSING = (422, [fault(["path", "award"], "Award not found.")])


async def test_an_award_is_created_with_its_holders(world: World) -> None:
    manager = await world.app(Permission.MANAGE_AWARDS)
    team = await world.team("Azores")
    ines, rui = await world.account(team), await world.account()
    body = {"title": "Gold", "image_url": "any text", "team": team, "accounts": [rui, str(ines), rui]}
    made = await manager.post("/awards/new", body)
    award = made.json()
    assert made.status_code == 201
    assert list(award) == ["id", "title", "image_url"]
    assert (award["title"], award["image_url"]) == ("Gold", "any text")
    shown = await world.anyone.get(f"/award/{award['id']}")
    assert shown.status_code == 200
    assert list(shown.json()) == ["award", "awardees", "team"]
    assert shown.json()["award"] == award
    assert shown.json()["awardees"] == [await world.shown(account) for account in (ines, rui)]
    assert shown.json()["team"] == (await world.anyone.get(f"/team/{team}")).json()


async def test_an_award_may_be_held_by_nobody_and_say_nothing(world: World) -> None:
    body = {"title": "", "image_url": "", "team": await world.team(), "accounts": []}
    made = await world.manager.post("/awards/new", body)
    assert made.status_code == 201
    assert (await world.anyone.get(f"/award/{made.json()['id']}")).json()["awardees"] == []


async def test_all_that_is_wrong_with_a_new_award_is_said_at_once(world: World) -> None:
    body = {"title": "x" * 33, "team": 0, "accounts": [NOT_FOUND, "x", None]}
    assert refused(await world.manager.post("/awards/new", body)) == (422, [
        fault(["body", "title"], "ensure this value has at most 32 characters", "value_error.any_str.max_length",
              limit_value=32),
        fault(["body", "image_url"], "field required", "value_error.missing"),
        fault(["body", "team"], "Team not found."),
        fault(["body", "accounts", "0"], "Account not found."),
        fault(["body", "accounts", "1"], "Invalid Account ID: must be int."),
        fault(["body", "accounts", "2"], "none is not an allowed value", "type_error.none.not_allowed"),
    ])  # fmt: skip


async def test_an_award_is_edited(world: World) -> None:
    manager = await world.app(Permission.MANAGE_AWARDS)
    azores, madeira = await world.team("Azores"), await world.team("Madeira")
    award = await world.award(azores)
    edited = await manager.patch(f"/award/{award}", {"title": "Silver", "image_url": "s.png", "team": madeira})
    assert (edited.status_code, edited.json()) == (200, {"id": award, "title": "Silver", "image_url": "s.png"})
    shown = (await world.anyone.get(f"/award/{award}")).json()
    assert (shown["award"], shown["team"]["id"]) == (edited.json(), madeira)


@pytest.mark.parametrize("body", [{}, {"title": None, "image_url": None, "team": None}, {"title": "", "image_url": ""}])
async def test_null_and_empty_text_leave_an_award_as_it_is(world: World, body: object) -> None:
    team = await world.team()
    award = await world.award(team)
    edited = await world.manager.patch(f"/award/{award}", body)
    assert (edited.status_code, edited.json()["title"]) == (200, "Gold")
    assert (await world.anyone.get(f"/award/{award}")).json()["team"]["id"] == team


@pytest.mark.parametrize("nothing", [0, "0", False], ids=repr)
async def test_an_award_is_made_one_of_no_team(world: World, nothing: object) -> None:
    award = await world.award(await world.team())
    assert (await world.manager.patch(f"/award/{award}", {"team": nothing})).status_code == 200
    shown = (await world.anyone.get(f"/award/{award}")).json()
    assert (shown["team"], "team" in shown) == (None, True)


async def test_the_new_team_of_an_award_exists(world: World) -> None:
    award = await world.award(await world.team())
    for team, msg in [("", "Invalid Team ID: must be int."), (NOT_FOUND, "Team not found.")]:
        answer = await world.manager.patch(f"/award/{award}", {"team": team})
        assert refused(answer) == (422, [fault(["body", "team"], msg)])


async def test_a_deleted_award_is_taken_from_all_who_hold_it(world: World) -> None:
    manager = await world.app(Permission.MANAGE_AWARDS)
    team = await world.team()
    account = await world.account()
    award = await world.award(team, [account])
    deleted = await manager.delete(f"/award/{award}")
    assert (deleted.status_code, deleted.content) == (204, b"")
    assert (await world.shown(account))["awards"] == []
    assert (await world.anyone.get(f"/team/{team}")).json()["awards"] == []
    assert refused(await world.anyone.get(f"/award/{award}")) == MISSING


async def test_an_award_is_given_once(world: World) -> None:
    manager = await world.app(Permission.MANAGE_AWARDS)
    account, award = await world.account(), await world.award(await world.team())
    given = await manager.ask("PUT", f"/account/{account}/award/{award}")
    assert (given.status_code, given.content) == (201, b"")
    again = await manager.put(f"/account/{account}/award/{award}", {})
    assert (again.status_code, again.content) == (208, b"")
    assert [held["id"] for held in (await world.shown(account))["awards"]] == [award]


async def test_an_award_is_taken_once_and_may_be_given_again(world: World) -> None:
    manager = await world.app(Permission.MANAGE_AWARDS)
    account = await world.account()
    award = await world.award(await world.team(), [account])
    path = f"/account/{account}/award/{award}"
    taken = await manager.ask("DELETE", path, json={})
    assert (taken.status_code, taken.content) == (204, b"")
    assert (await world.shown(account))["awards"] == []
    assert refused(await manager.delete(path)) == (404, "Account does not have that award.")
    assert (await manager.put(path)).status_code == 201


async def test_account_and_award_of_a_holding_exist(world: World) -> None:
    account, award = await world.account(), await world.award(await world.team())
    for method in ("PUT", "DELETE"):
        assert refused(await world.manager.ask(method, f"/account/{account}/award/{NOT_FOUND}")) == MISSING
        assert refused(await world.manager.ask(method, f"/account/x/award/{award}")) == (
            422, [fault(["path", "account"], "Invalid Account ID: must be int.")],
        )  # fmt: skip
        assert refused(await world.manager.ask(method, f"/account/{NOT_FOUND}/award/x")) == (422, [
            fault(["path", "account"], "Account not found."),
            fault(["path", "award"], "Invalid Award ID: must be int."),
        ])  # fmt: skip


async def test_awards_are_written_with_their_permission_only(world: World) -> None:
    team = await world.team()
    account = await world.account()
    award = await world.award(team, [account])
    strangers = [
        await world.app(APP_BITS & ~Permission.MANAGE_AWARDS),
        await world.member(team, Permission.MANAGE_OWN_TEAM),
    ]
    body = {"title": "x", "image_url": "x", "team": team, "accounts": []}
    for stranger in strangers:
        assert refused(await stranger.post("/awards/new", body)) == SCOPE
        assert refused(await stranger.patch(f"/award/{award}", {})) == SCOPE
        assert refused(await stranger.delete(f"/award/{award}")) == SCOPE
        assert refused(await stranger.put(f"/account/{account}/award/{award}")) == SCOPE
        assert refused(await stranger.delete(f"/account/{account}/award/{award}")) == SCOPE


async def test_a_session_with_the_permission_writes_awards(world: World) -> None:
    manager = await world.member(None, Permission.MANAGE_AWARDS)
    award = await world.award(await world.team())
    assert (await manager.put(f"/account/{manager.account}/award/{award}")).status_code == 201


async def test_an_award_that_is_not_there_is_neither_shown_nor_changed(world: World) -> None:
    assert refused(await world.anyone.get(f"/award/{NOT_FOUND}")) == MISSING
    assert refused(await world.manager.patch(f"/award/{NOT_FOUND}", {})) == MISSING
    assert refused(await world.manager.delete(f"/award/{NOT_FOUND}")) == MISSING
