"""The official libraries, for Python and for Node, receive what a running server sends: signatures and CloudEvents."""

import json
from collections.abc import AsyncIterator, Iterator, Sequence
from pathlib import Path
from typing import Any

import jsonschema_rs
import msgspec
import pytest
from standardwebhooks import Webhook

from api.asyncapi import PATH
from tests import node_judges
from tests.api.book.loading import done
from tests.api.streams.clients import new_home, rename
from tests.conftest import cloned
from tests.servers import served, spawn, stop
from tests.workers.callbacks.receivers import Received, Receiver, open_receiver
from tests.world import Bot, World, open_world

pytestmark = pytest.mark.judge

ALLOWED = {"GUILDBOOK_CALLBACKS_ALLOW_PRIVATE": "1"}
SECRET = "whsec_QUFBQUFBQUFBQUFBQUFBQUFBQUFBQUFB"
OTHER = "whsec_QkJCQkJCQkJCQkJCQkJCQkJCQkJCQkJC"
DOCUMENT = msgspec.json.decode(Path(PATH).read_bytes())


@pytest.fixture(scope="module")
def urls(server_url: str, template: str) -> Iterator[tuple[str, str]]:
    """Run a server with its sender of callbacks."""
    with cloned(server_url, template) as url, served(url, ALLOWED) as base_url:
        sender = spawn("work", "callbacks", url=url, settings=ALLOWED)
        yield base_url, url
        stop(sender)


@pytest.fixture
async def town(urls: tuple[str, str]) -> AsyncIterator[World]:
    """Meet that server."""
    async with open_world(*urls) as world:
        yield world


@pytest.fixture
async def receiver() -> AsyncIterator[Receiver]:
    """Listen."""
    async with open_receiver() as listening:
        yield listening


async def subscribed(bot: Bot, receiver: Receiver, **wishes: object) -> dict[str, Any]:
    """Have a bot told of what happens."""
    return done(await bot.post("/book/callbacks", {"url": receiver.url, **wishes}), 201)


async def told_until(receiver: Receiver, position: int) -> list[Received]:
    """Return what came, when the event at this position is among it."""
    count = 1
    while not any(f"_{position}_" in each.headers["webhook-id"] for each in await receiver.came(count)):
        count = len(receiver.received) + 1
    return list(receiver.received)


def faults(secret: str, received: Sequence[Received]) -> set[str | None]:
    """Return what the library for Node says of these deliveries: nothing but None when all are as they should be."""
    asked = [{"secret": secret, "headers": each.headers, "body": each.body.decode()} for each in received]
    return set(node_judges.ask("webhooks", asked))


def verified(secret: str, received: Sequence[Received]) -> list[Any]:
    """Return the bodies, as the library for Python verifies them."""
    return [Webhook(secret).verify(each.body, each.headers) for each in received]


def described(part: dict[str, Any], value: bytes | str) -> None:
    """Hold a JSON against the published document."""
    schema = {**part, "components": DOCUMENT["components"], "$schema": "http://json-schema.org/draft-07/schema#"}
    jsonschema_rs.validate(schema, json.loads(value))


def headers_described(name: str, received: Received) -> None:
    """Hold the headers against the published document, which knows all that are Guildbook's."""
    schema = DOCUMENT["components"]["schemas"][name]
    described(schema, json.dumps(received.headers))
    ours = {header for header in received.headers if header.startswith(("ce-", "webhook-"))}
    assert ours <= set(schema["properties"])


async def test_every_delivery_is_verified_also_while_its_secret_is_replaced(town: World, receiver: Receiver) -> None:
    bot = await town.bot()
    callback = await subscribed(bot, receiver)
    first, path = callback["secret"], f"/book/callbacks/{callback['id']}"
    guild = await new_home(bot)
    before = await told_until(receiver, await rename(town, guild, 3))
    assert (len(verified(first, before)), faults(first, before)) == (len(before), {None})
    assert faults(OTHER, before) == {"No matching signature found"}

    second = done(await bot.post(f"{path}/rotate", {}), 200)["secret"]
    receiver.received.clear()
    meanwhile = await told_until(receiver, await rename(town, guild, 3))
    assert [faults(secret, meanwhile) for secret in (first, second)] == [{None}, {None}]
    assert len(verified(first, meanwhile)) == len(verified(second, meanwhile)) == len(meanwhile)

    third = done(await bot.post(f"{path}/rotate", {"secret": SECRET, "overlap_hours": 0}), 200)["secret"]
    receiver.received.clear()
    after = await told_until(receiver, await rename(town, guild, 1))
    assert (third, faults(third, after)) == (SECRET, {None})
    assert faults(second, after) == {"No matching signature found"}


async def test_every_delivery_is_a_cloudevent_as_it_is_described(town: World, receiver: Receiver) -> None:
    bot = await town.bot()
    await subscribed(bot, receiver, contexts=["guilds"])
    guild = await new_home(bot)
    received = await told_until(receiver, await rename(town, guild, 2))
    events = node_judges.ask("cloudevents", [{"headers": it.headers, "body": it.body.decode()} for it in received])
    for each, event in zip(received, events, strict=True):
        assert event["data"]["guild"] == guild
        assert (event["id"], event["guild"]) == (each.headers["webhook-id"].split("_")[1], str(guild))
        described(DOCUMENT["components"]["messages"][f"{event['type']}.delivered"]["payload"], each.body)
        headers_described("CallbackHeaders", each)


async def test_a_callback_of_the_polympics_surface_is_verified_and_a_cloudevent(
    town: World, receiver: Receiver
) -> None:
    app = await town.app()
    done(await app.put("/callback/account_created", {"url": receiver.url, "secret": SECRET}), 200)
    account = await town.account(await town.team())
    received = await receiver.came(1)
    assert (faults(SECRET, received), faults(OTHER, received)) == ({None}, {"No matching signature found"})
    described(DOCUMENT["components"]["messages"]["account_created"]["payload"], received[0].body)
    headers_described("PolympicsCallbackHeaders", received[0])
    [event] = node_judges.ask("cloudevents", [{"headers": received[0].headers, "body": received[0].body.decode()}])
    assert (event["type"], event["subject"]) == ("accounts.AccountCreated", f"accounts-{account}")
    assert event["data"]["account"]["id"] == str(account)
