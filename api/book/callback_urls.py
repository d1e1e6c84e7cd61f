"""Where a callback may be sent: what is wrong with a URL, as far as that can be told without resolving its name."""

import re
from ipaddress import ip_address
from urllib.parse import SplitResult, urlsplit

from domain.callbacks.addresses import is_public

SCHEMES = ("http", "https")
LABEL = "[a-z0-9_]([a-z0-9_-]{0,61}[a-z0-9_])?"
NAME = re.compile(rf"(?=.{{1,253}}$){LABEL}(\.{LABEL})*", re.IGNORECASE)
NUMBER = re.compile("0x[0-9a-f]*|[0-9]+", re.IGNORECASE)  # what ends in one is taken for an address, oddly spelt
HERE = "localhost"


def fault_of_url(url: str, *, allow_private: bool) -> str | None:
    """Return what is wrong with a URL; addresses that names resolve to are checked at each delivery."""
    if not url.isprintable() or re.search(r"[\s\\]", url):
        return "must have no spaces, backslashes and control characters"
    try:
        parts = urlsplit(url)
        _, host = parts.port, _host(parts)
    except ValueError:
        return "is no URL"
    if parts.scheme not in SCHEMES:
        return "must begin with https:// or http://"
    if "@" in parts.netloc:
        return "must have no user name and no password"
    return _fault_of_host(host, allow_private=allow_private)


def _host(parts: SplitResult) -> str:
    """Return the host as it is looked up: other alphabets, and other signs for digits and dots, are ASCII then."""
    host = parts.hostname or ""
    return host if ":" in host else host.encode("idna").decode()


def _fault_of_host(host: str, *, allow_private: bool) -> str | None:
    try:
        address = str(ip_address(host))
    except ValueError:
        address = None
    if address is not None:
        return None if allow_private or is_public(address) else f"{address} is not a public address"
    labels = host.removesuffix(".").split(".")
    if not NAME.fullmatch(host.removesuffix(".")) or NUMBER.fullmatch(labels[-1]):
        return "must have a host: a name, or an address as it is usually written"
    if not allow_private and (len(labels) == 1 or labels[-1] == HERE):
        return f"{host} is not a name of the public internet"
    return None
