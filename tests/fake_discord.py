"""A Discord that says what a test wants it to say."""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from itertools import count
from threading import Event, Thread
from typing import ClassVar, NamedTuple
from urllib.parse import parse_qsl

CDN_URL = "https://cdn.example.org"
REDIRECT_URI = "https://dashboard.example.org/authorize"
CLIENT_ID = 930000000000000001
CLIENT_SECRET = "a-secret"
AT_ME, USER, GUILDS, TOKEN = "/oauth2/@me", "/users/@me", "/users/@me/guilds", "/oauth2/token"
_numbers = count(1)


class Reply(NamedTuple):
    """What a token is answered: content in parts, sent one by one; no content at all for a lost connection."""

    status: int
    parts: tuple[bytes, ...] | None
    waits_for: Event | None = None


class FakeDiscord:
    """Knows the tokens and codes that it was told, and refuses all others."""

    def __init__(self, url: str) -> None:
        self.url = url
        self.replies: dict[tuple[str, str], Reply] = {}
        self.asked: list[str] = []
        self.forms: list[dict[str, str]] = []

    def says(self, token: str, status: int, *parts: bytes, path: str = AT_ME) -> str:
        self.replies[path, token] = Reply(status, parts)
        return token

    def breaks_off(self, token: str, path: str = AT_ME) -> str:
        self.replies[path, token] = Reply(200, None)
        return token

    def waits(self, token: str, path: str = AT_ME) -> Event:
        """Answer only after the returned event is set."""
        event = Event()
        self.replies[path, token] = Reply(200, (b"{}",), event)
        return event

    def knows(
        self, number: int, name: str = "Ines", discriminator: str | None = "0412", avatar: str | None = None
    ) -> str:
        """Return a token of this person."""
        user = {"id": str(number), "username": name, "discriminator": discriminator, "avatar": avatar}
        content = json.dumps({"application": {}, "scopes": ["identify"], "user": user}).encode()
        return self.says(f"token-of-{number}", 200, content)

    def sends_back(self, number: int, name: str = "ines", scope: str = "identify guilds", **more: object) -> str:
        """Return a code of this person, as the provider sends somebody back with."""
        code, token = f"code-{number}-{next(_numbers)}", f"access-{number}-{next(_numbers)}"
        self.grants(code, token, refresh=f"refresh-{number}", scope=scope)
        user = {"id": str(number), "username": name, "discriminator": "0", "avatar": None, "global_name": None, **more}
        self.says(token, 200, json.dumps(user).encode(), path=USER)
        self.lists(token)
        return code

    def grants(self, code: str, token: str, *, refresh: str | None = None, scope: str = "identify guilds") -> None:
        """Give this token for a code, or for a token that refreshes."""
        tokens = {"access_token": token, "token_type": "Bearer", "expires_in": 604_800, "scope": scope}
        content = tokens if refresh is None else {**tokens, "refresh_token": refresh}
        self.says(code, 200, json.dumps(content).encode(), path=TOKEN)

    def lists(self, token: str, *guilds: dict[str, object]) -> None:
        """List these guilds for whose token this is."""
        self.says(token, 200, json.dumps(guilds).encode(), path=GUILDS)

    def token_for(self, code: str) -> str:
        """Return the token that this code is good for."""
        return json.loads(b"".join(self.replies[TOKEN, code].parts or ()))["access_token"]

    def reply(self, path: str, authorization: str) -> Reply:
        token = authorization.removeprefix("Bearer ")
        self.asked.append(token)
        if path not in (AT_ME, USER, GUILDS):
            return Reply(404, (b'{"message": "404: Not Found"}',))
        return self.replies.get((path, token), Reply(401, (b'{"message": "401: Unauthorized", "code": 0}',)))

    def exchange(self, path: str, form: dict[str, str]) -> Reply:
        self.forms.append(form)
        refusal = b'{"error": "invalid_grant", "error_description": "Invalid \\"code\\" in request."}'
        if path != TOKEN or (form.get("client_id"), form.get("client_secret")) != (str(CLIENT_ID), CLIENT_SECRET):
            return Reply(401, (b'{"error": "invalid_client"}',))
        shown = form.get("code") or form.get("refresh_token", "")
        return self.replies.get((TOKEN, shown), Reply(400, (refusal,)))


class _Handler(BaseHTTPRequestHandler):
    discord: ClassVar[FakeDiscord]

    def do_GET(self) -> None:
        self._answer(self.discord.reply(self.path.removeprefix("/api"), self.headers.get("Authorization", "")))

    def do_POST(self) -> None:
        content = self.rfile.read(int(self.headers["Content-Length"])).decode()
        self._answer(self.discord.exchange(self.path.removeprefix("/api"), dict(parse_qsl(content))))

    def _answer(self, reply: Reply) -> None:
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
        "GUILDBOOK_ANTIRAID_CLIENT_ID": str(CLIENT_ID),
        "GUILDBOOK_OAUTH_CLIENT_SECRET": CLIENT_SECRET,
        "GUILDBOOK_OAUTH_REDIRECT_URIS": f"https://other.example.org, {REDIRECT_URI}",
    }
