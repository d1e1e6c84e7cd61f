"""`guildbook` runs the relay where there is a Kafka."""

import asyncio
import time
from pathlib import Path

import psutil
import pytest

from tests import servers
from tests.cli.commands import done, refused
from tests.kafka_broker import Broker
from tests.servers import MASTER_KEY, free_port
from tests.workers.kafka import listening
from tests.workers.kafka.relaying import relayed

pytestmark = pytest.mark.xdist_group("kafka")

STOP_SECONDS_MAX = 10.0


async def test_everything_on_one_machine_has_a_relay_in_a_process_of_its_own(
    database_url: str, kafka: Broker, kafka_prefix: str, tmp_path: Path
) -> None:
    settings = {"GUILDBOOK_DATABASE_URL": database_url, "GUILDBOOK_MASTER_KEY": MASTER_KEY}
    arguments = ("--data", str(tmp_path), "--port", str(free_port()))
    up = servers.spawn("up", *arguments, url=database_url, settings=kafka.settings(kafka_prefix))
    try:
        await asyncio.to_thread(done, "apps", "create", "bot", "--all", settings=settings)
        head = await relayed(database_url)
        commands = [child.cmdline() for child in psutil.Process(up.pid).children()]
        assert sum(command[-1] == "relay" for command in commands) == 1
    finally:
        began = time.monotonic()
        await asyncio.to_thread(servers.stop, up)
    assert time.monotonic() - began < STOP_SECONDS_MAX
    records = await asyncio.to_thread(listening.events, kafka, kafka_prefix)
    assert len(records) >= head  # stock templates may have come later
    listening.assert_every_position_once_and_streams_in_order(records, len(records))


def test_a_relay_without_a_kafka_is_refused(database_url: str) -> None:
    settings = {"GUILDBOOK_DATABASE_URL": database_url, "GUILDBOOK_MASTER_KEY": MASTER_KEY}
    assert "GUILDBOOK_KAFKA" in refused("work", "relay", settings=settings)
