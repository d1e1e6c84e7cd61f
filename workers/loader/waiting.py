"""Waiting for a gateway, as long as nobody wants the load to end."""

import asyncio


class LoadCancelledError(Exception):
    """Somebody wants the load to end."""


class Waiting:
    """How one load waits."""

    def __init__(self) -> None:
        self._ended = asyncio.Event()

    def end(self) -> None:
        """Let nobody wait any more."""
        self._ended.set()

    def is_ended(self) -> bool:
        """Tell whether somebody wants the load to end."""
        return self._ended.is_set()

    async def pause(self, seconds: float) -> None:
        """Wait. Errors: LoadCancelledError, as soon as somebody wants the load to end."""
        try:
            async with asyncio.timeout(seconds):
                await self._ended.wait()
        except TimeoutError:
            return
        raise LoadCancelledError
