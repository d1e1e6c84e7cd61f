"""How everything that is not a surface's own refusal is answered: one sentence in its dialect, never a stack trace."""

from typing import Any

import structlog
from litestar import Request, Response
from litestar.exceptions import HTTPException, MethodNotAllowedException

from api.dialects import UNSERVED, spoken_by
from api.listeners import TooManyListenersError
from domain.kernel import UnreadableError
from store.appender import BookUnavailableError, ConflictError, OutcomeUnknownError
from store.connections import DATABASE_DOWN, described, is_outage
from store.keys import MasterKeyError

_logger = structlog.get_logger()

DETAILS = {
    404: "Not Found",
    405: "Method Not Allowed",
    408: "Request body too slow.",
    413: "Request body too large.",
}
LATER = {"Retry-After": "1"}

_Request = Request[Any, Any, Any]


def http_error(request: _Request, error: HTTPException) -> Response[bytes]:
    """Answer what the framework refuses."""
    status = error.status_code
    detail = DETAILS.get(status, "Bad Request" if status < 500 else "Internal Server Error")  # noqa: PLR2004
    return spoken_by(request).response(status, detail)


def not_allowed(request: _Request, error: MethodNotAllowedException) -> Response[bytes]:
    """Answer a method that the route does not have, with those that it has; the framework adds to them."""
    dialect = spoken_by(request)
    allowed = set((error.headers or {})["allow"].split(", ")) - {"OPTIONS", "websocket"}
    if dialect.lenient:
        allowed |= {"OPTIONS", "HEAD"} if "GET" in allowed else {"OPTIONS"}
    headers = {"Allow": ", ".join(sorted(allowed))}
    if dialect.lenient and str(request.scope["method"]) == UNSERVED:
        return Response(b"", status_code=204, headers=headers)
    return dialect.response(405, DETAILS[405], headers)


def unavailable(request: _Request, error: Exception) -> Response[bytes]:
    """Answer while the database cannot be written or reached: nothing was recorded, and later it may be."""
    _logger.warning("book unavailable", error=described(error.__cause__ or error))
    return spoken_by(request).response(503, "The book is not available at the moment; try again.", LATER)


def locked(request: _Request, error: MasterKeyError) -> Response[bytes]:
    """Answer when a key is not what it was, or the master key is not: what it sealed cannot be opened."""
    _logger.error("a key cannot be opened", error=str(error))
    return spoken_by(request).response(503, "What is sealed there cannot be opened: its key is not what it was.")


def unreadable(request: _Request, error: UnreadableError) -> Response[bytes]:
    """Answer when what is asked for rests on an event that this version cannot read."""
    _logger.error("an event cannot be read", stream=error.stream)
    return spoken_by(request).response(503, "What the log says of this cannot be read here; an operator must look.")


def outcome_unknown(request: _Request, error: OutcomeUnknownError) -> Response[bytes]:
    """Answer when the connection was lost while the command was written, and nobody can be asked what became of it."""
    _logger.warning("outcome unknown", error=described(error.__cause__ or error))
    return spoken_by(request).response(503, "It is not known whether this was recorded; look before you try again.")


def conflict(request: _Request, _error: ConflictError) -> Response[bytes]:
    """Answer when others were faster too many times."""
    return spoken_by(request).response(409, "Too many changes at once; try again.", LATER)


def too_many(request: _Request, error: TooManyListenersError) -> Response[bytes]:
    """Answer who listens often enough already."""
    return spoken_by(request).response(429, str(error))


def internal(request: _Request, error: Exception) -> Response[bytes]:
    """Answer a mistake of ours, or of a server that has become read-only."""
    if is_outage(error):
        return unavailable(request, error)
    request_id = request.scope["state"].get("request_id")
    _logger.error("internal error", path=request.scope["path"], request_id=request_id, exc_info=error)
    return spoken_by(request).response(500, "Internal Server Error")


HANDLERS: dict[int | type[Exception], Any] = {
    HTTPException: http_error,
    MethodNotAllowedException: not_allowed,
    BookUnavailableError: unavailable,
    OutcomeUnknownError: outcome_unknown,
    ConflictError: conflict,
    MasterKeyError: locked,
    UnreadableError: unreadable,
    TooManyListenersError: too_many,
    **dict.fromkeys(DATABASE_DOWN, unavailable),
    Exception: internal,
}
