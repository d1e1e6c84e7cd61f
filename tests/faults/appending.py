"""A process that appends without pause and writes down what it was told: `python -m tests.faults.appending URL OUT`."""

import asyncio
import os
import sys
from itertools import count

import uvloop

from store.appender import Append, Appended, Appender, BookUnavailableError, NewEvent

CALLERS = 16
VERSIONS_OF_A_STREAM = 20

_numbers = count(1)


async def call(appender: Appender, file: int) -> None:
    """Append to one stream after another; a stream in doubt is left alone."""
    while True:
        stream = f"teams-{os.getpid()}{next(_numbers):06}"
        try:
            for version in range(1, VERSIONS_OF_A_STREAM + 1):
                done = await appender.append(two(stream, version))
                os.write(file, line(stream, version, done))
        except BookUnavailableError:
            continue


def two(stream: str, version: int) -> Append:
    """Append two events, so that half an append would show."""
    versions = [version * 2 - 1, version * 2]
    events = [
        NewEvent(stream, n, "teams.TeamCreated", b'{"team":1,"name":""}', f"{stream}/{n}".encode(), "")
        for n in versions
    ]
    return Append(events, {stream: versions[0] - 1})


def line(stream: str, version: int, done: Appended) -> bytes:
    """Say where the second event of the two is."""
    return f"{done.position} {stream} {version * 2}\n".encode()


async def main(url: str, path: str) -> None:
    """Run the callers until this process is killed."""
    file = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND | os.O_DSYNC)
    appender = Appender(url)
    async with asyncio.TaskGroup() as callers:
        for _ in range(CALLERS):
            callers.create_task(call(appender, file))


if __name__ == "__main__":
    uvloop.run(main(*sys.argv[1:]))
