"""What is composed works together: what is written at one server is read at the other, told and published."""

import asyncio
import json
import os
import re
import subprocess
from collections.abc import Generator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import httpx
import psycopg
import pytest
from kafka import KafkaConsumer, KafkaProducer
from psycopg import sql

from tests.cli.commands import credentials, done
from tests.compose import composed
from tests.composed import Composed, running
from tests.kafka_broker import Broker
from tests.kafka_jars import JARS, have_apache_kafka
from tests.workers.callbacks.receivers import open_receiver

pytestmark = pytest.mark.xdist_group("kafka")

RECORD_SECONDS_MAX = 30
INES = {"id": 204255221017214977, "name": "Ines", "discriminator": "0412"}


async def test_a_write_is_read_at_the_other_server_told_and_published_and_all_stop_in_time(
    server_url: str, kafka: Broker, kafka_prefix: str, tmp_path: Path
) -> None:
    operators = {**kafka.settings(kafka_prefix), "GUILDBOOK_CALLBACKS_ALLOW_PRIVATE": "1"}
    async with open_receiver() as receiver:
        with empty_database(server_url) as url, running(url, kafka, operators, tmp_path) as everything:
            position = await written(everything, receiver.url)
            [told] = await receiver.came(1)
            assert json.loads(told.body)["account"]["name"] == "Ines"
            record = await asyncio.to_thread(first_record, kafka, f"{kafka_prefix}.accounts")
            assert (record["id"], record["type"]) == (str(position), "accounts.AccountCreated")
            await asyncio.to_thread(command, kafka, f"{kafka_prefix}.commands", everything.settings("api-2"))
            answer = await asyncio.to_thread(first_record, kafka, f"{kafka_prefix}.commands.done")
            assert answer["status"] == 200
            assert answer["position"] > position
            codes = await asyncio.to_thread(everything.stop)
    assert codes == dict.fromkeys(codes, 0)
    assert not list(everything.home.iterdir())  # their root is read-only


@contextmanager
def empty_database(server_url: str) -> Generator[str]:
    """Make a database that nobody has migrated, for as long as the block lasts."""
    name = f"guildbook_composed_{os.getpid()}"
    with psycopg.connect(server_url, autocommit=True) as connection:
        connection.execute(sql.SQL("CREATE DATABASE {} TEMPLATE template0").format(sql.Identifier(name)))
        try:
            yield urlsplit(server_url)._replace(path=f"/{name}").geturl()
        finally:
            connection.execute(sql.SQL("DROP DATABASE {} WITH (FORCE)").format(sql.Identifier(name)))


async def written(everything: Composed, receiver_url: str) -> int:
    """Subscribe and write at one server, read at the other, and return where the write is."""
    said = await asyncio.to_thread(done, "apps", "create", "bot", "--all", settings=everything.settings("api-1"))
    username, _, password = credentials(said).partition(":")
    async with httpx.AsyncClient(auth=(username, password), timeout=30) as http:
        hook = {"url": receiver_url, "secret": "sample-only"}
        subscribed = await http.put(f"{everything.url('api-1')}/callback/account_created", json=hook)
        assert subscribed.status_code == 200, subscribed.text
        made = await http.post(f"{everything.url('api-1')}/accounts/new", json=INES)
        assert made.status_code == 201, made.text
        after = {"Guildbook-After": made.headers["Guildbook-Position"]}
        shown = await http.get(f"{everything.url('api-2')}/account/{INES['id']}", headers=after)
        assert (shown.status_code, shown.json()["name"]) == (200, "Ines")
        assert "Guildbook-Stale" not in shown.headers
    return int(made.headers["Guildbook-Position"])


def command(broker: Broker, topic: str, settings: Mapping[str, str]) -> None:
    """Have a bot publish its commands, through Kafka."""
    said = done("bots", "create", "bot", "--id", "30", settings=settings)
    [token] = re.findall(r"^Token: (\S+)$", said, re.MULTILINE)
    producer = KafkaProducer(bootstrap_servers=broker.servers, api_version=broker.version())
    asked = {"method": "PUT", "path": "/book/bots/@me/commands", "body": {"commands": [{"name": "ban"}]}}
    headers = [("authorization", f"Bot {token}".encode())]
    producer.send(topic, key=b"once", value=json.dumps(asked).encode(), headers=headers)
    producer.close()


def first_record(broker: Broker, topic: str) -> dict[str, Any]:
    """Return the first record of a topic."""
    consumer = KafkaConsumer(
        topic,
        bootstrap_servers=broker.servers,
        api_version=broker.version(),
        isolation_level="read_committed",
        auto_offset_reset="earliest",
        consumer_timeout_ms=RECORD_SECONDS_MAX * 1000,
    )
    try:
        return json.loads(next(iter(consumer)).value)
    finally:
        consumer.close()


def test_the_image_of_kafka_takes_its_settings(tmp_path: Path) -> None:
    if not have_apache_kafka():
        pytest.skip("needs the jars of Apache Kafka")
    settings = composed()["services"]["kafka"]["environment"]
    data = tmp_path / "data"
    java = ["java", *settings["KAFKA_HEAP_OPTS"].split(), "-XX:TieredStopAtLevel=1", "-cp", f"{JARS}/*"]
    for folder in ("default", "mounted", "final"):
        (tmp_path / folder).mkdir()
    # What the image does at every start: write the settings down, and make its folder when there is none.
    places = [f"--{folder}-configs-dir={tmp_path / folder}" for folder in ("default", "mounted", "final")]
    environment = {"PATH": os.environ["PATH"], **settings, "KAFKA_LOG_DIRS": str(data)}
    subprocess.run([*java, "kafka.docker.KafkaDockerWrapper", "setup", *places], env=environment, check=True)
    assert settings["CLUSTER_ID"] in (data / "meta.properties").read_text()
    written_down = (tmp_path / "final" / "server.properties").read_text().splitlines()
    assert "advertised.listeners=PLAINTEXT://kafka:9092" in written_down
