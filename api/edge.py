"""What happens to every request before a route sees it, and to every answer on its way out."""

import time
import uuid
from collections.abc import Iterable


import structlog
from litestar.types import ASGIApp, Message, Receive, Scope, Send
from prometheus_client import Counter, Histogram

from schemas.settings import Settings

REQUESTS = Counter("guildbook_http_requests_total", "Requests answered.", ["method", "route", "status"])
SECONDS = Histogram("guildbook_http_request_seconds", "Time to answer.", ["route"])
SLOW_SECONDS = 1.0
REQUEST_ID_CHARACTERS_MAX = 128
PREFLIGHT_SECONDS = 600
METHODS = b"DELETE, GET, PATCH, POST, PUT"

_logger = structlog.get_logger()
_Headers = list[tuple[bytes, bytes]]


class Edge:
    """The outermost ASGI application: request ids, CORS, slashes, figures and the request log."""

    def __init__(self, app: ASGIApp, settings: Settings) -> None:
        self._app = app
        self._origins = frozenset(origin.encode() for origin in settings.origins())
        self._logs_all = settings.log_requests

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one connection."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        headers: dict[bytes, bytes] = dict(scope["headers"])
        started, status = time.perf_counter(), 0
        extra = self._extra(headers, scope)

        async def send_on(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
                message["headers"] = [*message["headers"], *extra]
            await send(message)

        answer = self._answer(scope, headers)
        if answer is not None:
            await _send(send_on, *answer)
        else:
            await self._app(scope, receive, send_on)
        self._observe(scope, status, time.perf_counter() - started)

    def _extra(self, headers: dict[bytes, bytes], scope: Scope) -> _Headers:
        request_id = _request_id(headers.get(b"x-request-id"))
        scope.setdefault("state", {})["request_id"] = request_id
        extra: _Headers = [(b"x-request-id", request_id.encode())]
        origin = headers.get(b"origin")
        if origin is not None and self._origins:
            extra.append((b"vary", b"Origin"))
        if origin in self._origins:
            extra += [
                (b"access-control-allow-origin", origin),
                (b"access-control-allow-credentials", b"true"),
                (b"access-control-expose-headers", b"Guildbook-Position, Guildbook-Stale, X-Request-Id"),
            ]
        return extra

    def _answer(self, scope: Scope, headers: dict[bytes, bytes]) -> tuple[int, _Headers, bytes] | None:
        """Return an answer that needs no route, or None."""
        path = scope["path"]
        if scope["method"] == "OPTIONS":
            return self._preflight(headers)
        if path.startswith("//"):
            return 404, [], b'{"detail":"Not Found"}'
        if path != "/" and path.endswith("/"):
            return 307, [(b"location", _without_slash(scope))], b""
        return None

    def _preflight(self, headers: dict[bytes, bytes]) -> tuple[int, _Headers, bytes]:
        if b"origin" not in headers or b"access-control-request-method" not in headers:
            return 405, [(b"allow", METHODS)], b'{"detail":"Method Not Allowed"}'
        if headers[b"origin"] not in self._origins:
            return 400, [], b'{"detail":"Disallowed CORS origin."}'
        allowed: _Headers = [
            (b"access-control-allow-methods", METHODS),
            (b"access-control-allow-headers", b"Authorization, Content-Type"),
            (b"access-control-max-age", str(PREFLIGHT_SECONDS).encode()),
        ]
        return 200, allowed, b""

    def _observe(self, scope: Scope, status: int, seconds: float) -> None:
        handler = scope.get("route_handler")
        route = min(handler.paths) if handler else "none"  # never the path itself: ids are without end
        method = scope["method"] if scope["method"] in METHODS.decode() else "other"
        REQUESTS.labels(method, route, status).inc()
        SECONDS.labels(route).observe(seconds)
        if self._logs_all or status >= 500 or seconds > SLOW_SECONDS:  # noqa: PLR2004
            request_id = scope["state"]["request_id"]
            _logger.info("request", method=method, route=route, status=status, seconds=seconds, request_id=request_id)


def _request_id(given: bytes | None) -> str:
    """Return the caller's request id when it is a plain word, else a new one."""
    if given and len(given) <= REQUEST_ID_CHARACTERS_MAX:
        text = given.decode("latin-1")
        if text.isascii() and text.replace("-", "").replace("_", "").replace(".", "").isalnum():
            return text
    return uuid.uuid4().hex


def _without_slash(scope: Scope) -> bytes:
    raw: bytes = scope.get("raw_path") or scope["path"].encode()
    query = scope["query_string"]
    return raw.partition(b"?")[0].rstrip(b"/") + (b"?" + query if query else b"")


async def _send(send: Send, status: int, headers: Iterable[tuple[bytes, bytes]], body: bytes) -> None:
    content = [(b"content-type", b"application/json")] if body else []
    length = [(b"content-length", str(len(body)).encode())]
    await send({"type": "http.response.start", "status": status, "headers": [*headers, *content, *length]})
    await send({"type": "http.response.body", "body": body, "more_body": False})
