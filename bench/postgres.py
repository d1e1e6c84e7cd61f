"""The PostgreSQL that is measured: an empty database for each measurement, and the eventsourcing library's settings."""

from collections.abc import Generator
from contextlib import contextmanager
from urllib.parse import urlsplit

import psycopg
from psycopg.conninfo import conninfo_to_dict
from psycopg.sql import SQL, Identifier

DURABLE = ("fsync", "full_page_writes", "synchronous_commit")


class NotDurableError(Exception):
    """This PostgreSQL acknowledges what a crash can lose, so nothing measured on it would count."""


def refuse_unless_durable(url: str) -> None:
    with psycopg.connect(url) as connection:
        for setting in DURABLE:
            row = connection.execute("SELECT current_setting(%s)", (setting,)).fetchone()
            if row != ("on",):
                raise NotDurableError(setting, row)


@contextmanager
def empty_database(url: str, name: str) -> Generator[str, None, None]:
    """The URL of a database that is created, even if a killed run has left it behind, and dropped in the end."""
    drop = SQL("DROP DATABASE IF EXISTS {} WITH (FORCE)").format(Identifier(name))
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute(drop)
        connection.execute(SQL("CREATE DATABASE {}").format(Identifier(name)))
        try:
            yield beside(url, name)
        finally:
            connection.execute(drop)


def beside(url: str, name: str) -> str:
    """The URL of another database on the same server."""
    parts = urlsplit(url)
    return f"{parts.scheme}://{parts.netloc}/{name}" + (f"?{parts.query}" if parts.query else "")


def library_environment(url: str) -> dict[str, str]:
    """What the eventsourcing library needs to find the database; all else is its default."""
    parts = conninfo_to_dict(url)
    return {
        "PERSISTENCE_MODULE": "eventsourcing.postgres",
        "POSTGRES_DBNAME": str(parts.get("dbname") or "postgres"),
        "POSTGRES_HOST": str(parts.get("host") or "127.0.0.1"),
        "POSTGRES_PORT": str(parts.get("port") or 5432),
        "POSTGRES_USER": str(parts.get("user") or "postgres"),
        "POSTGRES_PASSWORD": str(parts.get("password") or ""),
    }
