"""`guildbook up`: quick to start, clean to stop, and back when something of it dies."""

import signal
import stat
import subprocess
from collections.abc import Generator
from pathlib import Path

import pytest

from tests.cli.commands import COMMAND, ROOT, Up, credentials, done, environment, refused
from tests.servers import MASTER_KEY, free_port
from tests.store import visitors
from tests.store.visitors import has_ended, postmaster, until

pytestmark = [pytest.mark.xdist_group("up"), pytest.mark.alone]

FRESH_SECONDS_MAX = 5.0
EXISTING_SECONDS_MAX = 3.0
STOP_SECONDS_MAX = 10.0
TRIES_MAX = 3  # the machine may be busy with other tests
MEMORY_BYTES_MAX = 250_000_000


@pytest.fixture(scope="module")
def home() -> Generator[Path]:
    with visitors.open_home() as folder:
        yield folder


@pytest.fixture(scope="module")
def fresh(home: Path) -> Generator[Up]:
    with Up(home / "data") as running:
        yield running


@pytest.fixture
def up(fresh: Up) -> Up:
    """Give the shared one, well: a test before this one may have killed something of it."""
    until(lambda: fresh.answers(lambda: fresh.ask("GET", "/health/ready")))
    return fresh


@pytest.fixture(scope="module")
def user(fresh: Up) -> str:
    return credentials(done("apps", "create", "tests", "--all", "--data", str(fresh.data)))


def create_team(up: Up, user: str, name: str) -> int:
    return up.ask("POST", "/teams/new", user=user, body={"name": name})["id"]


def test_a_fresh_folder_is_ready_in_time(fresh: Up) -> None:
    assert fresh.ready_seconds < FRESH_SECONDS_MAX


def test_it_idles_in_little_memory(up: Up) -> None:
    assert sum(process.memory_info().rss for process in up.family()) < MEMORY_BYTES_MAX


def test_an_app_that_was_just_created_gets_in(up: Up, user: str) -> None:
    assert up.ask("GET", "/auth/me", user=user)["name"] == "tests"


def test_a_second_one_on_the_same_folder_is_refused(up: Up) -> None:
    assert "another `guildbook up` runs" in refused("up", "--data", str(up.data), "--port", "1024")


def test_a_port_in_use_is_refused_and_leaves_nothing_running(up: Up, home: Path) -> None:
    line = refused("up", "--data", str(home / "other"), "--port", str(up.port))
    assert f"cannot listen on 127.0.0.1:{up.port}" in line
    assert not (home / "other" / "postgres").exists()


def test_a_host_that_does_not_exist_is_refused(home: Path) -> None:
    assert "cannot listen on" in refused("up", "--data", str(home / "other"), "--host", "no.such.host.invalid")


def test_killed_workers_come_back_and_show_writes_again(up: Up, user: str) -> None:
    workers = up.child("work")
    workers.kill()
    until(lambda: has_ended(workers))
    team = create_team(up, user, "After the workers")
    assert up.ask("GET", f"/team/{team}")["name"] == "After the workers"
    assert up.child("work").pid != workers.pid
    assert "the workers ended (killed by SIGKILL)" in up.err.read_text()


def test_a_killed_api_comes_back(up: Up, user: str) -> None:
    api = up.child("--multiprocessing-fork")
    api.kill()
    until(lambda: has_ended(api))
    until(lambda: up.answers(lambda: up.ask("GET", "/health/live")))
    assert create_team(up, user, "After the API")


def test_a_killed_database_comes_back(up: Up, user: str) -> None:
    server = postmaster(up.data)
    server.kill()
    until(lambda: has_ended(server))
    until(lambda: up.answers(lambda: up.ask("GET", "/health/ready")))
    team = create_team(up, user, "After the database")
    assert up.ask("GET", f"/team/{team}")["name"] == "After the database"


def test_the_query_tables_are_rebuilt_meanwhile(up: Up, user: str) -> None:
    team = create_team(up, user, "Before the rebuild")
    printed = done("rebuild", "teams", "--data", str(up.data))
    assert printed == "Rebuilt: teams. Tables that differed: 0.\n"
    assert up.ask("GET", f"/team/{team}")["name"] == "Before the rebuild"


