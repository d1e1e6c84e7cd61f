"""Where the API listens, and how this machine reaches it."""

import socket
from contextlib import closing
from typing import NamedTuple

import click

from schemas.settings import Settings

ANYWHERE = {"0.0.0.0": "127.0.0.1", "::": "::1"}  # noqa: S104 - how to reach what listens everywhere

host_option = click.option("--host", help="Address to listen on.  [default: GUILDBOOK_HOST or 127.0.0.1]")
port_option = click.option(
    "--port", type=click.IntRange(1, 65_535), help="Port to listen on.  [default: GUILDBOOK_PORT or 8080]"
)


class Address(NamedTuple):
    """Where the API listens."""

    host: str
    port: int

    def host_from_here(self) -> str:
        """Return a host by which this machine reaches it."""
        return ANYWHERE.get(self.host, self.host)

    def url(self) -> str:
        """Return how this machine reaches it."""
        host = self.host_from_here()
        return f"http://[{host}]:{self.port}" if ":" in host else f"http://{host}:{self.port}"


def free_address(settings: Settings, host: str | None, port: int | None) -> Address:
    """Return the address that is asked for; refuses one that is taken or that cannot be listened on.

    This must be asked: granian would share the port with another granian, and each would get half of the requests.
    """
    address = Address(host or settings.host, port or settings.port)
    try:
        family, kind, protocol, _, place = socket.getaddrinfo(*address, type=socket.SOCK_STREAM)[0]
        with closing(socket.socket(family, kind, protocol)) as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            probe.bind(place)
            probe.listen(1)
    except OSError as error:
        message = f"cannot listen on {address.host}:{address.port} ({error.strerror}): choose another --port or --host"
        raise click.ClickException(message) from error
    return address
