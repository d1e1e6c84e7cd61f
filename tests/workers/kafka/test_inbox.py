"""Commands that come by Kafka: done once, in order, with the caller's own rights; and what cannot be done is told."""

import asyncio
import secrets
from collections.abc import AsyncIterator, Iterator
from contextlib import ExitStack, asynccontextmanager, suppress
from typing import Any

import aiohttp
import pytest
from aiohttp import web
from kafka.errors import KafkaError
from structlog.testing import capture_logs

from schemas.settings import Settings
from tests.books import ask, until
from tests.kafka_broker import ApacheKafka, Broker
from tests.workers.kafka.commanding import STATS, Commander, command, commander
from tests.workers.kafka.test_asking import record, saying, served
from tests.world import Bot, World
from workers.kafka import inbox
from workers.kafka.asking import Asker
from workers.kafka.inbox import Inbox, Line

pytestmark = pytest.mark.xdist_group("kafka")

STATS_OF = """
    SELECT convert_from(meta, 'UTF8')::json ->> 'key', (convert_from(data, 'UTF8')::json ->> 'total_guilds')::bigint
    FROM book.log
    WHERE stream LIKE 'fleet-%%' || %s AND type = 'fleet.StatsReported'
    ORDER BY position
"""


@pytest.fixture
def commanding(kafka: Broker, kafka_prefix: str, base_url: str) -> Iterator[Commander]:
    with commander(kafka, kafka_prefix, base_url) as reached:
        yield reached


@pytest.fixture
async def bot(world: World) -> Bot:
    return await world.bot()


@asynccontextmanager
async def doing(settings: Settings) -> AsyncIterator[None]:
    """Run an inbox until the block ends."""
    task = asyncio.create_task(Inbox(settings).run())
    try:
        yield
    finally:
        assert not task.done()
        task.cancel()
        with suppress(asyncio.CancelledError):
            await task


async def told(commanding: Commander, count: int) -> tuple[list[dict[str, Any]], list[dict[str, Any]]]:
    """Return what is done and what is dead, as soon as it is so much together."""
    commanding.flush()
    found: tuple[list[dict[str, Any]], list[dict[str, Any]]] = [], []

    async def is_there() -> bool:
        found[0][:], found[1][:] = await asyncio.to_thread(lambda: (commanding.done(), commanding.dead()))
        return len(found[0]) + len(found[1]) >= count

    await until(is_there, 40)
    return found


def reported(url: str, bot: Bot) -> list[Any]:
    """Return the keys and the figures of all reports of a bot, in order."""
    return ask(url, STATS_OF, str(bot.id))


async def test_commands_are_done_in_the_order_of_their_partition(
    commanding: Commander, bot: Bot, world: World, shared_database_url: str
) -> None:
    other = await world.bot()
    for number in range(30):
        commanding.report(f"a-{number}", number, bot.token, 0)
        commanding.report(f"b-{number}", number, other.token, 1)
    async with doing(commanding.settings):
        done, dead = await told(commanding, 60)
    assert dead == []
    assert reported(shared_database_url, bot) == [(f"a-{number}", number) for number in range(30)]
    assert reported(shared_database_url, other) == [(f"b-{number}", number) for number in range(30)]
    assert {it["key"] for it in done} == {f"{name}-{number}" for name in "ab" for number in range(30)}
    assert all(it["status"] == 200 and it["position"] > 0 for it in done)


async def test_a_key_is_done_once_however_often_it_comes(
    commanding: Commander, bot: Bot, shared_database_url: str
) -> None:
    for _ in range(3):
        commanding.report("once", 7, bot.token)
    commanding.report("twice", 8, bot.token)
    async with doing(commanding.settings):
        done, _ = await told(commanding, 4)
    assert reported(shared_database_url, bot) == [("once", 7), ("twice", 8)]
    assert sorted(it["key"] for it in done) == ["once", "once", "once", "twice"]
    assert len({it["position"] for it in done}) == 2


