"""The rules of a callback by itself: what it is told, whether it is sent to, and with what it is signed."""

import base64
from typing import Any

import msgspec
import pytest

from domain.callbacks.aggregate import (
    CALLBACK,
    Callback,
    CallbackInactiveError,
    CallbackNotRegisteredError,
    NotReplayableError,
    PolympicsCallbackError,
)
from domain.callbacks.commands import (
    disable_callback,
    edit_callback,
    pause_callback,
    probe_callback,
    remove_callback,
    replay_callback,
    resend_delivery,
    resume_callback,
    rotate_secret,
)
from domain.callbacks.events import (
    CallbackDisabled,
    CallbackPaused,
    CallbackRegistered,
    CallbackRemoved,
    CallbackReplaced,
    CallbackReplayed,
    CallbackResumed,
    CallbackTested,
    DeliveryResent,
    SecretRotated,
)
from domain.callbacks.signing import SecretMalformedError, key_of
from domain.kernel import Event, UnknownError
from tests.domain.book import Command, RecordedBook, Story, given
from tests.domain.samples import BOTS_CALLBACK, SOON

OLD, NEW = (f"whsec_{base64.b64encode(bytes([fill]) * 24).decode()}" for fill in (1, 2))
SEED = f"whsk_{base64.b64encode(bytes(32)).decode()}"
MINE: dict[str, Any] = {"app": 1, "event": "9"}
THEIRS: dict[str, Any] = {"app": 1, "event": "team_deleted"}
NAMED: dict[str, Any] = {"callback": 9, **MINE}
NAMED_THEIRS: dict[str, Any] = {"callback": 5, **THEIRS}
REGISTERED = CallbackRegistered(**NAMED, url="https://a.example.org", secret=OLD, dialect="book", types=("a.B",))
PAUSED = CallbackPaused(**NAMED)
DISABLED = CallbackDisabled(**NAMED, failing_since=SOON, reason="HTTP 500")
RESUMED = CallbackResumed(**NAMED)


def state(book: RecordedBook) -> Callback:
    found = book.state(CALLBACK, "callbacks-1-9")
    assert found
    return found


def test_a_callback_is_removed_once() -> None:
    story = given(BOTS_CALLBACK).when(remove_callback, app=1, event="team_deleted")
    story.then(CallbackRemoved(callback=5, app=1, event="team_deleted")).again().refuses(CallbackNotRegisteredError)


@pytest.mark.parametrize(("app", "event"), [(2, "team_deleted"), (1, "account_deleted")])
def test_a_callback_that_is_not_registered_is_not_removed(app: int, event: str) -> None:
    given(BOTS_CALLBACK).when(remove_callback, app=app, event=event).refuses(CallbackNotRegisteredError)


@pytest.mark.parametrize(
    "change",
    [
        {"url": "https://b.example.org"},
        {"types": ()},
        {"contexts": ("guilds", "loads")},
        {"guilds": (920,)},
        {"description": "for the dashboard", "types": ("a.C",)},
    ],
)
def test_an_edit_changes_what_it_names_and_leaves_the_rest(change: dict[str, Any]) -> None:
    replaced = CallbackReplaced(**{**msgspec.structs.asdict(REGISTERED), **change})
    given(REGISTERED).when(edit_callback, **MINE, **change).then(replaced).again().says_nothing()


def test_an_edit_without_changes_says_nothing() -> None:
    given(REGISTERED).when(edit_callback, **MINE, url=REGISTERED.url, types=("a.B",)).says_nothing()


def test_an_edit_leaves_a_pause_and_two_secrets_as_they_are() -> None:
    rotated = SecretRotated(**NAMED, secret=NEW, overlap_ends_at=SOON)
    story = given(REGISTERED, rotated, PAUSED).when(edit_callback, **MINE, url="https://b.example.org")
    after = state(story.book)
    assert (after.url, after.status) == ("https://b.example.org", "paused")
    assert (after.secret, after.previous_secret, after.overlap_ends_at) == (NEW, OLD, SOON)


def test_a_rotation_keeps_the_secret_before_it_for_a_while() -> None:
    story = given(REGISTERED).when(rotate_secret, **MINE, secret=NEW, overlap_ends_at=SOON)
    story.then(SecretRotated(**NAMED, secret=NEW, overlap_ends_at=SOON))
    after = state(story.book)
    assert (after.secret, after.previous_secret, after.overlap_ends_at) == (NEW, OLD, SOON)
    story.again().says_nothing()


@pytest.mark.parametrize(
    ("secret", "signing", "is_well_formed"),
    [
        (OLD, "hmac", True),
        (SEED, "ed25519", True),
        (f"whsec_{base64.b64encode(bytes(64)).decode()}", "hmac", True),
        (f"whsec_{base64.b64encode(bytes(65)).decode()}", "hmac", False),
        (f"whsec_{base64.b64encode(bytes(23)).decode()}", "hmac", False),
        (OLD.removeprefix("whsec_"), "hmac", False),
        (SEED, "hmac", False),
        (OLD, "ed25519", False),
        ("whsec_", "hmac", False),
        (f"{OLD}!", "hmac", False),
        ("whsec_ééé", "hmac", False),
        ("", "hmac", False),
    ],
)
def test_a_secret_is_of_the_form_that_its_signature_needs(secret: str, signing: str, is_well_formed: bool) -> None:
    registered = msgspec.structs.replace(REGISTERED, signing=signing, secret="before")
    story = given(registered).when(rotate_secret, **MINE, secret=secret, overlap_ends_at=SOON)
    if is_well_formed:
        story.then(SecretRotated(**NAMED, secret=secret, overlap_ends_at=SOON))
        assert 24 <= len(key_of(secret, signing)) <= 64
    else:
        story.refuses(SecretMalformedError)


