"""The disk fills up under a load of requests: writes are refused with 503, and all is well with space again."""

import json
import os
import subprocess
import sys
import urllib.error
import urllib.request
from base64 import b64encode
from collections.abc import Generator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from itertools import count
from pathlib import Path
from urllib.parse import quote

import psycopg
import pytest

from tests import servers
from tests.books import ask
from tests.store import visitors

pytestmark = [
    pytest.mark.faults,
    pytest.mark.xdist_group("faults"),
    pytest.mark.skipif(
        sys.platform != "linux" or os.geteuid() != 0, reason="needs root on Linux, to mount a disk that is small"
    ),
]

DISK_BYTES = 180_000_000
BALLAST_BYTES = 1_000_000
CALLERS = 8
REQUESTS = 400
REQUEST_SECONDS_MAX = 15
OK, CREATED, UNAVAILABLE, DEAD = 200, 201, 503, 0
INCOMPLETE_APPENDS = """
    SELECT append_end
    FROM book.log
    GROUP BY append_end
    HAVING max(position) <> append_end OR count(DISTINCT meta) <> 1
"""

_numbers = count(1)


@contextmanager
def small_disk() -> Generator[Path]:
    with visitors.open_home() as home:
        subprocess.run(["mount", "-t", "tmpfs", "-o", f"size={DISK_BYTES},mode=755", "tmpfs", home], check=True)
        try:
            yield home
        finally:
            subprocess.run(["umount", "--lazy", home], check=True)


@contextmanager
def up(data: Path) -> Generator["Guildbook"]:
    """Run `guildbook up` on a folder."""
    port = servers.free_port()
    process = servers.spawn("up", "--data", str(data), "--port", str(port), url="")
    try:
        servers.wait_until_ready(f"http://127.0.0.1:{port}")
        yield Guildbook(data, port)
    finally:
        servers.stop(process)


def make_app(data: Path) -> str:
    """Return what an app authorizes itself with."""
    command = [sys.executable, "-m", "cli.main", "apps", "create", "Bot", "--all", "--data", str(data)]
    environment = {**os.environ, "GUILDBOOK_DATABASE_URL": "", "GUILDBOOK_MASTER_KEY": servers.MASTER_KEY}
    told = subprocess.run(command, cwd=servers.ROOT, env=environment, check=True, capture_output=True, text=True)
    words = dict(line.split(": ", 1) for line in told.stdout.splitlines() if ": " in line)
    return b64encode(f"{words['Username']}:{words['Password']}".encode()).decode()


class Guildbook:
    """A Guildbook as its clients see it."""

    def __init__(self, data: Path, port: int) -> None:
        self.database_url = f"postgresql://postgres@/guildbook?host={quote(str(data / 'run'), safe='')}&port=5432"
        self._base_url = f"http://127.0.0.1:{port}"
        self._headers = {"Authorization": f"Basic {make_app(data)}", "Content-Type": "application/json"}

    def ask(self, method: str, path: str, body: object = None) -> int:
        """Return the status of an answer, 0 when there was none."""
        data = None if body is None else json.dumps(body).encode()
        request = urllib.request.Request(self._base_url + path, data, self._headers, method=method)  # noqa: S310
        try:
            with urllib.request.urlopen(request, timeout=REQUEST_SECONDS_MAX) as answer:  # noqa: S310
                return answer.status
        except urllib.error.HTTPError as error:
            return error.code
        except OSError:
            return DEAD

    def create_account(self, account: int) -> int:
        """Write something of a size."""
        new = {"id": account, "name": "x" * 32, "discriminator": "0412", "avatar_url": "https://a.example/" + "x" * 400}
        return self.ask("POST", "/accounts/new", new)


def write(book: Guildbook, requests: int) -> dict[int, int]:
    """Create so many accounts, several at once; return the status of each."""
    accounts = [next(_numbers) for _ in range(requests)]
    with ThreadPoolExecutor(CALLERS) as callers:
        return dict(zip(accounts, callers.map(book.create_account, accounts), strict=True))


def fill(ballast: Path) -> None:
    """Leave no space at all."""
    with ballast.open("ab", buffering=0) as file:
        size = BALLAST_BYTES
        while size:
            try:
                file.write(bytes(size))
            except OSError:
                size //= 2


def break_the_write_ahead_log(url: str) -> None:
    """Ask for files that there is no space for, until PostgreSQL gives up."""
    server_is_up = True
    while server_is_up:
        try:
            ask(url, "SELECT pg_logical_emit_message(false, 'tests', repeat('x', 1000000)), pg_switch_wal()")
        except psycopg.Error:
            server_is_up = False


def test_a_full_disk_refuses_writes_half_writes_nothing_and_is_over_when_it_is_over() -> None:
    with small_disk() as home, up(home / "data") as book:
        answers = write(book, REQUESTS)
        assert set(answers.values()) == {CREATED}
        fill(home / "ballast")
        while UNAVAILABLE not in answers.values():
            answers |= write(book, REQUESTS)
        answers |= write(book, REQUESTS)
        assert set(answers.values()) == {CREATED, UNAVAILABLE}
        assert book.ask("GET", f"/account/{min(answers)}") == OK
        break_the_write_ahead_log(book.database_url)
        assert book.create_account(next(_numbers)) == UNAVAILABLE
        (home / "ballast").unlink()
        visitors.until(lambda: book.create_account(next(_numbers)) == CREATED)
        answers |= write(book, REQUESTS)
        visitors.until(lambda: book.ask("GET", "/health/ready") == OK)
        check(book, answers)


def check(book: Guildbook, answers: dict[int, int]) -> None:
    """Count: everything acknowledged is there, nothing refused is, and nothing is there by halves."""
    stored = {
        stream for (stream,) in ask(book.database_url, "SELECT stream FROM book.log WHERE type LIKE 'accounts.%'")
    }
    assert {f"accounts-{account}" for account, status in answers.items() if status == CREATED} <= stored
    assert not {f"accounts-{account}" for account, status in answers.items() if status == UNAVAILABLE} & stored
    assert ask(book.database_url, INCOMPLETE_APPENDS) == []
    assert ask(book.database_url, "SELECT max(position) FROM book.log HAVING max(position) <> count(*)") == []
    created = [account for account, status in answers.items() if status == CREATED]
    assert {book.ask("GET", f"/account/{account}") for account in created[:: len(created) // 50]} == {OK}
