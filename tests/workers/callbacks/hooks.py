"""Callbacks of /book on a community: a bot, its endpoints, things that happen in a guild, and a fan-out."""

import asyncio
import base64
import json
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from typing import Any

from psycopg import AsyncConnection
from psycopg.rows import TupleRow

from domain.apps import commands as apps
from domain.apps.aggregate import AUDITOR_SCOPE
from domain.callbacks import commands as callbacks
from domain.callbacks.aggregate import Callback
from domain.guilds.aggregate import ROLE
from domain.guilds.events import RoleCreated
from domain.kernel import Book
from domain.processes.add_callback import add_callback
from schemas.settings import Settings
from store.source import Opening, from_log
from tests.workers.callbacks.community import ORIGIN, Community
from tests.workers.callbacks.receivers import Received, end
from workers.callbacks.fanout import CallbackFanout

HOME, AWAY = 920, 921
BOT = 4401
SECRET = "whsec_" + base64.b64encode(b"0123456789abcdef0123456789abcdef").decode()
SECONDS_MAX = 60


class Hooks:
    """What a bot does with its callbacks, and what happens meanwhile."""

    def __init__(self, community: Community) -> None:
        self.community = community
        self.do = community.do

    async def bot(
        self, app: int = BOT, scopes: Sequence[str] = (AUDITOR_SCOPE,), guilds: tuple[int, ...] | None = None
    ) -> int:
        args = {"app": app, "name": "bot", "token_hash": "h", "scopes": tuple(scopes), "guilds": guilds}
        await self.do(apps.create_bot, **args)
        return app

    async def add(self, url: str, *, app: int = BOT, secret: str = SECRET, **wish: Any) -> Callback:  # noqa: ANN401 - as the command has them
        return await self.do(add_callback, app=app, url=url, secret=secret, **wish)

    async def pause(self, callback: Callback) -> None:
        await self.do(callbacks.pause_callback, app=callback.app, event=callback.event)

    async def resume(self, callback: Callback) -> None:
        await self.do(callbacks.resume_callback, app=callback.app, event=callback.event)

    async def replay(self, callback: Callback, after: int) -> None:
        await self.do(callbacks.replay_callback, app=callback.app, event=callback.event, after=after)

    async def resend(self, callback: Callback, delivery: str) -> None:
        await self.do(callbacks.resend_delivery, app=callback.app, event=callback.event, delivery=delivery)

    async def probe(self, callback: Callback) -> None:
        await self.do(callbacks.probe_callback, app=callback.app, event=callback.event)

    async def remove(self, callback: Callback) -> None:
        await self.do(callbacks.remove_callback, app=callback.app, event=callback.event)

    async def say(self, *roles: int, guild: int = HOME) -> list[int]:
        """Let something happen to each of these roles, one after the other; returns where."""
        return [(await self.community.store.execute(ORIGIN, _said, guild, role)).position for role in roles]

    async def held_back(self) -> dict[int, int]:
        """Return where those are that are not level."""
        query = "SELECT callback, position FROM operations.callback_cursors"
        return dict(await (await self.community.connection.execute(query)).fetchall())

    async def states_of(self, callback: Callback) -> list[str]:
        """Return the states of the deliveries to one callback, by position."""
        query = "SELECT state FROM operations.deliveries WHERE callback = %s ORDER BY position"
        return [row[0] for row in await (await self.community.connection.execute(query, (callback.id,))).fetchall()]

    async def is_level(self) -> bool:
        """Tell whether nobody lags."""
        return await self.held_back() == {}

    async def are(self, callback: Callback, *states: str) -> bool:
        """Tell whether the deliveries to a callback are in these states."""
        return await self.states_of(callback) == list(states)


async def _said(book: Book, guild: int, role: int) -> None:
    await book.load(ROLE, guild, role)
    book.append(ROLE.stream(guild, role), [RoleCreated(guild=guild, role=role, name="Member")])


async def somebody_waits(connection: AsyncConnection[TupleRow]) -> bool:
    """Tell whether somebody waits for a lock that another holds."""
    query = """
        SELECT FROM pg_locks
        WHERE locktype = 'advisory'
          AND NOT granted
          AND database = (SELECT oid FROM pg_database WHERE datname = current_database())
    """
    return await (await connection.execute(query)).fetchone() is not None


def position_in(received: Received) -> int:
    """Return the position of the event that a delivery tells of."""
    return int(json.loads(received.body)["id"])


@asynccontextmanager
async def fanning(url: str, open_source: Opening = from_log, **settings: Any) -> AsyncIterator[asyncio.Task[None]]:  # noqa: ANN401 - any setting
    """Run a fan-out until the block ends."""
    task = asyncio.create_task(CallbackFanout(url, Settings(**settings), open_source).run())
    try:
        yield task
    finally:
        await end(task)
