"""Root and other users around one embedded PostgreSQL: who runs it, and what is opened to whom."""

import os
import pwd
import stat
from collections.abc import Generator
from pathlib import Path

import pytest

from store import embedded_account
from store.embedded import attach
from tests.store import visitors

pytestmark = pytest.mark.skipif(os.geteuid() != 0, reason="needs root to act for other users")


@pytest.fixture
def home() -> Generator[Path]:
    with visitors.open_home() as folder:
        yield folder


@pytest.fixture
def data(home: Path) -> Path:
    return home / "data"


def test_root_lets_the_servers_user_pass_and_nothing_more(data: Path, home: Path) -> None:
    home.chmod(0o700)
    postgres = attach(data)
    assert stat.S_IMODE(home.stat().st_mode) == 0o701
    assert stat.S_IMODE(data.stat().st_mode) == 0o711
    assert visitors.postmaster(data).uids().effective == (data / "postgres").stat().st_uid != 0
    postgres.detach()


def test_root_gives_the_servers_user_a_wheel_that_was_installed_for_root_only(home: Path) -> None:
    program = home / "wheel" / "bin" / "postgres"
    program.parent.mkdir(parents=True)
    for path in (home / "wheel" / "__init__.py", program):
        path.touch(mode=0o600)
    program.chmod(0o700)
    embedded_account.let_read(embedded_account.account_for(home / "data"), home / "wheel")
    assert stat.S_IMODE(program.stat().st_mode) == 0o705
    assert stat.S_IMODE((home / "wheel" / "__init__.py").stat().st_mode) == 0o604


def test_another_user_runs_the_server_as_itself_and_root_may_visit(data: Path, home: Path) -> None:
    nobody = pwd.getpwnam("nobody").pw_uid
    os.chown(home, nobody, -1)
    visitor = visitors.visit(data, nobody)
    visitors.wait_until_attached(visitor)
    assert visitors.postmaster(data).uids().effective == nobody
    attach(data).detach()
    visitors.leave(visitor)
    attach(data).detach()
    assert {path.stat().st_uid for path in data.rglob("*")} == {nobody}


def test_another_user_is_told_whose_folder_it_is(data: Path) -> None:
    attach(data).detach()
    visitor = visitors.visit(data, pwd.getpwnam("nobody").pw_uid)
    _, complaint = visitor.communicate(timeout=visitors.DEADLINE_SECONDS)
    assert "belongs to" in complaint
