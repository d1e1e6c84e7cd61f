"""Ten minutes of reads and writes: memory stays flat, nothing fails, and reads keep up with the log."""

import os
import threading
from base64 import b64encode
from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest

from bench import load
from tests.cli.commands import Up
from tests.store.visitors import open_home

SECONDS = float(os.environ.get("GUILDBOOK_SOAK_SECONDS", "600"))
SAMPLE_SECONDS = 2.0
GROWTH_MAX = 1.10
CONNECTIONS = 16


@pytest.mark.soak
def test_memory_is_flat_under_ten_minutes_of_load() -> None:
    with open_home() as home, Up(home / "data", "--demo") as up:
        samples = under_load(up, home / "paths")
        lag = max(reader["lag"] for reader in up.ask("GET", "/health/ready")["readers"].values())
    settled, last = samples[len(samples) // 4 : len(samples) // 2], samples[-len(samples) // 4 :]
    print(f"MiB: {[round(sample / 2**20) for sample in samples[:: max(len(samples) // 20, 1)]]}")  # noqa: T201
    assert max(last) <= max(settled) * GROWTH_MAX
    assert lag < CONNECTIONS * 2


def under_load(up: Up, file: Path) -> list[int]:
    """Send requests until the time is over, and return how much memory all processes had, again and again."""
    file.write_text("\n".join(paths(up)))
    samples: list[int] = []
    over = threading.Event()
    watcher = threading.Thread(target=lambda: watch(up, samples, over))
    watcher.start()
    header = "Authorization: Basic " + b64encode(credentials(up).encode()).decode()
    options = load.Options(url=up.base_url, seconds=SECONDS, connections=CONNECTIONS, header=[header])
    found = load.generate(load.with_paths(options, file))
    over.set()
    watcher.join()
    print(f"{found.rate:.0f} requests/s, p50 {found.p50_ms} ms, p99 {found.p99_ms} ms, {found.statuses}")  # noqa: T201
    assert found.errors == {}
    assert {status for status in found.statuses if int(status) >= 500} == set()
    return samples


def paths(up: Up) -> Iterator[str]:
    """Give and take every award, and read in between; the same again and again."""
    accounts = [account["id"] for account in up.ask("GET", "/accounts/search?per_page=100")["data"]]
    for award in (1, 2, 3):
        for account in accounts:
            yield f"PUT /account/{account}/award/{award}"
            yield f"GET /account/{account}"
            yield f"DELETE /account/{account}/award/{award}"
            yield "GET /accounts/search?q=a"


def credentials(up: Up) -> str:
    return (up.data / "demo.env").read_text().splitlines()[0].removeprefix("GUILDBOOK_APP=")


def watch(up: Up, samples: list[int], over: threading.Event) -> None:
    while not over.wait(SAMPLE_SECONDS):
        samples.append(sum(memory_of(process) for process in up.family()))


def memory_of(process: psutil.Process) -> int:
    return process.memory_info().rss
