"""A Kafka broker for tests: the one that is named, or Apache Kafka from Maven, or that of confluent-kafka's wheel."""

import gc
import os
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
from abc import ABC, abstractmethod
from collections.abc import Generator, Iterator, Sequence
from contextlib import contextmanager, suppress
from itertools import count
from pathlib import Path
from typing import Any

import pytest

from tests import certificate
from tests.certificate import Certificate
from tests.kafka_jars import JARS, VERSION, have_apache_kafka
from tests.servers import ROOT, free_port

NODE = Path(__file__).parent / "kafka" / "server.properties"
START_SECONDS_MAX = 60.0
STARTS_MAX = 3
ANSWER_SECONDS_MAX = 5.0
STOP_SECONDS_MAX = 20.0
POLL_SECONDS = 0.1
WHEEL_SPEAKS = "2.0"  # it cannot say so itself
USER, PASSWORD = "relay", "password of tests"
LOGIN = "org.apache.kafka.common.security.plain.PlainLoginModule"
FORMATTED = "version=1\ncluster.id=Z3VpbGRib29rLXRlc3Rz\nnode.id=1\n"  # what `kafka-storage format` would write
JVM = ("-Xmx512m", "-XX:+ExitOnOutOfMemoryError", "-XX:+UseSerialGC", "-XX:TieredStopAtLevel=1")
JAVA = ("java", *JVM, "-cp", f"{JARS}/*", "kafka.Kafka")

_numbers = count(1)


class Broker(ABC):
    """What the tests know of a broker. Who wants to stop it asks for the fixture `apache_kafka`."""

    name: str
    servers: str
    api_version: str = ""
    is_real = True

    def settings(self, prefix: str) -> dict[str, str]:
        """Return the settings of a Guildbook that uses this broker, in a few small topics of its own."""
        return {
            "GUILDBOOK_KAFKA": self.servers,
            "GUILDBOOK_KAFKA_API_VERSION": self.api_version,
            "GUILDBOOK_KAFKA_PREFIX": prefix,
            "GUILDBOOK_KAFKA_PARTITIONS": "3",
        }

    def version(self) -> tuple[int, ...] | None:
        """Return what kafka-python must be told, as its `api_version`."""
        return tuple(map(int, self.api_version.split("."))) if self.api_version else None

    @abstractmethod
    def start(self) -> None:
        """Return when it answers."""

    @abstractmethod
    def end(self) -> None:
        """Leave nothing behind."""


class NamedBroker(Broker):
    """The broker that GUILDBOOK_TEST_KAFKA names."""

    def __init__(self, servers: str) -> None:
        self.name = f"the one at {servers}"
        self.servers = servers

    def start(self) -> None:
        """Take it that it answers."""

    def end(self) -> None:
        """Leave it alone."""


class WheelBroker(Broker):
    """The broker inside confluent-kafka's wheel: it lives in this process, and knows no aborted transactions."""

    api_version = WHEEL_SPEAKS
    is_real = False

    def __init__(self) -> None:
        from confluent_kafka import Producer  # noqa: PLC0415 - its library is not wanted where there is a real one

        self._keeper = Producer({"bootstrap.servers": "", "test.mock.num.brokers": "1", "log_level": 0})
        node = next(iter(self._keeper.list_topics(timeout=START_SECONDS_MAX).brokers.values()))
        self.name = "the one in confluent-kafka's wheel"
        self.servers = f"{node.host}:{node.port}"

    def start(self) -> None:
        """It has told its address, so it answers."""

    def end(self) -> None:
        """Let it go with its only user."""
        del self._keeper


