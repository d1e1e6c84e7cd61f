"""Which addresses are of the public internet: deliveries go nowhere else."""

from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address

# What IANA's registry of special-purpose addresses keeps from the public internet, and one provider's metadata
# service on a public address; the others (169.254.169.254, 100.100.100.200, 192.0.0.192, fd00:ec2::254) lie within.
CLOSED_IPV4 = tuple(
    map(
        IPv4Network,
        (
            "0.0.0.0/8", "10.0.0.0/8", "100.64.0.0/10", "127.0.0.0/8", "168.63.129.16/32", "169.254.0.0/16",
            "172.16.0.0/12", "192.0.0.0/24", "192.0.2.0/24", "192.88.99.0/24", "192.168.0.0/16", "198.18.0.0/15",
            "198.51.100.0/24", "203.0.113.0/24", "224.0.0.0/3",
        ),
    )
)  # fmt: skip
OPEN_IPV6 = IPv6Network("2000::/3")  # the only part that is given out
CLOSED_IPV6 = tuple(map(IPv6Network, ("2001::/23", "2001:db8::/32", "3fff::/20")))
NAT64 = IPv6Network("64:ff9b::/96")


def is_public(address: str) -> bool:
    """Tell whether a numeric address is one of the public internet."""
    parsed = ip_address(address)
    inner = parsed if isinstance(parsed, IPv4Address) else _carried(parsed)
    if inner is not None:
        return not any(inner in network for network in CLOSED_IPV4)
    return parsed in OPEN_IPV6 and not any(parsed in network for network in CLOSED_IPV6)


def _carried(address: IPv6Address) -> IPv4Address | None:
    """Return the IPv4 address that an IPv6 address leads to: mapped, 6to4 or NAT64."""
    if address in NAT64:
        return IPv4Address(int(address) & 0xFFFF_FFFF)
    return address.ipv4_mapped or address.sixtofour
