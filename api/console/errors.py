"""How what goes wrong looks in the console: a page like the others."""

import math
from collections.abc import Callable
from typing import Any
from urllib.parse import urlencode

import structlog
from litestar import Response
from litestar.exceptions import HTTPException

from api.console.forms import UnreadableFormError
from api.console.pages import page, redirect
from api.console.visitors import ForeignFormError, LoginNeededError, ShutOutError, here
from api.limits import RateExceededError
from api.listeners import TooManyListenersError
from api.parts import Asked
from store.appender import BookUnavailableError, ConflictError, OutcomeUnknownError
from store.connections import DATABASE_DOWN, described
from store.history import TooLongError
from store.keys import MasterKeyError

_logger = structlog.get_logger()

TEXTS = {
    400: ("That cannot be read", "What was sent is not what our pages send."),
    404: ("Not found", "There is no such page, or not for you."),
    405: ("Not found", "There is no such page, or not for you."),
    413: ("Too much", "That is more than can be kept here."),
}
AGAIN = "Try again in a moment."

Handler = Callable[[Asked, Any], Response[bytes]]


def _problem(request: Asked, status: int, heading: str, text: str, *, reference: bool = False) -> Response[bytes]:
    state = request.scope["state"]
    number = state.get("request_id") if reference else None
    return page(
        "problem.html",
        status,
        heading=heading,
        text=text,
        reference=number,
        back=None,
        visitor=state.get("visitor"),
    )


def login_needed(request: Asked, _error: LoginNeededError) -> Response[bytes]:
    """Let somebody log in and come back."""
    return redirect(f"/console/login?{urlencode({'next': here(request)})}")


def shut_out(request: Asked, error: ShutOutError) -> Response[bytes]:
    """Answer somebody who is known, and may not be here."""
    return _problem(request, 403, "Not for you", str(error))


def foreign(request: Asked, _error: ForeignFormError) -> Response[bytes]:
    """Answer a form that another site made a browser send."""
    return _problem(request, 403, "Not from here", "That was not sent from a page of this console; nothing was done.")


def too_many_logins(request: Asked, error: RateExceededError) -> Response[bytes]:
    """Answer one login too many, and say when there is room for another."""
    minutes = math.ceil(error.retry_after_seconds / 60)
    when = "a minute" if minutes == 1 else f"{minutes} minutes"
    answer = _problem(request, 429, "Too many logins", f"Your address tried too often. Try again in {when}.")
    answer.headers.update(error.headers())
    return answer


def too_many_listeners(request: Asked, _error: TooManyListenersError) -> Response[bytes]:
    """Answer who looks at more at once than anybody can."""
    return _problem(request, 429, "Too many pages", "You follow too much at the same time. Close a page or two.")


def unreadable(request: Asked, _error: UnreadableFormError) -> Response[bytes]:
    """Answer what is no form."""
    return _problem(request, 400, *TEXTS[400])


def http_error(request: Asked, error: HTTPException) -> Response[bytes]:
    """Answer what the framework refuses."""
    return _problem(request, error.status_code, *TEXTS.get(error.status_code, TEXTS[400]))


def locked(request: Asked, error: MasterKeyError) -> Response[bytes]:
    """Answer when a key is not what it was."""
    _logger.error("a key cannot be opened", error=str(error))
    return _problem(request, 503, "Cannot be opened", "What is sealed there cannot be opened: its key is damaged.")


def too_long(request: Asked, error: TooLongError) -> Response[bytes]:
    """Answer who looks at an entity to which more happened than can be followed for a page."""
    return _problem(request, 422, "Too long for a page", str(error))


def unavailable(request: Asked, error: Exception) -> Response[bytes]:
    """Answer while the database cannot be written or reached."""
    _logger.warning("book unavailable", error=described(error.__cause__ or error))
    return _problem(request, 503, "Not available", f"The book is not available at the moment. {AGAIN}")


def in_doubt(request: Asked, error: OutcomeUnknownError) -> Response[bytes]:
    """Answer when nobody can be asked whether it was written."""
    _logger.warning("outcome unknown", error=described(error.__cause__ or error))
    return _problem(
        request, 503, "Perhaps done", "It is not known whether this was recorded; look before you try again."
    )


def conflict(request: Asked, _error: ConflictError) -> Response[bytes]:
    """Answer when others were faster too many times."""
    return _problem(request, 409, "Too busy", f"Others change this at the same moment. {AGAIN}")


def internal(request: Asked, error: Exception) -> Response[bytes]:
    """Answer a mistake of ours."""
    request_id = request.scope["state"].get("request_id")
    _logger.error("internal error", path=request.scope["path"], request_id=request_id, exc_info=error)
    return _problem(
        request, 500, "Something went wrong", "It was our mistake, and it was written down.", reference=True
    )


HANDLERS: dict[int | type[Exception], Any] = {
    LoginNeededError: login_needed,
    ShutOutError: shut_out,
    ForeignFormError: foreign,
    RateExceededError: too_many_logins,
    TooManyListenersError: too_many_listeners,
    UnreadableFormError: unreadable,
    HTTPException: http_error,
    TooLongError: too_long,
    MasterKeyError: locked,
    BookUnavailableError: unavailable,
    OutcomeUnknownError: in_doubt,
    ConflictError: conflict,
    **dict.fromkeys(DATABASE_DOWN, unavailable),
    Exception: internal,
}
