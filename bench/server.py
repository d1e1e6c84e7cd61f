"""Servers that are measured, each started as its own process on a free port and stopped afterwards."""

import os
import subprocess
import sys
from collections.abc import Callable, Generator, Mapping, Sequence
from contextlib import contextmanager
from socket import create_connection, socket
from time import monotonic, sleep

START_SECONDS_MAX = 20.0
STOP_SECONDS_MAX = 10.0


def free_port() -> int:
    with socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return listener.getsockname()[1]


def beside(environment: Mapping[str, str]) -> dict[str, str]:
    """The environment of this process with some more."""
    return os.environ | dict(environment)


@contextmanager
def running(command: Sequence[str], port: int, environment: Mapping[str, str]) -> Generator[str, None, None]:
    """The server's address once it accepts connections."""
    server = subprocess.Popen(command, env=beside(environment), stdout=subprocess.DEVNULL)
    try:
        wait_until(lambda: accepts(port))
        yield f"http://127.0.0.1:{port}"
    finally:
        stop(server)


def stop(server: subprocess.Popen[bytes]) -> None:
    server.terminate()
    try:
        server.wait(STOP_SECONDS_MAX)
    except subprocess.TimeoutExpired:
        server.kill()
        server.wait()


def accepts(port: int) -> bool:
    try:
        create_connection(("127.0.0.1", port), timeout=1).close()
    except OSError:
        return False
    return True


def wait_until(ready: Callable[[], bool]) -> None:
    deadline = monotonic() + START_SECONDS_MAX
    while not ready():
        if monotonic() > deadline:
            raise TimeoutError(f"not ready within {START_SECONDS_MAX} s")
        sleep(0.05)


@contextmanager
def granian(app: str, environment: Mapping[str, str]) -> Generator[str, None, None]:
    """An ASGI application factory served by one granian worker on uvloop."""
    port = free_port()
    options = ["--factory", "--interface", "asgi", "--workers", "1", "--loop", "uvloop", "--port", str(port)]
    with running([sys.executable, "-m", "granian", *options, app], port, environment) as url:
        yield url


@contextmanager
def umadb(folder: str) -> Generator[str, None, None]:
    """UmaDB with its defaults on a database in the folder."""
    port = free_port()
    command = [sys.executable, "-c", "from umadb.umadb_server_cli import main; main()"]
    options = ["--listen", f"127.0.0.1:{port}", "--db-path", folder]
    with running([*command, *options], port, {}) as url:
        yield url
