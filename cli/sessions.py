"""`guildbook sessions`: the ways in of people."""

from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

import click

from cli.places import data_option

if TYPE_CHECKING:
    from store.event_store import EventStore


@click.group()
def sessions() -> None:
    """The ways in of people.

    \b
    guildbook sessions prune
    """


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
