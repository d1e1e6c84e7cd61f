"""Callers that ask again as soon as they are answered, as threads or as asyncio tasks."""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from time import perf_counter

import msgspec

from bench.latency import percentiles_ms

WARMUP_SECONDS = 1.0


class Sample(msgspec.Struct, frozen=True):
    """What callers of one kind got in one measured window."""

    rate: float
    p50_ms: float
    p99_ms: float


class Window:
    """The measured time and the durations of what was answered in it."""

    def __init__(self, seconds: float) -> None:
        self.seconds = seconds
        self.begins_at = perf_counter() + WARMUP_SECONDS
        self.ends_at = self.begins_at + seconds
        self.durations: list[float] = []

    def count(self, asked_at: float, answered_at: float) -> None:
        if self.begins_at <= answered_at <= self.ends_at:
            self.durations.append(answered_at - asked_at)

    def sample(self) -> Sample:
        return Sample(round(len(self.durations) / self.seconds, 1), *percentiles_ms(self.durations))


def by_threads(calls: Sequence[Callable[[], object]], seconds: float) -> Sample:
    """One thread a call; an error in any of them ends the measurement."""
    window = Window(seconds)
    with ThreadPoolExecutor(len(calls)) as threads:
        for repeated in [threads.submit(repeat, call, window) for call in calls]:
            repeated.result()
    return window.sample()


def repeat(call: Callable[[], object], window: Window) -> None:
    asked_at = perf_counter()
    while asked_at < window.ends_at:
        call()
        answered_at = perf_counter()
        window.count(asked_at, answered_at)
        asked_at = answered_at


async def by_tasks(calls: Sequence[Callable[[], Awaitable[object]]], seconds: float) -> Sample:
    """One task a call; an error in any of them ends the measurement."""
    window = Window(seconds)
    async with asyncio.TaskGroup() as tasks:
        for call in calls:
            tasks.create_task(repeat_task(call, window))
    return window.sample()


async def repeat_task(call: Callable[[], Awaitable[object]], window: Window) -> None:
    asked_at = perf_counter()
    while asked_at < window.ends_at:
        await call()
        answered_at = perf_counter()
        window.count(asked_at, answered_at)
        asked_at = answered_at