class ApacheKafka(Broker):
    """One node of the real thing, in a folder of its own."""

    def __init__(self, home: Path) -> None:
        self._port = free_port()
        self.name = f"Apache Kafka {VERSION}"
        self.servers = f"127.0.0.1:{self._port}"
        self._home = home
        (home / "data").mkdir(parents=True)
        (home / "data" / "meta.properties").write_text(FORMATTED)
        (home / "server.properties").write_text(self._node(certificate.for_this_machine()))
        self._spawn()

    def _node(self, ours: Certificate) -> str:
        self.safe_servers = f"127.0.0.1:{free_port()}"
        self.ca_file = self._home / "ca.pem"
        self.ca_file.write_text(ours.chain)
        return NODE.read_text().format(
            port=self._port,
            safe_port=self.safe_servers.partition(":")[2],
            controller=free_port(),
            data=self._home / "data",
            chain=ours.chain.replace("\n", "\\n"),
            key=ours.key.replace("\n", "\\n"),
            login=LOGIN,
            user=USER,
            password=PASSWORD,
        )

    def _spawn(self) -> None:
        with (self._home / "output").open("ab") as output:
            command = [*JAVA, str(self._home / "server.properties")]
            self._process = subprocess.Popen(command, cwd=self._home, stdout=output, stderr=output)
        watch = [sys.executable, "-m", "tests.watchdog", str(self._process.pid), str(self._home)]
        self._watchdog = subprocess.Popen(watch, cwd=ROOT, stdin=subprocess.PIPE)

    def _send_watchdog_away(self) -> None:
        with self._watchdog:  # closes its standard input, too
            self._watchdog.kill()

    def start(self) -> None:
        """Return when it answers; if it does not, it is started again, with what it holds."""
        for _ in range(STARTS_MAX):
            if self._has_ended():
                self.kill()
                self._spawn()
            if self._comes_to_answer():
                return
            self.kill()
        said = (self._home / "output").read_text()[-2000:]
        raise AssertionError(f"{self.name} at {self.servers} did not start:\n{said}")

    def _has_ended(self) -> bool:
        return self._process.poll() is not None

    def _comes_to_answer(self) -> bool:
        deadline = time.monotonic() + START_SECONDS_MAX
        while not (_listens(self._port) and _answers(self.servers)):
            if self._has_ended() or time.monotonic() > deadline:
                return False
            time.sleep(POLL_SECONDS)
        return True

    def stop(self) -> None:
        """End it as an operator would."""
        self._send_watchdog_away()
        self._process.terminate()
        with suppress(subprocess.TimeoutExpired):
            self._process.wait(STOP_SECONDS_MAX)
        self.kill()

    def kill(self) -> None:
        """End it as nobody expects."""
        self._send_watchdog_away()
        self._process.kill()
        self._process.wait()

    @contextmanager
    def frozen(self) -> Generator[None]:
        """Let it answer nobody, and hang up on nobody, for as long as the block lasts."""
        self._process.send_signal(signal.SIGSTOP)
        try:
            yield
        finally:
            self._process.send_signal(signal.SIGCONT)

    def end(self) -> None:
        """Leave nothing behind."""
        self.kill()
        shutil.rmtree(self._home, ignore_errors=True)


def _listens(port: int) -> bool:
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0


def _answers(servers: str) -> bool:
    from kafka.admin import KafkaAdminClient  # noqa: PLC0415 - every test run loads this file
    from kafka.errors import KafkaError  # noqa: PLC0415

    patience: dict[str, Any] = {"bootstrap_timeout_ms": int(ANSWER_SECONDS_MAX * 1000)}  # what is known of it is old
    with suppress(KafkaError):
        KafkaAdminClient(bootstrap_servers=servers, **patience).close()
        return True
    gc.collect()  # what it left unclosed is found while it is forgiven
    return False


def describe() -> str:
    """Say which broker the tests of this run use, fetching the real one if nobody has yet."""
    named = os.environ.get("GUILDBOOK_TEST_KAFKA")
    if named:
        return f"the one at {named}"
    if have_apache_kafka():
        return f"Apache Kafka {VERSION}"
    return "the one in confluent-kafka's wheel, since Java or Maven's artefacts cannot be had"


@contextmanager
def running() -> Generator[Broker]:
    """Run the best broker that can be had, for as long as the block lasts."""
    broker = _best()
    try:
        broker.start()
        yield broker
    finally:
        broker.end()


def _best() -> Broker:
    named = os.environ.get("GUILDBOOK_TEST_KAFKA")
    if named:
        return NamedBroker(named)
    if have_apache_kafka():
        return ApacheKafka(Path(tempfile.mkdtemp(prefix="guildbook-kafka-")))
    return WheelBroker()


@pytest.fixture(scope="session")
def only_broker() -> Iterator[Broker]:
    """Run a broker; tests that use it say `xdist_group("kafka")`, so that there is one."""
    with running() as broker:
        yield broker


@pytest.fixture
def kafka(only_broker: Broker) -> Broker:
    """Return a broker that answers, whatever an earlier test did to it."""
    only_broker.start()
    return only_broker


@pytest.fixture
def apache_kafka(kafka: Broker) -> ApacheKafka:
    """Return a broker that this test may stop and start."""
    if not isinstance(kafka, ApacheKafka):
        pytest.skip(f"needs an Apache Kafka of our own; there is {kafka.name}")
    return kafka


@pytest.fixture
def kafka_prefix() -> Iterator[str]:
    """Return how the names of this test's topics begin."""
    yield f"t{os.getpid()}-{next(_numbers)}"
    gc.collect()  # what was left unclosed is found while it is forgiven


def forgive(items: Sequence[pytest.Item]) -> None:
    """Let kafka-python leave sockets to the garbage: those that were refused or cut, and some that it had closed."""
    for item in items:
        if "kafka" in getattr(item, "fixturenames", ()):
            item.add_marker(pytest.mark.filterwarnings("ignore:unclosed:ResourceWarning"))
