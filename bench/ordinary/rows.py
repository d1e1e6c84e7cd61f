"""The plain SQL of the query tables: one statement a function."""

from importlib.resources import files
from typing import Any

from psycopg import Connection
from psycopg.rows import DictRow, dict_row
from psycopg_pool import ConnectionPool

Pool = ConnectionPool[Connection[DictRow]]
POOL_CONNECTIONS = 20

INSERT_TEAM = "INSERT INTO teams (id, name, created_at) VALUES (%(team)s, %(name)s, %(timestamp)s)"
INSERT_ACCOUNT = (
    "INSERT INTO accounts (id, name, discriminator, avatar_url, team, permissions, created_at)"
    " VALUES (%(account)s, %(name)s, %(discriminator)s, %(avatar_url)s, %(team)s, 0, %(timestamp)s)"
)
INSERT_AWARD = "INSERT INTO awards (id, title, image_url, team) VALUES (%(award)s, %(title)s, %(image_url)s, %(team)s)"
INSERT_HOLDING = "INSERT INTO holdings (account, award) VALUES (%(account)s, %(award)s) ON CONFLICT DO NOTHING"


def open_pool(url: str) -> Pool:
    return ConnectionPool(
        url,
        connection_class=Connection[DictRow],
        kwargs={"autocommit": True, "row_factory": dict_row},
        min_size=POOL_CONNECTIONS,
        open=True,
    )


def create_tables(connection: Connection[Any]) -> None:
    connection.execute(files("bench.ordinary").joinpath("tables.sql").read_bytes())


def create_app(connection: Connection[Any], name: str, password_hash: bytes, permissions: int) -> None:
    connection.execute(
        "INSERT INTO apps (id, name, password_hash, permissions) VALUES (1, %s, %s, %s)",
        (name, password_hash, permissions),
    )


def app(connection: Connection[DictRow], app_id: int) -> DictRow | None:
    return connection.execute("SELECT password_hash, permissions FROM apps WHERE id = %s", (app_id,)).fetchone()


def account_and_award_exist(connection: Connection[DictRow], account: int, award: int) -> DictRow:
    row = connection.execute(
        "SELECT EXISTS (SELECT FROM accounts WHERE id = %s) AS account,"
        " EXISTS (SELECT FROM awards WHERE id = %s) AS award",
        (account, award),
    ).fetchone()
    assert row is not None
    return row


def insert_holding(connection: Connection[DictRow], account: int, award: int) -> None:
    connection.execute(INSERT_HOLDING, {"account": account, "award": award})


def account(connection: Connection[DictRow], account_id: int) -> DictRow | None:
    return connection.execute(
        "SELECT id::text, name, discriminator, avatar_url, team, permissions,"
        " extract(epoch FROM created_at)::float8 AS created_at"
        " FROM accounts WHERE id = %s",
        (account_id,),
    ).fetchone()


def team(connection: Connection[DictRow], team_id: int) -> DictRow | None:
    return connection.execute(
        "SELECT id, name, extract(epoch FROM created_at)::float8 AS created_at,"
        " (SELECT count(*) FROM accounts WHERE team = teams.id) AS member_count"
        " FROM teams WHERE id = %s",
        (team_id,),
    ).fetchone()


def awards_of_team(connection: Connection[DictRow], team_id: int) -> list[DictRow]:
    return connection.execute(
        "SELECT id, title, image_url FROM awards WHERE team = %s ORDER BY id", (team_id,)
    ).fetchall()


def awards_of_account(connection: Connection[DictRow], account_id: int) -> list[DictRow]:
    return connection.execute(
        "SELECT awards.id, awards.title, awards.image_url"
        " FROM holdings JOIN awards ON awards.id = holdings.award"
        " WHERE holdings.account = %s ORDER BY awards.id",
        (account_id,),
    ).fetchall()
