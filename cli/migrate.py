"""`guildbook migrate`: bring the database to this version."""

from pathlib import Path

import click

from cli.places import data_option, opened


@click.command()
@data_option
def migrate(data: Path) -> None:
    """Bring the database to this version. Every other command does so too; this one does nothing else.

    \b
    GUILDBOOK_DATABASE_URL=postgresql://guildbook@db/guildbook guildbook migrate
    """
    with opened(data, make=True) as place:
        click.echo("\n".join(place.applied) or "Nothing to do.")
