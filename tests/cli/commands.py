"""Runs the `guildbook` command as a process of its own, and `guildbook up` with all that belongs to it."""

import json
import os
import re
import signal
import subprocess
import sys
import time
import urllib.request
from base64 import b64encode
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, Self

import psutil

from tests.servers import free_port
from tests.store.visitors import has_ended, until

ROOT = Path(__file__).parents[2]
COMMAND = (sys.executable, "-P", "-m", "cli.main")  # as when installed: the folder we are called in plays no part
COMMAND_SECONDS_MAX = 90
STOP_SECONDS_MAX = 10


def environment(settings: Mapping[str, str] | None = None) -> dict[str, str]:
    ours = {name: value for name, value in os.environ.items() if not name.startswith("GUILDBOOK_")}
    return {**ours, "PYTHONPATH": str(ROOT), **(settings or {})}


def guildbook(*arguments: str, settings: Mapping[str, str] | None = None) -> subprocess.CompletedProcess[str]:
    """Run a command to its end."""
    return subprocess.run(
        [*COMMAND, *arguments],
        cwd=ROOT,
        env=environment(settings),
        capture_output=True,
        text=True,
        timeout=COMMAND_SECONDS_MAX,
        check=False,
    )


def done(*arguments: str, settings: Mapping[str, str] | None = None) -> str:
    """Run a command that succeeds, and return what it printed."""
    finished = guildbook(*arguments, settings=settings)
    assert finished.returncode == 0, finished.stderr
    return finished.stdout


def refused(*arguments: str, settings: Mapping[str, str] | None = None, code: int = 1) -> str:
    """Run a command that fails, and return the one line that it says so with."""
    finished = guildbook(*arguments, settings=settings)
    assert finished.returncode == code
    assert finished.stdout == ""
    [line] = finished.stderr.splitlines()
    assert line.startswith("guildbook: ")
    return line


def credentials(printed: str) -> str:
    """Read what `apps create` printed as `A1:password`."""
    return ":".join(re.findall(r"^(?:Username|Password): (\S+)$", printed, re.MULTILINE))


class Up:
    """A `guildbook up` that was started; `ready_seconds` is how long it took."""

    def __init__(self, data: Path, *arguments: str, port: int | None = None, folder: Path = ROOT) -> None:
        self.data = data
        self.port = port or free_port()
        self.base_url = f"http://127.0.0.1:{self.port}"
        self.out, self.err = data.with_suffix(".out"), data.with_suffix(".err")
        command = [*COMMAND, "up", "--data", str(data), "--port", str(self.port), *arguments]
        began = time.monotonic()
        with self.out.open("w") as out, self.err.open("w") as err:
            self.process = subprocess.Popen(command, cwd=folder, env=environment(), stdout=out, stderr=err)
        try:
            until(lambda: self.out.read_text() != "" or self.process.poll() is not None)
            self.ready_seconds = time.monotonic() - began
            assert self.out.read_text() == f"guildbook: ready on {self.base_url}\n"
        except AssertionError as error:
            self.__exit__()
            raise AssertionError(self.err.read_text()) from error

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        """Make sure that it is over, whatever a test did to it."""
        if self.process.poll() is None:
            self.process.terminate()
            self.process.wait(STOP_SECONDS_MAX)

    def family(self) -> list[psutil.Process]:
        """Return this process and all that it started, PostgreSQL aside."""
        parent = psutil.Process(self.process.pid)
        return [parent, *parent.children(recursive=True)]

    def child(self, word: str) -> psutil.Process:
        """Return the one child whose command line has this word."""
        [found] = [process for process in self.family()[1:] if word in process.cmdline()]
        return found

    def stop(self, number: int = signal.SIGTERM) -> float:
        """Stop it as an operator would, and return how long that took."""
        family = self.family()
        began = time.monotonic()
        self.process.send_signal(number)
        assert self.process.wait(STOP_SECONDS_MAX) == 0
        took = time.monotonic() - began
        assert [process for process in family if not has_ended(process)] == []
        return took

    def ask(self, method: str, path: str, *, user: str | None = None, body: object = None) -> Any:  # noqa: ANN401
        """Send a request and return the decoded answer."""
        headers = {"Content-Type": "application/json"}
        if user:
            headers["Authorization"] = f"Basic {b64encode(user.encode()).decode()}"
        content = None if body is None else json.dumps(body).encode()
        request = urllib.request.Request(f"{self.base_url}{path}", content, headers, method=method)  # noqa: S310
        with urllib.request.urlopen(request, timeout=COMMAND_SECONDS_MAX) as response:  # noqa: S310
            text = response.read()
        return json.loads(text) if text else None

    def answers(self, question: Callable[[], object]) -> bool:
        """Tell whether a request is answered at all."""
        try:
            question()
        except OSError:
            return False
        return True