def test_the_log_is_followed_until_interrupted(up: Up, user: str) -> None:
    command = [*COMMAND, "events", "--follow", "--type", "teams.TeamCreated", "--data", str(up.data)]
    with subprocess.Popen(command, cwd=ROOT, env=environment(), stdout=subprocess.PIPE, text=True) as following:
        assert following.stdout
        create_team(up, user, "Followed")
        while 'name="Followed"' not in following.stdout.readline():
            assert following.poll() is None
        following.send_signal(signal.SIGINT)
        assert following.wait(STOP_SECONDS_MAX) == 0


def test_it_stops_cleanly_and_starts_again_in_time(up: Up) -> None:
    server = postmaster(up.data)
    assert up.stop() < STOP_SECONDS_MAX
    assert has_ended(server)
    assert any(start_and_interrupt(up) < EXISTING_SECONDS_MAX for _ in range(TRIES_MAX))
    assert not (up.data / "postgres" / "postmaster.pid").exists()


def start_and_interrupt(up: Up) -> float:
    with Up(up.data, port=up.port) as again:
        assert again.stop(signal.SIGINT) < STOP_SECONDS_MAX
        return again.ready_seconds


def test_folders_that_are_named_as_its_parts_do_no_harm(home: Path) -> None:
    for name in ("api", "cli", "store"):
        package = home / "project" / name
        package.mkdir(parents=True)
        (package / "__init__.py").write_text("raise SystemExit('not ours')")
    with Up(home / "data", folder=home / "project") as running:
        running.stop()


def test_nothing_outlives_a_kill_for_long(home: Path) -> None:
    with Up(home / "data") as doomed:
        children = doomed.family()[1:]
        doomed.process.kill()
        doomed.process.wait()
    until(lambda: all(has_ended(child) for child in children))
    with Up(home / "data", port=doomed.port) as again:
        again.stop()


def test_the_demo_fills_an_empty_book_once(home: Path) -> None:
    data, file = home / "demo", home / "demo" / "demo.env"
    with Up(data, "--demo") as up:
        assert f"guildbook: demo app credentials in {file}\n" in up.err.read_text()
        assert stat.S_IMODE(file.stat().st_mode) == stat.S_IRUSR | stat.S_IWUSR
        given = dict(line.split("=", 1) for line in file.read_text().splitlines())
        user, bot = given["GUILDBOOK_APP"], given["GUILDBOOK_BOT"].partition(".")[0]
        assert f"{bot} demo backups:write," in " ".join(done("bots", "list", "--data", str(data)).split())
        assert up.ask("GET", "/auth/me", user=user)["permissions"] == 95
        assert up.ask("GET", "/accounts/search")["results"] == 12
        assert up.ask("POST", "/auth/discord", body={"token": "demo-ines"})["username"] == "S1"
        assert "not the one that" in refused(
            "events", "--data", str(data), settings={"GUILDBOOK_MASTER_KEY": MASTER_KEY}
        )
        assert '"Amara"' not in done("events", "--data", str(data))
        assert '"Amara"' in done("events", "--data", str(data), "--reveal")
        events = done("events", "--data", str(data)).splitlines()
    assert start_demo_again(data) == events
    file.unlink()
    added = [event.split()[4] for event in start_demo_again(data)[len(events) :]]
    assert added == ["apps.AppTokenReset", "apps.BotTokenReset"]
    assert file.exists()


def start_demo_again(data: Path) -> list[str]:
    with Up(data, "--demo"):
        return done("events", "--data", str(data)).splitlines()


def test_a_stop_while_it_starts_leaves_nothing_running(home: Path) -> None:
    command = [*COMMAND, "up", "--data", str(home / "brief"), "--port", str(free_port())]
    with subprocess.Popen(command, cwd=ROOT, env=environment(), stderr=subprocess.PIPE, text=True) as starting:
        assert starting.stderr
        assert "creating a PostgreSQL cluster" in starting.stderr.readline()
        starting.terminate()
        assert starting.wait(STOP_SECONDS_MAX) == 0
    assert not (home / "brief" / "postgres" / "postmaster.pid").exists()
