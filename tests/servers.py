"""Starts the real processes for tests: an API and a projector on one database, each killable on its own."""

import os
import secrets
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import IO

import psutil

ROOT = Path(__file__).parent.parent
MASTER_KEY = "QUFBQUFBQUFBQUFBQUFBQUFBQUFBQUFBQUFBQUFBQUE="  # base64 of 32 bytes; tests have nothing to hide
LIMITS = {  # as they are when nobody says otherwise
    "GUILDBOOK_LIMIT_OAUTH2_LOGIN": "15/300",
    "GUILDBOOK_LIMIT_SETTINGS_EXECUTE": "10/300",
    "GUILDBOOK_LIMIT_GET_USER_GUILDS_REFRESH": "3/300",
    "GUILDBOOK_LIMIT_GET_USER_GUILDS_NOREFRESH": "5/300",
    "GUILDBOOK_LIMIT_GET_USER_GUILD_BASE_INFO": "5/300",
    "GUILDBOOK_LIMIT_ANONYMOUS": "60/60",
    "GUILDBOOK_LIMIT_USER": "300/60",
    "GUILDBOOK_LIMIT_BOT": "30/10",
}
NO_LIMITS = dict.fromkeys(LIMITS, "off")  # a test asks more often in a second than a person does in an hour
PORTS = range(10_000, 32_000)  # below those of outgoing connections, which would take one while its server is down
START_SECONDS_MAX = 60.0
STOP_SECONDS_MAX = 30.0
POLL_SECONDS = 0.02


def free_port() -> int:
    """Return a port that nobody listens on at the moment, and that the system gives to nobody who takes any."""
    while True:
        with socket.socket() as probe, suppress(OSError):
            probe.bind(("127.0.0.1", secrets.choice(PORTS)))
            return probe.getsockname()[1]


def spawn(
    *arguments: str, url: str, settings: Mapping[str, str] | None = None, log: IO[bytes] | None = None
) -> subprocess.Popen[bytes]:
    """Start `guildbook` with these arguments on a database."""
    environment = {
        **{name: value for name, value in os.environ.items() if not name.startswith("GUILDBOOK_")},
        "GUILDBOOK_DATABASE_URL": url,
        "GUILDBOOK_MASTER_KEY": MASTER_KEY,
        **NO_LIMITS,
        **(settings or {}),
    }
    return subprocess.Popen([sys.executable, "-m", "cli.main", *arguments], cwd=ROOT, env=environment, stderr=log)


def stop(process: subprocess.Popen[bytes]) -> None:
    """End a process as an operator would."""
    process.terminate()
    try:
        process.wait(STOP_SECONDS_MAX)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()
        raise


def kill_with_its_workers(pid: int) -> None:
    """End a server at once: a worker that loses its parent would go on for a moment."""
    server = psutil.Process(pid)
    for process in (*server.children(recursive=True), server):
        process.kill()


def wait_until_ready(base_url: str) -> None:
    """Return when the API says that it is of use."""
    deadline = time.monotonic() + START_SECONDS_MAX
    while time.monotonic() < deadline:
        try:
            with urllib.request.urlopen(f"{base_url}/health/ready", timeout=1):  # noqa: S310 - it is our own
                return
        except (urllib.error.URLError, OSError):
            time.sleep(POLL_SECONDS)
    message = f"{base_url} was not ready in {START_SECONDS_MAX} s"
    raise TimeoutError(message)


@contextmanager
def served(url: str, settings: Mapping[str, str] | None = None) -> Iterator[str]:
    """Run an API and a projector on a database; yields the base URL."""
    port = str(free_port())
    base_url = f"http://127.0.0.1:{port}"
    demo = {"GUILDBOOK_DEMO": "1", "GUILDBOOK_DISCORD_API_URL": f"{base_url}/demo/discord", **(settings or {})}
    processes = [
        spawn("work", "projector", url=url, settings=demo),
        spawn("serve", "--port", port, url=url, settings=demo),
    ]
    try:
        wait_until_ready(base_url)
        yield base_url
    finally:
        for process in processes:
            stop(process)
