"""`guildbook sessions`: the ways in of people."""

from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING
from uuid import UUID

import click

from cli.output import print_table
from cli.places import data_option

if TYPE_CHECKING:
    from domain.sessions.aggregate import Session
    from store.event_store import EventStore


class SessionName(click.ParamType[int | UUID]):
    """A session by its UUID, or by its number as `41` or `S41`."""

    name = "UUID|ID"

    def convert(self, value: str | int | UUID, param: click.Parameter | None, ctx: click.Context | None) -> int | UUID:
        """Read either."""
        digits = str(value).upper().removeprefix("S")
        if digits.isascii() and digits.isdigit() and int(digits) < 2**63:
            return int(digits)
        try:
            return UUID(str(value))
        except ValueError:
            self.fail(f"{value!r} is no session: write its UUID, or its number as 41 or S41.", param, ctx)


@click.group()
def sessions() -> None:
    """The ways in of people.

    \b
    guildbook sessions list 204778476102877187
    guildbook sessions revoke 6f0d0c0e-3a58-4c0e-9f6e-5f8a3f7f2b11
    guildbook sessions prune
    """


@sessions.command(name="list")
@click.argument("account", type=click.IntRange(1, 2**63 - 1), metavar="ACCOUNT")
@data_option
def list_sessions(account: int, data: Path) -> None:
    """List the open sessions of an account, from the log.

    \b
    guildbook sessions list 204778476102877187
    """
    from cli.books import operate
    from domain.accounts.aggregate import ACCOUNT
    from domain.sessions.commands import sessions_of

    stream = ACCOUNT.stream(account)
    found = operate(data, lambda store: store.preview(sessions_of, account_stream=stream))
    print_table(("ID", "KIND", "UUID", "ENDS", "SCOPES", "NAME"), [_shown(session) for session in found])


def _shown(session: "Session") -> tuple[str, ...]:
    ends = session.expires_at.isoformat(timespec="seconds") if session.expires_at else "never"
    scopes = "all" if session.scopes is None else ",".join(session.scopes) or "none"
    return (str(session.id), session.kind, session.uuid or "-", ends, scopes, session.name or "-")


@sessions.command()
@click.argument("session", type=SessionName(), metavar="UUID|ID")
@data_option
def revoke(session: int | UUID, data: Path) -> None:
    """Close a session: its token lets nobody in any more.

    \b
    guildbook sessions revoke 6f0d0c0e-3a58-4c0e-9f6e-5f8a3f7f2b11
    guildbook sessions revoke S41
    """
    from cli.books import operate

    operate(data, lambda store: _revoke(store, session))


async def _revoke(store: "EventStore", session: int | UUID) -> None:
    from cli.books import execute
    from domain.sessions.commands import close_session

    await execute(store, close_session, session=await _number_of(store, session), reason="revoked")


async def _number_of(store: "EventStore", session: int | UUID) -> int:
    from domain.kernel import UnknownError
    from projections.sessions.queries import session_known_as

    if isinstance(session, int):
        return session
    async with store.pool.connection() as connection:
        number = await session_known_as(connection, str(session))
    if number is None:
        raise UnknownError("sessions", session)
    return number


@sessions.command()
@data_option
def prune(data: Path) -> None:
    """Close the sessions whose end has passed, and print how many. They let nobody in anyway.

    \b
    guildbook sessions prune
    """
    from cli.books import operate

    click.echo(f"Closed: {operate(data, _prune)}")


async def _prune(store: "EventStore") -> int:
    from cli.books import execute
    from domain.sessions.commands import close_expired_session
    from projections.sessions.queries import expired_sessions

    now, closed, last = datetime.now(UTC), 0, 0
    while True:
        async with store.pool.connection() as connection:
            found = await expired_sessions(connection, now, after=last)
        for session in found:
            closed += await execute(store, close_expired_session, session=session, now=now)
        if not found:
            return closed
        last = found[-1]
