"""Ends a process whose parent is gone, so that `kill -9` of `guildbook up` leaves nothing behind."""

import multiprocessing
import os
import signal
import sys
import time
from collections.abc import Callable
from threading import Thread

END_SECONDS_MAX = 5.0


def end_with_standard_input() -> None:
    """End when whoever holds the other side of standard input is gone."""
    _end_after(lambda: os.read(sys.stdin.fileno(), 1))


def end_with_parent() -> None:
    """End when the process that started this one through multiprocessing is gone."""
    parent = multiprocessing.parent_process()
    if parent is not None:
        _end_after(parent.join)


def _end_after(wait: Callable[[], object]) -> None:
    Thread(target=_end, args=(wait,), daemon=True, name="lifeline").start()


def _end(wait: Callable[[], object]) -> None:
    wait()
    os.kill(os.getpid(), signal.SIGTERM)
    time.sleep(END_SECONDS_MAX)
    os._exit(1)
