"""Being asked to stop: the signals of a process that runs until then."""

import signal
from collections.abc import Callable
from threading import Event
from types import FrameType


def stop_on_signals() -> Event:
    """Return what is set once this process is asked to stop."""
    stopping = Event()
    on_stop_signals(stopping.set)
    return stopping


def on_stop_signals(react: Callable[[], object]) -> None:
    """Call `react` at SIGINT and SIGTERM, instead of whatever was called before."""

    def handle(_number: int, _frame: FrameType | None) -> None:
        react()

    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, handle)
