"""The code in the guide to Kafka works as it stands there: a command is sent, done, and read as an event."""

import asyncio
import json
import re
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from tests.api.book.loading import done
from tests.books import until
from tests.guild_samples import snapshot
from tests.kafka_broker import Broker
from tests.servers import served, spawn, stop
from tests.workers.kafka.listening import committed
from tests.world import Bot, World, open_world

pytestmark = [pytest.mark.judge, pytest.mark.xdist_group("kafka")]

GUIDE = (Path(__file__).parents[2] / "docs" / "kafka.md").read_text()
CONSUMER, PRODUCER = re.findall(r"```python\n(.*?)```", GUIDE, re.DOTALL)
SECONDS_MAX = 60
GUILD, USER = 920, 4


class HeardError(Exception):
    """Ends an example that would go on for ever."""


@pytest.fixture
async def town(database_url: str, kafka: Broker, kafka_prefix: str) -> AsyncIterator[World]:
    """Meet a server with a relay and an inbox."""
    if not kafka.is_real:
        pytest.skip(f"{kafka.name} hands records over that fail their own checksum")
    settings = kafka.settings(kafka_prefix)
    with served(database_url, settings) as base_url:
        more = {**settings, "GUILDBOOK_INBOX_API_URL": base_url}
        workers = spawn("work", "relay", "inbox", url=database_url, settings=more)
        async with open_world(base_url, database_url) as world:
            yield world
        stop(workers)


def run(example: str, kafka: Broker, prefix: str, **scope: Any) -> dict[str, Any]:  # noqa: ANN401 - what the example names
    """Run an example, with our broker and our topics in place of those that it names."""
    version = f", api_version={kafka.version()}" if kafka.version() else ""
    code = example.replace('"127.0.0.1:9092"', f'"{kafka.servers}"{version}').replace('"guildbook.', f'"{prefix}.')
    try:
        exec(code, scope)  # noqa: S102 - it is our own guide
    except HeardError:
        scope["consumer"].close()
    return scope


async def reported(bot: Bot) -> None:
    """Report the guild of which the guide speaks."""
    done(await bot.put(f"/book/guilds/{GUILD}", snapshot(GUILD, USER)))


async def test_a_command_is_sent_and_done_and_events_are_read_as_the_guide_has_it(
    town: World, kafka: Broker, kafka_prefix: str
) -> None:
    bot = await town.bot()
    await reported(bot)
    heard: list[Any] = []

    def hear(position: str, stored_type: str, data: dict[str, Any]) -> None:
        heard.append((stored_type, data.get("guild"), int(position) > 0))
        if stored_type == "guilds.GuildCreated":
            raise HeardError

    await asyncio.to_thread(run, CONSUMER, kafka, kafka_prefix, print=hear)
    assert heard[-1] == ("guilds.GuildCreated", GUILD, True)

    topics = [f"{kafka_prefix}.commands.{end}" for end in ("done", "dead")]
    producer = (await asyncio.to_thread(run, PRODUCER, kafka, kafka_prefix, token=bot.token))["producer"]
    await asyncio.to_thread(producer.close)

    async def is_answered() -> bool:
        return bool(await asyncio.to_thread(committed, kafka, topics))

    await until(is_answered, SECONDS_MAX)
    [record] = await asyncio.to_thread(committed, kafka, topics)
    told = json.loads(record.value)
    assert (record.topic, record.key) == (topics[0], b"backup-of-920-on-monday")
    assert (told["key"], told["status"]) == ("backup-of-920-on-monday", 201)
    listed = await bot.get("/book/backups", headers={"Guildbook-After": str(told["position"])})
    assert [it["guild_id"] for it in done(listed)["items"]] == [str(GUILD)]
