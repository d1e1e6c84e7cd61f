"""A running server as its callers meet it: apps, sessions and anybody, and what they have made."""

import hashlib
import secrets
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager, suppress
from itertools import count
from typing import Any, TypeVar

import httpx

from domain.apps.aggregate import BOT_SCOPES, AppExistsError
from domain.apps.commands import create_app, create_bot
from domain.permissions import APP_BITS
from store.appender import Appender
from store.codec import Origin
from store.connections import pool
from store.event_store import EventStore
from store.keys import Keyring, load_master_key
from tests.fake_discord import CLIENT_ID
from tests.servers import MASTER_KEY

T = TypeVar("T")

ORIGIN = Origin(actor="operator", surface="tests")
SCOPE = (403, "Request outside of authorisation scope.")
PRIMARY_SECRET = "primary".ljust(43, "-")
STEWARD = 10**16  # the account that the shared server takes for an operator's
AUDITOR = STEWARD + 1  # and the one for an auditor's
INSPECTOR = STEWARD + 1  # and for an auditor's
NOT_FOUND = 2**62  # an id that nothing has
_numbers = count(10**17)  # account ids as large as Discord's


def new_number() -> int:
    """Return an account id that no test has used."""
    return next(_numbers)


class Caller:
    """Somebody who calls a server over HTTP; `account` is whose session it is."""

    def __init__(self, http: httpx.AsyncClient, username: str = "", password: str = "", account: int = 0) -> None:
        self.http = http
        self.username = username
        self.password = password
        self.account = account

    async def ask(self, method: str, path: str, **options: Any) -> httpx.Response:  # noqa: ANN401 - as httpx has them
        auth = (self.username, self.password) if self.username else None
        return await self.http.request(method, path, auth=auth, **options)

    async def get(self, path: str, **options: Any) -> httpx.Response:  # noqa: ANN401 - as httpx has them
        return await self.ask("GET", path, **options)

    async def post(self, path: str, body: object = None, **options: Any) -> httpx.Response:  # noqa: ANN401 - likewise
        return await self.ask("POST", path, json=body, **options)

    async def patch(self, path: str, body: object, **options: Any) -> httpx.Response:  # noqa: ANN401 - likewise
        return await self.ask("PATCH", path, json=body, **options)

    async def put(self, path: str, body: object = None, **options: Any) -> httpx.Response:  # noqa: ANN401 - likewise
        return await self.ask("PUT", path, json=body, **options)

    async def delete(self, path: str, **options: Any) -> httpx.Response:  # noqa: ANN401 - as httpx has them
        return await self.ask("DELETE", path, **options)

    def at(self, http: httpx.AsyncClient) -> "Caller":
        """Return the same caller before another server."""
        return Caller(http, self.username, self.password, self.account)


class Bot(Caller):
    """A bot that calls a server with its token; `id` is its Discord user id."""

    def __init__(self, http: httpx.AsyncClient, number: int, token: str) -> None:
        super().__init__(http)
        self.id = number
        self.token = token

    async def ask(self, method: str, path: str, **options: Any) -> httpx.Response:  # noqa: ANN401 - as httpx has them
        headers = {"Authorization": f"Bot {self.token}", **options.pop("headers", {})}
        return await self.http.request(method, path, headers=headers, **options)

    def at(self, http: httpx.AsyncClient) -> "Bot":
        return Bot(http, self.id, self.token)


