"""A fresh database for every test that asks for one, cloned from a migrated template."""

import os
import shutil
import sys
import tempfile
from collections.abc import AsyncIterator, Generator, Iterator
from contextlib import contextmanager
from itertools import count
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import psycopg
import pytest
from psycopg import sql
from xdist.remote import Producer

from store.embedded import attach
from store.embedded_server import SETTINGS
from store.migrate import migrate
from tests import kafka_broker, shares
from tests.fake_discord import FakeDiscord, fake_discord, settings_for
from tests.kafka_broker import apache_kafka, kafka, kafka_prefix, only_broker
from tests.servers import served
from tests.world import INSPECTOR, STEWARD, World, open_world

__all__ = ["apache_kafka", "kafka", "kafka_prefix", "only_broker"]

TEMPLATE = f"guildbook_template_{os.getpid()}"
_numbers = count(1)


def pytest_report_header() -> str:
    """Say which Kafka the tests use; it differs from machine to machine."""
    return f"Kafka: {kafka_broker.describe()}"


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Do not hold against a test what the client of Kafka leaves behind, and begin with what takes long."""
    kafka_broker.forgive(items)
    items.sort(key=shares.turn)


def pytest_xdist_make_scheduler(config: pytest.Config, log: Producer) -> shares.Shares:
    """Let workers share the tests so that each server is started by one of them."""
    return shares.Shares(config, log)


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
    with pytest.MonkeyPatch.context() as patch:  # whoever kills a server, or measures one, starts one that is durable
        patch.setitem(SETTINGS, "fsync", "off")
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
    with cloned(server_url, template) as url:
        yield url


@pytest.fixture
def empty_url(server_url: str) -> Iterator[str]:
    """Return the URL of a database with nothing in it."""
    name = f"guildbook_empty_{os.getpid()}_{next(_numbers)}"
    _create(server_url, name, "template0")
    yield _url_of(server_url, name)
    _drop(server_url, name)


@contextmanager
def cloned(server_url: str, template: str) -> Generator[str]:
    """Make a migrated database, for as long as the block lasts."""
    name = f"{template}_{next(_numbers)}"
    _create(server_url, name, template)
    try:
        yield _url_of(server_url, name)
    finally:
        _drop(server_url, name)


@pytest.fixture(scope="session")
def shared_database_url(server_url: str, template: str) -> Iterator[str]:
    """Return the URL of a migrated database that all tests of this process share."""
    name = f"{template}_shared"
    _create(server_url, name, template)
    yield _url_of(server_url, name)
    _drop(server_url, name)


@pytest.fixture(scope="session")
def discord() -> Iterator[FakeDiscord]:
    """Run the identity provider that the shared server asks."""
    with fake_discord() as running:
        yield running


@pytest.fixture(scope="session")
def base_url(shared_database_url: str, discord: FakeDiscord) -> Iterator[str]:
    """Run a server on the shared database; short of patience, so that tests need none."""
    with served(
        shared_database_url,
        {
            **settings_for(discord),
            "GUILDBOOK_BODY_SECONDS_MAX": "1",
            "GUILDBOOK_OPERATORS": f"5, {STEWARD}",
            "GUILDBOOK_AUDITORS": str(INSPECTOR),
        },
    ) as url:
        yield url


@pytest.fixture(scope="session")
async def world(base_url: str, shared_database_url: str) -> AsyncIterator[World]:
    """Meet the shared server."""
    async with open_world(base_url, shared_database_url) as met:
        yield met


def _url_of(server_url: str, name: str) -> str:
    return urlsplit(server_url)._replace(path=f"/{name}").geturl()


def _create(server_url: str, name: str, template: str) -> None:
    # By files: half the time of a copy that goes through the log, though it makes a checkpoint.
    query = sql.SQL("CREATE DATABASE {} TEMPLATE {} STRATEGY FILE_COPY")
    with psycopg.connect(server_url, autocommit=True) as connection:
        connection.execute(query.format(sql.Identifier(name), sql.Identifier(template)))


def _drop(server_url: str, name: str) -> None:
    query = sql.SQL("DROP DATABASE {} WITH (FORCE)").format(sql.Identifier(name))
    with psycopg.connect(server_url, autocommit=True) as connection:
        connection.execute(query)
