"""Bringing a database to this version: once, by whoever comes first, with or without the right to make roles."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from secrets import token_hex
from urllib.parse import urlsplit

import psycopg
import pytest
from psycopg import sql

from domain.permissions import OPERATOR
from domain.teams.commands import create_team
from projections.catalogue import PROJECTORS
from projections.rebuild import rebuild
from store.migrate import RoleMissingError, migrate
from tests.books import ORIGIN, ask, dump, opened, projecting, shown

NAMES = ["0001_book", "0002_operations", "0003_deliveries", "0004_limits", "0005_logins", "0006_idempotency"]
NAMES += ["0007_callbacks", "0008_kafka_offsets", "0009_proofs", "0010_erasure", "0011_checkpoint_chain"]


@pytest.fixture
def empty_url(server_url: str) -> Iterator[str]:
    """Return the URL of a database with nothing in it."""
    name = f"guildbook_empty_{token_hex(8)}"
    with psycopg.connect(server_url, autocommit=True) as connection:
        connection.execute(sql.SQL("CREATE DATABASE {} TEMPLATE template0").format(sql.Identifier(name)))
        yield urlsplit(server_url)._replace(path=f"/{name}").geturl()
        connection.execute(sql.SQL("DROP DATABASE {} WITH (FORCE)").format(sql.Identifier(name)))


def test_each_migration_is_applied_once_and_in_order(empty_url: str) -> None:
    assert migrate(empty_url) == NAMES
    assert migrate(empty_url) == []
    assert ask(empty_url, "SELECT name FROM public.guildbook_migrations ORDER BY applied_at, name") == [
        (name,) for name in NAMES
    ]


def test_of_several_at_once_one_applies_and_the_others_wait(empty_url: str) -> None:
    with ThreadPoolExecutor(4) as callers:
        assert sorted(callers.map(migrate, [empty_url] * 4)) == [[], [], [], NAMES]


def test_a_migration_that_fails_leaves_nothing_behind(empty_url: str) -> None:
    ask(empty_url, "CREATE SCHEMA operations")
    with pytest.raises(psycopg.errors.DuplicateSchema):
        migrate(empty_url)
    assert ask(empty_url, "SELECT nspname FROM pg_namespace WHERE nspname = 'book'") == []
    ask(empty_url, "DROP SCHEMA operations")
    assert migrate(empty_url) == NAMES


@pytest.fixture
def owner_url(server_url: str, empty_url: str) -> Iterator[str]:
    """Return the URL for a user that owns the empty database and may make no roles."""
    name, database = f"guildbook_owner_{token_hex(8)}", urlsplit(empty_url).path[1:]
    owner = sql.Identifier(name)
    with psycopg.connect(server_url, autocommit=True) as connection:
        connection.execute(sql.SQL("CREATE ROLE {} LOGIN").format(owner))
        connection.execute(sql.SQL("ALTER DATABASE {} OWNER TO {}").format(sql.Identifier(database), owner))
        yield empty_url.replace("postgres@", f"{name}@", 1)
        connection.execute(sql.SQL("ALTER DATABASE {} OWNER TO CURRENT_USER").format(sql.Identifier(database)))
        with psycopg.connect(empty_url, autocommit=True) as inside:
            inside.execute(sql.SQL("DROP OWNED BY {}, guildbook_service CASCADE").format(owner))
        connection.execute(sql.SQL("DROP ROLE {}").format(owner))


async def test_a_user_that_was_given_the_role_needs_no_other_right(server_url: str, owner_url: str) -> None:
    name = urlsplit(owner_url).username or ""
    with psycopg.connect(server_url, autocommit=True) as connection:
        connection.execute(sql.SQL("GRANT guildbook_service TO {}").format(sql.Identifier(name)))
    assert migrate(owner_url) == NAMES
    async with opened(owner_url) as store, projecting(owner_url):
        await store.execute(ORIGIN, create_team, OPERATOR, name="Azores")
        await shown(owner_url)
        assert await rebuild(owner_url, store.keyring, PROJECTORS) == []
    assert b"Azores" in dump(owner_url)["teams"]


def test_a_user_without_the_role_is_told_what_to_ask_for(owner_url: str) -> None:
    with pytest.raises(RoleMissingError, match="GRANT guildbook_service TO"):
        migrate(owner_url)
