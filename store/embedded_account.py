"""The unprivileged user whom the embedded PostgreSQL runs as when we are root, which PostgreSQL refuses to be."""

import logging
import os
import pwd
import shutil
import stat
import subprocess
from contextlib import suppress
from pathlib import Path
from typing import NamedTuple

NAMES = ("pgserver", "guildbook")  # the first is what the wheel's own scripts create
LAST_RESORT = "nobody"  # where no user can be added

_log = logging.getLogger(__name__)


class Account(NamedTuple):
    """Whom a program runs as."""

    uid: int
    gid: int


def account_for(cluster: Path) -> Account:
    """Keep the user whom the cluster belongs to, so that a visit by root changes nothing; else pick a system user."""
    with suppress(FileNotFoundError):
        owner = cluster.stat()
        if owner.st_uid != 0:
            return Account(owner.st_uid, owner.st_gid)
    account = _find(NAMES) or _add(NAMES[-1]) or _named(LAST_RESORT)
    _give_tree(cluster, account)
    return account


def let_pass(account: Account, target: Path) -> None:
    """Let the user through to `target`: never a right to list or read a folder."""
    for folder in (target, *target.parents):
        if not _may_pass(account, folder):
            folder.chmod(stat.S_IMODE(folder.stat().st_mode) | stat.S_IXOTH)
            _log.warning("added o+x to %s so that user %s, who runs PostgreSQL, can pass", folder, account.uid)


def let_read(account: Account, package: Path) -> None:
    """Let the user run what is in the wheel `package` and in the folder of libraries beside it."""
    let_pass(account, package)
    # An installer gives every file the same umask, so one of them tells for all.
    if (package / "__init__.py").stat().st_mode & stat.S_IROTH:
        return
    _log.warning("added o+rX to %s so that user %s can run PostgreSQL", package, account.uid)
    for root in (package, package.with_name(f"{package.name}.libs")):
        for path in (root, *root.rglob("*")):
            _publish(path)


def _find(names: tuple[str, ...]) -> Account | None:
    for name in names:
        with suppress(KeyError):
            return _named(name)
    return None


def _named(name: str) -> Account:
    user = pwd.getpwnam(name)
    return Account(user.pw_uid, user.pw_gid)


def _add(name: str) -> Account | None:
    useradd = shutil.which("useradd", path="/usr/sbin:/sbin:/usr/bin:/bin")
    if useradd:
        options = ("--system", "--no-create-home", "--home-dir", "/nonexistent", "--shell", "/usr/sbin/nologin")
        subprocess.run([useradd, *options, name], capture_output=True, check=False)  # noqa: S603
    return _find((name,))  # perhaps added by another process meanwhile


def _give_tree(root: Path, account: Account) -> None:
    for path in (root, *root.rglob("*")) if root.exists() else ():
        os.chown(path, account.uid, account.gid, follow_symlinks=False)


def _may_pass(account: Account, folder: Path) -> bool:
    found = folder.stat()
    if found.st_uid == account.uid:
        return bool(found.st_mode & stat.S_IXUSR)
    if found.st_gid == account.gid:
        return bool(found.st_mode & stat.S_IXGRP)
    return bool(found.st_mode & stat.S_IXOTH)


def _publish(path: Path) -> None:
    if path.is_symlink() or not path.exists():
        return
    mode = stat.S_IMODE(path.stat().st_mode)
    path.chmod(mode | stat.S_IROTH | (stat.S_IXOTH if mode & stat.S_IXUSR else 0))
