"""The jars of Apache Kafka: Maven copies them into a cache that all workers share, if it can."""

import fcntl
import os
import re
import shutil
import subprocess
import tempfile
import time
from functools import cache
from pathlib import Path

POM = Path(__file__).parent / "kafka" / "pom.xml"
VERSION = re.findall(r"<version>([\d.]+)</version>", POM.read_text())[1]
CACHE = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "guildbook"
JARS = CACHE / f"kafka-{VERSION}"
FETCH_SECONDS_MAX = 180
FETCH_AGAIN_SECONDS = 3600  # how long it is believed that Maven's artefacts cannot be had


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
