"""How refusals are answered on this surface: the one place that knows both a domain error and a status."""

from collections.abc import Callable

import msgspec
from litestar import Response

from api.discord import BadTokenError, DiscordUnreachableError
from api.parts import Asked
from domain.accounts.aggregate import AccountAlreadyRegisteredError, OtherProfileError, SignupsClosedError
from domain.awards.aggregate import AwardNotHeldError
from domain.callbacks.aggregate import CallbackNotRegisteredError
from domain.kernel import UnknownError
from domain.permissions import PermissionMissingError
from schemas.polympics import Fault, Faults, Problem

NOUNS = {"accounts": "Account", "teams": "Team", "awards": "Award"}


class InvalidError(Exception):
    """What was sent is wrong in these places."""

    def __init__(self, faults: list[Fault]) -> None:
        super().__init__(faults)
        self.faults = faults


class UnauthorisedError(Exception):
    """Who asks is not known well enough for this route."""

    def __init__(self, detail: str, *, challenge: bool = False) -> None:
        super().__init__(detail)
        self.detail = detail
        self.challenge = challenge


class UnknownCallerError(UnauthorisedError):
    """A token was not used to authenticate."""

    def __init__(self) -> None:
        super().__init__("A token was not used to authenticate.")


def answer(status: int, body: msgspec.Struct | None = None, headers: dict[str, str] | None = None) -> Response[bytes]:
    """Make an answer of this surface: UTF-8 JSON, or nothing at all."""
    content = b"" if body is None else msgspec.json.encode(body)
    return Response(content, status_code=status, media_type="application/json", headers=headers)


def problem(status: int, detail: str, headers: dict[str, str] | None = None) -> Response[bytes]:
    """Answer with one sentence."""
    return answer(status, Problem(detail), headers)


def unknown(context: str, *loc: str) -> Fault:
    """Say that there is no such thing."""
    return Fault(loc, f"{NOUNS[context]} not found.", "value_error")


def _invalid(_request: object, error: InvalidError) -> Response[bytes]:
    return answer(422, Faults(tuple(error.faults)))


def _unauthorised(_request: object, error: UnauthorisedError) -> Response[bytes]:
    return problem(401, error.detail, {"WWW-Authenticate": "Basic"} if error.challenge else None)


def _unknown(request: Asked, error: UnknownError) -> Response[bytes]:
    """Something went away between looking and deciding: answer as if it had not been there when we looked.

    What the request did not name is whose credentials it has.
    """
    loc = request.scope["state"].get("places", {}).get((error.context, error.entity_id))
    return answer(422, Faults((unknown(error.context, *loc),))) if loc else _unauthorised(request, UnknownCallerError())


def _says(status: int, detail: str) -> Callable[..., Response[bytes]]:
    def say(_request: object, _error: Exception) -> Response[bytes]:
        return problem(status, detail)

    return say


HANDLERS: dict[int | type[Exception], Callable[..., Response[bytes]]] = {
    InvalidError: _invalid,
    UnauthorisedError: _unauthorised,
    UnknownError: _unknown,
    PermissionMissingError: _says(403, "Request outside of authorisation scope."),
    SignupsClosedError: _says(403, "Signups are closed."),
    OtherProfileError: _says(403, "Discord token is for a different account."),
    AccountAlreadyRegisteredError: _says(409, "That Discord ID is already registered."),
    AwardNotHeldError: _says(404, "Account does not have that award."),
    CallbackNotRegisteredError: _says(404, "No callback registered for this event."),
    BadTokenError: _says(401, "Bad Discord user token."),
    DiscordUnreachableError: _says(502, "Discord could not be reached."),
}
