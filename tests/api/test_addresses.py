"""Who a request comes from, as proxies tell it."""

from ipaddress import ip_network

import pytest

from api.addresses import client_of, site_of

PROXIES = (ip_network("10.0.0.0/8"), ip_network("fd00::/8"))


@pytest.mark.parametrize(
    ("peer", "forwarded", "client"),
    [
        ("198.51.100.1", [], "198.51.100.1"),
        ("198.51.100.1", [b"203.0.113.5"], "198.51.100.1"),  # no proxy of ours: whatever it says
        ("10.0.0.1", [], "10.0.0.1"),
        ("10.0.0.1", [b"203.0.113.5"], "203.0.113.5"),
        ("fd00::1", [b"203.0.113.5"], "203.0.113.5"),
        ("::ffff:10.0.0.1", [b"203.0.113.5"], "203.0.113.5"),
        ("10.0.0.1", [b"1.1.1.1, 203.0.113.5"], "203.0.113.5"),
        ("10.0.0.1", [b"1.1.1.1", b"203.0.113.5, 10.9.9.9"], "203.0.113.5"),
        ("10.0.0.1", [b"10.2.2.2, 10.3.3.3"], "10.2.2.2"),
        ("10.0.0.1", [b"203.0.113.5, junk"], "10.0.0.1"),
        ("10.0.0.1", [b"203.0.113.5,"], "10.0.0.1"),
        ("10.0.0.1", [b"\xff"], "10.0.0.1"),
        ("10.0.0.1", [b'"[2001:db8::7]:4711"'], "2001:db8::7"),
        ("10.0.0.1", [b"203.0.113.5:80"], "203.0.113.5"),
    ],
)
def test_the_client_is_the_last_who_is_no_proxy_of_ours(peer: str, forwarded: list[bytes], client: str) -> None:
    assert client_of(peer, forwarded, PROXIES) == client


@pytest.mark.parametrize(
    ("host", "site"),
    [
        ("203.0.113.5", "203.0.113.5"),
        ("::ffff:203.0.113.5", "203.0.113.5"),
        ("2001:db8:1:2:3:4:5:6", "2001:db8:1:2::/64"),
        ("2001:db8:1:2::", "2001:db8:1:2::/64"),
        (None, "unknown"),
        ("", "unknown"),
        ("/run/socket", "unknown"),
    ],
)
def test_an_address_counts_as_a_site(host: str | None, site: str) -> None:
    assert site_of(host) == site