async def test_what_was_answered_and_not_committed_is_done_once_and_told_once(
    commanding: Commander, bot: Bot, shared_database_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    commit, failures = Inbox._commit, iter(range(2))  # noqa: SLF001

    def fail_at_first(*arguments: Any) -> None:  # noqa: ANN401
        if next(failures, None) is not None:
            raise KafkaError
        commit(*arguments)

    monkeypatch.setattr(Inbox, "_commit", fail_at_first)
    for number in range(5):
        commanding.report(f"k-{number}", number, bot.token)
    async with doing(commanding.settings):
        done, _ = await told(commanding, 5)
    assert sorted(it["key"] for it in done) == [f"k-{number}" for number in range(5)]
    assert reported(shared_database_url, bot) == [(f"k-{number}", number) for number in range(5)]


async def test_an_inbox_that_kafka_keeps_waiting_begins_again(
    apache_kafka: ApacheKafka, kafka_prefix: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    freezing = ExitStack()

    def freeze_kafka_at_the_second(_request: web.Request, count: int) -> web.Response:
        if count == 2:
            monkeypatch.setattr(inbox, "ANSWER_SECONDS_MAX", 1)
            freezing.enter_context(apache_kafka.frozen())
        return saying(200)

    async with served(freeze_kafka_at_the_second) as api:
        with commander(apache_kafka, kafka_prefix, api.url) as commanding, capture_logs() as logs:
            async with doing(commanding.settings):
                with freezing:
                    commanding.report("first", 1, "920.token")
                    await told(commanding, 1)
                    logs.clear()
                    commanding.report("second", 2, "920.token")
                    await until(lambda: "inbox restarts" in [log["event"] for log in logs], 15)
                done, dead = await told(commanding, 2)
    assert (sorted(it["key"] for it in done), dead) == (["first", "second"], [])


async def test_what_cannot_be_done_is_told_and_keeps_nobody_waiting(
    commanding: Commander, bot: Bot, world: World, shared_database_url: str
) -> None:
    narrow, stats = await world.bot("events:read"), "/book/bots/@me/stats"
    wrong = secrets.token_hex()
    commanding.send("not-json", b"\xff", bot.token)
    commanding.send(None, command("PUT", stats, {}), bot.token)
    commanding.send("elsewhere", command("POST", "/accounts/new", {}), bot.token)
    commanding.send("nobody", command("PUT", stats, {}))
    commanding.send("stranger", command("PUT", stats, {}), wrong)
    commanding.send("no-right", command("PUT", stats, {**STATS, "total_guilds": 1}), narrow.token)
    commanding.send("faulty", command("PUT", stats, {"total_guilds": "x"}), bot.token)
    commanding.send("no-route", command("PUT", "/book/nothing", {}), bot.token)
    commanding.report("good", 5, bot.token)
    with capture_logs() as logs:
        async with doing(commanding.settings):
            done, dead = await told(commanding, 9)
    assert [it["key"] for it in done] == ["good"]
    assert {it["key"]: it.get("status") for it in dead} == {
        "not-json": None,
        None: None,
        "elsewhere": None,
        "nobody": 401,
        "stranger": 401,
        "no-right": 403,
        "faulty": 422,
        "no-route": 404,
    }
    by_key = {it["key"]: it for it in dead}
    assert by_key["faulty"]["value"] == {"method": "PUT", "path": stats, "body": {"total_guilds": "x"}}
    assert by_key["faulty"]["problem"]["errors"]
    assert by_key["not-json"]["value"] == "\ufffd"
    told_of = repr([(it.key, it.value, it.headers) for it in commanding.told("dead")]) + repr(logs)
    assert not any(token in told_of for token in (bot.token, narrow.token, wrong))
    assert reported(shared_database_url, bot) == [("good", 5)]


async def test_a_few_large_commands_fill_a_partition_as_many_small_ones_do() -> None:
    async with aiohttp.ClientSession() as session:
        for small, large in ((200, 0), (0, 8)):
            line = Line(Asker(session, "http://127.0.0.1:9", 1), [])
            line.add([record(b"x")] * small + [record(b"x" * 1_048_576)] * large)
            assert not line.is_full()
            line.add([record(b"x")])
            assert line.is_full()
            line.leave()


async def test_commands_of_several_inboxes_are_each_done_once(
    commanding: Commander, bot: Bot, shared_database_url: str
) -> None:
    async with doing(commanding.settings):
        for number in range(20):
            commanding.report(f"first-{number}", number, bot.token, number % 3)
        await told(commanding, 20)
        async with doing(commanding.settings), doing(commanding.settings):
            for number in range(60):
                commanding.report(f"more-{number}", number, bot.token, number % 3)
            await told(commanding, 80)
        for number in range(20):
            commanding.report(f"last-{number}", number, bot.token, number % 3)
        done, dead = await told(commanding, 100)
    assert dead == []
    assert sorted(it["key"] for it in done) == sorted(key for key, _ in reported(shared_database_url, bot))
    assert len(done) == 100
