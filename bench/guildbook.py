"""Guildbook as it is measured: its appender, its API with two routes that do nothing, its projector and its rebuild."""

import asyncio
import subprocess
import sys
from base64 import b64encode
from collections.abc import AsyncGenerator, Coroutine, Generator, Iterable, Iterator
from contextlib import asynccontextmanager, contextmanager
from hashlib import sha256
from itertools import islice
from time import perf_counter
from typing import Any, TypeVar
from uuid import uuid4

import uvloop
from litestar import Response, get, post, put

from api.app import from_environment
from api.edge import Edge
from api.parts import Asked
from bench import server
from bench.closed_loop import Sample, by_tasks
from bench.ordinary.seed import ALL_PERMISSIONS, APP_PASSWORD, Size, accounts, avatar, pairs, team_of
from domain.accounts.events import AccountCreated
from domain.apps.events import AppCreated
from domain.awards.events import AwardCreated, AwardGranted
from domain.kernel import Book, Event, stream_name
from domain.sessions.events import SessionClosed
from domain.teams.events import TeamCreated
from projections.catalogue import PROJECTORS
from projections.rebuild import rebuild
from store import log
from store.appender import Append, Appender, NewEvent
from store.codec import Origin
from store.connections import connect, pool
from store.event_store import EventStore
from store.keys import Keyring
from store.migrate import migrate

T = TypeVar("T")

MASTER_KEY = bytes(32)
# One caller asks here as often as a community does, so nobody is told to wait.
UNLIMITED = {f"GUILDBOOK_LIMIT_{bucket}": "off" for bucket in ("SETTINGS_EXECUTE", "USER", "ANONYMOUS", "BOT")}
ENVIRONMENT = {"GUILDBOOK_MASTER_KEY": b64encode(MASTER_KEY).decode(), **UNLIMITED}
ORIGIN = Origin("operator", "bench")
TOGETHER_MAX = 1000
READY_SECONDS = 120.0


def append(url: str, callers: int, seconds: float, data: bytes) -> Sample:
    """Append events of one stream each through the appender, on a database that may hold a log already."""
    migrate(url)
    return _run(_append(url, callers, seconds, data))


def _run(main: Coroutine[Any, Any, T]) -> T:
    return uvloop.run(main)


async def _append(url: str, callers: int, seconds: float, data: bytes) -> Sample:
    appender = Appender(url)

    async def one() -> None:
        stream = f"awards-{uuid4()}"
        event = NewEvent(stream, 1, "bench.AwardGranted", data, stream.encode(), "")
        await appender.append(Append(events=[event], reads={stream: 0}))

    sample = await by_tasks([one] * callers, seconds)
    await appender.close()
    return sample


def seed(url: str, size: Size) -> None:
    """Fill the log with an app that may do everything, and the teams, accounts, awards and holdings."""
    migrate(url)
    fill(url, events(size))


def fill(url: str, remaining: Iterator[tuple[str, Event]]) -> None:
    """Append first events of streams, many together."""
    _run(_fill(url, remaining))


async def _fill(url: str, remaining: Iterator[tuple[str, Event]]) -> None:
    async with opened(url) as store:
        while together := list(islice(remaining, TOGETHER_MAX)):
            await store.execute(ORIGIN, write, together)


@asynccontextmanager
async def opened(url: str) -> AsyncGenerator[EventStore, None]:
    """The log of a database."""
    appender = Appender(url)
    async with pool(url, 2) as connections:
        yield EventStore(connections, appender, Keyring(connections, MASTER_KEY))
    await appender.close()


async def write(book: Book, together: Iterable[tuple[str, Event]]) -> None:
    """Append first events of streams."""
    for stream, event in together:
        book.append(stream, [event])


def events(size: Size) -> Iterator[tuple[str, Event]]:
    """The same people, teams and awards as the ordinary application is given."""
    password = sha256(APP_PASSWORD.encode()).hexdigest()
    yield "apps-1", AppCreated(app=1, name="bench", permissions=ALL_PERMISSIONS, token_hash=password)
    for team in range(1, size.teams + 1):
        yield stream_name("teams", team), TeamCreated(team=team, name=f"Team {team}")
    for account in accounts(size):
        yield stream_name("accounts", account), account_created(account, team_of(account, size))
    for award in range(1, size.awards + 1):
        image = f"https://img.example.org/{award}.png"
        created = AwardCreated(award=award, title=f"Award {award}", image_url=image, team=team_of(award, size))
        yield stream_name("awards", award), created
    for account, award in islice(pairs(size), size.holdings):
        yield stream_name("awards", award, account), AwardGranted(award=award, account=account)


def account_created(account: int, team: int | None) -> AccountCreated:
    name = f"Player {account}"
    return AccountCreated(account=account, name=name, discriminator="0412", avatar_url=avatar(account), team=team)


@contextmanager
def served(url: str) -> Generator[str, None, None]:
    """The address of the API, with its projector beside it and all events in its query tables."""
    environment = {**ENVIRONMENT, "GUILDBOOK_DATABASE_URL": url}
    worker = subprocess.Popen([sys.executable, "-m", "cli.main", "work", "projector"], env=server.beside(environment))
    try:
        with server.granian("bench.guildbook:create_app", environment) as address:
            _run(projected(url))
            yield address
    finally:
        server.stop(worker)


async def projected(url: str) -> None:
    """Wait until every projector is where the log is."""
    query = "SELECT coalesce(min(position), -1) FROM operations.checkpoints WHERE fingerprint <> ''"
    async with await connect(url) as connection, asyncio.timeout(READY_SECONDS):
        head = await log.head(connection)
        while True:
            row = await (await connection.execute(query)).fetchone()
            if row and row[0] >= head:
                return
            await asyncio.sleep(0.05)


@get("/bench/nothing")
async def get_nothing() -> Response[bytes]:
    """Answer as an empty answer of the API does."""
    return Response(b"{}", media_type="application/json")


@put("/bench/nothing", status_code=200)
async def put_nothing() -> Response[bytes]:
    """Answer as an empty answer of the API does."""
    return Response(b"", status_code=201, media_type="application/json")


@post("/bench/nothing", status_code=200)
async def post_nothing(request: Asked) -> Response[bytes]:
    """Take in a body and answer as an empty answer of the API does."""
    await request.body()
    return Response(b"{}", media_type="application/json")


def create_app() -> Edge:
    """The API as it is served, and the routes that do nothing."""
    return from_environment([get_nothing, put_nothing, post_nothing])


def rebuild_rate(url: str) -> float:
    """Events a second, from empty tables to swapped ones, of all projectors over the log that is there."""
    return _run(_rebuild_rate(url))


async def _rebuild_rate(url: str) -> float:
    async with pool(url, 2) as connections, await connect(url) as connection:
        head = await log.head(connection)
        started_at = perf_counter()
        await rebuild(url, Keyring(connections, MASTER_KEY), PROJECTORS)
        return head / (perf_counter() - started_at)


async def _grow(url: str, positions: int) -> None:
    """Append until the log has so many events."""
    async with opened(url) as store, await connect(url) as connection:
        while (missing := positions - await log.head(connection)) > 0:
            closed = SessionClosed(session=0, reason="expired")
            new = [(f"sessions-{uuid4()}", closed) for _ in range(min(missing, TOGETHER_MAX))]
            await store.execute(ORIGIN, write, new)


def grow(url: str, positions: int) -> None:
    """Append until the log has so many events, none of which any query shows."""
    _run(_grow(url, positions))
