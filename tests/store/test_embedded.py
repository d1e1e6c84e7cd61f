"""The embedded PostgreSQL under real processes: joined, left, killed, adopted, and refused."""

import os
import stat
from collections.abc import Generator
from pathlib import Path

import psutil
import psycopg
import pytest

from store.embedded import EmbeddedPostgresError, attach
from tests.store import visitors

STRANGER = 12345

as_root = pytest.mark.skipif(os.geteuid() != 0, reason="needs root to act for other users")


@pytest.fixture
def home() -> Generator[Path]:
    with visitors.open_home() as folder:
        yield folder


@pytest.fixture
def data(home: Path) -> Path:
    return home / "data"


def test_a_fresh_folder_gives_a_durable_server_without_tcp(data: Path) -> None:
    postgres = attach(data)
    for setting in ("fsync", "full_page_writes", "synchronous_commit", "data_checksums", "autovacuum"):
        assert visitors.ask(postgres.url, f"SHOW {setting}") == "on"
    assert visitors.ask(postgres.url, "SHOW listen_addresses") == ""
    assert visitors.ask(postgres.url, "SELECT current_database()") == "guildbook"
    postgres.detach()


def test_text_is_ordered_by_code_point_and_compared_in_every_script(data: Path) -> None:
    postgres = attach(data)
    ordered = "SELECT string_agg(name, '' ORDER BY name) FROM unnest(ARRAY['é', 'b', 'Z', 'a', '😀']) AS name"
    assert visitors.ask(postgres.url, ordered) == "Zabé😀"
    assert visitors.ask(postgres.url, "SELECT 'ÉПРИВЕТ' ILIKE 'éпри%'") == "True"
    postgres.detach()


def test_the_socket_is_for_its_owner_only(data: Path) -> None:
    postgres = attach(data)
    assert stat.S_IMODE((data / "run").stat().st_mode) == 0o700
    assert stat.S_IMODE((data / "run" / ".s.PGSQL.5432").stat().st_mode) == 0o700
    postgres.detach()


def test_the_server_has_its_own_session_and_none_of_our_locks(data: Path) -> None:
    postgres = attach(data)
    server = visitors.postmaster(data)
    assert os.getsid(server.pid) == server.pid
    assert not {file.path for file in server.open_files()} & {f"{data}/postgres.users", f"{data}/postgres.lock"}
    postgres.detach()


def test_the_last_user_stops_the_server(data: Path) -> None:
    postgres = attach(data)
    server = visitors.postmaster(data)
    postgres.detach()
    assert visitors.has_ended(server)
    postgres.detach()  # asked twice it does nothing new


def test_a_second_user_joins_and_its_leaving_leaves_the_server(data: Path) -> None:
    postgres = attach(data)
    server = visitors.postmaster(data)
    visitor = visitors.visit(data)
    assert visitors.wait_until_attached(visitor) == []
    visitors.leave(visitor)
    assert visitors.postmaster(data) == server
    assert visitors.ask(postgres.url, "SELECT 1") == "1"
    postgres.detach()
    assert visitors.has_ended(server)


def test_the_first_user_may_leave_before_the_second(data: Path) -> None:
    first = attach(data)
    second = attach(data)
    first.detach()
    assert visitors.ask(second.url, "SELECT 1") == "1"
    second.detach()


def test_a_killed_user_leaves_a_server_that_the_next_one_adopts_and_stops(data: Path) -> None:
    visitor = visitors.visit(data)
    visitors.wait_until_attached(visitor)
    server = visitors.postmaster(data)
    visitors.kill(visitor)
    assert not visitors.has_ended(server)
    postgres = attach(data)
    assert visitors.postmaster(data) == server
    postgres.detach()
    assert visitors.has_ended(server)


