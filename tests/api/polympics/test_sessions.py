"""Sessions, new passwords and who one is, over HTTP."""

import base64
import time

from domain.permissions import APP_BITS, Permission
from tests.world import NOT_FOUND, SCOPE, Caller, World, fault, refused

NO_TOKEN = (401, "A token was not used to authenticate.")
MONTH_SECONDS = 30 * 86_400


async def test_an_app_opens_a_session_for_any_account(world: World) -> None:
    account = await world.account()
    opener = await world.app(Permission.AUTHENTICATE_USERS)
    before = time.time()
    made = await opener.post("/auth/create_session", {"account": str(account)})
    session = made.json()
    assert (made.status_code, list(session)) == (201, ["username", "password", "expires_at"])
    assert session["username"].startswith("S")
    assert len(base64.b64decode(session["password"])) == 32
    assert before + MONTH_SECONDS <= session["expires_at"] <= time.time() + MONTH_SECONDS
    assert made.headers["Cache-Control"] == "no-store"
    me = await Caller(world.http, session["username"], session["password"]).get("/auth/me")
    assert (me.status_code, me.json()) == (200, await world.shown(account))


async def test_several_sessions_of_an_account_live_at_once(world: World) -> None:
    account = await world.account()
    first, second = await world.session(account), await world.session(account)
    assert first.username != second.username
    for session in (first, second):
        assert (await session.get("/auth/me")).json()["id"] == str(account)


async def test_only_an_app_with_the_permission_opens_sessions(world: World) -> None:
    account = await world.account()
    strangers = [await world.app(APP_BITS & ~Permission.AUTHENTICATE_USERS), await world.member(None, 111)]
    for stranger in strangers:
        assert refused(await stranger.post("/auth/create_session", {"account": account})) == SCOPE


async def test_a_session_is_opened_for_an_account_that_exists(world: World) -> None:
    missing = fault(["body", "account"], "field required", "value_error.missing")
    assert refused(await world.manager.post("/auth/create_session", {})) == (422, [missing])
    answer = await world.manager.post("/auth/create_session", {"account": NOT_FOUND})
    assert refused(answer) == (422, [fault(["body", "account"], "Account not found.")])


async def test_an_app_is_told_who_it_is(world: World) -> None:
    app = await world.app(Permission.MANAGE_AWARDS, name="Möve")
    me = await app.get("/auth/me")
    assert me.status_code == 200
    assert list(me.json().items()) == [("name", "Möve"), ("permissions", 64), ("username", app.username)]


async def test_a_reset_app_token_is_dead_at_once(world: World) -> None:
    app = await world.app(Permission.MANAGE_TEAMS, name="bot")
    reset = await app.ask("POST", "/auth/reset_token")
    credentials = reset.json()
    assert (reset.status_code, list(credentials)) == (200, ["name", "permissions", "username", "password"])
    assert (credentials["name"], credentials["permissions"], credentials["username"]) == ("bot", 8, app.username)
    assert reset.headers["Cache-Control"] == "no-store"
    assert refused(await app.get("/auth/me")) == NO_TOKEN
    assert refused(await app.post("/teams/new", {"name": "x"})) == SCOPE
    renewed = Caller(world.http, credentials["username"], credentials["password"])
    assert (await renewed.post("/teams/new", {"name": "x"})).status_code == 201


async def test_a_reset_session_keeps_its_name_and_begins_anew(world: World) -> None:
    account = await world.account()
    old = (await world.manager.post("/auth/create_session", {"account": account})).json()
    session = Caller(world.http, old["username"], old["password"])
    reset = await session.post("/auth/reset_token", {})
    new = reset.json()
    assert (reset.status_code, list(new)) == (200, ["username", "password", "expires_at"])
    assert new["username"] == old["username"]
    assert new["password"] != old["password"]
    assert new["expires_at"] > old["expires_at"]
    assert refused(await session.get("/auth/me")) == NO_TOKEN
    assert (await Caller(world.http, new["username"], new["password"]).get("/auth/me")).status_code == 200


async def test_a_reset_kills_the_old_password_even_when_the_caller_does_not_wait(world: World) -> None:
    app = await world.app(0)
    await app.post("/auth/reset_token", headers={"Prefer": "respond-async"})
    assert refused(await app.get("/auth/me")) == NO_TOKEN


async def test_the_permissions_of_a_session_are_those_of_its_account_now(world: World) -> None:
    member = await world.member()
    assert refused(await member.post("/teams/new", {"name": "x"})) == SCOPE
    await world.manager.patch(f"/account/{member.account}", {"grant_permissions": int(Permission.MANAGE_TEAMS)})
    assert (await member.post("/teams/new", {"name": "x"})).status_code == 201


async def test_an_expired_session_is_as_good_as_none(world: World, curt: World) -> None:
    member = await curt.session(await world.account())
    assert refused(await member.get("/auth/me")) == NO_TOKEN
    assert refused(await member.post("/auth/reset_token")) == NO_TOKEN
    assert refused(await member.delete(f"/account/{member.account}")) == SCOPE
