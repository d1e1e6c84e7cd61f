"""Turns many single calls that wait at the same time into few set-based ones: the group in group commit."""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from typing import Generic, TypeVar

K = TypeVar("K")
V = TypeVar("V")


class Gatherer(Generic[K, V]):
    """Runs `run` over everything that is waiting, with at most `flights_max` runs at once.

    `run` answers in the order of its arguments; an answer that is an exception is raised to its one caller.
    A call is only ever answered by a run that began after it, so it sees all that was committed before it.
    """

    def __init__(
        self,
        run: Callable[[Sequence[K]], Awaitable[Sequence[V | Exception]]],
        *,
        batch_max: int = 512,
        flights_max: int = 1,
    ) -> None:
        self._run = run
        self._batch_max = batch_max
        self._flights_free = flights_max
        self._waiting: list[tuple[K, asyncio.Future[V]]] = []
        self._flights: set[asyncio.Task[None]] = set()

    async def get(self, key: K) -> V:
        """Wait for the answer to one call."""
        future: asyncio.Future[V] = asyncio.get_running_loop().create_future()
        self._waiting.append((key, future))
        if self._flights_free:
            self._flights_free -= 1
            flight = asyncio.create_task(self._fly())
            self._flights.add(flight)
            flight.add_done_callback(self._flights.discard)
        return await future

    async def _fly(self) -> None:
        try:
            while self._waiting:
                batch, self._waiting = self._waiting[: self._batch_max], self._waiting[self._batch_max :]
                await self._answer(batch)
        finally:
            self._flights_free += 1

    async def _answer(self, batch: list[tuple[K, asyncio.Future[V]]]) -> None:
        try:
            answers: Sequence[V | Exception] = await self._run([key for key, _ in batch])
        except Exception as error:  # noqa: BLE001 - whatever it was belongs to the callers
            answers = [error] * len(batch)
        for (_, future), answer in zip(batch, answers, strict=True):
            if future.done():  # the caller has gone away
                continue
            if isinstance(answer, Exception):
                future.set_exception(answer)
            else:
                future.set_result(answer)
