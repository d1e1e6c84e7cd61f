"""What every handler works with: the log, the query tables, and how fresh they are."""

from collections import OrderedDict
from collections.abc import Sequence
from typing import Any

from litestar import Request
from litestar.datastructures import State

from api.discord import Discord
from api.listeners import Listeners
from api.load_feed import LoadFeed
from api.mappers import Mappers
from api.templates import Templates
from projections.accounts.queries import accounts_by_id
from projections.credentials import (
    BotCredential,
    Credential,
    SessionCredential,
    bots_of,
    credentials_of,
    sessions_by_token,
)
from projections.freshness import Freshness
from schemas.polympics import Account
from schemas.settings import Settings
from store import log
from store.appender import Appender
from store.connections import ANSWER_SECONDS_MAX, Pool, pool
from store.event_store import EventStore
from store.gather import Gatherer
from store.keys import Keyring
from store.limits import Limiter
from store.tail import Tail

Asked = Request[Any, Any, State]


class Parts:
    """The parts of one API process, put together once."""

    def __init__(self, settings: Settings, url: str, master_key: bytes) -> None:
        self.settings = settings
        self.url = url
        self.master_key = master_key
        self.pool: Pool = pool(url, settings.database_connections_max, ANSWER_SECONDS_MAX)
        self.appender = Appender(url)
        self.store = EventStore(self.pool, self.appender, Keyring(self.pool, master_key))
        self.freshness = Freshness(url, self.pool)
        self.tail = Tail(url, self.pool)
        self.loads = LoadFeed(self.tail, self.freshness, settings.freshness_seconds_max)
        self.listeners = Listeners(settings.stream_seconds_max)
        self.discord = Discord(settings)
        self.templates = Templates(self.pool)
        self.mappers = Mappers(self.pool)
        self.limits = settings.limits()
        self.limiter = Limiter(url)
        self.looks = OrderedDict[tuple[str, str, bool], float]()  # what was read lately, see api/trail.py
        self.accounts = Gatherer[int, Account | None](self._accounts, batch_max=64, flights_max=2)
        self.credentials = Gatherer[tuple[str, int], Credential | None](self._credentials, flights_max=2)
        self.sessions = Gatherer[str, SessionCredential | None](self._sessions, flights_max=2)
        self.bots = Gatherer[int, BotCredential | None](self._bots, flights_max=2)

    async def head(self) -> int:
        """Return the position of what was written last, by anybody."""
        async with self.pool.connection() as connection:
            return await log.head(connection)

    async def _accounts(self, ids: Sequence[int]) -> list[Account | Exception | None]:
        async with self.pool.connection() as connection:
            found = await accounts_by_id(connection, list(dict.fromkeys(ids)))
        return [found.get(account) for account in ids]

    async def _credentials(self, usernames: Sequence[tuple[str, int]]) -> list[Credential | Exception | None]:
        async with self.pool.connection() as connection:
            found = await credentials_of(connection, usernames)
        return [found.get(username) for username in usernames]

    async def _sessions(self, token_hashes: Sequence[str]) -> list[SessionCredential | Exception | None]:
        async with self.pool.connection() as connection:
            found = await sessions_by_token(connection, list(dict.fromkeys(token_hashes)))
        return [found.get(token_hash) for token_hash in token_hashes]

    async def _bots(self, apps: Sequence[int]) -> list[BotCredential | Exception | None]:
        async with self.pool.connection() as connection:
            found = await bots_of(connection, list(dict.fromkeys(apps)))
        return [found.get(app) for app in apps]


def parts_of(request: Asked) -> Parts:
    """Return the parts of this process."""
    return request.app.state["parts"]
