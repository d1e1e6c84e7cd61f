"""A Litestar application with synchronous handlers over the eventsourcing library and a connection pool."""

import os
from base64 import b64decode
from binascii import Error as BadBase64
from hashlib import sha256
from hmac import compare_digest

from litestar import Litestar, Request, Response, get, put
from litestar.datastructures import State
from litestar.di import NamedDependency, Provide
from litestar.exceptions import HTTPException, NotAuthorizedException, PermissionDeniedException
from litestar.params import FromPath
from psycopg import Connection
from psycopg.rows import DictRow

from bench.ordinary import rows
from bench.ordinary.domain import Tournament
from bench.postgres import library_environment

MANAGE_AWARDS = 64
# A connection for each of the threads that Litestar runs synchronous handlers in.
LIBRARY_POOL = {"POSTGRES_POOL_SIZE": "40", "POSTGRES_MAX_OVERFLOW": "0"}


@put("/account/{account:int}/award/{award:int}", sync_to_thread=True)
def grant_award(
    request: Request[None, None, State],
    account: FromPath[int],
    award: FromPath[int],
    tournament: NamedDependency[Tournament],
    pool: NamedDependency[rows.Pool],
) -> Response[bytes]:
    """The event first, then its row, so that the caller reads what it has written."""
    with pool.connection() as connection:
        may_manage_awards(connection, request.headers.get("authorization"))
        must_exist(rows.account_and_award_exist(connection, account, award))
    if not tournament.grant_award(account, award):
        return Response(b"", status_code=208)
    with pool.connection() as connection:
        rows.insert_holding(connection, account, award)
    return Response(b"", status_code=201)


def may_manage_awards(connection: Connection[DictRow], authorization: str | None) -> None:
    app_id, password = basic_credentials(authorization)
    app = rows.app(connection, app_id)
    if app is None or not compare_digest(app["password_hash"], sha256(password.encode()).digest()):
        raise PermissionDeniedException("Request outside of authorisation scope.")
    if not app["permissions"] & MANAGE_AWARDS:
        raise PermissionDeniedException("Request outside of authorisation scope.")


def basic_credentials(authorization: str | None) -> tuple[int, str]:
    if authorization is None or not authorization.startswith("Basic "):
        raise NotAuthorizedException("Not authenticated")
    try:
        username, _, password = b64decode(authorization[6:], validate=True).decode().partition(":")
        return int(username.removeprefix("A")), password
    except (BadBase64, ValueError) as error:
        raise NotAuthorizedException("Invalid authentication credentials") from error


def must_exist(found: DictRow) -> None:
    for name, exists in found.items():
        if not exists:
            raise HTTPException(f"{name.capitalize()} not found.", status_code=422)


@get("/account/{account:int}", sync_to_thread=True)
def account_details(account: FromPath[int], pool: NamedDependency[rows.Pool]) -> DictRow:
    with pool.connection() as connection:
        row = rows.account(connection, account)
        if row is None:
            raise HTTPException("Account not found.", status_code=422)
        team = row["team"] and team_details(connection, row["team"])
        return row | {"team": team, "awards": rows.awards_of_account(connection, account)}


def team_details(connection: Connection[DictRow], team: int) -> DictRow | None:
    row = rows.team(connection, team)
    return row and row | {"awards": rows.awards_of_team(connection, team)}


def create_app() -> Litestar:
    url = os.environ["BENCH_DATABASE_URL"]
    tournament = Tournament(library_environment(url) | LIBRARY_POOL)
    pool = rows.open_pool(url)
    return Litestar(
        [grant_award, account_details],
        dependencies={
            "tournament": Provide(lambda: tournament, sync_to_thread=False),
            "pool": Provide(lambda: pool, sync_to_thread=False),
        },
        on_shutdown=[tournament.close, pool.close],
    )
