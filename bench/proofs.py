"""What proofs cost: the notary beside appends, and verifying the log that they leave."""

import asyncio
import subprocess
import sys
import time
from collections.abc import Generator, Iterator
from contextlib import contextmanager
from time import perf_counter

import psycopg

from bench import server
from bench.guildbook import ENVIRONMENT, MASTER_KEY, READY_SECONDS
from domain.guilds.aggregate import ROLE
from domain.guilds.events import RoleCreated
from domain.kernel import Event
from store.connections import connect
from store.migrate import migrate
from store.verification import verify_by_own_keys

LINKING_EVENTS = 100_000
HOME = 920
BEHIND = "SELECT book.head() - coalesce((SELECT max(size) FROM book.signed_checkpoints), 0)"


class WrongVerdictError(Exception):
    """An honest log was said not to be, so the rate means nothing."""


@contextmanager
def notarized(url: str) -> Generator[None, None, None]:
    """Run a notary as it is run by default."""
    migrate(url)
    environment = {**ENVIRONMENT, "GUILDBOOK_DATABASE_URL": url}
    worker = subprocess.Popen([sys.executable, "-m", "cli.main", "work", "notary"], env=server.beside(environment))
    try:
        with psycopg.connect(url, autocommit=True) as connection:
            while not connection.execute("SELECT 1 FROM operations.checkpoints WHERE reader = 'notary'").fetchone():
                time.sleep(0.1)
        yield
    finally:
        server.stop(worker)


def linking_events() -> Iterator[tuple[str, Event]]:
    """Roles of one guild: each event speaks of another entity, so each has a link to be held against it."""
    for role in range(1, LINKING_EVENTS + 1):
        yield ROLE.stream(HOME, role), RoleCreated(guild=HOME, role=role, name=f"Role {role}")


def waiting(url: str) -> int:
    """How many events no checkpoint covers."""
    with psycopg.connect(url) as connection:
        row = connection.execute(BEHIND).fetchone()
    return row[0] if row else 0


def caught_up(url: str) -> None:
    deadline = perf_counter() + READY_SECONDS
    while waiting(url):
        if perf_counter() > deadline:
            raise TimeoutError
        time.sleep(0.2)


def verify_rate(url: str) -> float:
    """Events a second of `guildbook verify`, without the start of its process."""
    return asyncio.run(_verify_rate(url))


async def _verify_rate(url: str) -> float:
    async with await connect(url) as connection:
        started_at = perf_counter()
        verdict = await verify_by_own_keys(connection, MASTER_KEY)
        seconds = perf_counter() - started_at
    if verdict.findings or verdict.signed != verdict.head:
        raise WrongVerdictError(verdict)
    return verdict.head / seconds
