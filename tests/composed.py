"""Runs what docker-compose.yml says of Guildbook as plain processes: the same commands, the same environment."""

import subprocess
import time
from collections.abc import Generator, Mapping
from contextlib import contextmanager
from pathlib import Path

from tests.cli.commands import COMMAND, environment, guildbook
from tests.compose import ENDING, composed, ours
from tests.kafka_broker import Broker
from tests.servers import MASTER_KEY, free_port, wait_until_ready
from tests.store.visitors import until

APIS = ("api-1", "api-2")
SECRETS = {"POSTGRES_PASSWORD": "very-secret-1", "GUILDBOOK_MASTER_KEY": MASTER_KEY}
STOP_SECONDS_MAX = 10
MIGRATE_SECONDS_MAX = 60


class Composed:
    """Every service of ours. Hosts, ports and the place of the heartbeat are other ones here, nothing else."""

    def __init__(self, database_url: str, broker: Broker, more: Mapping[str, str], home: Path) -> None:
        self.services = ours(composed(SECRETS)["services"])
        self.home = home / "working-directory"
        self.home.mkdir()
        self._ports = {name: str(free_port()) for name in APIS}
        self._more = more
        self._places = {
            "postgresql://guildbook:very-secret-1@postgres:5432/guildbook": database_url,
            "kafka:9092": broker.servers,
            "http://api:8080": self.url("api-1"),
            "0.0.0.0": "127.0.0.1",  # noqa: S104 - what is replaced
        }
        self._heartbeats = home
        self._processes: dict[str, subprocess.Popen[bytes]] = {}

    def url(self, api: str) -> str:
        """Return where a server is."""
        return f"http://127.0.0.1:{self._ports[api]}"

    def settings(self, name: str) -> dict[str, str]:
        """Return the environment of a service: what guildbook.env says, and over it what the file says."""
        said = {key: self._place(value) for key, value in self.services[name]["environment"].items()}
        if name in APIS:
            said["GUILDBOOK_PORT"] = self._ports[name]
        if "GUILDBOOK_HEARTBEAT" in said:
            said["GUILDBOOK_HEARTBEAT"] = str(self._heartbeats / f"{name}.heartbeat")
        return {**self._more, **said}

    def _place(self, value: str) -> str:
        return self._places.get(value, value)

    def start(self) -> None:
        """Start everything in its order, and return when it is healthy."""
        migrated = self._spawn(ENDING)
        assert migrated.wait(MIGRATE_SECONDS_MAX) == 0
        self._processes = {name: self._spawn(name) for name in self.services if name != ENDING}
        for api in APIS:
            wait_until_ready(self.url(api))
        for name in self._processes:
            until(lambda name=name: self.is_healthy(name))

    def is_healthy(self, name: str) -> bool:
        """Do what the health check of a service does."""
        assert self._processes[name].poll() is None, f"{name} has ended"
        kind, command, *arguments = self.services[name]["healthcheck"]["test"]
        assert (kind, command) == ("CMD", "guildbook")
        return guildbook(*arguments, settings=self.settings(name)).returncode == 0

    def stop(self) -> dict[str, int]:
        """End everything as Docker does, and return the exit codes of who was in time."""
        for process in self._processes.values():
            process.terminate()
        deadline = time.monotonic() + STOP_SECONDS_MAX
        return {name: process.wait(deadline - time.monotonic()) for name, process in self._processes.items()}

    def kill(self) -> None:
        """Leave nothing behind."""
        for process in self._processes.values():
            process.kill()
            process.wait()

    def _spawn(self, name: str) -> subprocess.Popen[bytes]:
        command = [*COMMAND, *self.services[name]["command"]]
        return subprocess.Popen(command, cwd=self.home, env=environment(self.settings(name)))


@contextmanager
def running(database_url: str, broker: Broker, more: Mapping[str, str], home: Path) -> Generator[Composed]:
    """Start everything; whoever is left in the end is killed."""
    everything = Composed(database_url, broker, more, home)
    try:
        everything.start()
        yield everything
    finally:
        everything.kill()
