"""Which web pages of other origins may call: each surface by its own list."""

from collections.abc import Mapping

from api.dialects import Answer, Dialect, Headers
from schemas.settings import Settings

ANY = b"*"
METHODS = ("DELETE", "GET", "PATCH", "POST", "PUT")
SHOWN = "Guildbook-Position, Guildbook-Stale, X-Request-Id"
LIMITS = "RateLimit-Policy, RateLimit, Bucket, Req-Limit, Req-Made"
PREFLIGHT_SECONDS = 600


class Cors:
    """The headers by which a browser decides. An origin is allowed by being named back to it, never by `*`."""

    def __init__(self, settings: Settings) -> None:
        self._origins = {
            "allowed": frozenset(origin.encode() for origin in settings.origins()),
            "dashboards": frozenset(origin.encode() for origin in settings.dashboards()),
            "none": frozenset[bytes](),
        }

    def headers(self, dialect: Dialect, headers: Mapping[bytes, bytes]) -> Headers:
        """Return what an answer says of the page that asks, if it does."""
        if not self._origins[dialect.origins]:
            return []
        vary = (b"vary", b"Origin")
        origin = headers.get(b"origin")
        if origin is None or not self._allows(dialect, origin):
            return [vary]
        shown = f"ETag, Retry-After, {LIMITS}, {SHOWN}" if dialect.lenient else SHOWN
        return [
            vary,
            (b"access-control-allow-origin", origin),
            (b"access-control-allow-credentials", b"true"),
            (b"access-control-expose-headers", shown.encode()),
        ]

    def preflight(self, dialect: Dialect, headers: Mapping[bytes, bytes]) -> Answer:
        """Answer a browser that asks first. A lenient surface lets it use whatever it wants to."""
        if not self._allows(dialect, headers[b"origin"]):
            return dialect.problem(400, "Disallowed CORS origin.")
        methods, names = ", ".join(METHODS).encode(), b"Authorization, Content-Type"
        if dialect.lenient:
            methods = headers[b"access-control-request-method"]
            names = headers.get(b"access-control-request-headers", names)
        allowed = [
            (b"access-control-allow-methods", methods),
            (b"access-control-allow-headers", names),
            (b"access-control-max-age", str(PREFLIGHT_SECONDS).encode()),
        ]
        return Answer(200, allowed)

    def _allows(self, dialect: Dialect, origin: bytes) -> bool:
        origins = self._origins[dialect.origins]
        return origin in origins or (ANY in origins and dialect.origins == "dashboards")
