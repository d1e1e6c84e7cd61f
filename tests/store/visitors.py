"""Processes that use an embedded PostgreSQL, and the folder they meet in."""

import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Generator
from contextlib import contextmanager, suppress
from pathlib import Path

import psutil
import psycopg

ROOT = Path(__file__).parents[2]
DEADLINE_SECONDS = 30
POLL_SECONDS = 0.01
# Says what it does, says "attached", stays until it is told to leave. It becomes another user only after its imports,
# because the interpreter may lie where only root can read it.
VISITOR = """
import os, sys
from pathlib import Path
from store.embedded import attach
if uid := int(sys.argv[2]):
    os.setgroups([]), os.setgid(uid), os.setuid(uid)
postgres = attach(Path(sys.argv[1]), on_progress=lambda text: print(text, flush=True))
print("attached", flush=True)
sys.stdin.readline()
postgres.detach()
"""


@contextmanager
def open_home() -> Generator[Path]:
    """Give a folder that any user can pass; pytest's own is closed to the user whom root's server runs as."""
    with tempfile.TemporaryDirectory(prefix="guildbook-") as name:
        home = Path(name)
        home.chmod(0o755)
        yield home
        for left_running in home.rglob("postmaster.pid"):
            end(postmaster(left_running.parents[1]))


def end(server: psutil.Process) -> None:
    with suppress(psutil.NoSuchProcess):
        server.kill()
    until(lambda: has_ended(server))


def until(condition: Callable[[], bool]) -> None:
    """Return when the condition holds."""
    deadline = time.monotonic() + DEADLINE_SECONDS
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(POLL_SECONDS)


def postmaster(data: Path) -> psutil.Process:
    return psutil.Process(int((data / "postgres" / "postmaster.pid").read_text().splitlines()[0]))


def has_ended(process: psutil.Process) -> bool:
    try:
        return process.status() == psutil.STATUS_ZOMBIE  # init may be slow to reap it
    except psutil.NoSuchProcess:
        return True


def visit(data: Path, uid: int = 0) -> subprocess.Popen[str]:
    command = [sys.executable, "-c", VISITOR, str(data), str(uid)]
    pipe = subprocess.PIPE
    return subprocess.Popen(command, cwd=ROOT, text=True, stdin=pipe, stdout=pipe, stderr=pipe)


def wait_until_attached(visitor: subprocess.Popen[str]) -> list[str]:
    assert visitor.stdout
    told: list[str] = []
    while (line := visitor.stdout.readline().strip()) != "attached":
        assert line, "the visitor died"
        told.append(line)
    return told


def leave(visitor: subprocess.Popen[str]) -> None:
    visitor.communicate("\n", timeout=DEADLINE_SECONDS)
    assert visitor.returncode == 0


def kill(visitor: subprocess.Popen[str]) -> None:
    visitor.kill()
    visitor.communicate()


def ask(url: str, query: str) -> str:
    with psycopg.connect(url) as connection:
        row = connection.execute(query.encode()).fetchone()
    assert row
    return str(row[0])
