"""How everything that is not a surface's own refusal is answered: one JSON sentence, never a stack trace."""

from typing import Any

import msgspec
import structlog
from litestar import Request, Response
from litestar.exceptions import HTTPException, MethodNotAllowedException

from schemas.polympics import Problem
from store.appender import BookUnavailableError, ConflictError, OutcomeUnknownError
from store.connections import DATABASE_DOWN, described

_logger = structlog.get_logger()

DETAILS = {
    404: "Not Found",
    405: "Method Not Allowed",
    408: "Request body too slow.",
    413: "Request body too large.",
}
RETRY_SECONDS = 1


def _problem(status: int, detail: str, headers: dict[str, str] | None = None) -> Response[bytes]:
    return Response(
        msgspec.json.encode(Problem(detail)), status_code=status, media_type="application/json", headers=headers
    )


def http_error(_request: object, error: HTTPException) -> Response[bytes]:
    """Answer what the framework refuses."""
    status = error.status_code
    return _problem(status, DETAILS.get(status, "Bad Request" if status < 500 else "Internal Server Error"))  # noqa: PLR2004


def not_allowed(_request: object, error: MethodNotAllowedException) -> Response[bytes]:
    """Answer a method that the route does not have, with those that it has; OPTIONS is the framework's addition."""
    allowed = set((error.headers or {})["allow"].split(", ")) - {"OPTIONS"}
    return _problem(405, DETAILS[405], {"Allow": ", ".join(sorted(allowed))})


def unavailable(_request: object, error: Exception) -> Response[bytes]:
    """Answer while the database cannot be written or reached: nothing was recorded, and later it may be."""
    _logger.warning("book unavailable", error=described(error.__cause__ or error))
    return _problem(503, "The book is not available at the moment; try again.", {"Retry-After": str(RETRY_SECONDS)})


def outcome_unknown(_request: object, error: OutcomeUnknownError) -> Response[bytes]:
    """Answer when the connection was lost while the command was written, and nobody can be asked what became of it."""
    _logger.warning("outcome unknown", error=described(error.__cause__ or error))
    return _problem(503, "It is not known whether this was recorded; look before you try again.")


def conflict(_request: object, _error: ConflictError) -> Response[bytes]:
    """Answer when others were faster too many times."""
    return _problem(409, "Too many changes at once; try again.", {"Retry-After": str(RETRY_SECONDS)})


def internal(request: Request[Any, Any, Any], error: Exception) -> Response[bytes]:
    """Answer a mistake of ours."""
    request_id = request.scope["state"].get("request_id")
    _logger.error("internal error", path=request.scope["path"], request_id=request_id, exc_info=error)
    return _problem(500, "Internal Server Error")


HANDLERS: dict[int | type[Exception], Any] = {
    HTTPException: http_error,
    MethodNotAllowedException: not_allowed,
    BookUnavailableError: unavailable,
    OutcomeUnknownError: outcome_unknown,
    ConflictError: conflict,
    **dict.fromkeys(DATABASE_DOWN, unavailable),
    Exception: internal,
}
