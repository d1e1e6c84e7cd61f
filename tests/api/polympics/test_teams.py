"""Teams over HTTP."""

from domain.permissions import APP_BITS, Permission
from tests.world import NOT_FOUND, SCOPE, World, fault, refused

NAME_MISSING = (422, [fault(["body", "name"], "field required", "value_error.missing")])


async def test_a_team_is_created_and_shown(world: World) -> None:
    manager = await world.app(Permission.MANAGE_TEAMS)
    made = await manager.post("/teams/new", {"name": "Açores"})
    team = made.json()
    assert made.status_code == 201
    assert list(team) == ["id", "name", "created_at", "member_count", "awards"]
    assert (team["name"], team["member_count"], team["awards"]) == ("Açores", 0, [])
    assert isinstance(team["created_at"], float)
    shown = await world.anyone.get(f"/team/{team['id']}")
    assert (shown.status_code, shown.json()) == (200, team)


async def test_team_ids_are_numbered_upwards_and_never_given_twice(world: World) -> None:
    first, second = await world.team(), await world.team()
    await world.manager.delete(f"/team/{second}")
    assert first < second < await world.team()


async def test_a_team_needs_a_name_which_may_be_empty_and_is_nobody_elses_business(world: World) -> None:
    assert refused(await world.manager.post("/teams/new", {})) == NAME_MISSING
    for _ in range(2):
        assert (await world.manager.post("/teams/new", {"name": ""})).json()["name"] == ""


async def test_a_team_is_renamed_by_a_manager_of_teams(world: World) -> None:
    team = await world.team("Azores")
    manager = await world.app(Permission.MANAGE_TEAMS)
    edited = await manager.patch(f"/team/{team}", {"name": "Madeira"})
    assert (edited.status_code, edited.json()["name"]) == (200, "Madeira")
    assert (await world.anyone.get(f"/team/{team}")).json() == edited.json()


async def test_renaming_a_team_to_its_name_succeeds_and_says_nothing_new(world: World) -> None:
    team = await world.team("Azores")
    first = await world.manager.patch(f"/team/{team}", {"name": "Madeira"})
    again = await world.manager.patch(f"/team/{team}", {"name": "Madeira"})
    assert (again.status_code, again.json()) == (200, first.json())
    assert again.headers["Guildbook-Position"] == first.headers["Guildbook-Position"]


async def test_a_team_can_be_renamed_to_nothing(world: World) -> None:
    team = await world.team("Azores")
    assert (await world.manager.patch(f"/team/{team}", {"name": ""})).json()["name"] == ""


async def test_a_team_is_renamed_and_deleted_by_its_owner(world: World) -> None:
    team = await world.team("Azores")
    owner = await world.member(team, Permission.MANAGE_OWN_TEAM)
    assert (await owner.patch(f"/team/{team}", {"name": "Madeira"})).status_code == 200
    assert (await owner.delete(f"/team/{team}")).status_code == 204


async def test_only_a_manager_or_the_owner_changes_a_team(world: World) -> None:
    team = await world.team("Azores")
    strangers = [
        await world.app(APP_BITS & ~Permission.MANAGE_TEAMS),
        await world.member(team),
        await world.member(await world.team(), Permission.MANAGE_OWN_TEAM),
        await world.member(None, Permission.MANAGE_OWN_TEAM),
    ]
    for stranger in strangers:
        assert refused(await stranger.patch(f"/team/{team}", {"name": "Ours"})) == SCOPE
        assert refused(await stranger.delete(f"/team/{team}")) == SCOPE
        assert refused(await stranger.post("/teams/new", {"name": "Ours"})) == SCOPE


async def test_a_deleted_team_leaves_its_members_and_awards_without_one(world: World) -> None:
    team = await world.team("Azores")
    ines, rui = await world.account(team), await world.account(team)
    award = await world.award(team, [ines])
    deleted = await world.manager.delete(f"/team/{team}")
    assert (deleted.status_code, deleted.content) == (204, b"")
    assert refused(await world.anyone.get(f"/team/{team}")) == (422, [fault(["path", "team"], "Team not found.")])
    shown = (await world.anyone.get(f"/award/{award}")).json()
    assert (shown["team"], [account["id"] for account in shown["awardees"]]) == (None, [str(ines)])
    assert [(await world.shown(account))["team"] for account in (ines, rui)] == [None, None]
    assert [award["id"] for award in (await world.shown(ines))["awards"]] == [award]


async def test_a_team_that_is_not_there_is_neither_shown_nor_changed(world: World) -> None:
    missing = (422, [fault(["path", "team"], "Team not found.")])
    assert refused(await world.anyone.get(f"/team/{NOT_FOUND}")) == missing
    assert refused(await world.manager.patch(f"/team/{NOT_FOUND}", {"name": "x"})) == missing
    assert refused(await world.manager.delete(f"/team/{NOT_FOUND}")) == missing
    assert refused(await world.manager.patch("/team/x", {"name": "x"})) == (
        422, [fault(["path", "team"], "Invalid Team ID: must be int.")],
    )  # fmt: skip


async def test_a_team_counts_its_members_and_shows_its_own_awards_by_id(world: World) -> None:
    team, other = await world.team("Azores"), await world.team("Madeira")
    await world.account(team)
    await world.account(team)
    own = [await world.award(team, title="Zinc"), await world.award(team, title="Gold")]
    await world.award(other)
    shown = (await world.anyone.get(f"/team/{team}")).json()
    assert (shown["member_count"], [award["id"] for award in shown["awards"]]) == (2, own)
    assert list(shown["awards"][0]) == ["id", "title", "image_url"]
