"""What granian has no place for: something to do when a worker's loop begins, and before it cuts its connections."""

import asyncio
import signal
from collections.abc import Awaitable, Callable
from contextlib import suppress
from typing import Any

from granian import _signals


def between(begin: Callable[[asyncio.AbstractEventLoop], None], say_farewell: Callable[[], Awaitable[None]]) -> None:
    """Have the worker in this process begin with one thing, and at SIGINT and SIGTERM do another before it stops.

    Its lifespan ends only after all WebSockets were cut. So this wraps the one thing that it does with its loop.
    """
    install: Callable[[Any], Any] = _signals.set_loop_signals  # pyright: ignore[reportUnknownMemberType, reportUnknownVariableType]

    def set_loop_signals(loop: asyncio.AbstractEventLoop) -> Any:  # noqa: ANN401 - granian's own
        stopping = install(loop)
        parting = set[asyncio.Task[None]]()
        begin(loop)

        async def part() -> None:
            try:
                await say_farewell()
            finally:
                stopping.set()

        with suppress(NotImplementedError):  # on Windows
            for number in (signal.SIGINT, signal.SIGTERM):
                loop.add_signal_handler(number, lambda: parting.add(loop.create_task(part())))
        return stopping

    _signals.set_loop_signals = set_loop_signals
