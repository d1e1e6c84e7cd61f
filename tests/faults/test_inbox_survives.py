"""Inboxes are killed with -9 under load, and the API is away for a while: each command is done once, and told once."""

import asyncio
import subprocess
from collections.abc import Mapping
from random import Random

import pytest

from tests import servers
from tests.books import ask, until
from tests.kafka_broker import ApacheKafka
from tests.workers.kafka.commanding import Commander, commander
from tests.workers.kafka.test_inbox import STATS_OF
from tests.world import open_world

pytestmark = [pytest.mark.faults, pytest.mark.xdist_group("kafka")]

KILLS = 4
COMMANDS_A_KILL = 60
PARTITIONS = 3


class Town:
    """A projector, an API and two inboxes, as processes."""

    def __init__(self, url: str, settings: Mapping[str, str]) -> None:
        self.port = servers.free_port()
        self.base_url = f"http://127.0.0.1:{self.port}"
        self._url = url
        self._settings = {**settings, "GUILDBOOK_INBOX_API_URL": self.base_url}
        self._others = [servers.spawn("work", "projector", url=url)]
        self.api = self.serve()
        self.inboxes = [self._inbox() for _ in range(2)]

    def serve(self) -> subprocess.Popen[bytes]:
        """Start an API, and return when it answers."""
        process = servers.spawn("serve", "--port", str(self.port), url=self._url)
        servers.wait_until_ready(self.base_url)
        return process

    def _inbox(self) -> subprocess.Popen[bytes]:
        return servers.spawn("work", "inbox", url=self._url, settings=self._settings)

    def kill(self, number: int) -> None:
        """Kill an inbox, as nobody expects, and start another in its place."""
        assert self.inboxes[number].poll() is None, "it died by itself"
        self.inboxes[number].kill()
        self.inboxes[number].wait()
        self.inboxes[number] = self._inbox()

    def end(self) -> None:
        """Leave nobody behind."""
        servers.stop(self.api)
        for process in (*self.inboxes, *self._others):
            process.kill()
            process.wait()


async def command_and_kill(commanding: Commander, town: Town, token: str) -> None:
    """Send commands, kill inboxes meanwhile, and the API too, once."""
    random = Random(7)
    for kill in range(KILLS):
        for number in range(kill * COMMANDS_A_KILL, (kill + 1) * COMMANDS_A_KILL):
            commanding.report(f"k-{number}", number, token, number % PARTITIONS)
        commanding.flush()
        await asyncio.sleep(random.uniform(0, 1))
        await asyncio.to_thread(town.kill, kill % 2)
        if kill == 1:
            await asyncio.to_thread(servers.stop, town.api)
            await asyncio.sleep(1)
            town.api = await asyncio.to_thread(town.serve)


async def test_each_command_is_done_once_and_told_once(
    database_url: str, apache_kafka: ApacheKafka, kafka_prefix: str
) -> None:
    town = await asyncio.to_thread(Town, database_url, apache_kafka.settings(kafka_prefix))
    count = KILLS * COMMANDS_A_KILL
    try:
        async with open_world(town.base_url, database_url) as world:
            bot = await world.bot()
        with commander(apache_kafka, kafka_prefix, town.base_url) as commanding:
            await command_and_kill(commanding, town, bot.token)

            async def are_told() -> bool:
                return len(await asyncio.to_thread(commanding.done)) >= count

            await until(are_told, 60)
            told = sorted(it["key"] for it in commanding.done())
            assert commanding.dead() == []
    finally:
        await asyncio.to_thread(town.end)
    reports = ask(database_url, STATS_OF, str(bot.id))
    assert sorted(str(key) for key, _ in reports) == told == sorted(f"k-{number}" for number in range(count))
    for partition in range(PARTITIONS):
        figures = [int(str(figure)) for _, figure in reports if int(str(figure)) % PARTITIONS == partition]
        assert figures == sorted(figures)
