"""Forbidden addresses in every spelling, over the whole way: added, told of something, sent to; nothing is reached."""

import socket
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import AbstractAsyncContextManager
from urllib.parse import urlsplit

import pytest

from domain.callbacks.aggregate import Callback
from projections.deliveries import Delivery, recent_deliveries
from tests.books import until
from tests.conftest import cloned
from tests.workers.callbacks.community import Community, open_community
from tests.workers.callbacks.hooks import Hooks, fanning
from tests.workers.callbacks.receivers import Clock, Receiver, sending

# By what is odd about each. A port is put where {} stands; without it, the address is not of this machine.
SPELLINGS = {
    "loopback": "http://127.0.0.1:{}/",
    "any loopback": "http://127.255.255.254:{}/",
    "this host": "http://0.0.0.0:{}/",
    "two parts": "http://127.1:{}/",
    "three parts": "http://127.0.1:{}/",
    "decimal": "http://2130706433:{}/",
    "hexadecimal": "http://0x7f000001:{}/",
    "hexadecimal parts": "http://0x7f.0x0.0x0.0x1:{}/",
    "octal": "http://017700000001:{}/",
    "octal parts": "http://0177.0.0.01:{}/",
    "mixed parts": "http://0x7f.1:{}/",
    "zero": "http://0:{}/",
    "name": "http://localhost:{}/",
    "name in capitals": "http://LOCALHOST:{}/",
    "address with a dot": "http://127.0.0.1.:{}/",
    "loopback of IPv6": "http://[::1]:{}/",
    "loopback of IPv6, written out": "http://[0:0:0:0:0:0:0:1]:{}/",
    "unspecified of IPv6": "http://[::]:{}/",
    "mapped": "http://[::ffff:127.0.0.1]:{}/",
    "mapped, in hexadecimal": "http://[::ffff:7f00:1]:{}/",
    "compatible": "http://[::127.0.0.1]:{}/",
    "NAT64": "http://[64:ff9b::7f00:1]:{}/",
    "NAT64 of a network's own": "http://[64:ff9b:1::7f00:1]:{}/",
    "6to4": "http://[2002:7f00:1::]:{}/",
    "Teredo": "http://[2001:0:7f00:1::]:{}/",
    "link-local of IPv6": "http://[fe80::1]:{}/",
    "site-local of IPv6": "http://[fec0::1]:{}/",
    "unique local": "http://[fc00::1]:{}/",
    "private, ten": "http://10.0.0.1:{}/",
    "private, ten, short": "http://10.1:{}/",
    "private, 172": "http://172.16.0.1:{}/",
    "private, 192": "http://192.168.0.1:{}/",
    "private, decimal": "http://3232235521:{}/",
    "shared": "http://100.64.0.1:{}/",
    "link-local": "http://169.254.1.1:{}/",
    "metadata": "http://169.254.169.254/latest/meta-data/",
    "metadata, decimal": "http://2852039166/",
    "metadata, octal": "http://0251.0376.0251.0376/",
    "metadata, mapped": "http://[::ffff:169.254.169.254]/",
    "metadata of IPv6": "http://[fd00:ec2::254]/",
    "metadata of Alibaba": "http://100.100.100.200/",
    "metadata of Azure": "http://168.63.129.16/",
    "metadata of Oracle": "http://192.0.0.192/",
    "benchmarks": "http://198.18.0.1:{}/",
    "documents": "http://203.0.113.1:{}/",
    "many": "http://224.0.0.1:{}/",
    "everybody": "http://255.255.255.255:{}/",
    "many of IPv6": "http://[ff02::1]:{}/",
    "a public name before an @": "http://example.org@127.0.0.1:{}/",
    "a public name and a password before an @": "http://example.org:80@127.0.0.1:{}/",
    "a public name behind a #": "http://127.0.0.1:{}/#@example.org/",
    "full-width digits": "http://\uff11\uff12\uff17.0.0.1:{}/",
    "digits in circles": "http://\u2460\u2461\u2466.0.0.1:{}/",
    "TLS": "https://127.0.0.1:{}/",
}
NAMES = {  # names, and what a resolver that somebody else runs says of them
    "private.example": ["10.0.0.1"],
    "loopback.example": ["127.0.0.1"],
    "loopback6.example": ["::1"],
    "mapped.example": ["::ffff:127.0.0.1"],
    "metadata.example": ["169.254.169.254"],
    "both.example": ["127.0.0.1", "::1"],
    "none.is.public.example": ["198.51.100.9", "127.0.0.1"],
    "trailing.example.": ["127.0.0.1"],
    "localhost.": ["127.0.0.1"],
    "me.localhost": ["127.0.0.1"],
    "%31%32%37.0.0.1": ["127.0.0.1"],
}


