"""Keeps a child process alive: started again when it dies, after a pause that grows, until it is told to stop."""

import signal
import subprocess
import time
from collections.abc import Sequence
from threading import Event, Lock, Thread

from cli.output import tell

PAUSE_SECONDS = 0.5
PAUSE_SECONDS_MAX = 30.0
STEADY_SECONDS = 60.0  # who lived this long begins anew with the shortest pause
STOP_SECONDS_MAX = 5.5  # longer than a worker takes to finish what is under way


class Supervised:
    """A command that runs until `stop`. Its standard input is a pipe that ends with us."""

    def __init__(self, name: str, command: Sequence[str]) -> None:
        self._name = name
        self._command = command
        self._stopping = Event()
        self._lock = Lock()
        self._process: subprocess.Popen[bytes] | None = None
        self._thread = Thread(target=self._run, daemon=True, name=f"supervisor of {name}")

    def start(self) -> None:
        """Start it and keep it alive."""
        self._thread.start()

    def stop(self) -> None:
        """End it, the hard way when it takes too long."""
        with self._lock:
            self._stopping.set()
            process = self._process
        if process is not None:
            _end(process)
        self._thread.join()

    def _run(self) -> None:
        pause_seconds = PAUSE_SECONDS
        while (process := self._spawn()) is not None:
            began = time.monotonic()
            code = process.wait()
            if time.monotonic() - began > STEADY_SECONDS:
                pause_seconds = PAUSE_SECONDS
            if not self._stopping.is_set():
                tell(f"{self._name} ended ({_manner(code)}); starting again in {pause_seconds} s")
            self._stopping.wait(pause_seconds)
            pause_seconds = min(pause_seconds * 2, PAUSE_SECONDS_MAX)

    def _spawn(self) -> subprocess.Popen[bytes] | None:
        with self._lock:
            if self._stopping.is_set():
                return None
            # A process group of its own: Ctrl-C reaches us, and we end our children in order.
            self._process = subprocess.Popen(self._command, stdin=subprocess.PIPE, process_group=0)  # noqa: S603
            return self._process


def stop_all(processes: Sequence[Supervised]) -> None:
    """End all of them at once."""
    threads = [Thread(target=process.stop) for process in processes]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()


def _end(process: subprocess.Popen[bytes]) -> None:
    process.terminate()
    try:
        process.wait(STOP_SECONDS_MAX)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()


def _manner(code: int) -> str:
    return f"exit code {code}" if code >= 0 else f"killed by {signal.Signals(-code).name}"
