"""`guildbook replay`: a book as it was, in a place of its own."""

import asyncio
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING

import click

from cli.copies import copy_into, into_option, reached, tell_copied
from cli.moments import POSITION_OR_TIME
from cli.places import Place, data_option, opened

if TYPE_CHECKING:
    from store.copying import Copied


@click.command()
@click.option(
    "--to", type=POSITION_OR_TIME, required=True, help="Last position, or the time before which all was recorded."
)
@into_option
@data_option
def replay(data: Path, to: int | datetime, into: str) -> None:
    """Make a book as it was: the same events up to a position or a time, and the query tables that follow from them.

    \b
    guildbook replay --to 1000 --into as-it-was
    guildbook replay --to 2026-02-03T10:20:31Z --into postgresql://guildbook@db/as_it_was
    guildbook serve --data as-it-was

    What was appended together is copied together, or not at all: a position in the midst of it is rounded down. Who was
    erased since stays erased. The copy is proved against what was signed of the book. It tells nobody what the book
    told already; whoever runs all its workers lets it act like any other book, so to look at it, `serve` is enough.
    """
    with opened(data) as place, reached(into, place.master_key) as target:
        copied = asyncio.run(_replay(place, target, to))
    tell_copied(copied, into, "Replayed")


async def _replay(place: Place, target: Place, to: int | datetime) -> "Copied":
    from store.connections import connect
    from store.copying import Extent
    from store.live_book import LiveBook, newest_checkpoint, next_values, position_of
    from store.log import head
    from store.notes import opened as opened_note
    from store.signing_keys import trusted_keys

    async with await connect(place.url) as connection:
        await connection.execute("SET statement_timeout = 0")
        if isinstance(to, int) and to > (last := await head(connection)):
            message = f"the book ends at {last}"
            raise click.ClickException(message)
        position = await position_of(connection, to)
        signed = await newest_checkpoint(connection, position)
        own, _ = await trusted_keys(connection, place.master_key)
        extent = Extent(position, [opened_note(signed.note, own)] if signed else [])
        return await copy_into(target, LiveBook(connection, position, await next_values(connection)), extent)
