"""Who asks: HTTP Basic, and what is answered without it."""

import base64

import pytest

from tests.world import NOT_FOUND, SCOPE, Caller, World, fault, refused

ROUTES = [
    ("POST", "/accounts/new"),
    ("POST", "/acounts/new"),
    ("PATCH", "/account/1"),
    ("DELETE", "/account/1"),
    ("POST", "/teams/new"),
    ("PATCH", "/team/1"),
    ("DELETE", "/team/1"),
    ("POST", "/awards/new"),
    ("PATCH", "/award/1"),
    ("DELETE", "/award/1"),
    ("PUT", "/account/1/award/1"),
    ("DELETE", "/account/1/award/1"),
    ("PUT", "/callback/account_team_update"),
    ("GET", "/callback/account_team_update"),
    ("DELETE", "/callback/account_team_update"),
    ("GET", "/callbacks"),
    ("POST", "/auth/create_session"),
    ("POST", "/auth/reset_token"),
    ("GET", "/auth/me"),
]
OPEN_ROUTES = ["/accounts/signups", "/accounts/search", "/teams/search", "/openapi.json", "/docs", "/redoc"]


def basic(credentials: bytes) -> dict[str, str]:
    """Return a header of our scheme with these credentials, however wrong they are."""
    return {"Authorization": "Basic " + base64.b64encode(credentials).decode()}


@pytest.mark.parametrize("headers", [{}, {"Authorization": "Bearer x"}, {"Authorization": "Digest Basic"}])
@pytest.mark.parametrize(("method", "path"), ROUTES)
async def test_a_route_that_asks_who_calls_asks_first(
    world: World, method: str, path: str, headers: dict[str, str]
) -> None:
    answer = await world.anyone.ask(method, path, headers=headers, json=[])
    assert refused(answer) == (401, "Not authenticated")
    assert answer.headers["WWW-Authenticate"] == "Basic"


@pytest.mark.parametrize(
    "header",
    [
        "Basic",
        "Basic !!!",
        "Basic QTE",
        "basic " + base64.b64encode(b"A1").decode(),
        "Basic QTE6w7w=",
        "Basic QTE6!eA==",
    ],
)
@pytest.mark.parametrize(("method", "path"), ROUTES)
async def test_a_malformed_header_is_refused_first(world: World, method: str, path: str, header: str) -> None:
    answer = await world.anyone.ask(method, path, headers={"Authorization": header}, json=[])
    assert refused(answer) == (401, "Invalid authentication credentials")
    assert answer.headers["WWW-Authenticate"] == "Basic"


async def test_a_malformed_header_is_refused_even_for_a_refresh_by_anybody(world: World) -> None:
    account = await world.account()
    answer = await world.anyone.patch(
        f"/account/{account}", {"discord_token": "x"}, headers={"Authorization": "Basic !!!"}
    )
    assert refused(answer) == (401, "Invalid authentication credentials")


@pytest.mark.parametrize("path", OPEN_ROUTES)
async def test_an_open_route_does_not_look_at_credentials(world: World, path: str) -> None:
    for header in ("Basic !!!", "Bearer x", "\xff"):
        answer = await world.anyone.get(path, headers={"Authorization": header.encode("latin-1")})
        assert answer.status_code == 200


@pytest.mark.parametrize("form", ["A{id}", "a{id}", "A {id}", "A   {id}", "a00{id}", "A 0{id}"])
async def test_a_username_may_be_written_in_several_ways(world: World, form: str) -> None:
    app = await world.app(0)
    caller = Caller(world.http, form.format(id=app.username[1:]), app.password)
    assert (await caller.get("/auth/me")).json()["username"] == app.username


@pytest.mark.parametrize(
    "form",
    ["{id}", "B{id}", "S{id}", "AA{id}", " A{id}", "A{id} ", "A-{id}", "A+{id}", "A{id}.0", "A", "", "A" + "9" * 400],
)
async def test_any_other_username_is_wrong(world: World, form: str) -> None:
    app = await world.app()
    headers = basic(f"{form.format(id=app.username[1:])}:{app.password}".encode())
    answer = await world.anyone.get("/auth/me", headers=headers)
    assert refused(answer) == (401, "A token was not used to authenticate.")
    assert "WWW-Authenticate" not in answer.headers


async def test_a_password_may_contain_colons_but_must_be_right(world: World) -> None:
    app = await world.app()
    for password in ("", "x", app.password + "x", app.password[:-1], ":" + app.password):
        answer = await Caller(world.http, app.username, password).get("/auth/me")
        assert refused(answer) == (401, "A token was not used to authenticate.")


async def test_wrong_credentials_have_no_permissions(world: World) -> None:
    team, account = await world.team(), await world.account()
    award = await world.award(team, [account])
    requests = [
        ("POST", "/accounts/new", {"id": NOT_FOUND, "name": "x", "discriminator": "x"}),
        ("PATCH", f"/account/{account}", {"name": "x"}),
        ("DELETE", f"/account/{account}", None),
        ("POST", "/teams/new", {"name": "x"}),
        ("PATCH", f"/team/{team}", {"name": "x"}),
        ("DELETE", f"/team/{team}", None),
        ("POST", "/awards/new", {"title": "x", "image_url": "x", "team": team, "accounts": []}),
        ("PATCH", f"/award/{award}", {}),
        ("DELETE", f"/award/{award}", None),
        ("PUT", f"/account/{account}/award/{award}", None),
        ("DELETE", f"/account/{account}/award/{award}", None),
        ("POST", "/auth/create_session", {"account": account}),
    ]
    stranger = Caller(world.http, world.manager.username, "wrong")
    for method, path, body in requests:
        answer = await stranger.ask(method, path, json=body)
        assert (method, path, *refused(answer)) == (method, path, *SCOPE)
        assert "WWW-Authenticate" not in answer.headers


async def test_what_is_wrong_is_said_before_who_may(world: World) -> None:
    stranger = await world.app(0)
    answer = await stranger.delete(f"/team/{NOT_FOUND}")
    assert refused(answer) == (422, [fault(["path", "team"], "Team not found.")])


async def test_faults_come_in_the_order_path_query_body(world: World) -> None:
    answer = await world.anyone.get("/accounts/search?per_page=x&page=-1&team=x&q=%00")
    assert [entry["loc"] for entry in answer.json()["detail"]] == [
        ["query", "q"], ["query", "team"], ["query", "page"], ["query", "per_page"],
    ]  # fmt: skip
    answer = await world.manager.patch("/award/x", {"title": []})
    assert [entry["loc"] for entry in answer.json()["detail"]] == [["path", "award"], ["body", "title"]]
