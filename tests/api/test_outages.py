"""What is answered when the book cannot be reached, and when something is wrong with us."""

from collections.abc import AsyncIterator

import pytest
from litestar.response import Response
from litestar.testing import RequestFactory

from api.app import application
from api.errors import conflict
from api.parts import Parts
from schemas.settings import Settings
from store.appender import ConflictError
from tests.world import Caller, in_process, refused

UNAVAILABLE = (503, "The book is not available at the moment; try again.")


@pytest.fixture
async def cut_off() -> AsyncIterator[Caller]:
    """Return a caller of a server whose database is not there."""
    parts = Parts(Settings(), "postgresql://nobody@127.0.0.1:9/nothing", b"A" * 32)
    async with in_process(application(parts)) as http:
        yield Caller(http, "A1", "x")


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("GET", "/team/1"),
        ("GET", "/accounts/search"),
        ("GET", "/auth/me"),
        ("POST", "/teams/new"),
        ("DELETE", "/team/1"),
    ],
)
async def test_a_book_that_cannot_be_reached_is_said_to_be_unavailable(cut_off: Caller, method: str, path: str) -> None:
    answer = await cut_off.ask(method, path)
    assert refused(answer) == UNAVAILABLE
    assert answer.headers["Retry-After"] == "1"


async def test_what_needs_no_book_is_answered_all_the_same(cut_off: Caller) -> None:
    for path in ("/health/live", "/openapi.json", "/docs"):
        assert (await cut_off.get(path)).status_code == 200
    ready = await cut_off.get("/health/ready")
    assert (ready.status_code, ready.json()["reason"]) == (503, "The database cannot be reached.")


def test_a_command_that_others_outran_too_often_may_be_tried_again() -> None:
    answer = conflict(RequestFactory().get(), ConflictError())
    assert isinstance(answer, Response)
    assert (answer.status_code, answer.headers["Retry-After"]) == (409, "1")
