"""What is the same for every route of the surface: slashes, methods, CORS, caching, and what is not there."""

import httpx
import pytest

from tests.api.antiraid.callers import open_session, said
from tests.api.raw import connected
from tests.world import World

ANYWHERE = "https://dash.example.net"
EXPOSED = {
    "ETag",
    "Retry-After",
    "RateLimit-Policy",
    "RateLimit",
    "Bucket",
    "Req-Limit",
    "Req-Made",
    "Guildbook-Position",
    "Guildbook-Stale",
}
ALLOWED = {
    "/config": "GET, HEAD, OPTIONS",
    "/oauth2": "OPTIONS, POST",
    "/sessions": "GET, HEAD, OPTIONS, POST",
    "/sessions/@me": "GET, HEAD, OPTIONS",
    "/users/@me/guilds": "GET, HEAD, OPTIONS",
    "/bot-stats": "GET, HEAD, OPTIONS",
    "/bot-state": "GET, HEAD, OPTIONS",
}
NOT_FOUND = (404, "NotFound", "Not Found")


@pytest.mark.parametrize("path", ALLOWED)
async def test_a_method_that_a_route_does_not_have_is_refused_with_those_that_it_has(world: World, path: str) -> None:
    for method in ("PUT", "PATCH", "TRACE", "QUERY"):
        answer = await world.anyone.ask(method, path)
        assert said(answer) == (405, "BadRequest", "Method Not Allowed")
        assert answer.headers["Allow"] == ALLOWED[path]


@pytest.mark.parametrize("path", ALLOWED)
async def test_what_a_route_has_may_be_asked(world: World, path: str) -> None:
    answer = await world.anyone.ask("OPTIONS", path)
    assert (answer.status_code, answer.content, answer.headers["Allow"]) == (204, b"", ALLOWED[path])


@pytest.mark.parametrize(
    "path",
    ["/config/x", "/oauth2/token", "/sessions/a/b", "/guilds", "/guilds/1", "/guilds/1/nothing", "/bot-stats/1",
     "/users/@me/guilds/1/x", "/guilds/1/settings/x"],
)  # fmt: skip
async def test_an_unknown_path_is_not_found_by_any_method(world: World, path: str) -> None:
    for method in ("GET", "POST", "PUT", "DELETE", "OPTIONS"):
        assert said(await world.anyone.ask(method, path)) == NOT_FOUND


@pytest.mark.parametrize("path", ["/nothing", "/users", "/users/@me", "/users/@me/guildsx", "/v1/guilds", "/configx"])
async def test_paths_of_no_surface_are_answered_as_ever(world: World, path: str) -> None:
    assert (await world.anyone.get(path)).json() == {"detail": "Not Found"}


async def test_paths_of_the_native_surface_are_answered_with_problems(world: World) -> None:
    answer = await world.anyone.get("/book/nothing")
    assert (answer.status_code, answer.headers["Content-Type"]) == (404, "application/problem+json")
    assert answer.json() == {"type": "about:blank", "title": "Not Found", "status": 404, "detail": "Not Found"}


@pytest.mark.parametrize("path", ["//config", "/config/", "///config//", "/config///"])
async def test_too_many_slashes_are_taken_for_what_was_meant(world: World, path: str) -> None:
    async with connected(world.http) as connection:
        answer = await connection.ask(b"GET " + path.encode())
        assert (answer.status, set(answer.json())) == (200, {"main_server", "support_server_invite", "client_id"})


async def test_slashes_within_a_path_are_collapsed_too(world: World) -> None:
    login = await open_session(world)
    async with connected(world.http) as connection:
        token = f"Authorization: {login.token}".encode()
        for path in (b"//sessions//@me", b"/sessions//@me/", b"/%2Fsessions/@me"):
            assert (await connection.ask(b"GET " + path, token)).status == 200


async def test_other_surfaces_are_as_strict_with_slashes_as_ever(world: World) -> None:
    async with connected(world.http) as connection:
        for path in (b"//accounts/signups", b"//book/bots", b"//nothing", b"//"):
            answer = await connection.ask(b"GET " + path)
            assert (answer.status, answer.json()) == (404, {"detail": "Not Found"})


