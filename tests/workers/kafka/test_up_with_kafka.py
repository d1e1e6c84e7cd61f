"""`guildbook up` beside a Kafka: the log goes out, readers are fed by it, and commands come in."""

import asyncio
from pathlib import Path

import pytest

from tests import servers
from tests.books import until
from tests.kafka_broker import Broker
from tests.workers.kafka import listening
from tests.workers.kafka.commanding import commander
from tests.world import open_world

pytestmark = pytest.mark.xdist_group("kafka")


async def test_commands_come_in_and_events_go_out(
    kafka: Broker, kafka_prefix: str, database_url: str, tmp_path: Path
) -> None:
    port = str(servers.free_port())
    base_url = f"http://127.0.0.1:{port}"
    settings = {**kafka.settings(kafka_prefix), "GUILDBOOK_FEED": "kafka"}
    up = servers.spawn("up", "--port", port, "--data", str(tmp_path), url=database_url, settings=settings)
    try:
        await asyncio.to_thread(servers.wait_until_ready, base_url)
        async with open_world(base_url, database_url) as world:
            bot = await world.bot()
        with commander(kafka, kafka_prefix, base_url) as commanding:
            commanding.report("first", 7, bot.token)
            commanding.flush()
            await until(lambda: asyncio.to_thread(commanding.done), 40)
            [done] = commanding.done()
        published = await asyncio.to_thread(listening.events, kafka, kafka_prefix)
        assert done["position"] in {listening.position_of(record) for record in published}
    finally:
        await asyncio.to_thread(servers.stop, up)
    assert up.returncode == 0
