"""What is the same for every route: methods, slashes, CORS, request ids, caching."""

import re

import pytest

from tests.api.conftest import ORIGIN
from tests.api.raw import connected
from tests.world import Caller, World, refused

ALLOWED = {
    "/accounts/signups": "GET",
    "/accounts/new": "POST",
    "/acounts/new": "POST",
    "/accounts/search": "GET",
    "/account/1": "DELETE, GET, PATCH",
    "/teams/new": "POST",
    "/teams/search": "GET",
    "/team/1": "DELETE, GET, PATCH",
    "/awards/new": "POST",
    "/award/1": "DELETE, GET, PATCH",
    "/account/1/award/1": "DELETE, PUT",
    "/callback/x": "DELETE, GET, PUT",
    "/callbacks": "GET",
    "/auth/discord": "POST",
    "/auth/create_session": "POST",
    "/auth/reset_token": "POST",
    "/auth/me": "GET",
    "/openapi.json": "GET",
    "/docs": "GET",
    "/redoc": "GET",
}
METHODS = ["GET", "POST", "PUT", "PATCH", "DELETE", "HEAD", "OPTIONS", "TRACE", "QUERY", "PROPFIND"]
UNKNOWN = ["/", "/nothing", "/account", "/account/1/session", "/account/1/award", "/callback", "/Accounts/search"]


@pytest.mark.parametrize("path", ALLOWED)
async def test_a_method_that_a_route_does_not_have_is_refused_with_those_that_it_has(world: World, path: str) -> None:
    for method in set(METHODS) - set(ALLOWED[path].split(", ")):
        answer = await world.anyone.ask(method, path)
        assert (method, answer.status_code, answer.headers["Allow"]) == (method, 405, ALLOWED[path])
        assert answer.headers["Content-Type"] == "application/json"
        assert method == "HEAD" or answer.json() == {"detail": "Method Not Allowed"}


@pytest.mark.parametrize("path", UNKNOWN)
async def test_an_unknown_route_is_not_found_by_any_method(world: World, path: str) -> None:
    for method in METHODS:
        answer = await world.manager.ask(method, path)
        assert (method, answer.status_code) == (method, 404)
        assert method == "HEAD" or answer.json() == {"detail": "Not Found"}


async def test_routes_of_upstreams_prose_are_not_served(world: World) -> None:
    assert refused(await world.manager.put("/callbacks/account_team_update", {})) == (404, "Not Found")
    assert refused(await world.manager.post("/account/1/session", {})) == (404, "Not Found")


@pytest.mark.parametrize("method", ["GET", "POST", "PATCH", "DELETE", "PUT"])
@pytest.mark.parametrize(
    ("path", "location"),
    [
        ("/accounts/search/?q=a%20b&x", "/accounts/search?q=a%20b&x"),
        ("/account/5/", "/account/5"),
        ("/nothing/", "/nothing"),
        ("/teams/new///", "/teams/new"),
        ("/a%20b/", "/a%20b"),
        ("/%C3%A9/", "/%C3%A9"),
    ],
)
async def test_a_slash_at_the_end_leads_to_the_path_without(
    world: World, method: str, path: str, location: str
) -> None:
    answer = await world.anyone.ask(method, "/", extensions={"target": path.encode()})
    assert (answer.status_code, answer.headers["Location"]) == (307, location)


@pytest.mark.parametrize("path", [b"//evil.example/", b"/\\evil.example/", b"/%2Fevil.example/", b"/%5Cevil.example/"])
async def test_a_slash_at_the_end_never_leads_to_another_host(world: World, path: bytes) -> None:
    async with connected(world.http) as connection:
        answer = await connection.ask(b"GET " + path)
        assert answer.status == 404 or answer.headers["location"] == "/%5Cevil.example"


async def test_text_in_a_query_may_come_as_it_is(world: World) -> None:
    team = await world.team("Möve 🎉")
    async with connected(world.http) as connection:
        answer = await connection.ask("GET /teams/search?per_page=100&q=möve+🎉".encode())
        assert team in [found["id"] for found in answer.json()["data"]]


async def test_what_the_framework_refuses_is_answered_in_our_words(world: World) -> None:
    answer = await world.anyone.get("/teams/search", headers={"Host": "not a host"})
    assert refused(answer) == (400, "Bad Request")


