"""How every process connects: bounded, in the serving role, durable."""

from typing import Any, LiteralString

import orjson
import psycopg
from psycopg import AsyncConnection, Connection
from psycopg.abc import RV, PQGen
from psycopg.adapt import AdaptersMap
from psycopg.conninfo import conninfo_to_dict
from psycopg.pq import TransactionStatus
from psycopg.rows import TupleRow
from psycopg.types.json import set_json_loads
from psycopg.types.numeric import Int8BinaryDumper
from psycopg_pool import AsyncConnectionPool

SERVICE_ROLE: LiteralString = "guildbook_service"
CONNECT_SECONDS_MAX = 5
STATEMENT_SECONDS_MAX = 30
ANSWER_SECONDS_MAX = STATEMENT_SECONDS_MAX + 2  # a server that has not given up by then has stopped moving
POOL_WAIT_SECONDS_MAX = 5
POOL_CONNECTIONS_MAX = 8
RECONNECT_SECONDS_MAX = 2  # how long the pool tries at a stretch; longer, and it is slow to notice that it can again

IDLE_IN_TRANSACTION_SECONDS_MAX = 10  # a process that sleeps in a transaction must not hold the append lock

# The serving role may read and append, and own what can be rebuilt. It cannot change the log.
# Acknowledged means on disk. The append relies on seeing what was committed before it got the lock.
OPTIONS = (
    f"-c role={SERVICE_ROLE} -c search_path=projections -c synchronous_commit=on -c jit=off -c timezone=UTC"
    f" -c statement_timeout={STATEMENT_SECONDS_MAX}s"
    f" -c idle_in_transaction_session_timeout={IDLE_IN_TRANSACTION_SECONDS_MAX}s"
    # A machine that has vanished holds its locks until the server notices: in ten seconds, and not in two hours.
    " -c tcp_keepalives_idle=5 -c tcp_keepalives_interval=2 -c tcp_keepalives_count=3 -c tcp_user_timeout=10s"
    r" -c default_transaction_isolation=read\ committed"
)
# A peer that has vanished is noticed, also while we wait for it. PostgreSQL on a socket file ignores these.
KEEPALIVES: dict[str, Any] = {
    "keepalives_idle": 5,
    "keepalives_interval": 2,
    "keepalives_count": 3,
    "tcp_user_timeout": 10_000,
}
OUTAGES = ("08", "25006", "40", "53", "57P", "58")  # SQLSTATEs that say nothing about the statement itself

Pool = AsyncConnectionPool[AsyncConnection[TupleRow]]


class ServingConnection(AsyncConnection[TupleRow]):
    """Breaks when the server does not answer, frozen as it may be: who is served gets an answer all the same."""

    answer_seconds_max: float | None = None

    async def wait(self, gen: PQGen[RV], interval: float = 0.1, timeout: float | None = None) -> RV:  # noqa: ASYNC109
        """Wait for what the server answers. Errors: OperationalError, after which the connection is closed."""
        try:
            return await super().wait(gen, interval, self.answer_seconds_max if timeout is None else timeout)
        except psycopg.OperationalError:
            if timeout is None and self.pgconn.transaction_status == TransactionStatus.ACTIVE:
                self.pgconn.finish()
            raise


class DatabaseUrlError(Exception):
    """The URL of the database cannot be read: write it as postgresql://USER:PASSWORD@HOST/DATABASE."""

    def __str__(self) -> str:
        return self.__doc__ or ""


def check_url(url: str) -> None:
    """Refuse a URL that libpq cannot read, without repeating it: it may hold a password."""
    try:
        conninfo_to_dict(url)
    except psycopg.ProgrammingError:
        raise DatabaseUrlError from None


def _adapt(adapters: AdaptersMap) -> None:
    # One integer type on the wire: otherwise each mix of sizes would be a statement of its own to prepare.
    adapters.register_dumper(int, Int8BinaryDumper)


async def connect(url: str, answer_seconds_max: float | None = None) -> AsyncConnection[TupleRow]:
    """Open one connection in autocommit mode. Who serves others says for how long it waits for an answer."""
    connection = await ServingConnection.connect(
        url, autocommit=True, options=OPTIONS, connect_timeout=CONNECT_SECONDS_MAX, prepare_threshold=1, **KEEPALIVES
    )
    _adapt(connection.adapters)
    connection.answer_seconds_max = answer_seconds_max
    return connection


def connect_sync(url: str) -> Connection[TupleRow]:
    """Open one blocking connection in autocommit mode, for the library's recorder and for commands."""
    connection = Connection.connect(
        url, autocommit=True, options=OPTIONS, connect_timeout=CONNECT_SECONDS_MAX, prepare_threshold=1, **KEEPALIVES
    )
    _adapt(connection.adapters)
    return connection


def pool(url: str, connections_max: int = POOL_CONNECTIONS_MAX, answer_seconds_max: float | None = None) -> Pool:
    """Make a pool, to be opened by its user."""
    set_json_loads(orjson.loads)

    async def configure(connection: AsyncConnection[TupleRow]) -> None:
        assert isinstance(connection, ServingConnection)
        _adapt(connection.adapters)
        connection.answer_seconds_max = answer_seconds_max

    kwargs: dict[str, object] = {
        "autocommit": True,
        "options": OPTIONS,
        "connect_timeout": CONNECT_SECONDS_MAX,
        "prepare_threshold": 1,
        **KEEPALIVES,
    }
    return AsyncConnectionPool(
        url,
        connection_class=ServingConnection,
        kwargs=kwargs,
        min_size=1,
        max_size=connections_max,
        configure=configure,
        timeout=POOL_WAIT_SECONDS_MAX,
        reconnect_timeout=RECONNECT_SECONDS_MAX,
        open=False,
    )


DATABASE_DOWN = (psycopg.OperationalError, psycopg.InterfaceError)
"""What a caller sees while the database cannot be reached or is out of something."""


def is_outage(error: BaseException) -> bool:
    """Tell whether an error is of the connection or the server's state, and the same statement may succeed later."""
    if not isinstance(error, DATABASE_DOWN):
        return getattr(error, "sqlstate", None) in OUTAGES  # a server that has become read-only
    return error.sqlstate is None or error.sqlstate.startswith(OUTAGES)


def described(error: BaseException) -> str:
    """Name an error without the values that it is about: they may be somebody's."""
    if isinstance(error, psycopg.Error):
        return f"{type(error).__name__} ({error.sqlstate}): {error.diag.message_primary or 'connection lost'}"
    return type(error).__name__
