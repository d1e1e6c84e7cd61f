"""Callbacks as bots have them over `/book`, and deliveries as a sender would leave them."""

import base64
from typing import Any

from tests.api.book.loading import done
from tests.books import ask
from tests.world import Bot

CALLBACKS = "/book/callbacks"
URL = "https://receiver.example.org/hook"
KNOWN_SECRET = f"whsec_{base64.b64encode(b'k' * 24).decode()}"
AUDITOR = "events:read"


async def subscribe(bot: Bot, **wishes: object) -> dict[str, Any]:
    """Add a callback."""
    return done(await bot.post(CALLBACKS, {"url": URL, **wishes}), 201)


def path_of(callback: dict[str, Any], *rest: str) -> str:
    return "/".join((CALLBACKS, callback["id"], *rest))


def without_secret(callback: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in callback.items() if name != "secret"}


def deliver(
    database_url: str, callback: dict[str, Any], position: int, state: str = "delivered", **more: object
) -> str:
    """Put a delivery into the database, with one failed attempt, and return its id."""
    name = f"msg_{position}_{callback['id']}"
    ended = None if state == "pending" else "2027-01-01T00:00:05Z"
    values = {"type": "guilds.RoleCreated", "due_at": "2027-01-01T00:00:07Z", "body": b"{}", **more}
    ask(
        database_url,
        """
            INSERT INTO operations.deliveries
                (id, position, callback, app, event, entity, state_of, type, body, state, attempts, due_at, finished_at)
            VALUES (%s, %s, %s, %s, %s, 'guilds-role-9-8', '', %s, %s, %s, 1, %s, %s)
        """,
        *(name, position, callback["id"], callback["bot_id"], callback.get("event", callback["id"])),
        *(values["type"], values["body"], state, values["due_at"], ended),
    )
    ask(
        database_url,
        """
            INSERT INTO operations.delivery_attempts
                (delivery, number, started_at, duration_ms, status, error, response)
            VALUES (%s, 1, '2027-01-01T00:00:00Z', 12, 503, 'HTTP 503', 'busy')
        """,
        name,
    )
    return name
