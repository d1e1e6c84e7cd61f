"""Two of everything on one database, each killable on its own: who leads is asked of the database's locks."""

import subprocess
import time
from collections.abc import Callable, Generator, Mapping
from contextlib import contextmanager
from typing import Any
from urllib.parse import urlsplit

import psycopg

from store import leadership
from tests import servers

WORKERS = ("projector", "callbacks", "loader")
LOCKS = {
    "projector": leadership.PROJECTOR,
    "callbacks": leadership.CALLBACK_SENDER,
    "loader": leadership.LOADER,
    "relay": leadership.RELAY,
}
EACH = (1, 2)
WAIT_SECONDS_MAX = 90.0
POLL_SECONDS = 0.01
LEADER = """
    SELECT activity.application_name
    FROM pg_locks AS lock
    JOIN pg_stat_activity AS activity USING (pid)
    WHERE lock.locktype = 'advisory' AND lock.granted AND activity.datname = current_database()
        AND lock.classid::bigint << 32 | lock.objid::bigint = %s
"""
STANDS_BY = """
    SELECT pid
    FROM pg_stat_activity
    WHERE datname = current_database() AND application_name = %s AND query LIKE '%%pg_try_advisory_lock%%'
"""


class Machines:
    """The processes of two machines, by name: `api-1`, `projector-2`."""

    def __init__(self, url: str, settings: Mapping[str, str]) -> None:
        self._url = url
        self._settings = settings
        self._processes: dict[str, subprocess.Popen[bytes]] = {}
        self._connection = psycopg.connect(url, autocommit=True)
        self.apis = {f"api-{number}": str(servers.free_port()) for number in EACH}

    def urls(self) -> list[str]:
        """Return where the servers are."""
        return [f"http://127.0.0.1:{port}" for port in self.apis.values()]

    def start(self, name: str) -> None:
        """Start one; the database knows its connections by its name."""
        role = ("serve", "--port", self.apis[name]) if name in self.apis else ("work", name.partition("-")[0])
        mark = "&" if urlsplit(self._url).query else "?"
        url = f"{self._url}{mark}application_name={name}"
        self._processes[name] = servers.spawn(*role, url=url, settings=self._settings)

    def kill(self, name: str) -> None:
        """End one, as nobody expects."""
        assert self._processes[name].poll() is None, f"{name} died by itself"
        self._processes[name].kill()
        self._processes[name].wait()

    def replace(self, worker: str) -> float:
        """Kill who leads, start it again, and return how many seconds it took until the other one led."""
        leader = self.until_stood_by(worker)
        self.kill(leader)
        began = time.monotonic()
        self.other_leader(worker, leader)
        took = time.monotonic() - began
        self.start(leader)
        return took

    def end(self) -> None:
        """End all of them as an operator would."""
        self._connection.close()
        for process in self._processes.values():
            process.terminate()
        for process in self._processes.values():
            servers.stop(process)

    def other_leader(self, worker: str, than: str) -> str:
        """Return which of a kind acts, when another one does."""
        return until(lambda: [name for name in self._ask(LEADER, LOCKS[worker]) if name != than])[0]

    def until_stood_by(self, worker: str) -> str:
        """Return which of a kind acts, when the other is ready to."""
        leader = self.other_leader(worker, "")
        [other] = [f"{worker}-{number}" for number in EACH if f"{worker}-{number}" != leader]
        until(lambda: self._ask(STANDS_BY, other))
        return leader

    def _ask(self, query: str, about: object) -> list[Any]:
        return [row[0] for row in self._connection.execute(query.encode(), (about,))]


def until(look: Callable[[], Any]) -> Any:  # noqa: ANN401 - whatever was looked for
    """Return what was looked for, when it is there."""
    deadline = time.monotonic() + WAIT_SECONDS_MAX
    while not (found := look()):
        assert time.monotonic() < deadline
        time.sleep(POLL_SECONDS)
    return found


@contextmanager
def machines(url: str, settings: Mapping[str, str]) -> Generator[Machines]:
    """Run two servers and two of each worker that needs no Kafka, for as long as the block lasts."""
    both = Machines(url, settings)
    try:
        for name in (*both.apis, *(f"{worker}-{number}" for worker in WORKERS for number in EACH)):
            both.start(name)
        for base_url in both.urls():
            servers.wait_until_ready(base_url)
        for worker in WORKERS:
            both.until_stood_by(worker)
        yield both
    finally:
        both.end()


@contextmanager
def two(worker: str, url: str, settings: Mapping[str, str]) -> Generator[Machines]:
    """Run two of one worker, for as long as the block lasts."""
    both = Machines(url, settings)
    try:
        for number in EACH:
            both.start(f"{worker}-{number}")
        yield both
    finally:
        both.end()
