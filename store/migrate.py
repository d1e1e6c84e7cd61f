"""Brings the database to this version: numbered, forward only, each in a transaction of its own."""

from contextlib import suppress
from importlib import resources
from typing import LiteralString, cast

import psycopg
from psycopg import Connection, sql
from psycopg.rows import TupleRow

from store.connections import CONNECT_SECONDS_MAX, SERVICE_ROLE

MIGRATION_LOCK = 7121402817
TABLE_OF_MIGRATIONS = """
    CREATE TABLE IF NOT EXISTS public.guildbook_migrations (
        name       text        NOT NULL PRIMARY KEY,
        applied_at timestamptz NOT NULL DEFAULT now()
    )
"""


class RoleMissingError(Exception):
    """The database user may not create the role guildbook_service, and it is not there."""

    def __str__(self) -> str:
        return f"{self.__doc__} Have an administrator run: CREATE ROLE {SERVICE_ROLE}; GRANT {SERVICE_ROLE} TO <user>;"


def migrate(url: str) -> list[str]:
    """Apply what is missing and return the names; safe to run from several processes at once."""
    with psycopg.connect(url, autocommit=True, connect_timeout=CONNECT_SECONDS_MAX) as connection:
        connection.execute("SELECT pg_advisory_lock(%s)", (MIGRATION_LOCK,))
        ensure_role(connection)
        connection.execute(TABLE_OF_MIGRATIONS)
        applied = {row[0] for row in connection.execute("SELECT name FROM public.guildbook_migrations")}
        return [name for name, text in migrations() if name not in applied and _apply(connection, name, text)]


def migrations() -> list[tuple[str, str]]:
    """Return the names and texts of all migrations, in order."""
    files = [file for file in resources.files("store.migrations").iterdir() if file.name.endswith(".sql")]
    return sorted((file.name.removesuffix(".sql"), file.read_text()) for file in files)


def _apply(connection: Connection[TupleRow], name: str, text: str) -> bool:
    with connection.transaction():
        connection.execute(cast("LiteralString", text))  # a file of this package, not input
        connection.execute("INSERT INTO public.guildbook_migrations (name) VALUES (%s)", (name,))
    return True


def ensure_role(connection: Connection[TupleRow]) -> None:
    """Make the role that serves, and let this user take it on. Errors: RoleMissingError."""
    role = sql.Identifier(SERVICE_ROLE)
    try:
        with suppress(psycopg.errors.DuplicateObject, psycopg.errors.UniqueViolation):  # another process made it
            if not connection.execute("SELECT 1 FROM pg_roles WHERE rolname = %s", (SERVICE_ROLE,)).fetchone():
                connection.execute(sql.SQL("CREATE ROLE {} NOLOGIN").format(role))
        may_set = connection.execute("SELECT pg_has_role(%s, 'SET')", (SERVICE_ROLE,)).fetchone()
        if may_set and not may_set[0]:
            connection.execute(sql.SQL("GRANT {} TO CURRENT_USER WITH SET TRUE").format(role))
    except psycopg.errors.InsufficientPrivilege as error:
        raise RoleMissingError from error