async def test_answers_are_json_without_a_charset_and_say_their_text_as_it_is(world: World) -> None:
    team = await world.team("Açores 🎉")
    answer = await world.anyone.get(f"/team/{team}")
    assert answer.headers["Content-Type"] == "application/json"
    assert "Açores 🎉".encode() in answer.content
    for path in ("/team/x", "/nothing", "/auth/me"):
        assert (await world.anyone.get(path)).headers["Content-Type"] == "application/json"


async def test_reads_are_never_taken_from_a_cache_unasked(world: World) -> None:
    for path in ("/accounts/signups", "/teams/search", "/team/x", "/nothing", "/openapi.json", "/auth/me", "/docs"):
        assert (await world.anyone.get(path)).headers["Cache-Control"] == "no-cache"


async def test_an_answer_carries_the_request_id_of_its_caller(world: World) -> None:
    for given in ("abc", "7f3d-1_2.x", "x" * 128):
        answer = await world.anyone.get("/accounts/signups", headers={"X-Request-Id": given})
        assert answer.headers["X-Request-Id"] == given


@pytest.mark.parametrize("given", ["", "a b", 'a"b', "é", "x" * 129, "a\tb"])
async def test_a_request_id_that_is_no_plain_word_is_replaced(world: World, given: str) -> None:
    answer = await world.anyone.get("/nothing", headers={"X-Request-Id": given.encode("latin-1")})
    assert re.fullmatch(r"[0-9a-f]{16}-\d+", answer.headers["X-Request-Id"])


async def test_an_allowed_origin_may_ask_and_read_everything(curt: World) -> None:
    for origin in (ORIGIN, "https://other.example.org"):
        answer = await curt.anyone.get("/auth/me", headers={"Origin": origin})
        assert answer.status_code == 401
        assert answer.headers["Access-Control-Allow-Origin"] == origin
        assert answer.headers["Access-Control-Allow-Credentials"] == "true"
        assert "Guildbook-Position" in answer.headers["Access-Control-Expose-Headers"]
        assert answer.headers["Vary"] == "Origin"


async def test_a_preflight_from_an_allowed_origin_succeeds(curt: World) -> None:
    for path in ("/account/1", "/nothing", "/account/1/"):
        headers = {"Origin": ORIGIN, "Access-Control-Request-Method": "PATCH"}
        answer = await curt.anyone.ask("OPTIONS", path, headers=headers)
        assert (answer.status_code, answer.content) == (200, b"")
        assert answer.headers["Access-Control-Allow-Origin"] == ORIGIN
        assert answer.headers["Access-Control-Allow-Credentials"] == "true"
        assert answer.headers["Access-Control-Allow-Methods"] == "DELETE, GET, PATCH, POST, PUT"
        assert answer.headers["Access-Control-Allow-Headers"] == "Authorization, Content-Type"
        assert answer.headers["Access-Control-Max-Age"] == "600"


@pytest.mark.parametrize("origin", ["https://evil.example", "null", "https://dashboard.example.org.evil.example", "*"])
async def test_any_other_origin_is_refused(world: World, curt: World, origin: str) -> None:
    for anyone in (world.anyone, curt.anyone):
        headers = {"Origin": origin, "Access-Control-Request-Method": "GET"}
        answer = await anyone.ask("OPTIONS", "/teams/search", headers=headers)
        assert refused(answer) == (400, "Disallowed CORS origin.")
        assert "Access-Control-Allow-Origin" not in answer.headers
        answer = await anyone.get("/teams/search", headers={"Origin": origin})
        assert answer.status_code == 200
        assert "Access-Control-Allow-Origin" not in answer.headers


async def test_answers_name_the_origin_as_what_they_depend_on_even_without_one(curt: World) -> None:
    assert (await curt.anyone.get("/teams/search")).headers["Vary"] == "Origin"


async def test_every_answer_that_carries_a_password_is_never_stored(world: World) -> None:
    account = await world.account()
    opened = await world.manager.post("/auth/create_session", {"account": account})
    session = Caller(world.http, opened.json()["username"], opened.json()["password"])
    for answer in (opened, await session.post("/auth/reset_token")):
        assert answer.headers["Cache-Control"] == "no-store"
