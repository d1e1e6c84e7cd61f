"""A Discord that says what a test wants it to say."""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Event, Thread
from typing import ClassVar, NamedTuple

CDN_URL = "https://cdn.example.org"


class Reply(NamedTuple):
    """What a token is answered: content in parts, sent one by one; no content at all for a lost connection."""

    status: int
    parts: tuple[bytes, ...] | None
    waits_for: Event | None = None


class FakeDiscord:
    """Knows the tokens that it was told, and refuses all others."""

    def __init__(self, url: str) -> None:
        self.url = url
        self.replies: dict[str, Reply] = {}
        self.asked: list[str] = []

    def says(self, token: str, status: int, *parts: bytes) -> str:
        self.replies[token] = Reply(status, parts)
        return token

    def breaks_off(self, token: str) -> str:
        self.replies[token] = Reply(200, None)
        return token

    def waits(self, token: str) -> Event:
        """Answer only after the returned event is set."""
        event = Event()
        self.replies[token] = Reply(200, (b"{}",), event)
        return event

    def knows(
        self, number: int, name: str = "Ines", discriminator: str | None = "0412", avatar: str | None = None
    ) -> str:
        """Return a token of this person."""
        user = {"id": str(number), "username": name, "discriminator": discriminator, "avatar": avatar}
        content = json.dumps({"application": {}, "scopes": ["identify"], "user": user}).encode()
        return self.says(f"token-of-{number}", 200, content)

    def reply(self, path: str, authorization: str) -> Reply:
        token = authorization.removeprefix("Bearer ")
        self.asked.append(token)
        if path != "/api/oauth2/@me":
            return Reply(404, (b'{"message": "404: Not Found"}',))
        return self.replies.get(token, Reply(401, (b'{"message": "401: Unauthorized", "code": 0}',)))


class _Handler(BaseHTTPRequestHandler):
    discord: ClassVar[FakeDiscord]

    def do_GET(self) -> None:
        reply = self.discord.reply(self.path, self.headers.get("Authorization", ""))
        if reply.waits_for is not None:
            reply.waits_for.wait()
        if reply.parts is None:
            return
        self.send_response(reply.status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(sum(map(len, reply.parts))))
        self.end_headers()
        for part in reply.parts:
            self.wfile.write(part)
            self.wfile.flush()

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the name that the library has
        """Say nothing."""


@contextmanager
def fake_discord() -> Iterator[FakeDiscord]:
    """Serve until the block ends."""
    server = ThreadingHTTPServer(("127.0.0.1", 0), _Handler)
    _Handler.discord = FakeDiscord(f"http://127.0.0.1:{server.server_port}/api")
    thread = Thread(target=server.serve_forever)
    thread.start()
    yield _Handler.discord
    server.shutdown()
    thread.join()
    server.server_close()


def settings_for(discord: FakeDiscord) -> dict[str, str]:
    """Return the settings of a server that asks this one, and no other."""
    return {
        "GUILDBOOK_DISCORD_API_URL": discord.url,
        "GUILDBOOK_DISCORD_CDN_URL": CDN_URL,
        "GUILDBOOK_DISCORD_TIMEOUT_SECONDS": "1",
    }
