"""A Kafka broker for tests: the one that is named, or Apache Kafka from Maven, or that of confluent-kafka's wheel."""

import fcntl
import gc
import os
import re
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
from abc import ABC, abstractmethod
from collections.abc import Generator, Iterator, Sequence
from contextlib import contextmanager
from functools import cache
from itertools import count
from pathlib import Path

import pytest

from tests import certificate
from tests.certificate import Certificate
from tests.servers import ROOT, free_port

POM = Path(__file__).parent / "kafka" / "pom.xml"
NODE = Path(__file__).parent / "kafka" / "server.properties"
VERSION = re.findall(r"<version>([\d.]+)</version>", POM.read_text())[1]
CACHE = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "guildbook"
JARS = CACHE / f"kafka-{VERSION}"
FETCH_SECONDS_MAX = 180
FETCH_AGAIN_SECONDS = 3600  # how long it is believed that Maven's artefacts cannot be had
START_SECONDS_MAX = 60.0
STOP_SECONDS_MAX = 20.0
POLL_SECONDS = 0.1
WHEEL_SPEAKS = "2.0"  # it cannot say so itself
USER, PASSWORD = "relay", "password of tests"
LOGIN = "org.apache.kafka.common.security.plain.PlainLoginModule"
FORMATTED = "version=1\ncluster.id=Z3VpbGRib29rLXRlc3Rz\nnode.id=1\n"  # what `kafka-storage format` would write
JAVA = ("java", "-Xmx256m", "-XX:+UseSerialGC", "-XX:TieredStopAtLevel=1", "-cp", f"{JARS}/*", "kafka.Kafka")

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
    def wait_until_ready(self) -> None:
        """Return when it answers."""

    @abstractmethod
    def end(self) -> None:
        """Leave nothing behind."""


class NamedBroker(Broker):
    """The broker that GUILDBOOK_TEST_KAFKA names."""

    def __init__(self, servers: str) -> None:
        self.name = f"the one at {servers}"
        self.servers = servers

    def wait_until_ready(self) -> None:
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

    def wait_until_ready(self) -> None:
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
        self._process = self._spawn()

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

    def _spawn(self) -> subprocess.Popen[bytes]:
        with (self._home / "output").open("ab") as output:
            command = [*JAVA, str(self._home / "server.properties")]
            process = subprocess.Popen(command, cwd=self._home, stdout=output, stderr=output)
        watch = [sys.executable, "-m", "tests.watchdog", str(process.pid), str(self._home)]
        self._watchdog = subprocess.Popen(watch, cwd=ROOT, stdin=subprocess.PIPE)
        return process

    def _send_watchdog_away(self) -> None:
        with self._watchdog:  # closes its standard input, too
            self._watchdog.kill()

    def wait_until_ready(self) -> None:
        """Return when it answers."""
        deadline = time.monotonic() + START_SECONDS_MAX
        while not _listens(self._port):
            assert self._process.poll() is None, (self._home / "output").read_text()[-2000:]
            assert time.monotonic() < deadline, f"{self.name} did not answer in {START_SECONDS_MAX} s"
            time.sleep(POLL_SECONDS)
        _wait_until_it_answers(self.servers)

    def start(self) -> None:
        """Start it again, with what it holds, and wait until it answers."""
        self._process = self._spawn()
        self.wait_until_ready()

    def stop(self) -> None:
        """End it as an operator would."""
        self._send_watchdog_away()
        self._process.terminate()
        self._process.wait(STOP_SECONDS_MAX)

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


def _wait_until_it_answers(servers: str) -> None:
    from kafka.admin import KafkaAdminClient  # noqa: PLC0415 - every test run loads this file

    KafkaAdminClient(bootstrap_servers=servers).close()


def describe() -> str:
    """Say which broker the tests of this run use, fetching the real one if nobody has yet."""
    named = os.environ.get("GUILDBOOK_TEST_KAFKA")
    if named:
        return f"the one at {named}"
    if have_apache_kafka():
        return f"Apache Kafka {VERSION}"
    return "the one in confluent-kafka's wheel, since Java or Maven's artefacts cannot be had"


@cache
def have_apache_kafka() -> bool:
    """Tell whether the real one can be run; the first asker lets Maven fetch it, the others wait."""
    if not shutil.which("java"):
        return False
    CACHE.mkdir(parents=True, exist_ok=True)
    with (CACHE / "kafka.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        return JARS.is_dir() or _fetch()


def _fetch() -> bool:
    refused = CACHE / f"kafka-{VERSION}.refused"
    if refused.exists() and time.time() - refused.stat().st_mtime < FETCH_AGAIN_SECONDS:
        return False
    if not _copied_by_maven():
        refused.touch()
        return False
    return True


def _copied_by_maven() -> bool:
    with tempfile.TemporaryDirectory(dir=CACHE) as folder:
        goal = ("dependency:copy-dependencies", f"-DoutputDirectory={folder}/jars", f"-Dmaven.repo.local={folder}/all")
        command = ["mvn", "--quiet", "--batch-mode", "--file", str(POM), *goal]
        try:
            subprocess.run(command, check=True, capture_output=True, timeout=FETCH_SECONDS_MAX)
        except (OSError, subprocess.SubprocessError):
            return False
        Path(folder, "jars").rename(JARS)
    return True


@contextmanager
def running() -> Generator[Broker]:
    """Run the best broker that can be had, for as long as the block lasts."""
    broker = _best()
    try:
        broker.wait_until_ready()
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
def kafka() -> Iterator[Broker]:
    """Run a broker; tests that use it say `xdist_group("kafka")`, so that there is one."""
    with running() as broker:
        yield broker


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
