"""How refusals are answered on this surface: as problems (RFC 9457), in the one place that knows their statuses."""

from collections.abc import Callable, Sequence
from http import HTTPStatus
from typing import Any

import msgspec
from litestar import Response

from domain.guilds.decisions import EveryoneDeletedError, NativeGuildError
from domain.kernel import RefusalError, UnknownError
from domain.permissions import PermissionMissingError
from schemas.book import Fault, Faults, Problem

MEDIA_TYPE = "application/problem+json"
TYPE = "about:blank"
NOUNS = {"apps": "bot", "guilds": "guild", "settings": "template", "accounts": "account"}
REFUSALS: dict[type[RefusalError], int] = {
    PermissionMissingError: 403,
    NativeGuildError: 409,
    EveryoneDeletedError: 422,
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
    content = b"" if body is None else msgspec.json.encode(body)
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


def _says(status: int) -> Callable[..., Response[bytes]]:
    def say(_request: object, error: RefusalError) -> Response[bytes]:
        return problem(status, str(error))

    return say


HANDLERS: dict[int | type[Exception], Callable[..., Response[Any]]] = {
    ProblemError: _refused,
    InvalidError: _invalid,
    UnknownError: _unknown,
    **{error: _says(status) for error, status in REFUSALS.items()},
}
