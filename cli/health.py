"""`guildbook health`: whether what runs on this machine is alive, for whoever watches over it."""

import http.client
import os
import time
from contextlib import closing
from pathlib import Path

import click

from cli.addresses import Address
from schemas.settings import read_settings

ASK_SECONDS_MAX = 5.0
SILENT_SECONDS_MAX = 30.0


@click.command()
def health() -> None:
    """Tell whether the workers beat, or else whether the API answers; exit code 1 when not.

    \b
    GUILDBOOK_PORT=8080 guildbook health                    the API
    GUILDBOOK_HEARTBEAT=/run/guildbook.beat guildbook health  the workers that were given the same file

    It looks at this machine only, and not at how far the readers of the log are: /health/ready does.
    """
    settings = read_settings(os.environ)
    problem = _silence(Path(settings.heartbeat)) if settings.heartbeat else _deafness(settings.host, settings.port)
    if problem:
        raise click.ClickException(problem)
    click.echo("alive")


def _silence(file: Path) -> str | None:
    """Return what is wrong with the workers."""
    try:
        seconds = time.time() - file.stat().st_mtime
    except FileNotFoundError:
        return f"no worker has touched {file} yet"
    return f"no worker has touched {file} for {seconds:.0f} s" if seconds > SILENT_SECONDS_MAX else None


def _deafness(host: str, port: int) -> str | None:
    """Return what is wrong with the API."""
    address = Address(host, port)
    connection = http.client.HTTPConnection(address.host_from_here(), address.port, timeout=ASK_SECONDS_MAX)
    try:
        with closing(connection):
            connection.request("GET", "/health/live")
            status = connection.getresponse().status
    except (OSError, http.client.HTTPException) as error:
        return f"{address.url()} does not answer: {error}"
    return None if status == http.client.OK else f"{address.url()}/health/live answers {status}"
