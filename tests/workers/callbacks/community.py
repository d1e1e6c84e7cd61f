"""A small community on a database: apps with callbacks, teams, people and awards, all through commands."""

import json
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from typing import Any, NamedTuple, TypeVar

from psycopg import AsyncConnection
from psycopg.rows import TupleRow

from domain.accounts.aggregate import Edit, Profile
from domain.apps import commands as apps
from domain.awards.commands import delete_award
from domain.callbacks.commands import remove_callback
from domain.permissions import OPERATOR
from domain.processes.create_account import create_account
from domain.processes.create_award import create_award
from domain.processes.delete_account import delete_account
from domain.processes.delete_app import delete_app
from domain.processes.delete_team import delete_team
from domain.processes.edit_account import edit_account
from domain.processes.edit_award import edit_award
from domain.processes.grant_award import grant_award, revoke_award
from domain.processes.register_callback import register_callback
from domain.teams import commands as teams
from projections import checkpoints
from projections.catalogue import PROJECTORS
from projections.checkpoints import fingerprint
from projections.rebuild import create_tables
from projections.runtime import Group
from store.appender import Appender
from store.codec import Origin
from store.connections import connect, pool
from store.event_store import EventStore
from store.keys import Keyring
from workers.callbacks.feed import CallbackFeed

T = TypeVar("T")
ORIGIN = Origin(actor="operator", surface="tests")
MASTER_KEY = b"A" * 32
SECRET = "sample-only"


class Told(NamedTuple):
    """A delivery in the outbox."""

    id: str
    event: str
    entity: str
    state: str
    body: dict[str, Any] | None


class Community:
    """Commands by anybody who may do anything, and the tables that follow when they are told to."""

    def __init__(self, store: EventStore, connection: AsyncConnection[TupleRow], keyring: Keyring) -> None:
        self.store = store
        self.connection = connection
        self.keyring = keyring
        self.group = Group(PROJECTORS, 0, CallbackFeed())

    async def do(self, command: Callable[..., Awaitable[T]], *args: object, **kwargs: object) -> T:
        return (await self.store.execute(ORIGIN, command, *args, **kwargs)).value

    async def subscribe(self, *events: str, url: str = "http://receiver.test/", secret: str = SECRET) -> int:
        app = await self.do(apps.create_app, name="bot", permissions=0, token_hash="")
        for event in events:
            await self.register(app, event, url, secret)
        return app

    async def register(self, app: int, event: str, url: str, secret: str = SECRET) -> int:
        return await self.do(register_callback, app=app, event=event, url=url, secret=secret)

    async def unsubscribe(self, app: int, event: str) -> None:
        await self.do(remove_callback, app=app, event=event)

    async def close_app(self, app: int) -> None:
        await self.do(delete_app, app=app)

    async def team(self, name: str) -> int:
        return await self.do(teams.create_team, OPERATOR, name=name)

    async def join(self, account: int, team: int | None = None, name: str = "Ines") -> None:
        profile = Profile(account, name, "0412", None)
        args = {"profile": profile, "team": team, "permissions": 0, "signups_default": True}
        await self.do(create_account, OPERATOR, **args)

    async def edit(self, account: int, **wish: Any) -> None:  # noqa: ANN401 - as the command has them
        await self.do(edit_account, OPERATOR, account=account, edit=Edit(**wish))

    async def move(self, account: int, team: int | None) -> None:
        await self.edit(account, team=team)

    async def leave(self, account: int) -> None:
        await self.do(delete_account, OPERATOR, account=account)

    async def dissolve(self, team: int) -> None:
        await self.do(delete_team, OPERATOR, team=team)

    async def award(self, team: int, *accounts: int, title: str = "Gold") -> int:
        args = {"title": title, "image_url": "g.png", "team": team, "accounts": accounts}
        return await self.do(create_award, OPERATOR, **args)

    async def grant(self, award: int, account: int) -> None:
        await self.do(grant_award, OPERATOR, award=award, account=account)

    async def revoke(self, award: int, account: int) -> None:
        await self.do(revoke_award, OPERATOR, award=award, account=account)

    async def delete_award(self, award: int) -> None:
        await self.do(delete_award, OPERATOR, award=award)

    async def edit_award(self, award: int, **wish: Any) -> None:  # noqa: ANN401 - as the command has them
        await self.do(edit_award, OPERATOR, award=award, **wish)

    async def project(self) -> None:
        """Bring the tables, and with them the outbox, up to the head of the log."""
        while await self.group.step(self.connection, self.keyring):
            pass

    async def told(self) -> list[Told]:
        """Return what is in the outbox, after bringing it up to the head."""
        await self.project()
        query = "SELECT id, event, entity, state, body FROM operations.deliveries ORDER BY position, callback"
        rows = await (await self.connection.execute(query)).fetchall()
        return [Told(row[0], row[1], row[2], row[3], row[4] and json.loads(row[4])) for row in rows]

    async def states(self) -> list[str]:
        """Return the states of all deliveries, by position."""
        query = "SELECT state FROM operations.deliveries ORDER BY position, callback"
        return [row[0] for row in await (await self.connection.execute(query)).fetchall()]


@asynccontextmanager
async def open_community(url: str) -> AsyncIterator[Community]:
    """Give an empty community on a migrated database."""
    connections, appender = pool(url), Appender(url)
    async with connections, await connect(url) as connection:
        await create_tables(connection, PROJECTORS)
        for projector in PROJECTORS:
            await checkpoints.begin(connection, projector.name, 0, fingerprint(projector))
        await checkpoints.begin(connection, CallbackFeed.name, 0, "")
        keyring = Keyring(connections, MASTER_KEY)
        yield Community(EventStore(connections, appender, keyring), connection, keyring)
        await appender.close()
