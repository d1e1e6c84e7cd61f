"""`guildbook health`: what a container's health check learns of the API and of the workers."""

import os
import time
from pathlib import Path
from urllib.parse import urlsplit

import psycopg
from psycopg import sql

from cli.health import SILENT_SECONDS_MAX
from cli.heartbeat import BEAT_SECONDS
from tests.cli.commands import done, guildbook, refused
from tests.servers import free_port, spawn, stop
from tests.store.visitors import until


def beat_settings(file: Path) -> dict[str, str]:
    return {"GUILDBOOK_HEARTBEAT": str(file)}


def is_alive(settings: dict[str, str]) -> bool:
    return guildbook("health", settings=settings).returncode == 0


def test_the_api_is_alive_while_it_answers(base_url: str) -> None:
    assert done("health", settings={"GUILDBOOK_PORT": base_url.rpartition(":")[2]}) == "alive\n"


def test_an_api_that_does_not_answer_is_not_alive() -> None:
    port = str(free_port())
    line = refused("health", settings={"GUILDBOOK_PORT": port, "GUILDBOOK_HOST": "::"})
    assert f"http://[::1]:{port} does not answer" in line


def test_workers_are_alive_while_they_beat(database_url: str, tmp_path: Path) -> None:
    settings = beat_settings(tmp_path / "heartbeat")
    assert "has touched" in refused("health", settings=settings)
    worker = spawn("work", "loader", url=database_url, settings=settings)
    try:
        until(lambda: is_alive(settings))
        long_ago = time.time() - SILENT_SECONDS_MAX - 1
        os.utime(tmp_path / "heartbeat", (long_ago, long_ago))
        assert "for 3" in refused("health", settings=settings)
        until(lambda: is_alive(settings))
    finally:
        stop(worker)


def test_workers_without_a_database_do_not_beat(server_url: str, database_url: str, tmp_path: Path) -> None:
    file = tmp_path / "heartbeat"
    worker = spawn("work", "loader", url=database_url, settings=beat_settings(file))
    try:
        until(file.exists)
        close(server_url, database_url)
        file.unlink()
        time.sleep(BEAT_SECONDS + 1)
        assert worker.poll() is None
        assert not file.exists()
    finally:
        stop(worker)


def close(server_url: str, database_url: str) -> None:
    """Let nobody into a database any more, and send everybody away."""
    name = urlsplit(database_url).path.removeprefix("/")
    with psycopg.connect(server_url, autocommit=True) as connection:
        connection.execute(sql.SQL("ALTER DATABASE {} ALLOW_CONNECTIONS false").format(sql.Identifier(name)))
        connection.execute("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = %s", (name,))
