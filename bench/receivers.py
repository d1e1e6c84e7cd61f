"""Endpoints that answer at once and note what arrived when: so that they cost the bench little."""

import argparse
import asyncio
import sys
import time
from array import array
from typing import cast

import uvloop

ANSWER = b"HTTP/1.1 204 No Content\r\n\r\n"
ID = b"webhook-id: msg_"
LENGTH = b"content-length: "


class Notes:
    """What arrived: pairs of position and time."""

    def __init__(self) -> None:
        self.positions = array("q")
        self.times = array("d")


class Endpoint(asyncio.Protocol):
    """One connection to one endpoint."""

    def __init__(self, notes: Notes) -> None:
        self._notes = notes
        self._rest = b""
        self._transport: asyncio.Transport | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast("asyncio.Transport", transport)

    def data_received(self, data: bytes) -> None:
        data = self._rest + data
        head_end = data.find(b"\r\n\r\n")
        if head_end < 0 or len(data) < (end := head_end + 4 + _length(data)):
            self._rest = data
            return
        self._notes.times.append(time.time())
        self._notes.positions.append(_position(data))
        assert self._transport is not None
        self._transport.write(ANSWER)
        self._rest = data[end:]


def _length(data: bytes) -> int:
    place = data.lower().find(LENGTH) + len(LENGTH)
    return int(data[place : data.index(b"\r", place)])


def _position(data: bytes) -> int:
    place = data.find(ID) + len(ID)
    return int(data[place : data.index(b"_", place)])


async def run(count: int) -> None:
    """Say on which ports it listens; at each line on standard input, say what has arrived since the last."""
    notes, loop = Notes(), asyncio.get_running_loop()
    servers = [await loop.create_server(lambda: Endpoint(notes), "127.0.0.1", 0) for _ in range(count)]
    print(*(server.sockets[0].getsockname()[1] for server in servers), flush=True)
    reader = asyncio.StreamReader()
    await loop.connect_read_pipe(lambda: asyncio.StreamReaderProtocol(reader), sys.stdin)
    while await reader.readline():
        sys.stdout.buffer.write(len(notes.times).to_bytes(8, "big") + notes.positions.tobytes() + notes.times.tobytes())
        sys.stdout.buffer.flush()


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m bench.receivers", description=__doc__)
    parser.add_argument("--count", type=int, required=True)
    uvloop.run(run(parser.parse_args().count))


if __name__ == "__main__":
    main()
