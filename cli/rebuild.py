"""`guildbook rebuild`: query tables anew from the log, or whether they are what the log says."""

import asyncio
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import click

from cli.places import Place, data_option, opened
from cli.progress import progress as bar

if TYPE_CHECKING:
    from projections.comparing import Comparison
    from projections.rebuild import Difference
    from projections.rows import Projector

DIFFERENCES = 1


@click.command()
@click.argument("projectors", metavar="[PROJECTOR]...", nargs=-1)
@click.option("--verify", "verifies", is_flag=True, help="Compare only, and leave the tables as they are.")
@data_option
@click.pass_context
def rebuild(context: click.Context, projectors: Sequence[str], data: Path, *, verifies: bool) -> None:
    """Make query tables anew from the log, all of them unless some are named, and say which were different.

    \b
    guildbook rebuild
    guildbook rebuild accounts awards
    guildbook rebuild --verify

    Reads and writes go on meanwhile. A table that differed was wrong, and is right now.

    With --verify, tables are made beside the live ones, brought to the same position and compared; nothing is put in
    their place. The exit code is 0 when every row is what the log says, and 1 when a table differs, with the keys of
    some rows, or when a projector is stopped or behind, so that nothing can be said of its tables. It is 3 when the
    database cannot be used.
    """
    chosen = _chosen(projectors)
    with opened(data) as place:
        if verifies:
            context.exit(_tell(asyncio.run(_compare(place, chosen)), chosen))
        differences = asyncio.run(_rebuild(place, chosen))
    for difference in differences:
        click.echo(f"{difference.table}: differed ({difference.rows_before} rows before, {difference.rows_after} now)")
    click.echo(f"Rebuilt: {_names(chosen)}. Tables that differed: {len(differences)}.")


def _chosen(names: Sequence[str]) -> "list[Projector]":
    from projections.catalogue import PROJECTORS

    known = {projector.name: projector for projector in PROJECTORS}
    unknown = [name for name in names if name not in known]
    if unknown:
        message = f"there is no projector {unknown[0]}; there are {', '.join(known)}."
        raise click.UsageError(message)
    return [known[name] for name in dict.fromkeys(names or known)]


async def _rebuild(place: Place, chosen: "Sequence[Projector]") -> "list[Difference]":
    from cli.books import opened_store
    from projections.rebuild import rebuild

    with bar("rebuilding") as told:
        async with opened_store(place) as store:
            return await rebuild(place.url, store.keyring, chosen, told)


async def _compare(place: Place, chosen: "Sequence[Projector]") -> "Comparison":
    from cli.books import opened_store
    from projections.comparing import compare

    with bar("comparing") as told:
        async with opened_store(place) as store:
            return await compare(place.url, store.keyring, chosen, told)


def _tell(comparison: "Comparison", chosen: "Sequence[Projector]") -> int:
    """Print what was found, and return the exit code."""
    for name, reason in comparison.unfit.items():
        click.echo(f"{name}: {reason}")
    for table, rows, rows_right, keys in comparison.wrong:
        some = f"; among them {', '.join(keys)}" if keys else ""
        click.echo(f"{table}: differs ({rows} rows, {rows_right} by the log{some})")
    if comparison.unfit or comparison.wrong:
        counts = f"{len(comparison.wrong)} differ, {len(comparison.unfit)} projectors could not be compared"
        click.echo(f"The tables are not what the log says up to position {comparison.position}: {counts}.")
        return DIFFERENCES
    click.echo(f"Verified: {_names(chosen)} are what the log says up to position {comparison.position}.")
    return 0


def _names(projectors: "Sequence[Projector]") -> str:
    return ", ".join(projector.name for projector in projectors)
