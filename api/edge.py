"""What happens to every request before a route sees it, and to every answer on its way out."""

import itertools
import secrets
import time
from collections.abc import Iterable
from functools import cache
from http import HTTPStatus
from typing import Any, cast
from urllib.parse import quote

import structlog
from litestar.types import ASGIApp, Message, Receive, Scope, Send
from prometheus_client import Counter, Histogram

from api.addresses import client_of
from api.bodies import Body
from api.cors import METHODS, Cors
from api.dialects import UNSERVED, Answer, Dialect, Headers, read_path
from api.listeners import Listeners
from projections.freshness import Freshness
from schemas.settings import Settings

REQUESTS = Counter("guildbook_http_requests_total", "Requests answered.", ["method", "route", "status"])
SECONDS = Histogram("guildbook_http_request_seconds", "Time to answer.", ["route"])
SLOW_SECONDS = 1.0
REQUEST_ID_CHARACTERS_MAX = 128
POSITION_DIGITS_MAX = 19
NEVER_STORED = ("/oauth2", "/sessions")
DENIAL = "websocket.http.response"
BROKEN = "Internal Server Error"  # the framework's reason for closing what no route has refused

_logger = structlog.get_logger()
_Scope = dict[str, Any]  # of an HTTP connection


class Edge:
    """The outermost ASGI application: request ids, CORS, slashes, `Guildbook-After`, figures and the request log."""

    def __init__(self, app: ASGIApp, settings: Settings, freshness: Freshness, listeners: Listeners) -> None:
        self._app = app
        self._freshness = freshness
        self.say_farewell = listeners.close
        self._request_ids = map(f"{secrets.token_hex(8)}-{{}}".format, itertools.count(1))  # random, then counted
        self._body_seconds_max = settings.body_seconds_max
        self._freshness_seconds_max = settings.freshness_seconds_max
        self._cors = Cors(settings)
        self._proxies = settings.proxies()
        self._logs_all = settings.log_requests

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one connection."""
        if scope["type"] == "websocket":
            await self._upgrade(scope, receive, send)
            return
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        http, headers = cast("_Scope", scope), dict(scope["headers"])
        started, status = time.perf_counter(), 0
        dialect, head_only = self._arrive(http)
        extra, body = self._extra(http, headers, dialect), Body(receive, headers)

        async def send_on(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
                await body.drain(started + self._body_seconds_max - time.perf_counter())
                message["headers"] = _with_extra(message["headers"], extra)
            elif head_only and message["type"] == "http.response.body":
                message["body"] = b""
            await send(message)

        answer = self._answer(http, headers, dialect) or await self._wait(http, headers, dialect, extra)
        if answer is not None:
            await send_answer(send_on, answer)
        else:
            await self._app(scope, body.receive, send_on)
        self._observe(http, status, time.perf_counter() - started)

    async def _upgrade(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve a WebSocket. One that no route takes is refused by an ordinary answer, as routes refuse theirs."""
        handshake: _Scope = {**scope, "method": "GET"}
        has_begun = False
        dialect, _ = self._arrive(handshake)
        extra = self._extra(handshake, dict(scope["headers"]), dialect)
        del handshake["method"]  # the routes would take it for a request
        handshake["state"]["send"] = send  # for frames, which nobody between here and the route has to see

        async def send_on(message: Message) -> None:
            nonlocal has_begun
            if message["type"] == "websocket.close" and not has_begun:
                status = HTTPStatus.INTERNAL_SERVER_ERROR if message["reason"] == BROKEN else HTTPStatus.NOT_FOUND
                answer = dialect.problem(status, status.phrase)
                await send_answer(send, answer._replace(headers=_with_extra(answer.headers, extra)), DENIAL)
                return
            has_begun = True
            await send(message)

        await self._app(cast("Scope", handshake), receive, send_on)

    def _arrive(self, scope: _Scope) -> tuple[Dialect, bool]:
        """Take a request for what is meant by it: return the dialect, and whether only the head is wanted."""
        peer = scope.get("client")
        if self._proxies and peer:
            forwarded = [value for name, value in scope["headers"] if name == b"x-forwarded-for"]
            scope["client"] = (client_of(peer[0], forwarded, self._proxies), peer[1])
        dialect, scope["path"] = read_path(scope["path"])
        head_only = dialect.lenient and scope["method"] == "HEAD"
        if head_only:
            scope["method"] = "GET"
        return dialect, head_only

    def _extra(self, scope: _Scope, headers: dict[bytes, bytes], dialect: Dialect) -> Headers:
        """Return the headers of every answer to this request, which a route may add to, or say otherwise."""
        request_id = _request_id(headers.get(b"x-request-id")) or next(self._request_ids)
        extra: Headers = [(b"x-request-id", request_id.encode())]
        scope.setdefault("state", {}).update(request_id=request_id, dialect=dialect, headers=extra)
        if dialect.fleeting or (dialect.lenient and scope["path"].startswith(NEVER_STORED)):
            extra.append((b"cache-control", b"no-store"))
        elif scope["method"] == "GET":
            extra.append((b"cache-control", b"no-cache"))
        extra += self._cors.headers(dialect, headers)
        return extra

    def _answer(self, scope: _Scope, headers: dict[bytes, bytes], dialect: Dialect) -> Answer | None:
        """Return an answer that needs no route, or None."""
        path = scope["path"]
        if scope["method"] == "OPTIONS":
            if b"origin" in headers and b"access-control-request-method" in headers:
                return self._cors.preflight(dialect, headers)
            scope["method"] = UNSERVED
        if path.startswith("//"):
            return dialect.problem(404, "Not Found")
        if path != "/" and path.endswith("/"):
            return Answer(307, [(b"location", _without_slash(scope))])
        return None

    async def _wait(
        self, scope: _Scope, headers: dict[bytes, bytes], dialect: Dialect, extra: Headers
    ) -> Answer | None:
        """Let a read wait until it shows what its caller has seen; say so when that takes too long."""
        after = headers.get(b"guildbook-after")
        if after is None or scope["method"] != "GET":
            return None
        if not after.isdigit() or len(after) > POSITION_DIGITS_MAX:
            return dialect.problem(400, "Guildbook-After must be a position.")
        if not await self._freshness.wait(int(after), self._freshness_seconds_max):
            extra.append((b"guildbook-stale", b"true"))
        return None

    def _observe(self, scope: _Scope, status: int, seconds: float) -> None:
        handler = scope.get("route_handler")
        route = min(handler.paths) if handler else "none"  # never the path itself: ids are without end
        method = scope["method"] if scope["method"] in METHODS else "other"
        requests, times = _figures(method, route, status)
        requests.inc()
        times.observe(seconds)
        if self._logs_all or status >= 500 or seconds > SLOW_SECONDS:  # noqa: PLR2004
            request_id = scope["state"]["request_id"]
            _logger.info("request", method=method, route=route, status=status, seconds=seconds, request_id=request_id)