class World:
    """A server, and the log behind it, through which an operator makes apps."""

    def __init__(self, http: httpx.AsyncClient, store: EventStore) -> None:
        self.http = http
        self.store = store
        self.anyone = Caller(http)

    async def open(self) -> None:
        """Make an app that may do everything an app can do."""
        self.manager = await self.app()

    async def app(self, permissions: int = APP_BITS, name: str = "bot") -> Caller:
        """Make an app, and wait until the server knows it."""
        password = secrets.token_hex()
        token_hash = hashlib.sha256(password.encode()).hexdigest()
        args = {"name": name, "permissions": permissions, "token_hash": token_hash}
        made = await self.store.execute(ORIGIN, create_app, **args)
        await self.anyone.get("/accounts/signups", headers={"Guildbook-After": str(made.position)})
        return Caller(self.http, f"A{made.value}", password)

    async def bot(
        self, *scopes: str, guilds: Sequence[int] | None = None, number: int | None = None, name: str = "bot"
    ) -> "Bot":
        """Make a bot whose token is good for these scopes (none named: for all) and guilds, and wait as above."""
        secret, app = secrets.token_urlsafe(32), number or new_number()
        wishes = {"scopes": scopes or BOT_SCOPES, "guilds": None if guilds is None else tuple(guilds)}
        token_hash = hashlib.sha256(secret.encode()).hexdigest()
        made = await self.store.execute(ORIGIN, create_bot, app=app, name=name, token_hash=token_hash, **wishes)
        await self.anyone.get("/accounts/signups", headers={"Guildbook-After": str(made.position)})
        return Bot(self.http, app, f"{app}.{secret}")

    async def primary(self) -> "Bot":
        """Return the primary bot of the servers, which whoever asks first makes."""
        token_hash = hashlib.sha256(PRIMARY_SECRET.encode()).hexdigest()
        wishes = {"name": "primary", "token_hash": token_hash, "scopes": BOT_SCOPES}
        with suppress(AppExistsError):
            await self.do(create_bot, app=CLIENT_ID, **wishes)
        return Bot(self.http, CLIENT_ID, f"{CLIENT_ID}.{PRIMARY_SECRET}")

    async def do(self, command: Callable[..., Awaitable[T]], *args: object, **kwargs: object) -> T:
        """Have an operator do something, and wait until reads show it."""
        done = await self.store.execute(ORIGIN, command, *args, **kwargs)
        await self.anyone.get("/accounts/signups", headers={"Guildbook-After": str(done.position)})
        return done.value

    async def team(self, name: str = "Azores") -> int:
        return _made(await self.manager.post("/teams/new", {"name": name}))["id"]

    async def account(self, team: int | None = None, permissions: int = 0, name: str = "Ines") -> int:
        number = new_number()
        body = {"id": number, "name": name, "discriminator": "0412", "team": team, "permissions": permissions}
        _made(await self.manager.post("/accounts/new", body))
        return number

    async def session(self, account: int) -> Caller:
        """Open a session of an account."""
        made = _made(await self.manager.post("/auth/create_session", {"account": account}))
        return Caller(self.http, made["username"], made["password"], account)

    async def member(self, team: int | None = None, permissions: int = 0) -> Caller:
        """Make an account and open a session of it."""
        return await self.session(await self.account(team, permissions))

    async def award(self, team: int, accounts: Sequence[int] = (), title: str = "Gold") -> int:
        body = {"title": title, "image_url": "https://img.example.org/g.png", "team": team, "accounts": list(accounts)}
        return _made(await self.manager.post("/awards/new", body))["id"]

    async def catch_up(self, *answers: httpx.Response) -> None:
        """Wait until reads show these writes, which another server may have answered without waiting."""
        position = max(int(answer.headers.get("Guildbook-Position", "0")) for answer in answers)
        await self.anyone.get("/accounts/signups", headers={"Guildbook-After": str(position)})

    async def shown(self, account: int) -> dict[str, Any]:
        """Return an account as anybody sees it."""
        return (await self.anyone.get(f"/account/{account}")).json()


def _made(answer: httpx.Response) -> dict[str, Any]:
    assert answer.status_code == 201, answer.text
    return answer.json()


def fault(loc: Sequence[str], msg: str, kind: str = "value_error", **ctx: object) -> dict[str, Any]:
    """Return one fault as it stands in an answer."""
    return {"loc": list(loc), "msg": msg, "type": kind, **({"ctx": ctx} if ctx else {})}


def refused(answer: httpx.Response) -> tuple[int, Any]:
    """Return the status and the detail of a refusal."""
    return answer.status_code, answer.json()["detail"]


def in_process(app: Callable[..., Awaitable[None]], headers: dict[str, str] | None = None) -> httpx.AsyncClient:
    """Return the way to an application that runs in the test itself; `...`: each library types ASGI in its own way."""
    return httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://test", headers=headers)


@asynccontextmanager
async def open_world(base_url: str, database_url: str) -> AsyncIterator[World]:
    """Meet a running server on this database."""
    connections, appender = pool(database_url), Appender(database_url)
    keyring = Keyring(connections, load_master_key(None, MASTER_KEY))
    async with connections, httpx.AsyncClient(base_url=base_url, timeout=30) as http:
        world = World(http, EventStore(connections, appender, keyring))
        await world.open()
        yield world
        await appender.close()
