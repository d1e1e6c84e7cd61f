"""A receiver of callbacks on this machine that remembers everything, and a sender with a clock that only tests move."""

import asyncio
import json
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager, suppress
from datetime import UTC, datetime, timedelta
from typing import Any, NamedTuple

from aiohttp import web

from schemas.settings import Settings
from store import signals
from store.connections import pool
from store.keys import Keyring
from tests.workers.callbacks.community import MASTER_KEY, Community
from workers.callbacks.sender import CallbackSender

SECONDS_MAX = 60


class Received(NamedTuple):
    """A request as it came."""

    path: str
    headers: dict[str, str]
    body: bytes

    def account(self) -> str:
        """Return the account that it tells of."""
        return json.loads(self.body)["account"]["id"]

    def team(self) -> int | None:
        """Return the team that it tells of."""
        team = json.loads(self.body)["team"]
        return team and team["id"]


class Receiver:
    """Answers 204 unless `answer` says something else."""

    def __init__(self) -> None:
        self.url = ""
        self.received: list[Received] = []
        self.answer: Callable[[Received], Awaitable[web.StreamResponse]] | None = None
        self.under_way = self.under_way_most = 0
        self._came = asyncio.Condition()

    async def handle(self, request: web.Request) -> web.StreamResponse:
        received = Received(request.path, dict(request.headers), await request.read())
        self.under_way += 1
        self.under_way_most = max(self.under_way_most, self.under_way)
        async with self._came:
            self.received.append(received)
            self._came.notify_all()
        try:
            return await self.answer(received) if self.answer else web.Response(status=204)
        finally:
            self.under_way -= 1

    async def came(self, count: int, seconds_max: float = SECONDS_MAX) -> list[Received]:
        """Return what came, when it is at least so many."""
        async with asyncio.timeout(seconds_max), self._came:
            await self._came.wait_for(lambda: len(self.received) >= count)
        return list(self.received)

    def always(self, status: int, text: str = "", **headers: str) -> None:
        """Answer like this from now on."""

        async def answer(_received: Received) -> web.StreamResponse:
            return web.Response(status=status, text=text, headers={k.replace("_", "-"): v for k, v in headers.items()})

        self.answer = answer


class Gate:
    """Holds answers back until it is opened; they have this text, or none."""

    def __init__(self, receiver: Receiver, text: str = "") -> None:
        self._open = asyncio.Event()
        self._text = text
        receiver.answer = self._answer

    async def _answer(self, _received: Received) -> web.StreamResponse:
        await self._open.wait()
        return web.Response(text=self._text) if self._text else web.Response(status=204)

    def open(self) -> None:
        """Let all go, and all that come."""
        self._open.set()


class Clock:
    """The time, as the test has it."""

    def __init__(self, community: Community) -> None:
        self._community = community
        self.now = datetime.now(UTC)

    async def advance(self, **by: float) -> None:
        """Move on, and have the sender look."""
        self.now += timedelta(**by)
        await self._community.connection.execute("SELECT pg_notify(%s, '')", (signals.DELIVERIES,))


@asynccontextmanager
async def open_receiver() -> AsyncIterator[Receiver]:
    """Give a receiver that listens."""
    receiver = Receiver()
    app = web.Application()
    app.router.add_route("*", "/{path:.*}", receiver.handle)
    runner = web.AppRunner(app, access_log=None, shutdown_timeout=0.1)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    receiver.url = f"http://127.0.0.1:{runner.addresses[0][1]}/hook"
    try:
        yield receiver
    finally:
        await runner.cleanup()


@asynccontextmanager
async def sending(url: str, clock: Clock, **settings: Any) -> AsyncIterator[asyncio.Task[None]]:  # noqa: ANN401 - any setting
    """Run a sender until the block ends."""
    wanted = Settings(**{"callbacks_allow_private": True, **settings})
    async with pool(url) as connections:
        keyring = Keyring(connections, MASTER_KEY)
        sender = CallbackSender(url, keyring, wanted, clock=lambda: clock.now, chance=lambda: 0.5)
        task = asyncio.create_task(sender.run())
        try:
            yield task
        finally:
            await end(task)


async def end(task: asyncio.Task[None]) -> None:
    """Stop a sender as an operator would."""
    task.cancel()
    with suppress(asyncio.CancelledError):
        await task


async def until_states(community: Community, states: Sequence[str]) -> None:
    """Return when the deliveries, by position, are in these states."""
    async with asyncio.timeout(SECONDS_MAX):
        while await community.states() != list(states):  # noqa: ASYNC110 - it is another process, in effect
            await asyncio.sleep(0.01)


async def until_attempts(community: Community, count: int) -> None:
    """Return when so many attempts are written down."""
    query = "SELECT count(*) FROM operations.delivery_attempts"
    async with asyncio.timeout(SECONDS_MAX):
        while (row := await (await community.connection.execute(query)).fetchone()) and row[0] < count:  # noqa: ASYNC110 - it is another process, in effect
            await asyncio.sleep(0.01)
