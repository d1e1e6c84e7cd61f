"""Where a request comes from: the peer, or whoever a trusted proxy says that it asks for."""

from collections.abc import Sequence
from contextlib import suppress
from ipaddress import IPv4Address, IPv6Address, ip_address, ip_network

from schemas.settings import Network

Address = IPv4Address | IPv6Address

UNKNOWN = "unknown"
SITE_BITS = 64  # what one subscriber is given at least: all of it counts as one caller


def client_of(peer: str, forwarded: Sequence[bytes], proxies: Sequence[Network]) -> str:
    """Return the client: the last address in X-Forwarded-For that is no proxy of ours.

    A proxy appends whom it heard from, so only what stands to the right of it is to be believed.
    """
    client = peer
    hops = [hop for line in forwarded for hop in line.decode("latin-1").split(",")]
    while hops and _is_in(read_address(client), proxies):
        hop = read_address(hops.pop())
        if hop is None:
            break
        client = str(hop)
    return client


def read_address(text: str) -> Address | None:
    """Read an address, with or without a port; None when it is none. One of IPv4 in IPv6's clothes is of IPv4."""
    text = text.strip().strip('"')
    if text.startswith("["):
        text = text[1:].partition("]")[0]
    elif text.count(":") == 1:
        text = text.partition(":")[0]
    with suppress(ValueError):
        address = ip_address(text)
        return (address.ipv4_mapped or address) if isinstance(address, IPv6Address) else address
    return None


def _is_in(address: Address | None, networks: Sequence[Network]) -> bool:
    return address is not None and any(address in network for network in networks)


def site_of(host: str | None) -> str:
    """Return what counts as one caller: an address of IPv4, the first half of one of IPv6."""
    address = read_address(host or "")
    if isinstance(address, IPv6Address):
        return str(ip_network((int(address), SITE_BITS), strict=False))
    return UNKNOWN if address is None else str(address)