@cache
def _figures(method: str, route: str, status: int) -> tuple[Counter, Histogram]:
    return REQUESTS.labels(method, route, status), SECONDS.labels(route)


def _with_extra(headers: Iterable[tuple[bytes, bytes]], extra: Headers) -> Headers:
    own = list(headers)
    names = {name for name, _ in own}
    return [*own, *(header for header in extra if header[0] not in names)]


def _request_id(given: bytes | None) -> str | None:
    """Return the caller's request id when it is a plain word."""
    if given and len(given) <= REQUEST_ID_CHARACTERS_MAX:
        text = given.decode("latin-1")
        if text.isascii() and text.replace("-", "").replace("_", "").replace(".", "").isalnum():
            return text
    return None


def _without_slash(scope: _Scope) -> bytes:
    """Return where a path with a slash at its end leads: quoted, so that it never leads to another host."""
    query = scope["query_string"]
    return quote(scope["path"].rstrip("/")).encode() + (b"?" + query if query else b"")


async def send_answer(send: Send, answer: Answer, kind: str = "http.response") -> None:
    """Send an answer; `kind` is DENIAL where a WebSocket was asked for."""
    length = (b"content-length", str(len(answer.body)).encode())
    headers = [*answer.headers, length]
    await send(cast("Message", {"type": f"{kind}.start", "status": answer.status, "headers": headers}))
    await send(cast("Message", {"type": f"{kind}.body", "body": answer.body, "more_body": False}))
