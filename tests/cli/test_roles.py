"""One role for each process, as on several machines: they meet in the database."""

import subprocess

from tests.cli.commands import credentials, done
from tests.servers import MASTER_KEY, free_port, spawn, wait_until_ready

STOP_SECONDS_MAX = 10


def test_the_roles_start_apart_work_together_and_stop_cleanly(database_url: str) -> None:
    port = str(free_port())
    roles = [
        ("serve", "--port", port),
        ("work", "projector"),
        ("work", "projector"),
        ("work", "callbacks"),
        ("work", "loader"),
    ]
    processes = [spawn(*role, url=database_url) for role in roles]
    try:
        wait_until_ready(f"http://127.0.0.1:{port}")
        settings = {"GUILDBOOK_DATABASE_URL": database_url, "GUILDBOOK_MASTER_KEY": MASTER_KEY}
        assert credentials(done("apps", "create", "bot", "--all", settings=settings)).startswith("A1:")
    finally:
        assert [end(process) for process in processes] == [0] * len(processes)


def end(process: subprocess.Popen[bytes]) -> int:
    process.terminate()
    return process.wait(STOP_SECONDS_MAX)
