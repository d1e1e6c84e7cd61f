"""Sends HTTP requests over keep-alive connections as fast as they are answered, and reports rate and latency."""

import argparse
import asyncio
import itertools
import subprocess
import sys
from collections import Counter
from collections.abc import Awaitable, Iterator, Sequence
from pathlib import Path
from time import perf_counter
from typing import cast
from urllib.parse import SplitResult, urlsplit

import msgspec
import uvloop

from bench.latency import percentiles_ms

RECONNECT_AFTER_SECONDS = 0.05
DRAIN_SECONDS_MAX = 5.0
HEAD_END = b"\r\n\r\n"
LENGTH = b"\r\ncontent-length:"
CHUNKED = b"\r\ntransfer-encoding: chunked"
LAST_CHUNK = b"\r\n0\r\n\r\n"
CLOSING = b"\r\nconnection: close"


class Options(msgspec.Struct, frozen=True, kw_only=True):
    """What to send, from how many connections and for how long."""

    url: str
    method: str = "GET"
    connections: int = 64
    seconds: float = 10.0
    warmup: float = 2.0
    paths_file: str | None = None
    header: Sequence[str] = ()
    body: str = ""
    once: bool = False


class Load(msgspec.Struct, frozen=True, kw_only=True):
    """What came back: counts and latencies of the measured window; errors of the whole run."""

    requests: int
    seconds: float
    rate: float
    p50_ms: float
    p99_ms: float
    statuses: dict[str, int]
    statuses_outside: dict[str, int]
    errors: dict[str, int]


class Run:
    """One run: the requests still to be sent, the window and the tally."""

    def __init__(self, options: Options) -> None:
        url = urlsplit(options.url)
        self.address = (url.hostname or "127.0.0.1", url.port or 80)
        self.requests = requests(options, url)
        self.begins_at = perf_counter() + options.warmup
        self.ends_at = self.begins_at + options.seconds
        self.exhausted = False
        self.latencies: list[float] = []
        self.statuses: Counter[bytes] = Counter()
        self.statuses_outside: Counter[bytes] = Counter()
        self.errors: Counter[str] = Counter()

    def next_request(self) -> bytes | None:
        """The next request, or nothing when the time or the paths are over."""
        if self.exhausted or perf_counter() >= self.ends_at:
            return None
        request = next(self.requests, None)
        self.exhausted = request is None
        return request

    def is_over(self) -> bool:
        return self.exhausted or perf_counter() >= self.ends_at

    def count_answer(self, status: bytes, sent_at: float, answered_at: float) -> None:
        if not self.begins_at <= answered_at <= self.ends_at:
            self.statuses_outside[status] += 1
            return
        self.statuses[status] += 1
        self.latencies.append(answered_at - sent_at)


class Connection(asyncio.Protocol):
    """A caller's connection: it sends the next request when the last one is answered."""

    def __init__(self, run: Run) -> None:
        self.run = run
        self.closed = asyncio.get_running_loop().create_future()
        self.transport: asyncio.WriteTransport | None = None
        self.awaiting = False
        self.received = b""
        self.sent_at = 0.0

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport = cast("asyncio.WriteTransport", transport)
        self.send_next()

    def send_next(self) -> None:
        assert self.transport is not None
        request = self.run.next_request()
        if request is None:
            self.transport.close()
            return
        self.awaiting = True
        self.sent_at = perf_counter()
        self.transport.write(request)

    def data_received(self, data: bytes) -> None:
        answer = self.received + data
        try:
            end = answer_bytes(answer)
        except ValueError:
            return self.fail("malformed")
        if not end:
            self.received = answer
            return None
        return self.finish(answer, end)

    def finish(self, answer: bytes, end: int) -> None:
        assert self.transport is not None
        if len(answer) > end or not self.awaiting:
            return self.fail("unasked")
        self.awaiting = False
        self.received = b""
        self.run.count_answer(answer[9:12], self.sent_at, perf_counter())
        if CLOSING in answer[: answer.find(HEAD_END)].lower():
            return self.transport.close()
        return self.send_next()

    def fail(self, error: str) -> None:
        assert self.transport is not None
        self.awaiting = False
        self.run.errors[error] += 1
        self.transport.abort()

    def connection_lost(self, exc: Exception | None) -> None:
        if self.awaiting:
            self.run.errors[type(exc).__name__ if exc else "closed"] += 1
        self.awaiting = False
        if not self.closed.done():
            self.closed.set_result(None)


def requests(options: Options, url: SplitResult) -> Iterator[bytes]:
    """The requests: each line once, or round and round."""
    target = (url.path or "/") + (f"?{url.query}" if url.query else "")
    lines = [target] if options.paths_file is None else paths(Path(options.paths_file))
    prepared = [request(options, url, line) for line in lines]
    return iter(prepared) if options.once else itertools.cycle(prepared)


def paths(file: Path) -> list[str]:
    return [line for line in file.read_text().splitlines() if line]


