"""`guildbook serve`: the API alone."""

import os
from pathlib import Path

import click

from cli.addresses import free_address, host_option, port_option
from cli.places import data_option, hand_down, opened
from cli.stopping import stop_on_signals
from schemas.settings import read_settings


@click.command()
@host_option
@port_option
@data_option
def serve(host: str | None, port: int | None, data: Path) -> None:
    """Run the API alone; the workers run elsewhere.

    \b
    GUILDBOOK_DATABASE_URL=postgresql://guildbook@db/guildbook guildbook serve --host 0.0.0.0
    """
    stopping = stop_on_signals()
    address = free_address(read_settings(os.environ), host, port)
    with opened(data, make=True) as place:
        hand_down(place, data)
        from cli.serving import serve_api

        serve_api(address, stopping)