async def test_the_head_of_an_answer_may_be_asked_for(world: World) -> None:
    whole = await world.anyone.get("/config")
    async with connected(world.http) as connection:
        await connection.send(b"HEAD /config HTTP/1.1\r\nHost: x\r\n\r\nGET /config HTTP/1.1\r\nHost: x\r\n\r\n")
        head = (await connection._reader.readuntil(b"\r\n\r\n")).decode().lower()  # noqa: SLF001 - it has no body
        assert head.startswith("http/1.1 200")
        assert f"content-length: {len(whole.content)}" in head
        assert f"etag: {whole.headers['ETag']}" in head
        assert (await connection.answer()).content == whole.content  # nothing was left on the line
    assert (await world.anyone.ask("HEAD", "/sessions/@me")).status_code == 401
    assert (await world.anyone.ask("HEAD", "/config/x")).status_code == 404
    assert (await world.anyone.ask("HEAD", "/oauth2")).status_code == 405


@pytest.mark.parametrize("origin", [ANYWHERE, "http://localhost:5173", "null"])
async def test_any_page_may_ask_and_read_everything(world: World, origin: str) -> None:
    for path in ("/config", "/sessions/@me", "/guilds/1/nothing"):
        answer = await world.anyone.get(path, headers={"Origin": origin})
        assert answer.headers["Access-Control-Allow-Origin"] == origin
        assert answer.headers["Access-Control-Allow-Credentials"] == "true"
        assert set(answer.headers["Access-Control-Expose-Headers"].split(", ")) >= EXPOSED
        assert answer.headers["Vary"] == "Origin"


async def test_a_preflight_allows_whatever_is_asked_for(world: World) -> None:
    for path in ("/config", "/guilds/1//settings", "/sessions/x/"):
        wishes = {
            "Origin": ANYWHERE,
            "Access-Control-Request-Method": "DELETE",
            "Access-Control-Request-Headers": "authorization, if-match, x-anything",
        }
        answer = await world.anyone.ask("OPTIONS", path, headers=wishes)
        assert (answer.status_code, answer.content) == (200, b"")
        assert answer.headers["Access-Control-Allow-Origin"] == ANYWHERE
        assert answer.headers["Access-Control-Allow-Credentials"] == "true"
        assert answer.headers["Access-Control-Allow-Methods"] == "DELETE"
        assert answer.headers["Access-Control-Allow-Headers"] == "authorization, if-match, x-anything"


async def test_a_list_of_dashboards_shuts_out_all_others(listing: httpx.AsyncClient) -> None:
    known = {"Origin": "https://dashboard.example.org"}
    answer = await listing.get("/config", headers=known)
    assert answer.headers["Access-Control-Allow-Origin"] == known["Origin"]
    answer = await listing.get("/config", headers={"Origin": ANYWHERE})
    assert answer.status_code == 200
    assert "Access-Control-Allow-Origin" not in answer.headers
    wishes = {"Origin": ANYWHERE, "Access-Control-Request-Method": "GET"}
    answer = await listing.options("/config", headers=wishes)
    assert said(answer) == (400, "BadRequest", "Disallowed CORS origin.")
    assert (await listing.options("/config", headers=wishes | known)).status_code == 200


@pytest.mark.parametrize("path", ["/console", "/console/login", "/accounts/signups", "/book/bots"])
async def test_pages_of_other_origins_may_call_this_surface_alone(world: World, path: str) -> None:
    answer = await world.anyone.get(path, headers={"Origin": ANYWHERE})
    assert "Access-Control-Allow-Origin" not in answer.headers
    wishes = {"Origin": ANYWHERE, "Access-Control-Request-Method": "GET"}
    assert (await world.anyone.ask("OPTIONS", path, headers=wishes)).status_code == 400


async def test_what_is_about_sessions_is_never_stored(world: World) -> None:
    login = await open_session(world)
    for answer in (
        await login.get("/sessions"),
        await login.get("/sessions/@me"),
        await world.anyone.get("/sessions/@me"),
        await world.anyone.post("/oauth2", {}),
    ):
        assert answer.headers["Cache-Control"] == "no-store"


async def test_a_read_may_wait_for_a_position_here_too(world: World) -> None:
    answer = await world.anyone.get("/config", headers={"Guildbook-After": "1"})
    assert answer.status_code == 200
    answer = await world.anyone.get("/config", headers={"Guildbook-After": "x"})
    assert said(answer) == (400, "BadRequest", "Guildbook-After must be a position.")


async def test_what_the_framework_refuses_is_said_in_the_words_of_the_surface(world: World) -> None:
    answer = await world.anyone.get("/config", headers={"Host": "not a host"})
    assert said(answer) == (400, "BadRequest", "Bad Request")