def test_a_callback_is_paused_and_resumed_once() -> None:
    story = given(REGISTERED).when(pause_callback, **MINE).then(PAUSED)
    assert not state(story.book).is_active()
    story.again().says_nothing().when(resume_callback, **MINE).then(RESUMED).again().says_nothing()
    assert state(story.book).is_active()


def test_a_callback_that_fails_for_too_long_is_disabled_until_it_is_resumed() -> None:
    story = given(REGISTERED).when(disable_callback, **MINE, failing_since=SOON, reason="HTTP 500").then(DISABLED)
    after = state(story.book)
    assert (after.status, after.failing_since, after.reason) == ("disabled", SOON, "HTTP 500")
    story.again().says_nothing().when(pause_callback, **MINE).says_nothing()
    story.when(resume_callback, **MINE).then(RESUMED)
    assert (state(story.book).failing_since, state(story.book).reason) == (None, None)


def test_a_callback_that_is_paused_is_not_disabled() -> None:
    given(REGISTERED, PAUSED).when(disable_callback, **MINE, failing_since=SOON, reason="").says_nothing()


@pytest.mark.parametrize("past", [[], [PAUSED], [DISABLED]])
def test_a_replay_may_be_wished_for_at_any_time_and_again(past: list[Event]) -> None:
    story = given(REGISTERED, *past).when(replay_callback, **MINE, after=7)
    story.then(CallbackReplayed(**NAMED, after=7)).again().then(CallbackReplayed(**NAMED, after=7))


@pytest.mark.parametrize("past", [PAUSED, DISABLED])
def test_only_a_callback_that_is_sent_to_is_tested(past: Event) -> None:
    given(REGISTERED).when(probe_callback, **MINE).then(CallbackTested(**NAMED))
    given(REGISTERED, past).when(probe_callback, **MINE).refuses(CallbackInactiveError)


def test_a_delivery_is_sent_again_as_often_as_is_asked() -> None:
    story = given(REGISTERED).when(resend_delivery, **MINE, delivery="msg_7_9")
    story.then(DeliveryResent(**NAMED, delivery="msg_7_9")).again().then(DeliveryResent(**NAMED, delivery="msg_7_9"))


def test_a_callback_of_the_other_dialect_is_paused_resumed_tested_and_resent() -> None:
    story = given(BOTS_CALLBACK).when(probe_callback, **THEIRS).then(CallbackTested(**NAMED_THEIRS))
    story.when(resend_delivery, **THEIRS, delivery="x").then(DeliveryResent(**NAMED_THEIRS, delivery="x"))
    story.when(pause_callback, **THEIRS).then(CallbackPaused(**NAMED_THEIRS))
    story.when(resume_callback, **THEIRS).then(CallbackResumed(**NAMED_THEIRS))


def test_a_callback_of_the_other_dialect_has_no_filters_no_rotation_and_no_replay() -> None:
    story = given(BOTS_CALLBACK)
    story.when(edit_callback, **THEIRS, types=("a.B",)).refuses(PolympicsCallbackError)
    story.when(rotate_secret, **THEIRS, secret=NEW, overlap_ends_at=SOON).refuses(PolympicsCallbackError)
    story.when(replay_callback, **THEIRS, after=0).refuses(NotReplayableError)


@pytest.mark.parametrize(
    ("command", "arguments"),
    [
        (edit_callback, {}),
        (rotate_secret, {"secret": NEW, "overlap_ends_at": SOON}),
        (pause_callback, {}),
        (disable_callback, {"failing_since": SOON, "reason": ""}),
        (resume_callback, {}),
        (replay_callback, {"after": 0}),
        (probe_callback, {}),
        (resend_delivery, {"delivery": "x"}),
    ],
)
def test_nothing_is_done_with_a_callback_that_is_not_there(command: Command[None], arguments: dict[str, Any]) -> None:
    def ask(story: Story) -> Story:
        return story.when(command, **MINE, **arguments)

    ask(given()).refuses(UnknownError)
    ask(given(REGISTERED, CallbackRemoved(**NAMED))).refuses(UnknownError)


@pytest.mark.parametrize(
    ("filters", "stored_type", "guild", "is_wanted"),
    [
        ({}, "loads.LoadStarted", None, True),
        ({"types": ("a.B",)}, "a.B", None, True),
        ({"types": ("a.B",)}, "a.C", None, False),
        ({"contexts": ("a",)}, "a.C", 5, True),
        ({"contexts": ("a",)}, "ab.C", 5, False),
        ({"types": ("a.B",), "contexts": ("c",)}, "a.B", None, True),
        ({"types": ("a.B",), "contexts": ("c",)}, "c.D", None, True),
        ({"types": ("a.B",), "contexts": ("c",)}, "a.C", None, False),
        ({"guilds": (5, 6)}, "a.B", 5, True),
        ({"guilds": (5, 6)}, "a.B", 7, False),
        ({"guilds": (5, 6)}, "a.B", None, False),
        ({"types": ("a.B",), "guilds": (5,)}, "a.C", 5, False),
    ],
)
def test_filters_name_types_or_contexts_and_guilds(
    filters: dict[str, Any], stored_type: str, guild: int | None, is_wanted: bool
) -> None:
    callback = Callback(9, 1, "9", "https://a.example.org", OLD, "book", **filters)
    assert callback.wants(stored_type, guild) is is_wanted