def test_a_killed_postmaster_is_recovered_with_its_data(data: Path) -> None:
    before = attach(data)
    with psycopg.connect(before.url) as connection:
        connection.execute("CREATE TABLE kept AS SELECT 42 AS answer")
    visitors.postmaster(data).kill()
    after = attach(data)
    assert visitors.ask(after.url, "SELECT answer FROM kept") == "42"
    before.detach()
    assert visitors.ask(after.url, "SELECT answer FROM kept") == "42"
    after.detach()


def test_backends_that_outlive_their_postmaster_are_waited_for(data: Path) -> None:
    before = attach(data)
    told: list[str] = []
    with psycopg.connect(before.url) as connection:
        backend = psutil.Process(connection.info.backend_pid)
        backend.suspend()
        visitors.postmaster(data).kill()

        def let_it_end(text: str) -> None:
            told.append(text)
            if text.startswith("waiting"):
                backend.resume()

        after = attach(data, on_progress=let_it_end)
    assert "waiting for an earlier PostgreSQL of this folder" in told
    before.detach()
    after.detach()


def test_two_users_at_once_start_one_server(data: Path) -> None:
    pair = [visitors.visit(data), visitors.visit(data)]
    told = [visitors.wait_until_attached(visitor) for visitor in pair]
    assert sorted(map(len, told)) == [0, 2]
    server = visitors.postmaster(data)
    visitors.leave(pair[0])
    assert not visitors.has_ended(server)
    visitors.leave(pair[1])
    assert visitors.has_ended(server)


def test_a_creation_that_was_killed_leaves_nothing_behind(data: Path) -> None:
    (data / "postgres.new-killed" / "base").mkdir(parents=True)
    attach(data).detach()
    assert not list(data.glob("postgres.new-*"))


def test_a_pid_file_that_names_another_process_is_stale(data: Path) -> None:
    attach(data).detach()
    stale = f"{os.getpid()}\n{data}/postgres\n1\n5432\n"
    (data / "postgres" / "postmaster.pid").write_text(stale)
    (data / "run" / ".s.PGSQL.5432.lock").write_text(stale)
    attach(data).detach()


@pytest.mark.parametrize("name", ["long" * 25, "with, comma"])
def test_a_path_that_cannot_name_a_socket_has_it_elsewhere(home: Path, name: str) -> None:
    data = home / name
    postgres = attach(data)
    sockets = Path(visitors.ask(postgres.url, "SHOW unix_socket_directories"))
    assert not sockets.is_relative_to(data)
    assert stat.S_IMODE(sockets.stat().st_mode) == 0o700
    visitor = visitors.visit(data)
    assert visitors.wait_until_attached(visitor) == []
    visitors.leave(visitor)
    postgres.detach()
    sockets.rmdir()


def test_a_path_may_hold_what_shells_and_urls_treat_specially(home: Path) -> None:
    data = home / 'it\'s $HOME 100% "mine"; é&?#'
    postgres = attach(data)
    assert visitors.ask(postgres.url, "SHOW data_directory") == str(data / "postgres")
    postgres.detach()


def test_a_server_that_cannot_start_says_what_its_log_says(data: Path) -> None:
    attach(data).detach()
    with (data / "postgres" / "postgresql.conf").open("a") as settings:
        settings.write("no_such_setting = 1\n")
    with pytest.raises(EmbeddedPostgresError, match="no_such_setting"):
        attach(data)


def test_a_data_folder_that_is_a_file_is_refused(data: Path) -> None:
    data.touch()
    with pytest.raises(EmbeddedPostgresError, match="File exists"):
        attach(data)


@as_root
def test_a_socket_folder_of_a_stranger_is_refused(data: Path) -> None:
    (data / "run").mkdir(parents=True)
    os.chown(data / "run", STRANGER, STRANGER)
    with pytest.raises(EmbeddedPostgresError, match=f"belongs to user {STRANGER}"):
        attach(data)


def test_a_socket_folder_that_is_a_link_is_refused(data: Path, home: Path) -> None:
    data.mkdir()
    (data / "run").symlink_to(home)
    with pytest.raises(EmbeddedPostgresError, match="is no folder"):
        attach(data)