def request(options: Options, url: SplitResult, line: str) -> bytes:
    """A line of the file is a path, or a method, a space and a path; a body of its own follows a tab."""
    target, _, own_body = line.partition("\t")
    start = target if " " in target else f"{options.method} {target}"
    body = (own_body or options.body).encode()
    headers = [f"Host: {url.netloc}", *options.header]
    if body or options.method != "GET":
        headers.append(f"Content-Length: {len(body)}")
    return "\r\n".join([f"{start} HTTP/1.1", *headers, "", ""]).encode() + body


def answer_bytes(answer: bytes) -> int:
    """The length of a complete answer, or 0 while some of it is missing.

    No length and no chunks means no body. A chunked body ends with the bytes of its last chunk; no trailers.
    """
    head_bytes = answer.find(HEAD_END) + len(HEAD_END)
    if head_bytes < len(HEAD_END):
        return 0
    head = answer[:head_bytes].lower()
    at = head.find(LENGTH)
    if at >= 0:
        end = head_bytes + int(head[at + len(LENGTH) : head.index(b"\r\n", at + 2)])
        return end if len(answer) >= end else 0
    if CHUNKED in head:
        return len(answer) if answer.endswith(LAST_CHUNK) else 0
    return head_bytes


async def drive(options: Options) -> Load:
    """Keep every connection busy until the time or the paths are over, then wait a little for the last answers."""
    run = Run(options)
    live: set[Connection] = set()
    callers = [asyncio.create_task(call(run, live)) for _ in range(options.connections)]
    _, late = await asyncio.wait(callers, timeout=run.ends_at - perf_counter() + DRAIN_SECONDS_MAX)
    unanswered = sum(connection.awaiting for connection in live)
    if unanswered:
        run.errors["unanswered"] += unanswered
    for caller in late:
        caller.cancel()
    return summarize(run, min(perf_counter(), run.ends_at))


async def call(run: Run, live: set[Connection]) -> None:
    """One caller: connected, and connected again when the connection is lost."""
    while not run.is_over():
        try:
            _, connection = await connect(run)
        except OSError as error:
            run.errors[type(error).__name__] += 1
            await asyncio.sleep(RECONNECT_AFTER_SECONDS)
            continue
        live.add(connection)
        await cast("Awaitable[None]", connection.closed)
        live.discard(connection)


async def connect(run: Run) -> tuple[asyncio.Transport, Connection]:
    loop = asyncio.get_running_loop()
    return await loop.create_connection(lambda: Connection(run), *run.address)


def summarize(run: Run, ended_at: float) -> Load:
    seconds = max(ended_at - run.begins_at, 0.0)
    requests = len(run.latencies)
    p50_ms, p99_ms = percentiles_ms(run.latencies)
    return Load(
        requests=requests,
        seconds=round(seconds, 3),
        rate=round(requests / seconds, 1) if seconds else 0.0,
        p50_ms=p50_ms,
        p99_ms=p99_ms,
        statuses=by_code(run.statuses),
        statuses_outside=by_code(run.statuses_outside),
        errors=dict(run.errors),
    )


def by_code(statuses: Counter[bytes]) -> dict[str, int]:
    return {status.decode(): count for status, count in sorted(statuses.items())}


def with_paths(options: Options, file: Path) -> Options:
    return msgspec.structs.replace(options, paths_file=str(file))


def generate(options: Options) -> Load:
    """Run the generator in a process of its own."""
    asked = msgspec.json.encode(options).decode()
    done = subprocess.run([sys.executable, "-m", "bench.load", "--options", asked], stdout=subprocess.PIPE, check=True)
    return msgspec.json.decode(done.stdout, type=Load)


def parse(arguments: Sequence[str]) -> Options:
    parser = argparse.ArgumentParser(prog="python -m bench.load", description=__doc__)
    parser.add_argument("--url", help="http://host:port/path")
    parser.add_argument("--method", default="GET")
    parser.add_argument("--connections", type=int, default=64)
    parser.add_argument("--seconds", type=float, default=10.0, help="at most, with --once")
    parser.add_argument("--warmup", type=float, default=2.0, help="seconds that are not measured")
    parser.add_argument("--paths-file", help="one [METHOD ]PATH[TAB BODY] a line, taken in turn")
    parser.add_argument("--header", action="append", default=[], metavar="'NAME: VALUE'")
    parser.add_argument("--body", default="")
    parser.add_argument("--once", action="store_true", help="stop when every path has been used")
    parser.add_argument("--options", help="all of these as one JSON object")
    given = vars(parser.parse_args(arguments))
    asked = given.pop("options")
    if not asked and not given["url"]:
        parser.error("--url is required")
    return msgspec.json.decode(asked, type=Options) if asked else msgspec.convert(given, Options)


def main() -> None:
    options = parse(sys.argv[1:])
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        load = runner.run(drive(options))
    sys.stdout.write(msgspec.json.encode(load).decode() + "\n")


if __name__ == "__main__":
    main()
