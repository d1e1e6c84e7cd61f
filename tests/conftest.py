"""A fresh database for every test that asks for one, cloned from a migrated template."""

import os
import shutil
import sys
import tempfile
from collections.abc import Iterator
from itertools import count
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import psycopg
import pytest
from psycopg import sql

from store.embedded import attach
from store.migrate import migrate

TEMPLATE = f"guildbook_template_{os.getpid()}"
_numbers = count(1)


@pytest.fixture(scope="session")
def anyio_backend() -> tuple[str, dict[str, Any]]:
    """Run asynchronous tests on the loop that the product runs on."""
    return "asyncio", {"use_uvloop": sys.platform != "win32"}


@pytest.fixture(scope="session")
def server_url() -> Iterator[str]:
    """Return the URL of a PostgreSQL on which databases may be made: the one that is named, or an embedded one."""
    named = os.environ.get("GUILDBOOK_TEST_DATABASE_URL")
    if named:
        yield named
        return
    run = os.environ.get("PYTEST_XDIST_TESTRUNUID", str(os.getpid()))  # one server for all processes of a run
    home = Path(tempfile.gettempdir()) / f"guildbook-tests-{run}"
    postgres = attach(home)
    yield postgres.url
    postgres.detach()
    if not (home / "postgres" / "postmaster.pid").exists():  # we were the last
        shutil.rmtree(home, ignore_errors=True)


@pytest.fixture(scope="session")
def template(server_url: str) -> Iterator[str]:
    """Return the name of a migrated database without connections."""
    _create(server_url, TEMPLATE, "template0")
    migrate(_url_of(server_url, TEMPLATE))
    yield TEMPLATE
    _drop(server_url, TEMPLATE)


@pytest.fixture
def database_url(server_url: str, template: str) -> Iterator[str]:
    """Return the URL of a migrated database that is this test's alone."""
    name = f"{template}_{next(_numbers)}"
    _create(server_url, name, template)
    yield _url_of(server_url, name)
    _drop(server_url, name)


def _url_of(server_url: str, name: str) -> str:
    return urlsplit(server_url)._replace(path=f"/{name}").geturl()


def _create(server_url: str, name: str, template: str) -> None:
    query = sql.SQL("CREATE DATABASE {} TEMPLATE {}").format(sql.Identifier(name), sql.Identifier(template))
    with psycopg.connect(server_url, autocommit=True) as connection:
        connection.execute(query)


def _drop(server_url: str, name: str) -> None:
    query = sql.SQL("DROP DATABASE {} WITH (FORCE)").format(sql.Identifier(name))
    with psycopg.connect(server_url, autocommit=True) as connection:
        connection.execute(query)
