"""What is the same for every route of the surface: methods, slashes, origins, and what is not there or goes wrong."""

from collections.abc import AsyncIterator

import httpx
import pytest
from litestar import Response, Router

from api.app import application
from api.parts import Asked, Parts
from api.xenon.errors import HANDLERS
from api.xenon.routes import get
from schemas.settings import Settings
from store.appender import BookUnavailableError, ConflictError, OutcomeUnknownError
from tests.api.xenon.callers import Program, said
from tests.world import World, in_process

NOT_FOUND = (404, "Not found")
ALLOWED = {"/mappers": "GET", "/loaders/ws": "GET", "/templates/porch/bots": "DELETE, GET, POST"}
NAMED = {"X-Request-Id": "ref-1"}
FAILURES: dict[str, Exception] = {
    "mistake": ValueError("secret"),
    "unavailable": BookUnavailableError(),
    "conflict": ConflictError(),
    "unknown": OutcomeUnknownError(),
}


@pytest.mark.parametrize("prefix", ["", "/api"])
@pytest.mark.parametrize("path", ALLOWED)
async def test_a_method_that_a_route_does_not_have_is_refused_with_those_that_it_has(
    world: World, prefix: str, path: str
) -> None:
    for method in ("PUT", "PATCH", "TRACE", "QUERY", "OPTIONS"):
        answer = await world.anyone.ask(method, f"{prefix}{path}")
        assert said(answer) == (405, "Method not allowed")
        assert answer.headers["Allow"] == ALLOWED[path]
    assert (await world.anyone.ask("HEAD", f"{prefix}{path}")).status_code == 405


@pytest.mark.parametrize("prefix", ["", "/api"])
@pytest.mark.parametrize(
    "path", ["/mappers/x", "/mappers/1/2", "/loaders", "/loaders/x", "/loaders/ws/x", "/templates", "/templates/x",
             "/templates/x/bots/1", "/templates/x/loads"],
)  # fmt: skip
async def test_an_unknown_path_is_not_found_by_any_method(world: World, prefix: str, path: str) -> None:
    for method in ("GET", "POST", "PUT", "DELETE"):
        assert said(await world.anyone.ask(method, f"{prefix}{path}")) == NOT_FOUND


@pytest.mark.parametrize("path", ["/api", "/api/nothing", "/apimappers", "/mappersx", "/v1/mappers"])
async def test_paths_of_no_surface_are_answered_as_ever(world: World, path: str) -> None:
    assert (await world.anyone.get(path)).json() == {"detail": "Not Found"}


async def test_a_slash_too_many_changes_nothing_of_how_it_is_answered(world: World) -> None:
    assert said(await world.anyone.get("/api//mappers")) == (401, "Unauthorized")


async def test_a_slash_at_the_end_leads_to_the_path_without_it(world: World, bot: Program) -> None:
    answer = await bot.get("/api/mappers/?target=1&source=2")
    assert (answer.status_code, answer.headers["Location"]) == (307, "/api/mappers?target=1&source=2")


async def test_no_page_of_another_origin_may_call(world: World, bot: Program) -> None:
    origin = {"Origin": "https://dash.example.net"}
    answer = await bot.get("/mappers", headers=origin)
    assert not [name for name in answer.headers if name.startswith("access-control")]
    asks = {**origin, "Access-Control-Request-Method": "GET"}
    preflight = await world.anyone.ask("OPTIONS", "/mappers", headers=asks)
    assert preflight.status_code == 400
    assert not [name for name in preflight.headers if name.startswith("access-control")]


async def test_every_answer_has_the_name_of_its_request(bot: Program) -> None:
    assert (await bot.get("/mappers", headers=NAMED)).headers["X-Request-Id"] == "ref-1"
    assert (await bot.get("/mappers")).headers["X-Request-Id"]


async def test_a_read_waits_for_a_position_that_is_one(bot: Program) -> None:
    answer = await bot.get("/mappers", headers={"Guildbook-After": "x"})
    assert said(answer) == (400, "Guildbook-After must be a position.")


@get("/mappers/{template_id:str}", summary="Fail", answers={200: None}, auth=False)
async def fail(request: Asked) -> Response[bytes]:
    """Fail as the path says."""
    raise FAILURES[request.path_params["template_id"]]


@pytest.fixture
async def cut_off() -> AsyncIterator[httpx.AsyncClient]:
    """Return the way to a server whose database is not there."""
    parts = Parts(Settings(), "postgresql://nobody@127.0.0.1:9/nothing", b"A" * 32)
    broken = Router(path="/", route_handlers=[fail], exception_handlers=HANDLERS)
    async with in_process(application(parts, [broken]), headers=NAMED) as http:
        yield http


@pytest.mark.parametrize(
    ("failure", "status", "error"),
    [
        ("mistake", 500, "Internal error"),
        ("unavailable", 503, "The book is not available at the moment; try again."),
        ("conflict", 409, "Too many changes at once; try again."),
        ("unknown", 503, "It is not known whether this was recorded; look before you try again."),
    ],
)
async def test_a_failure_is_said_without_what_it_was(
    cut_off: httpx.AsyncClient, failure: str, status: int, error: str
) -> None:
    answer = await cut_off.get(f"/mappers/{failure}")
    assert said(answer) == (status, error)
    assert answer.headers["X-Request-Id"] == "ref-1"


async def test_while_the_database_is_down_nobody_is_let_in_and_everybody_is_told_why(
    cut_off: httpx.AsyncClient,
) -> None:
    token = f"1.{'x' * 43}"
    for method, path in (("GET", "/mappers"), ("POST", "/templates/x/bots"), ("GET", "/templates/x/bots")):
        answer = await cut_off.request(method, path, headers={"Authorization": token})
        assert said(answer) == (503, "The book is not available at the moment; try again.")
        assert answer.headers["Retry-After"] == "1"
    assert said(await cut_off.get("/mappers")) == (401, "Unauthorized")
