"""A small identity provider for trying things out: it speaks the one route of Discord's API that logging in needs."""

import hashlib
from typing import Any

from litestar import Response, get

from api.parts import Asked

TOKEN_PREFIX = "demo-"  # noqa: S105 - it is no secret
SNOWFLAKE_BASE = 10**17


def user_of(token: str) -> dict[str, Any] | None:
    """Return whose token `demo-<name>` is, the same person every time; None for any other token."""
    name = token.removeprefix(TOKEN_PREFIX)
    if not token.startswith(TOKEN_PREFIX) or not name.isalnum():
        return None
    number = int.from_bytes(hashlib.sha256(name.encode()).digest()[:6], "big")
    return {"id": str(SNOWFLAKE_BASE + number), "username": name, "discriminator": "0", "avatar": None}


@get("/demo/discord/oauth2/@me", include_in_schema=False)
async def provider(request: Asked) -> Response[dict[str, Any]]:
    """Say whose token was shown."""
    user = user_of(request.headers.get("authorization", "").removeprefix("Bearer "))
    if user is None:
        return Response({"message": "401: Unauthorized", "code": 0}, status_code=401)
    return Response({"application": {"name": "Guildbook demo"}, "scopes": ["identify"], "user": user})
