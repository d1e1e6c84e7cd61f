"""Which addresses a delivery may go to: checked on the very address that is connected to, after all resolving."""

import socket
from typing import Any

from domain.callbacks.addresses import is_public

Resolved = tuple[int | socket.AddressFamily, int | socket.SocketKind, int, str, tuple[Any, ...]]
"""What `getaddrinfo` says: family, kind, protocol, name, and the place itself."""


class AddressRefusedError(OSError):
    """The address is not a public one."""

    def __str__(self) -> str:  # the same for every address of a name, or the client would blur them into one error
        return self.__doc__ or ""


def public_socket(address: Resolved) -> socket.socket:
    """Make the socket for a connection to this address. Errors: AddressRefusedError."""
    family, kind, protocol, _, place = address
    if not is_public(place[0]):
        raise AddressRefusedError(place[0])
    return socket.socket(family, kind, protocol)
