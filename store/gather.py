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
        self._take_off()
        return await future

    def _take_off(self) -> None:
        if not self._flights_free or not self._waiting:
            return
        self._flights_free -= 1
        flight = asyncio.create_task(self._fly())
        self._flights.add(flight)
        flight.add_done_callback(self._flights.discard)

    async def _fly(self) -> None:
        try:
            while self._waiting:
                batch, self._waiting = self._waiting[: self._batch_max], self._waiting[self._batch_max :]
                await self._answer(batch)
        finally:
            self._flights_free += 1

    async def _answer(self, batch: list[tuple[K, asyncio.Future[V]]]) -> None:
        try:
            answers = await self._run([key for key, _ in batch])
            for (_, future), answer in zip(batch, answers, strict=True):
                _resolve(future, answer)
        except Exception as error:  # noqa: BLE001 - whatever it was belongs to the callers
            for _, future in batch:
                _resolve(future, error)
        except BaseException:
            for _, future in batch:
                future.cancel()
            raise


def _resolve(future: asyncio.Future[V], answer: V | Exception) -> None:
    if future.done():  # the caller has gone away
        return
    if isinstance(answer, Exception):
        future.set_exception(answer)
    else:
        future.set_result(answer)
