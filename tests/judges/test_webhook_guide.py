"""The code in the guide for receivers of callbacks works as it stands there, on what is really sent."""

import json
import re
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from domain.callbacks.aggregate import BOOK, Callback
from domain.callbacks.signing import ED25519, HMAC, PUBLIC_PREFIX, secret_of
from projections.callbacks.public_keys import public_key_of
from tests import node_judges
from workers.callbacks.schedule import DELAYS_SECONDS, JITTER
from workers.callbacks.signature import headers_of

pytestmark = pytest.mark.judge

GUIDE = (Path(__file__).parents[2] / "docs" / "webhooks.md").read_text()
PYTHON, JAVASCRIPT = (re.findall(rf"```{language}\n(.*?)```", GUIDE, re.DOTALL) for language in ("python", "js"))
BODY = b'{"specversion":"1.0","id":"1712","type":"guilds.RoleCreated"}'
KEYS = {HMAC: (b"k" * 32, b"o" * 32), ED25519: (b"k" * 32, b"o" * 32)}
BY_HAND = [(HMAC, 0), (HMAC, 1), (ED25519, 2)]

Headers = dict[str, str]


def sent(signing: str, *, minutes_ago: int = 0, rotating: bool = False) -> Headers:
    """Return the headers with which a callback is sent; while rotating, its key is the older one."""
    now = datetime.now(UTC)
    key, other = (secret_of(each, signing) for each in KEYS[signing])
    more = {"previous_secret": key, "overlap_ends_at": now + timedelta(hours=1)} if rotating else {}
    callback = Callback(3, 310, "3", "https://bot.example.org/", other if rotating else key, BOOK, signing, **more)
    return headers_of(callback, "msg_1712_3", BODY, now - timedelta(minutes=minutes_ago))


def known(signing: str, key: bytes) -> str:
    """Return what a receiver knows: the secret, or its public half."""
    return public_key_of(secret_of(key, signing), signing) or secret_of(key, signing)


def calls(signing: str) -> list[tuple[str, Headers, bytes]]:
    """Return what a receiver may be sent: as it should be, while rotating, altered, by somebody else, and long ago."""
    mine, theirs = (known(signing, key) for key in KEYS[signing])
    old = sent(signing, minutes_ago=10)
    return [
        (mine, sent(signing), BODY),
        (mine, sent(signing, rotating=True), BODY),
        (mine, sent(signing), BODY + b" "),
        (theirs, sent(signing), BODY),
        (mine, old, BODY),
    ]


OUTCOMES = [True, True, False, False, False]


def outcome(event_of: Callable[..., Any], secret: str, headers: Headers, body: bytes) -> bool:
    """Tell whether an example takes a delivery for genuine."""
    try:
        return event_of(secret, headers, body)["id"] == "1712"
    except Exception:  # noqa: BLE001 - each example refuses in its own way
        return False


@pytest.mark.parametrize(("signing", "place"), BY_HAND)
def test_the_examples_in_python_take_what_is_genuine_and_nothing_else(signing: str, place: int) -> None:
    scope: dict[str, Any] = {}
    exec(PYTHON[place], scope)  # noqa: S102 - it is our own guide
    assert [outcome(scope["event_of"], *call) for call in calls(signing)] == OUTCOMES


@pytest.mark.parametrize(("signing", "place"), BY_HAND)
def test_the_examples_in_javascript_take_what_is_genuine_and_nothing_else(signing: str, place: int) -> None:
    asked = [(secret, headers, body.decode()) for secret, headers, body in calls(signing)]
    told = node_judges.ask("guide", {"code": JAVASCRIPT[place], "calls": asked})
    assert ["event" in each for each in told] == OUTCOMES
    assert told[0]["event"] == json.loads(BODY)


def test_there_is_an_example_for_each_way_and_each_language() -> None:
    assert len(PYTHON) == len(JAVASCRIPT) == len(BY_HAND)


def test_the_public_half_is_that_of_the_key() -> None:
    key = KEYS[ED25519][0]
    public = Ed25519PrivateKey.from_private_bytes(key).public_key().public_bytes_raw()
    assert known(ED25519, key) == secret_of(public, HMAC).replace("whsec_", PUBLIC_PREFIX)


def test_the_schedule_in_the_guide_is_the_one_that_is_kept() -> None:
    assert "after 5 s, 30 s, 2 min, 10 min, 30 min, 1 h, 2 h, 4 h, 8 h, and then five times every 12 h" in GUIDE
    hours = [1, 2, 4, 8, 12, 12, 12, 12, 12]
    assert (5, 30, 120, 600, 1800, *(3600 * each for each in hours)) == DELAYS_SECONDS
    assert JITTER == 1 / 5
