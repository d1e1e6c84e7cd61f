"""A Discord whose guilds are real within it: limits, refusals, lost answers and all, over real connections."""

import asyncio
import json
import time
from collections import deque
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import Any, NamedTuple
from urllib.parse import unquote

from aiohttp import web

from tests.fake_discord_guilds import FakeGuild, Refused, change_channel, in_guild

TOKEN = "bot-token"
BOT = 8800
UNKNOWN_GUILD, UNKNOWN_CHANNEL = 10004, 10003


class Asked(NamedTuple):
    """A request that came."""

    method: str
    path: str
    reason: str
    at: float


class FakeDiscordRest:
    """Guilds by id. `faults` is what happens to the next requests; `fault_of` decides when that is empty.

    A fault: "429", "global", "500", "403", "cut" (nothing is done), "lost" and "half" (it is done, and no answer comes,
    or half of one), "late 500" (it is done, and the answer says it was not); "" is none.
    """

    def __init__(self) -> None:
        self.url = ""
        self.guilds: dict[int, FakeGuild] = {}
        self.pictures: dict[str, bytes] = {}  # by path below `cdn_url`
        self.asked: list[Asked] = []
        self.faults: deque[str] = deque()
        self.fault_of: Callable[[web.Request], str] = lambda _: ""
        self.retry_after = 0.05
        self.bucket_size, self.bucket_seconds = 1000, 1.0
        self.overruns = 0
        self._spent: dict[tuple[str, str], list[float]] = {}
        self.token = TOKEN
        self.came = asyncio.Condition()

    @property
    def cdn_url(self) -> str:
        """Where the pictures are."""
        return self.url.replace("/api", "/cdn")

    def guild(self, number: int, owner: int = 7) -> FakeGuild:
        """Add a guild in which the bot has a role above all."""
        self.guilds[number] = guild = FakeGuild(number, owner)
        guild.bot_roles.append(guild.add_role("bot", position=200, managed=True))
        return guild

    def count(self, method: str, end: str) -> int:
        """Count the requests whose path ends like this."""
        return sum(asked.method == method and asked.path.endswith(end) for asked in self.asked)

    async def handle(self, request: web.Request) -> web.StreamResponse:
        """Answer, or not."""
        body = await request.read()
        reason = unquote(request.headers.get("X-Audit-Log-Reason", ""))
        async with self.came:
            self.asked.append(Asked(request.method, request.path, reason, time.monotonic()))
            self.came.notify_all()
        fault = self.faults.popleft() if self.faults else self.fault_of(request)
        limited = self._limit(request, fault)
        if limited is not None:
            return limited
        if fault == "500":
            return web.json_response({"message": "500: Internal Server Error", "code": 0}, status=500)
        if fault == "403":
            return web.json_response({"message": "Missing Permissions", "code": 50013}, status=403)
        if fault == "cut":
            return _cut(request)
        if request.path.startswith("/cdn/"):
            return self._picture(request.path.removeprefix("/cdn"))
        answer = self._answer(request, json.loads(body) if body else dict(request.query))
        if fault == "late 500":
            return web.Response(status=502, text="<html>bad gateway</html>")
        if fault in ("lost", "half"):
            return await _lose(request, answer, half=fault == "half")
        return answer

    def _limit(self, request: web.Request, fault: str) -> web.Response | None:
        """Return a 429 when it is time for one."""
        if fault in ("429", "global"):
            return self._busy(self.retry_after, is_global=fault == "global")
        now = time.monotonic()
        spent = self._spent.setdefault(_bucket(request), [])
        spent[:] = [at for at in spent if at > now - self.bucket_seconds]
        if len(spent) >= self.bucket_size:
            self.overruns += 1
            return self._busy(spent[0] + self.bucket_seconds - now, is_global=False)
        spent.append(now)
        return None

    def _busy(self, seconds: float, *, is_global: bool) -> web.Response:
        body = {"message": "You are being rate limited.", "retry_after": round(seconds, 3), "global": is_global}
        headers = {"Retry-After": str(int(seconds) + 1 if seconds > 1 else 0)}
        if is_global:
            headers["X-RateLimit-Global"] = "true"
        return web.json_response(body, status=429, headers=headers)

    def _answer(self, request: web.Request, body: Any) -> web.Response:  # noqa: ANN401
        try:
            self._require_token(request)
            shown = self._do(request.method, request.path.removeprefix("/api").split("/")[1:], body)
        except Refused as refused:
            return web.json_response(refused.body, status=refused.status)
        answer = web.Response(status=204) if shown is None else web.json_response(shown)
        spent = self._spent[_bucket(request)]
        answer.headers["X-RateLimit-Bucket"] = _bucket(request)[0]
        answer.headers["X-RateLimit-Limit"] = str(self.bucket_size)
        answer.headers["X-RateLimit-Remaining"] = str(self.bucket_size - len(spent))
        answer.headers["X-RateLimit-Reset-After"] = f"{spent[0] + self.bucket_seconds - time.monotonic():.3f}"
        return answer

    def _picture(self, path: str) -> web.Response:
        if path.endswith("/page.png"):
            return web.Response(text="<html>not here</html>", content_type="text/html")
        picture = self.pictures.get(path)
        return web.Response(status=404) if picture is None else web.Response(body=picture, content_type="image/png")

    def _require_token(self, request: web.Request) -> None:
        if request.headers.get("Authorization") != f"Bot {self.token}":
            raise Refused(401, 0, "401: Unauthorized")

    def _do(self, method: str, path: list[str], body: Any) -> Any:  # noqa: ANN401
        match path:
            case ["users", "@me"]:
                return {"id": str(BOT), "username": "loader"}
            case ["guilds", number, *rest]:
                guild = self.guilds.get(int(number))
                if guild is None:
                    raise Refused(404, UNKNOWN_GUILD, "Unknown Guild")
                return in_guild(guild, method, rest, body)
            case ["channels", number]:
                guild = next((g for g in self.guilds.values() if int(number) in g.channels), None)
                if guild is None:
                    raise Refused(404, UNKNOWN_CHANNEL, "Unknown Channel")
                return change_channel(guild, method, int(number), body)
            case _:
                raise Refused(404, 0, "404: Not Found")


def _bucket(request: web.Request) -> tuple[str, str]:
    _, _, kind, about, *rest = f"{request.path}/".split("/")
    words = [part for part in rest if part and not part.isdecimal()]
    return f"{request.method}-{kind}-{'-'.join(words)}", about


def _cut(request: web.Request) -> web.StreamResponse:
    assert request.transport is not None
    request.transport.abort()
    return web.Response()


async def _lose(request: web.Request, answer: web.Response, *, half: bool) -> web.StreamResponse:
    if half and answer.body:
        answer.headers["Content-Length"] = str(len(bytes(answer.body)) + 1)  # pyright: ignore[reportArgumentType]
        part = web.StreamResponse(status=answer.status, headers=answer.headers)
        await part.prepare(request)
        await part.write(bytes(answer.body)[:-1])  # pyright: ignore[reportArgumentType]
    return _cut(request)


@asynccontextmanager
async def fake_discord_rest() -> AsyncIterator[FakeDiscordRest]:
    """Serve until the block ends."""
    discord = FakeDiscordRest()
    app = web.Application()
    app.router.add_route("*", "/{path:.*}", discord.handle)
    runner = web.AppRunner(app)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    discord.url = f"http://127.0.0.1:{runner.addresses[0][1]}/api"
    try:
        yield discord
    finally:
        await runner.cleanup()
