"""Fills a database with teams, accounts and awards, events and rows alike, and says how to call the application."""

from base64 import b64encode
from collections.abc import Iterable, Iterator
from hashlib import sha256
from itertools import islice

import msgspec
import psycopg
from eventsourcing.domain import Aggregate
from psycopg import Connection

from bench.ordinary import rows
from bench.ordinary.domain import Account, Award, Holding, Team, Tournament
from bench.postgres import library_environment

APP_PASSWORD = b64encode(bytes(32)).decode()
AUTHORIZATION = "Authorization: Basic " + b64encode(f"A1:{APP_PASSWORD}".encode()).decode()
ALL_PERMISSIONS = 95
FIRST_ACCOUNT = 204255221017214977
SAVED_TOGETHER_MAX = 500


class Size(msgspec.Struct, frozen=True):
    """How many of each; holdings are the first pairs in order of award, then account."""

    teams: int
    accounts: int
    awards: int
    holdings: int = 0


def seed(url: str, size: Size) -> None:
    """An app that may do everything, and the teams, accounts, awards and holdings."""
    with Tournament(library_environment(url)) as tournament, psycopg.connect(url) as connection:
        rows.create_tables(connection)
        rows.create_app(connection, "bench", sha256(APP_PASSWORD.encode()).digest(), ALL_PERMISSIONS)
        for together in in_batches(aggregates(size)):
            recordings = tournament.save(*together)
            insert_rows(connection, [recording.domain_event for recording in recordings])


def fill_log(url: str, size: Size) -> None:
    """The events alone."""
    with Tournament(library_environment(url)) as tournament:
        for together in in_batches(aggregates(size)):
            tournament.save(*together)


def in_batches(items: Iterable[Aggregate]) -> Iterator[list[Aggregate]]:
    remaining = iter(items)
    while together := list(islice(remaining, SAVED_TOGETHER_MAX)):
        yield together


def aggregates(size: Size) -> Iterator[Aggregate]:
    for team in range(1, size.teams + 1):
        yield Team(team, f"Team {team}")
    for account in accounts(size):
        yield Account(account, f"Player {account}", "0412", avatar(account), team_of(account, size))
    for award in range(1, size.awards + 1):
        yield Award(award, f"Award {award}", f"https://img.example.org/{award}.png", team_of(award, size))
    for account, award in islice(pairs(size), size.holdings):
        yield Holding(account, award)


def accounts(size: Size) -> range:
    return range(FIRST_ACCOUNT, FIRST_ACCOUNT + size.accounts)


def team_of(number: int, size: Size) -> int | None:
    return number % size.teams + 1 if size.teams else None


def avatar(account: int) -> str:
    return f"https://cdn.example.org/avatars/{account}/8342729096ea3675442027381ff50dfe.png"


def pairs(size: Size) -> Iterator[tuple[int, int]]:
    return ((account, award) for award in range(1, size.awards + 1) for account in accounts(size))


def insert_rows(connection: Connection, events: Iterable[object]) -> None:
    """One pipelined executemany a kind."""
    by_statement: dict[str, list[dict[str, object]]] = {}
    for event in events:
        by_statement.setdefault(statement(event), []).append(vars(event))
    with connection.cursor() as cursor:
        for insert, values in by_statement.items():
            cursor.executemany(insert.encode(), values)


def statement(event: object) -> str:
    match event:
        case Team.Created():
            return rows.INSERT_TEAM
        case Account.Created():
            return rows.INSERT_ACCOUNT
        case Award.Created():
            return rows.INSERT_AWARD
        case Holding.Granted():
            return rows.INSERT_HOLDING
        case _:
            raise ValueError(event)


def grant_paths(size: Size) -> Iterator[str]:
    """The path of every holding that is not there yet."""
    return (f"/account/{account}/award/{award}" for account, award in islice(pairs(size), size.holdings, None))


def read_paths(size: Size) -> Iterator[str]:
    return (f"/account/{account}" for account in accounts(size))
