"""How refusals are answered on this surface: a sentence for people, and a code with its one status."""

from collections.abc import Callable
from typing import Any, ClassVar

import msgspec
import structlog
from litestar import Response

from api.etags import MalformedTagError
from api.limits import RateExceededError
from api.parts import Asked
from schemas.antiraid import ApiError, Code
from store.appender import BookUnavailableError, ConflictError, OutcomeUnknownError
from store.connections import DATABASE_DOWN, described

STATUSES: dict[Code, int] = {
    "NoAuthToken": 401,
    "InvalidToken": 401,
    "ApiBanned": 403,
    "Restricted": 403,
    "NotFound": 404,
    "BadRequest": 400,
    "PreconditionFailed": 412,
    "RateLimited": 429,
    "InternalAuthError": 500,
    "InternalError": 500,
}
RETRY_SECONDS = 1

_logger = structlog.get_logger()


class RefusedError(Exception):
    """A request is refused, in words that clients show."""

    code: ClassVar[Code] = "BadRequest"


class BadRequestError(RefusedError):
    """What was sent cannot be read."""


class NotFoundError(RefusedError):
    """There is no such thing, or not for this caller."""

    code = "NotFound"


class RestrictedError(RefusedError):
    """The caller is known, and may not do this."""

    code = "Restricted"


class StaleError(RefusedError):
    """What the caller decided on has changed since."""

    code = "PreconditionFailed"


class NoAuthTokenError(RefusedError):
    """Nobody says who calls."""

    code = "NoAuthToken"

    def __init__(self) -> None:
        super().__init__("Whoa there! This endpoint requires authentication to use!")


class InvalidTokenError(RefusedError):
    """The token opens no session, or none any more."""

    code = "InvalidToken"

    def __init__(self) -> None:
        super().__init__("The token provided is invalid. Check that it hasn't expired and try again?")


class ApiBannedError(RefusedError):
    """The operator has banned the user."""

    code = "ApiBanned"

    def __init__(self, account: int) -> None:
        super().__init__(f"User {account} is banned from using the API")


class BrokenError(RefusedError):
    """Something failed on our side or behind it; the message begins with what, and ends with a reference to our log."""

    code = "InternalError"


class AuthBrokenError(BrokenError):
    """It could not be found out who calls."""

    code = "InternalAuthError"

    def __init__(self) -> None:
        super().__init__("Failed to check auth for token due to error")


def go_duration(seconds: int) -> str:
    """Write whole seconds as `4m3s`, as clients of the predecessor read them."""
    minutes, seconds = divmod(seconds, 60)
    hours, minutes = divmod(minutes, 60)
    if hours:
        return f"{hours}h{minutes}m{seconds}s"
    return f"{minutes}m{seconds}s" if minutes else f"{seconds}s"


def answer(status: int, body: object = None, headers: dict[str, str] | None = None) -> Response[bytes]:
    """Make an answer of this surface: a bare JSON value; nothing at all with 204."""
    content = b"" if status == 204 else msgspec.json.encode(body)  # noqa: PLR2004
    return Response(content, status_code=status, media_type="application/json", headers=headers)


def problem(code: Code, message: str, *, status: int = 0, headers: dict[str, str] | None = None) -> Response[bytes]:
    """Answer with one sentence, and the status of the code unless the code has several."""
    return answer(status or STATUSES[code], ApiError(message, code), headers)


def reference_of(request: Asked) -> str:
    """Return what the log knows the request by."""
    return request.scope["state"].get("request_id", "")


def _refused(_request: Asked, error: RefusedError) -> Response[bytes]:
    return problem(error.code, str(error))


def _rate_exceeded(_request: Asked, error: RateExceededError) -> Response[bytes]:
    words = go_duration(error.retry_after_seconds)
    message = f"You are being ratelimited. Please try again in {words}"
    return problem("RateLimited", message, headers=error.headers())


def _broken(request: Asked, error: BrokenError) -> Response[bytes]:
    reference = reference_of(request)
    _logger.warning("request broken", what=str(error), request_id=reference, cause=described(error.__cause__ or error))
    return problem(error.code, f"{error}: {reference}")


def _malformed_tag(_request: Asked, error: MalformedTagError) -> Response[bytes]:
    return problem("BadRequest", str(error))


def _internal(request: Asked, error: Exception) -> Response[bytes]:
    reference = reference_of(request)
    _logger.error("internal error", path=request.scope["path"], request_id=reference, exc_info=error)
    return problem("InternalError", f"Internal error: {reference}")


def _unavailable(request: Asked, error: Exception) -> Response[bytes]:
    """Answer while the database cannot be written or reached: nothing was recorded, and later it may be."""
    _logger.warning("book unavailable", error=described(error.__cause__ or error))
    return _later(f"The book is not available at the moment; try again: {reference_of(request)}")


def _conflict(request: Asked, _error: ConflictError) -> Response[bytes]:
    return _later(f"Too many changes at once; try again: {reference_of(request)}")


def _later(message: str) -> Response[bytes]:
    return problem("InternalError", message, status=503, headers={"Retry-After": str(RETRY_SECONDS)})


def _outcome_unknown(request: Asked, error: OutcomeUnknownError) -> Response[bytes]:
    """Answer when the connection was lost while the command was written, and nobody knows what became of it."""
    _logger.warning("outcome unknown", error=described(error.__cause__ or error))
    message = f"It is not known whether this was recorded; look before you try again: {reference_of(request)}"
    return problem("InternalError", message, status=503)


HANDLERS: dict[int | type[Exception], Callable[..., Response[Any]]] = {
    RefusedError: _refused,
    BrokenError: _broken,
    RateExceededError: _rate_exceeded,
    BookUnavailableError: _unavailable,
    OutcomeUnknownError: _outcome_unknown,
    ConflictError: _conflict,
    **dict.fromkeys(DATABASE_DOWN, _unavailable),
    MalformedTagError: _malformed_tag,
    Exception: _internal,
}
