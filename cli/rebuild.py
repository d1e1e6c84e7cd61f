"""`guildbook rebuild`: query tables anew from the log."""

import asyncio
from collections.abc import Sequence
from pathlib import Path

import click

from cli.places import data_option, opened
from cli.progress import progress as bar


@click.command()
@click.argument("projectors", metavar="[PROJECTOR]...", nargs=-1)
@data_option
def rebuild(projectors: Sequence[str], data: Path) -> None:
    """Make query tables anew from the log, all of them unless some are named, and say which were different.

    \b
    guildbook rebuild
    guildbook rebuild accounts awards

    Reads and writes go on meanwhile. A table that differed was wrong, and is right now.
    """
    from cli.books import opened_store
    from cli.places import Place
    from projections.catalogue import PROJECTORS
    from projections.rebuild import Difference, Progress
    from projections.rebuild import rebuild as rebuild_tables

    known = {projector.name: projector for projector in PROJECTORS}
    unknown = [name for name in projectors if name not in known]
    if unknown:
        message = f"there is no projector {unknown[0]}; there are {', '.join(known)}."
        raise click.UsageError(message)
    chosen = [known[name] for name in dict.fromkeys(projectors or known)]

    async def run(place: Place, progress: Progress) -> list[Difference]:
        async with opened_store(place) as store:
            return await rebuild_tables(place.url, store.keyring, chosen, progress)

    with opened(data) as place, bar("rebuilding") as progress:
        differences = asyncio.run(run(place, progress))
    for difference in differences:
        click.echo(f"{difference.table}: differed ({difference.rows_before} rows before, {difference.rows_after} now)")
    names = ", ".join(projector.name for projector in chosen)
    click.echo(f"Rebuilt: {names}. Tables that differed: {len(differences)}.")
