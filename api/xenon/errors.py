"""How refusals are answered on this surface: one sentence, as clients of the predecessor read it."""

from collections.abc import Callable
from typing import Any

import msgspec
from litestar import Response

from api import errors
from api.limits import RateExceededError
from api.parts import Asked
from schemas.xenon import ApiError, RateLimited

NO_MAPPER = "No id translator found"
UNKNOWN_TEMPLATE = "Unknown template"


class RefusedError(Exception):
    """A request is refused with this status, in words that clients show."""

    def __init__(self, status: int, error: str, headers: dict[str, str] | None = None) -> None:
        super().__init__(error)
        self.status = status
        self.headers = headers


class UnauthorizedError(RefusedError):
    """Nobody knows who calls."""

    def __init__(self, error: str) -> None:
        super().__init__(401, error)


def answer(status: int, body: object, headers: dict[str, str] | None = None) -> Response[bytes]:
    """Make an answer of this surface."""
    content = msgspec.json.encode(body)
    return Response(content, status_code=status, media_type="application/json", headers=headers)


def _refused(_request: Asked, error: RefusedError) -> Response[bytes]:
    return answer(error.status, ApiError(str(error)), error.headers)


def _rate_exceeded(_request: Asked, error: RateExceededError) -> Response[bytes]:
    return answer(429, RateLimited("You got ratelimited", error.wait_milliseconds), error.headers())


HANDLERS: dict[int | type[Exception], Callable[..., Response[Any]]] = {
    **errors.HANDLERS,
    RefusedError: _refused,
    RateExceededError: _rate_exceeded,
}
