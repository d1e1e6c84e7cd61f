"""Deliveries as libraries that are not ours take them: Standard Webhooks verifies each, CloudEvents reads each body."""

import base64
import json
from datetime import datetime, timedelta

import pytest
from cloudevents.core.bindings.http import HTTPMessage, from_http_event
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from standardwebhooks.webhooks import Webhook

from domain.callbacks import commands as callbacks
from domain.callbacks.aggregate import Callback
from domain.callbacks.signing import ED25519, secret_of
from tests.workers.callbacks.community import Community
from tests.workers.callbacks.hooks import SECRET, Hooks, fanning, position_in
from tests.workers.callbacks.receivers import Clock, Received, Receiver, sending

pytestmark = pytest.mark.judge

NEW_SECRET = secret_of(b"another secret of thirty-two byt", "hmac")
SEED, NEW_SEED = b"s" * 32, b"t" * 32


def lowered(received: Received) -> dict[str, str]:
    """Return the headers by their names in small letters, as the libraries want them."""
    return {name.lower(): value for name, value in received.headers.items()}


def verified(received: Received, secret: str) -> object:
    """Have Standard Webhooks verify a delivery, and return its body."""
    return Webhook(secret).verify(received.body.decode(), lowered(received))


async def rotated(hooks: Hooks, callback: Callback, secret: str, ends_at: datetime) -> None:
    args = {"app": callback.app, "event": callback.event, "secret": secret, "overlap_ends_at": ends_at}
    await hooks.do(callbacks.rotate_secret, **args)


async def test_standard_webhooks_verifies_every_delivery_also_while_the_secret_is_rotated(
    hooks: Hooks, receiver: Receiver, clock: Clock, database_url: str
) -> None:
    await hooks.bot()
    callback = await hooks.add(receiver.url, contexts=("guilds",))
    async with fanning(database_url), sending(database_url, clock):
        await hooks.say(1, 2, 3)
        assert all(verified(received, SECRET) for received in await receiver.came(3))
        await rotated(hooks, callback, NEW_SECRET, clock.now + timedelta(minutes=2))
        await hooks.say(1, 2, 3)
        during = (await receiver.came(6))[3:]
        assert all(verified(received, secret) for received in during for secret in (SECRET, NEW_SECRET))
        assert all(len(lowered(received)["webhook-signature"].split()) == 2 for received in during)
        await clock.advance(minutes=3)
        await hooks.say(1)
        after = (await receiver.came(7))[6]
        assert verified(after, NEW_SECRET)
        with pytest.raises(Exception, match="No matching signature"):
            verified(after, SECRET)


async def test_a_signature_by_ed25519_is_verified_with_the_public_half_also_while_the_secret_is_rotated(
    hooks: Hooks, receiver: Receiver, clock: Clock, database_url: str
) -> None:
    await hooks.bot()
    callback = await hooks.add(receiver.url, secret=secret_of(SEED, ED25519), signing=ED25519, contexts=("guilds",))
    async with fanning(database_url), sending(database_url, clock):
        await hooks.say(1)
        await receiver.came(1)
        await rotated(hooks, callback, secret_of(NEW_SEED, ED25519), clock.now + timedelta(hours=1))
        await hooks.say(1)
        first, during = await receiver.came(2)
    assert [signature_verified(first, 0, SEED)] == [1]
    assert signature_verified(during, 0, NEW_SEED) == signature_verified(during, 1, SEED) == 2


def signature_verified(received: Received, number: int, seed: bytes) -> int:
    """Verify one of the signatures, and return how many there are."""
    headers = lowered(received)
    signatures = headers["webhook-signature"].split()
    version, _, text = signatures[number].partition(",")
    assert version == "v1a"
    content = f"{headers['webhook-id']}.{headers['webhook-timestamp']}.".encode() + received.body
    public = Ed25519PrivateKey.from_private_bytes(seed).public_key()
    public.verify(base64.b64decode(text), content)  # or it raises
    return len(signatures)


async def test_cloudevents_reads_each_body_and_its_secret_is_nowhere(
    hooks: Hooks, receiver: Receiver, clock: Clock, database_url: str
) -> None:
    await hooks.bot()
    await hooks.add(receiver.url)
    said = await hooks.say(1, 2)
    await hooks.community.join(7, name="Ines")
    async with fanning(database_url), sending(database_url, clock):
        received = await receiver.came(3)
    read = sorted(
        (from_http_event(HTTPMessage(lowered(each), each.body)) for each in received), key=lambda e: int(e.get_id())
    )
    assert [event.get_id() for event in read] == [*map(str, said), str(said[-1] + 1)]
    assert [event.get_type() for event in read] == ["guilds.RoleCreated"] * 2 + ["accounts.AccountCreated"]
    assert read[0].get_subject() == "guilds-role-920-1"
    assert read[0].get_source() == "/guildbook"
    assert read[0].get_extension("guild") == "920"
    assert all("authorization" not in lowered(each) for each in received)
    assert all(position_in(each) == int(json.loads(each.body)["position"]) for each in received)


async def test_cloudevents_reads_a_delivery_of_polympics_as_a_binary_event(
    community: Community, receiver: Receiver, clock: Clock, database_url: str
) -> None:
    await community.subscribe("account_created", url=receiver.url, secret=SECRET)
    await community.join(7)
    await community.project()
    async with sending(database_url, clock):
        [received] = await receiver.came(1)
    event = from_http_event(HTTPMessage(lowered(received), received.body))
    assert (event.get_type(), event.get_subject()) == ("accounts.AccountCreated", "accounts-7")
    assert json.loads(received.body) == event.get_data()
    assert verified(received, SECRET)
