"""The operator's commands for callbacks, with no server about."""

import asyncio
import base64
import json
from typing import Any

import pytest

from cli.main import USAGE, run
from domain.apps.commands import create_app
from domain.callbacks.commands import disable_callback
from domain.processes.add_callback import add_callback
from domain.processes.register_callback import register_callback
from store.event_store import EventStore
from tests.api.book.subscribing import deliver
from tests.books import ORIGIN, opened
from tests.cli.commands import done, refused
from tests.domain.samples import SOON
from tests.servers import MASTER_KEY

Settings = dict[str, str]
SECRET = f"whsec_{base64.b64encode(bytes(24)).decode()}"
OURS: dict[str, Any] = {"id": "1", "bot_id": "1"}
THEIRS: dict[str, Any] = {"id": "2", "bot_id": "1", "event": "account_deleted"}


@pytest.fixture
def book(database_url: str) -> Settings:
    """Return the settings of a book with an app that has a callback of each dialect: 1, and 2."""
    asyncio.run(_begin(database_url))
    return {"GUILDBOOK_DATABASE_URL": database_url, "GUILDBOOK_MASTER_KEY": MASTER_KEY}


async def _begin(url: str) -> None:
    async with opened(url) as store:
        wishes = {"app": 1, "url": "https://a.example.org/hook", "secret": SECRET}
        await store.execute(ORIGIN, create_app, name="bot", permissions=0, token_hash="")
        filters = {"types": ("loads.LoadStarted",), "contexts": ("guilds",), "guilds": (920,)}
        await store.execute(ORIGIN, add_callback, **wishes, **filters, description="dash\tboard")
        await store.execute(ORIGIN, register_callback, **wishes, event="account_deleted")


def told(book: Settings) -> list[tuple[str, str]]:
    """Return what was said of callbacks after they were made, and by whom."""
    lines = map(json.loads, done("events", "--json", "--after", "3", settings=book).splitlines())
    return [(line["type"].removeprefix("callbacks."), line["meta"]["actor"]) for line in lines]


def test_callbacks_are_listed_with_how_they_do(book: Settings) -> None:
    deliver(book["GUILDBOOK_DATABASE_URL"], OURS, 7, "pending")
    [head, first, second] = [" ".join(line.split()) for line in done("callbacks", "list", settings=book).splitlines()]
    assert head == "ID BOT STATUS PENDING DELIVERED DEAD FAILING SINCE TELLS URL"
    assert first == "1 1 active 1 0 0 - loads.LoadStarted,guilds in 920 https://a.example.org/hook"
    assert second == "2 1 active 0 0 0 - account_deleted https://a.example.org/hook"
    assert len(done("callbacks", "list", "--bot", "2", settings=book).splitlines()) == 1


def test_a_callback_is_shown_without_its_secret(book: Settings) -> None:
    shown = done("callbacks", "show", "1", settings=book)
    assert shown.startswith("Callback: 1\nBot: 1\nDialect: book\n")
    assert "URL: https://a.example.org/hook\nTells: loads.LoadStarted,guilds in 920\n" in shown
    assert "Description: dash\\tboard\n" in shown
    assert "Status: active\nPending: 0\n" in shown
    assert SECRET not in shown
    assert refused("callbacks", "show", "3", settings=book) == "guildbook: there is no callback 3"


def test_a_callback_is_paused_and_resumed_and_asked_twice_nothing_new_is_said(book: Settings) -> None:
    for deed, status in (("pause", "paused"), ("pause", "paused"), ("resume", "active")):
        assert done("callbacks", deed, "1", settings=book) == f"Callback: 1\nStatus: {status}\n"
    assert told(book) == [("CallbackPaused", "operator"), ("CallbackResumed", "operator")]


def test_a_callback_is_disabled_for_a_reason_that_is_shown(book: Settings) -> None:
    done("callbacks", "disable", "2", "--reason", "nobody is there", settings=book)
    assert "Status: disabled (nobody is there)\n" in done("callbacks", "show", "2", settings=book)
    listed = done("callbacks", "list", "--status", "disabled", settings=book).splitlines()
    assert [line.split()[:3] for line in listed[1:]] == [["2", "1", "disabled"]]
    said = refused("callbacks", "test", "2", settings=book)
    assert said == "guildbook: the callback is not sent to at present: resume it first."


def test_a_callback_is_replayed_and_tested(book: Settings) -> None:
    done("callbacks", "replay", "1", "--after", "2", settings=book)
    done("callbacks", "test", "2", settings=book)
    assert [kind for kind, _ in told(book)] == ["CallbackReplayed", "CallbackTested"]
    assert "is not kept" in refused("callbacks", "replay", "2", "--after", "0", settings=book)
    assert refused("callbacks", "replay", "1", "--after", "6", settings=book) == "guildbook: the log ends at 5"


def test_deliveries_are_listed_with_how_the_last_attempt_went(book: Settings) -> None:
    url = book["GUILDBOOK_DATABASE_URL"]
    names = [deliver(url, OURS, 7, "dead"), deliver(url, OURS, 8, "pending", due_at="infinity")]
    lines = [line.split() for line in done("callbacks", "deliveries", "1", settings=book).splitlines()[1:]]
    attempt = ["1", "503", "2027-01-01T00:00:00Z", "-", "guilds.RoleCreated", "guilds-role-9-8"]
    assert lines == [[names[1], "pending", *attempt], [names[0], "dead", *attempt]]
    dead = done("callbacks", "deliveries", "1", "--state", "dead", "--before", "8", "--limit", "1", settings=book)
    assert [line.split()[0] for line in dead.splitlines()[1:]] == [names[0]]
    assert refused("callbacks", "deliveries", "3", settings=book) == "guildbook: there is no callback 3"


def test_a_delivery_is_sent_again(book: Settings) -> None:
    url = book["GUILDBOOK_DATABASE_URL"]
    ours, waiting = deliver(url, OURS, 7), deliver(url, OURS, 8, "pending")
    dead, arrived = deliver(url, THEIRS, 7, "dead"), deliver(url, THEIRS, 8)
    for name in (ours, dead):
        assert done("callbacks", "resend", name, settings=book) == ""
    assert [kind for kind, _ in told(book)] == ["DeliveryResent"] * 2
    assert refused("callbacks", "resend", waiting, settings=book) == f"guildbook: {waiting} is on its way already"
    assert "is not kept any more" in refused("callbacks", "resend", arrived, settings=book)
    assert "there is no delivery msg_9_9" in refused("callbacks", "resend", "msg_9_9", settings=book)


async def test_what_a_sender_says_is_shown(database_url: str) -> None:
    async with opened(database_url) as store:
        await _begin(database_url)
        await disable(store)
    settings = {"GUILDBOOK_DATABASE_URL": database_url, "GUILDBOOK_MASTER_KEY": MASTER_KEY}
    shown = await asyncio.to_thread(done, "callbacks", "show", "1", settings=settings)
    assert "Status: disabled (HTTP\\x1b500)\n" in shown
    assert "Failing since: 2027-01-01T00:00:00Z\n" in shown


async def disable(store: EventStore) -> None:
    wishes = {"app": 1, "event": "1", "failing_since": SOON, "reason": "HTTP\x1b500"}
    await store.execute(ORIGIN, disable_callback, **wishes)


@pytest.mark.parametrize(
    "words",
    ["list --status lost", "show", "show x", "show 0", "replay 1", "replay 1 --after -1", "disable 1", "deliveries"],
)
def test_a_wrong_call_about_callbacks_is_a_matter_of_usage(words: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["callbacks", *words.split()]) == USAGE
    assert "--help" in capsys.readouterr().err
