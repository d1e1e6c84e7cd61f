"""What is done with callbacks over HTTP: secrets rotated, pauses, replays and tests."""

import base64
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from domain.callbacks.commands import disable_callback
from tests.api.book.loading import done
from tests.api.book.problems import faults, refused
from tests.api.book.subscribing import CALLBACKS, KNOWN_SECRET, path_of, subscribe, without_secret
from tests.books import ask
from tests.world import Bot, World

SOON = datetime(2027, 1, 1, tzinfo=UTC)


@pytest.fixture
async def bot(world: World) -> Bot:
    return await world.bot()


def said(url: str, callback: dict[str, Any]) -> list[object]:
    """Return what the log says of a callback."""
    stream = f"callbacks-{callback['bot_id']}-{callback['id']}"
    return [row[0] for row in ask(url, "SELECT type FROM book.log WHERE stream = %s ORDER BY version", stream)][1:]


async def test_a_rotation_shows_the_new_secret_once_and_until_when_the_old_one_signs(bot: Bot) -> None:
    added = await subscribe(bot)
    rotated = done(await bot.post(path_of(added, "rotate")))
    assert rotated["secret"] != added["secret"]
    left = datetime.fromisoformat(rotated["secrets_overlap_until"]) - datetime.now(UTC)
    assert timedelta(hours=23, minutes=59) < left <= timedelta(hours=24)
    shown = done(await bot.get(path_of(added)))
    assert "secret" not in shown
    assert shown["secrets_overlap_until"] == rotated["secrets_overlap_until"]


async def test_a_rotation_is_to_what_is_wished(bot: Bot, shared_database_url: str) -> None:
    added = await subscribe(bot)
    wish = {"secret": KNOWN_SECRET, "overlap_hours": 0}
    rotated = done(await bot.post(path_of(added, "rotate"), wish))
    assert rotated["secret"] == KNOWN_SECRET
    assert datetime.fromisoformat(rotated["secrets_overlap_until"]) <= datetime.now(UTC)
    assert done(await bot.post(path_of(added, "rotate"), wish))["secret"] == KNOWN_SECRET
    assert said(shared_database_url, added) == ["callbacks.SecretRotated"]  # asked twice, it said nothing new


async def test_a_rotation_under_a_key_is_one_and_its_secret_is_shown_once(bot: Bot, shared_database_url: str) -> None:
    added, headers = await subscribe(bot), {"Idempotency-Key": f"r{bot.id}"}
    first, again = [done(await bot.post(path_of(added, "rotate"), headers=headers)) for _ in range(2)]
    assert again == without_secret(first)
    assert said(shared_database_url, added) == ["callbacks.SecretRotated"]


async def test_a_rotation_brings_another_public_key(bot: Bot) -> None:
    added = await subscribe(bot, signing="ed25519")
    rotated = done(await bot.post(path_of(added, "rotate")))
    assert rotated["secret"].startswith("whsk_")
    assert rotated["public_key"] != added["public_key"]
    assert done(await bot.get(path_of(added)))["public_key"] == rotated["public_key"]


@pytest.mark.parametrize(
    ("body", "pointer"),
    [
        ({"overlap_hours": 169}, "/overlap_hours"),
        ({"overlap_hours": -1}, "/overlap_hours"),
        ({"overlap_hours": 1.5}, "/overlap_hours"),
        ({"secret": "hush"}, "/secret"),
        ({"secret": f"whsk_{base64.b64encode(bytes(32)).decode()}"}, "/secret"),
        ({"hours": 1}, "/hours"),
    ],
)
async def test_a_rotation_is_not_wished_for_like_this(bot: Bot, body: dict[str, Any], pointer: str) -> None:
    assert list(faults(await bot.post(path_of(await subscribe(bot), "rotate"), body))) == [pointer]


async def test_a_callback_is_paused_and_resumed_and_asked_twice_nothing_new_is_said(
    bot: Bot, shared_database_url: str
) -> None:
    added = await subscribe(bot)
    for deed, status in (("pause", "paused"), ("resume", "active")):
        first, again = [done(await bot.post(path_of(added, deed))) for _ in range(2)]
        assert first == again
        assert (first["status"], first["status_since"] > added["status_since"]) == (status, True)
        assert done(await bot.get(path_of(added)))["status"] == status
    assert said(shared_database_url, added) == ["callbacks.CallbackPaused", "callbacks.CallbackResumed"]


async def test_a_callback_that_was_disabled_says_why_and_is_resumed(world: World, bot: Bot) -> None:
    added = await subscribe(bot)
    named = {"app": bot.id, "event": added["id"]}
    await world.do(disable_callback, **named, failing_since=SOON, reason="HTTP 500")
    shown = done(await bot.get(path_of(added)))
    assert (shown["status"], shown["reason"], shown["figures"]["failing_since"]) == (
        *("disabled", "HTTP 500"),
        "2027-01-01T00:00:00Z",
    )
    assert [each["id"] for each in done(await bot.get(f"{CALLBACKS}?status=disabled"))["items"]] == [added["id"]]
    resumed = done(await bot.post(path_of(added, "resume")))
    assert (resumed["status"], resumed.get("reason"), resumed["figures"]["failing_since"]) == ("active", None, None)


async def test_a_replay_begins_after_any_position_of_the_log(bot: Bot, shared_database_url: str) -> None:
    added = await subscribe(bot)
    for _ in range(2):
        assert done(await bot.post(path_of(added, "replay"), {"after": 0}))["id"] == added["id"]
    assert said(shared_database_url, added) == ["callbacks.CallbackReplayed"] * 2


@pytest.mark.parametrize("body", [{}, {"after": -1}, {"after": "0"}, {"after": 2**62}, {"after": None}])
async def test_a_replay_is_not_wished_for_like_this(bot: Bot, body: dict[str, Any]) -> None:
    assert list(faults(await bot.post(path_of(await subscribe(bot), "replay"), body))) == ["/after"]


async def test_a_test_names_the_delivery_that_it_makes(bot: Bot, shared_database_url: str) -> None:
    added = await subscribe(bot)
    answer = await bot.post(path_of(added, "test"))
    probe = done(answer, 202)
    position = int(answer.headers["Guildbook-Position"])
    assert probe == {"delivery": f"msg_{position}_{added['id']}", "position": position}
    assert said(shared_database_url, added) == ["callbacks.CallbackTested"]


async def test_a_callback_that_is_not_sent_to_is_not_tested(bot: Bot) -> None:
    added = await subscribe(bot)
    done(await bot.post(path_of(added, "pause")))
    told = (409, "The callback is not sent to at present: resume it first.")
    assert refused(await bot.post(path_of(added, "test"))) == told


async def test_writes_do_not_wait_for_the_query_tables_to_know_the_callback(curt: World, world: World) -> None:
    bot = (await world.bot()).at(curt.http)
    added = await subscribe(bot)
    assert done(await bot.post(path_of(added, "pause")))["status"] == "paused"
    assert done(await bot.patch(path_of(added), {"description": "new"}))["description"] == "new"
