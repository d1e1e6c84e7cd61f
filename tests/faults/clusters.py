"""A PostgreSQL that a test may kill, and processes that use it meanwhile."""

import signal
import subprocess
import sys
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path

from store.embedded import EmbeddedPostgres, attach
from store.migrate import migrate
from tests.store import visitors

ROOT = Path(__file__).parents[2]


class Cluster:
    """An embedded PostgreSQL, killed and started again like `guildbook up` does."""

    def __init__(self, data: Path, postgres: EmbeddedPostgres) -> None:
        self.data = data
        self.url = postgres.url
        self._postgres = postgres

    def revive(self) -> None:
        """Start it again if it is dead."""
        self._postgres.revive()

    def restart(self, how: signal.Signals) -> None:
        """End it: SIGINT as `pg_ctl restart -m fast` does, SIGQUIT as `-m immediate`, SIGKILL; then start it again."""
        server = visitors.postmaster(self.data)
        server.send_signal(how)
        visitors.until(lambda: visitors.has_ended(server))
        self.revive()


@contextmanager
def cluster(home: Path) -> Generator[Cluster]:
    """Run a PostgreSQL of the test's own in this folder."""
    data = home / "data"
    postgres = attach(data)
    try:
        migrate(postgres.url)
        yield Cluster(data, postgres)
    finally:
        postgres.detach()


class Restarted:
    """A process of ours that is killed with -9 and started again."""

    def __init__(self, module: str, *arguments: str) -> None:
        self._command = [sys.executable, "-m", module, *arguments]
        self._process = self._start()

    def _start(self) -> subprocess.Popen[bytes]:
        return subprocess.Popen(self._command, cwd=ROOT)

    def kill(self) -> None:
        """End it, as nobody expects."""
        assert self._process.poll() is None, "it died by itself"
        self._process.kill()
        self._process.wait()

    def kill_and_start(self) -> None:
        """End it and start another."""
        self.kill()
        self._process = self._start()

    def end(self) -> None:
        """End it if it still runs."""
        self._process.kill()
        self._process.wait()
