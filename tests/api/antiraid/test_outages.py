"""What is answered when the book cannot be reached, and when something is wrong with us: never what exactly."""

from collections.abc import AsyncIterator

import httpx
import pytest
from litestar import Response, Router

from api.antiraid.errors import HANDLERS, BrokenError
from api.antiraid.routes import get
from api.app import application
from api.parts import Asked, Parts
from api.tokens import new_token
from schemas.settings import Settings
from store.appender import BookUnavailableError, ConflictError, OutcomeUnknownError
from tests.api.antiraid.callers import said
from tests.world import in_process

NAMED = {"X-Request-Id": "ref-1"}
FAILURES: dict[str, Exception] = {
    "mistake": ValueError("secret"),
    "provider": BrokenError("Failed to get user info"),
    "unavailable": BookUnavailableError(),
    "conflict": ConflictError(),
    "unknown": OutcomeUnknownError(),
}


@get("/bot-state/{session_id:str}", summary="Fail", answers={200: None}, auth=False)
async def fail(request: Asked) -> Response[bytes]:
    """Fail as the path says."""
    raise FAILURES[request.path_params["session_id"]]


@pytest.fixture
async def cut_off() -> AsyncIterator[httpx.AsyncClient]:
    """Return the way to a server whose database is not there."""
    parts = Parts(Settings(), "postgresql://nobody@127.0.0.1:9/nothing", b"A" * 32)
    broken = Router(path="/", route_handlers=[fail], exception_handlers=HANDLERS)
    async with in_process(application(parts, [broken]), headers=NAMED) as http:
        yield http


async def test_who_cannot_be_found_out_is_told_so_with_a_reference(cut_off: httpx.AsyncClient) -> None:
    answer = await cut_off.get("/sessions/@me", headers={"Authorization": new_token()})
    assert said(answer) == (500, "InternalAuthError", "Failed to check auth for token due to error: ref-1")


async def test_who_sends_no_token_is_told_so_even_then(cut_off: httpx.AsyncClient) -> None:
    assert (await cut_off.get("/sessions/@me")).status_code == 401
    assert (await cut_off.get("/sessions/@me", headers={"Authorization": "x"})).status_code == 401


async def test_limits_do_not_refuse_anybody_while_nobody_can_count(cut_off: httpx.AsyncClient) -> None:
    for _ in range(70):
        answer = await cut_off.get("/config")
        assert (answer.status_code, "Bucket" in answer.headers) == (200, False)


@pytest.mark.parametrize(
    ("failure", "status", "message"),
    [
        ("mistake", 500, "Internal error: ref-1"),
        ("provider", 500, "Failed to get user info: ref-1"),
        ("unavailable", 503, "The book is not available at the moment; try again: ref-1"),
        ("conflict", 503, "Too many changes at once; try again: ref-1"),
        ("unknown", 503, "It is not known whether this was recorded; look before you try again: ref-1"),
    ],
)
async def test_a_failure_is_named_by_its_reference(
    cut_off: httpx.AsyncClient, failure: str, status: int, message: str
) -> None:
    answer = await cut_off.get(f"/bot-state/{failure}")
    assert said(answer) == (status, "InternalError", message)
    assert ("Retry-After" in answer.headers) == (failure in ("unavailable", "conflict"))
