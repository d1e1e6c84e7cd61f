"""Where no delivery may go, in every spelling: judged on the address that is connected to."""

import socket
from collections.abc import AsyncIterator

import pytest

from domain.callbacks.aggregate import Callback
from tests.workers.callbacks.test_schedule import NOW
from workers.callbacks import post
from workers.callbacks.addresses import is_public
from workers.callbacks.outbox import Due, Lane
from workers.callbacks.post import Attempt

CLOSED = (
    "0.0.0.0",  # noqa: S104 - a destination, as in the list below
    "0.1.2.3", "10.0.0.1", "10.255.255.255", "100.64.0.1", "100.100.100.200", "127.0.0.1",
    "127.255.255.254", "168.63.129.16", "169.254.0.1", "169.254.169.254", "172.16.0.1", "172.31.255.255", "192.0.0.1",
    "192.0.0.192", "192.0.2.1", "192.88.99.1", "192.168.0.1", "192.168.255.255", "198.18.0.1", "198.19.255.255",
    "198.51.100.7", "203.0.113.7", "224.0.0.1", "239.255.255.255", "240.0.0.1", "255.255.255.255",
    "::", "::1", "::127.0.0.1", "::8.8.8.8", "::ffff:127.0.0.1", "::ffff:10.0.0.1", "::ffff:169.254.169.254",
    "64:ff9b::7f00:1", "64:ff9b::a00:1", "64:ff9b:1::808:808", "100::1", "2001::1", "2001:0:4136:e378::1",
    "2001:db8::1", "2002:7f00:1::", "2002:a00:1::1", "2002:a9fe:a9fe::", "3fff::1", "5f00::1", "fc00::1",
    "fd00:ec2::254", "fe80::1", "fe80::1%2", "fec0::1", "ff02::1", "ff0e::1",
)  # fmt: skip
OPEN = (
    "1.1.1.1", "8.8.8.8", "9.255.255.255", "100.63.255.255", "100.128.0.1", "172.15.0.1", "172.32.0.1",
    "192.167.255.255", "223.255.255.255", "2606:4700:4700::1111", "2a00:1450:4001::1", "::ffff:8.8.8.8",
    "64:ff9b::808:808", "2002:808:808::1",
)  # fmt: skip
# Hosts that a resolver, or the parser of URLs, takes for one of the above. None needs a name server.
SPELLINGS = (
    "127.0.0.1", "127.1", "127.0.1", "2130706433", "0x7f000001", "0x7f.0.0.1", "0177.0.0.1", "0177.1",
    "017700000001", "0", "0.0.0", "0x0", "10.1", "0xa.1", "167772161", "3232235521", "0300.0250.0.1", "192.168.257",
    "169.254.169.254", "2852039166", "0xa9fea9fe", "0251.0376.0251.0376", "169.254.43518", "localhost", "LOCALHOST",
    "127.0.0.1.", "[::1]", "[0:0:0:0:0:0:0:1]", "[::]", "[::ffff:127.0.0.1]", "[::ffff:7f00:1]",
    "[::ffff:169.254.169.254]", "[::127.0.0.1]", "[fe80::1]", "[fd00:ec2::254]", "[64:ff9b::7f00:1]",
    "[2002:7f00:1::]", "\uff11\uff12\uff17.0.0.1", "\u2460\u2461\u2466.0.0.1", "user@127.0.0.1", "user:word@[::1]",
    "example.org@127.0.0.1",
)  # fmt: skip


@pytest.mark.parametrize("address", CLOSED)
def test_an_address_that_is_not_public_is_refused(address: str) -> None:
    assert not is_public(address)


@pytest.mark.parametrize("address", OPEN)
def test_a_public_address_is_let_through(address: str) -> None:
    assert is_public(address)


@pytest.fixture
async def port() -> AsyncIterator[int]:
    """A port on which a server listens on every address of this machine, and must never be reached."""
    with socket.create_server(("0.0.0.0", 0)) as server:  # noqa: S104 - the point is to be reachable
        yield server.getsockname()[1]
        server.settimeout(0)
        with pytest.raises(BlockingIOError):
            server.accept()


async def sent_to(url: str, *, allow_private: bool) -> Attempt:
    due = Due("msg_1_1", Lane(1, "accounts-1"), 1, "account_created", b"{}", 0)
    callback = Callback(id=1, app=1, event="account_created", url=url, secret="s")
    async with post.open_session(allow_private=allow_private) as session:
        return await post.attempt(session, due, callback, now=NOW, seconds_max=5)


@pytest.mark.parametrize("host", SPELLINGS)
async def test_no_spelling_of_a_private_address_is_connected_to(host: str, port: int) -> None:
    attempt = await sent_to(f"http://{host}:{port}/hook", allow_private=False)
    assert (attempt.refused, attempt.status) == (True, None), attempt


async def test_a_name_is_judged_by_the_address_it_has_when_it_is_connected_to(
    port: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    answers = iter(["93.184.215.14", "127.0.0.1"])  # what it says first is of no interest

    async def rebinding(_self: object, host: str, port: int = 0, family: int = 0) -> list[dict[str, object]]:
        [address] = list(answers)[-1:]
        place = {"hostname": host, "host": address, "port": port, "family": socket.AF_INET, "proto": 0, "flags": 0}
        return [place]

    monkeypatch.setattr("aiohttp.resolver.DefaultResolver.resolve", rebinding)
    attempt = await sent_to(f"http://rebinding.example:{port}/", allow_private=False)
    assert attempt.refused
