"""Which surface a path belongs to, and how that answers what is the same for all of its routes."""

import re
from collections.abc import Callable, Iterable
from http import HTTPStatus
from typing import Any, Literal, NamedTuple

import msgspec
from litestar import Request, Response

from schemas.antiraid import ApiError, Code
from schemas.book import Problem as BookProblem
from schemas.polympics import Problem
from schemas.xenon import ApiError as XenonError

Headers = list[tuple[bytes, bytes]]

CODES: dict[int, Code] = {404: "NotFound", 412: "PreconditionFailed", 429: "RateLimited"}
SEGMENTS = ("config", "oauth2", "sessions", "guilds", "bot-stats", "bot-state")
XENON_SEGMENTS = ("mappers", "loaders", "templates")
SHORT_WORDS = {404: "Not found", 405: "Method not allowed", 413: "Body too large", 500: "Internal error"}
LISTED_GUILDS = "/users/@me/guilds"
UNSERVED = "NONE"  # a method that no route has, so that the routes answer 404, or 405 and what they have
SLASHES = re.compile("/{2,}")


class Answer(NamedTuple):
    """An answer that needs no route."""

    status: int
    headers: Iterable[tuple[bytes, bytes]] = ()
    body: bytes = b""


class Dialect(msgspec.Struct, frozen=True):
    """How a surface says what went wrong, whose pages may call it, and what it makes of a path and a method.

    `origins`: the product's allow-list, that of the dashboards, or none. One that is `lenient` takes a path with too
    many slashes for what was meant, and answers HEAD and OPTIONS wherever there is something to GET or to do. One that
    is `fleeting` has no answers that anybody may keep, unless a route says otherwise.
    """

    name: str
    body: Callable[[int, str], bytes]
    media_type: str = "application/json"
    origins: Literal["allowed", "dashboards", "none"] = "allowed"
    lenient: bool = False
    fleeting: bool = False

    def problem(self, status: int, detail: str) -> Answer:
        """Answer with one sentence."""
        return Answer(status, [(b"content-type", self.media_type.encode())], self.body(status, detail))

    def response(self, status: int, detail: str, headers: dict[str, str] | None = None) -> Response[bytes]:
        """Answer with one sentence, from where the framework calls."""
        return Response(self.body(status, detail), status_code=status, media_type=self.media_type, headers=headers)


def _plain(_status: int, detail: str) -> bytes:
    return msgspec.json.encode(Problem(detail))


def _coded(status: int, message: str) -> bytes:
    broken = status >= HTTPStatus.INTERNAL_SERVER_ERROR
    return msgspec.json.encode(ApiError(message, CODES.get(status, "InternalError" if broken else "BadRequest")))


def _typed(status: int, detail: str) -> bytes:
    return msgspec.json.encode(BookProblem("about:blank", HTTPStatus(status).phrase, status, detail))


def _short(status: int, detail: str) -> bytes:
    return msgspec.json.encode(XenonError(SHORT_WORDS.get(status, detail)))


PLAIN = Dialect("polympics", _plain)
ANTIRAID = Dialect("antiraid", _coded, origins="dashboards", lenient=True)
BOOK = Dialect("book", _typed, media_type="application/problem+json")
CONSOLE = Dialect("console", _plain, origins="none")
XENON = Dialect("xenon", _short, origins="none", fleeting=True)
BY_SEGMENT = {
    **dict.fromkeys(SEGMENTS, ANTIRAID),
    **dict.fromkeys(XENON_SEGMENTS, XENON),
    "book": BOOK,
    "console": CONSOLE,
}


def dialect_of(path: str) -> Dialect:
    """Return the dialect of a path, by its first segment; below `/api`, by the second."""
    segment, _, below = path.removeprefix("/").partition("/")
    if segment == "api" and below.partition("/")[0] in XENON_SEGMENTS:
        return XENON
    if segment == "users" and (path == LISTED_GUILDS or path.startswith(f"{LISTED_GUILDS}/")):
        return ANTIRAID
    return BY_SEGMENT.get(segment, PLAIN)


def read_path(path: str) -> tuple[Dialect, str]:
    """Return the dialect of a path as it was sent, and the path that is meant."""
    tidy = SLASHES.sub("/", path) if "//" in path else path
    tidy = tidy.rstrip("/") or "/"
    dialect = dialect_of(tidy)
    return (dialect, tidy) if dialect.lenient else (dialect if dialect.fleeting else dialect_of(path), path)


def spoken_by(request: Request[Any, Any, Any]) -> Dialect:
    """Return the dialect in which a request is answered."""
    return request.scope["state"].get("dialect", PLAIN)