@pytest.fixture(scope="module")
def port() -> Iterator[int]:
    """A port on which all addresses of this machine listen, and that nothing may ever reach."""
    with socket.create_server(("::", 0), family=socket.AF_INET6, dualstack_ipv6=True) as server:
        yield server.getsockname()[1]
        server.settimeout(0)
        with pytest.raises(BlockingIOError):
            server.accept()


Tell = Callable[[str], Awaitable[Delivery]]


@pytest.fixture(scope="module")
async def tell(server_url: str, template: str) -> AsyncIterator[Tell]:
    """Tell an endpoint of something, and return what became of that."""
    with cloned(server_url, template) as url:
        async with open_community(url) as community, fanning(url), sending_to_public(url, community):
            hooks = Hooks(community)
            await hooks.bot()

            async def told(url: str) -> Delivery:
                callback = await hooks.add(url, types=("guilds.RoleCreated",))
                await hooks.say(callback.id)
                await until(lambda: attempted(community, callback))
                await hooks.remove(callback)
                return (await attempted(community, callback))[0]

            yield told


def sending_to_public(url: str, community: Community) -> AbstractAsyncContextManager[object]:
    """Run a sender that holds to the rule."""
    return sending(url, Clock(community), callbacks_allow_private=False, callback_timeout_seconds=5)


async def attempted(community: Community, callback: Callback) -> list[Delivery]:
    """Return the delivery to a callback when it was attempted."""
    found = await recent_deliveries(community.connection, app=callback.app, event=callback.event)
    return [delivery for delivery in found if delivery.attempts]


@pytest.mark.parametrize("url", SPELLINGS.values(), ids=SPELLINGS)
async def test_no_spelling_of_a_forbidden_address_is_sent_to(url: str, port: int, tell: Tell) -> None:
    delivery: Delivery = await tell(url.format(port))
    assert (delivery.state, delivery.log[0].status) == ("blocked", None), delivery.log


@pytest.mark.parametrize("name", NAMES)
async def test_a_name_is_refused_by_what_it_resolves_to(
    name: str, port: int, tell: Tell, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("aiohttp.resolver.DefaultResolver.resolve", resolving(*NAMES[name]))
    delivery: Delivery = await tell(f"http://{name}:{port}/")
    assert (delivery.state, delivery.log[0].status) == ("blocked", None), delivery.log


async def test_of_a_name_with_public_and_private_addresses_only_a_public_one_is_connected_to(
    hooks: Hooks, receiver: Receiver, clock: Clock, database_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    port = int(urlsplit(receiver.url).port or 0)
    monkeypatch.setattr("aiohttp.resolver.DefaultResolver.resolve", resolving("127.0.0.2", "127.0.0.1"))
    monkeypatch.setattr("workers.callbacks.addresses.is_public", "127.0.0.1".__eq__)
    await hooks.bot()
    await hooks.add(f"http://mixed.example:{port}/", types=("guilds.RoleCreated",))
    await hooks.say(1)
    with socket.create_server(("127.0.0.2", port)) as private:
        async with fanning(database_url), sending(database_url, clock, callbacks_allow_private=False):
            await receiver.came(1)
        private.settimeout(0)
        with pytest.raises(BlockingIOError):
            private.accept()


def resolving(*addresses: str) -> Callable[..., Awaitable[object]]:
    """Return a resolver that says the same of every name."""

    async def resolve(_self: object, host: str, port: int = 0, family: int = 0) -> list[dict[str, object]]:
        families = {each: socket.AF_INET6 if ":" in each else socket.AF_INET for each in addresses}
        place = {"hostname": host, "port": port, "proto": 0, "flags": 0}
        return [{**place, "host": each, "family": families[each]} for each in addresses]

    return resolve


async def test_a_redirect_to_a_forbidden_address_is_not_followed(
    community: Community, hooks: Hooks, receiver: Receiver, clock: Clock, database_url: str
) -> None:
    receiver.always(302, Location=f"http://127.0.0.1:{receiver.url.split(':')[2].split('/')[0]}/private")
    await hooks.bot()
    await hooks.add(receiver.url, types=("guilds.RoleCreated",))
    await hooks.say(1)
    async with fanning(database_url), sending(database_url, clock):
        await receiver.came(1)

        async def is_written_down() -> bool:
            return [one.log[0].status for one in await recent_deliveries(community.connection) if one.log] == [302]

        await until(is_written_down)
    assert [received.path for received in receiver.received] == ["/hook"]
