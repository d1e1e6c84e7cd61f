"""How refusals are answered on this surface: as problems (RFC 9457), in the one place that knows their statuses."""

from collections.abc import Callable, Sequence
from http import HTTPStatus
from typing import Any

import msgspec
from litestar import Response

from api.discord import DiscordBusyError, DiscordUnreachableError
from api.limits import RateExceededError
from domain.backups.aggregate import BackupIdTakenError, BackupNotYoursError, TooManyBackupsError
from domain.callbacks.aggregate import (
    CallbackInactiveError,
    CallbackNotRegisteredError,
    NotReplayableError,
    PolympicsCallbackError,
    TooManyCallbacksError,
)
from domain.callbacks.signing import SecretMalformedError
from domain.guilds.decisions import EveryoneDeletedError, NativeGuildError
from domain.kernel import RefusalError, UnknownError
from domain.loads.aggregate import (
    LoadFinishedError,
    LoadIdTakenError,
    LoadNotExternalError,
    LoadNotYoursError,
    TooManyObjectsError,
)
from domain.permissions import PermissionMissingError
from domain.privacy.aggregate import HeldError, RuleDaysError, RuleTwiceError, RuleUnknownError
from domain.processes.require_administrator import NotAdministratorError
from domain.processes.require_restore import LoadRunningError, RestoreDeniedError
from domain.processes.undo_restore import RestoreUnknownError
from domain.templates.aggregate import TemplateIdTakenError, TemplateNotYoursError
from schemas.book import Fault, Faults, Problem
from store.history import TooLongError

MEDIA_TYPE = "application/problem+json"
TYPE = "about:blank"
NOUNS = {
    "accounts": "account",
    "apps": "bot",
    "backups": "backup",
    "callbacks": "callback",
    "guilds": "guild",
    "loads": "load",
    "settings": "template",
    "subjects": "subject",
    "templates": "template",
}
REFUSALS: dict[type[RefusalError], int] = {
    PermissionMissingError: 403,
    NativeGuildError: 409,
    EveryoneDeletedError: 422,
    NotAdministratorError: 403,
    BackupNotYoursError: 403,
    BackupIdTakenError: 409,
    TooManyBackupsError: 409,
    CallbackNotRegisteredError: 404,
    CallbackInactiveError: 409,
    NotReplayableError: 409,
    PolympicsCallbackError: 409,
    TooManyCallbacksError: 409,
    SecretMalformedError: 422,
    TemplateNotYoursError: 403,
    TemplateIdTakenError: 409,
    LoadIdTakenError: 409,
    LoadFinishedError: 409,
    LoadNotExternalError: 409,
    LoadNotYoursError: 403,
    TooManyObjectsError: 409,
    LoadRunningError: 409,
    RestoreDeniedError: 403,
    RestoreUnknownError: 404,
    HeldError: 409,
    RuleUnknownError: 422,
    RuleDaysError: 422,
    RuleTwiceError: 422,
    TooLongError: 422,
}
"""The statuses of refusals whose message is their own."""


class ProblemError(Exception):
    """The request is refused with this status, for the reason that `detail` says."""

    def __init__(self, status: int, detail: str, headers: dict[str, str] | None = None) -> None:
        super().__init__(status, detail)
        self.status = status
        self.detail = detail
        self.headers = headers


class InvalidError(Exception):
    """The body is wrong in these places."""

    def __init__(self, faults: Sequence[Fault]) -> None:
        super().__init__(faults)
        self.faults = tuple(faults)


def answer(status: int, body: object = None, headers: dict[str, str] | None = None) -> Response[bytes]:
    """Make an answer of this surface: UTF-8 JSON, or nothing at all."""
    return answer_json(status, b"" if body is None else msgspec.json.encode(body), headers)


def answer_json(status: int, content: bytes, headers: dict[str, str] | None = None) -> Response[bytes]:
    """Make an answer of what is JSON already."""
    return Response(content, status_code=status, media_type="application/json", headers=headers)


def problem(status: int, detail: str, headers: dict[str, str] | None = None) -> Response[bytes]:
    """Answer with one problem."""
    return _problem(Problem(TYPE, HTTPStatus(status).phrase, status, detail), headers)


def _problem(body: Problem, headers: dict[str, str] | None = None) -> Response[bytes]:
    content = msgspec.json.encode(body)
    return Response(content, status_code=body.status, media_type=MEDIA_TYPE, headers=headers)


def _refused(_request: object, error: ProblemError) -> Response[bytes]:
    return problem(error.status, error.detail, error.headers)


def _invalid(_request: object, error: InvalidError) -> Response[bytes]:
    detail = f"The body is wrong in {len(error.faults)} place{'s' if len(error.faults) > 1 else ''}."
    return _problem(Faults(TYPE, HTTPStatus(422).phrase, 422, detail, error.faults))


def _unknown(_request: object, error: UnknownError) -> Response[bytes]:
    return problem(404, f"There is no {NOUNS.get(error.context, 'such thing')} {error.entity_id}.")


def _unreachable(_request: object, _error: DiscordUnreachableError) -> Response[bytes]:
    return problem(502, "Discord could not be reached.")


def _busy(_request: object, error: DiscordBusyError) -> Response[bytes]:
    return problem(503, str(error), {"Retry-After": str(error.seconds)})


def _too_often(_request: object, error: RateExceededError) -> Response[bytes]:
    seconds = error.retry_after_seconds
    return problem(429, f"That was asked too often. Ask again in {seconds} s.", error.headers())


def _says(status: int) -> Callable[..., Response[bytes]]:
    def say(_request: object, error: RefusalError) -> Response[bytes]:
        return problem(status, str(error))

    return say


HANDLERS: dict[int | type[Exception], Callable[..., Response[Any]]] = {
    ProblemError: _refused,
    InvalidError: _invalid,
    UnknownError: _unknown,
    RateExceededError: _too_often,
    DiscordBusyError: _busy,
    DiscordUnreachableError: _unreachable,
    **{error: _says(status) for error, status in REFUSALS.items()},
}
