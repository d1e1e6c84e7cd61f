"""Has the kernel notice clients that have vanished without a word: nobody else can, while there is nothing to send."""

import asyncio
import os
import socket
import stat
from contextlib import suppress
from pathlib import Path

OPEN_FILES = Path("/dev/fd")
LOOK_SECONDS = 0.05
LOOKS_MAX = 1200
IDLE_SECONDS, INTERVAL_SECONDS, PROBES = 20, 10, 2  # asked after 20 seconds, gone after 20 more without an answer
UNTAKEN_MILLISECONDS_MAX = 60_000
OPTIONS = {
    "TCP_KEEPIDLE": IDLE_SECONDS,
    "TCP_KEEPALIVE": IDLE_SECONDS,  # what macOS calls it
    "TCP_KEEPINTVL": INTERVAL_SECONDS,
    "TCP_KEEPCNT": PROBES,
    "TCP_USER_TIMEOUT": UNTAKEN_MILLISECONDS_MAX,
}


def notice_the_vanished(loop: asyncio.AbstractEventLoop, looks: int = LOOKS_MAX) -> None:
    """Ask it of this process's listening sockets, as soon as there are any: connections inherit it.

    Granian opens them itself, in Rust, and has no setting for it.
    """
    found = sum(_ask_of(int(file.name)) for file in _open_files())
    if not found and looks:
        loop.call_later(LOOK_SECONDS, notice_the_vanished, loop, looks - 1)


def _open_files() -> list[Path]:
    return [file for file in OPEN_FILES.iterdir() if file.name.isdigit()] if OPEN_FILES.is_dir() else []


def _ask_of(file: int) -> bool:
    """Set the options if this is a socket that listens for TCP, and tell whether it is."""
    with suppress(OSError):  # it was closed meanwhile
        return stat.S_ISSOCK(os.fstat(file).st_mode) and _ask_socket(os.dup(file))
    return False


def _ask_socket(file: int) -> bool:
    with socket.socket(fileno=file) as opened:
        if opened.family in {socket.AF_INET, socket.AF_INET6} and _listens(opened):
            opened.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
            for name, value in OPTIONS.items():
                if hasattr(socket, name):
                    opened.setsockopt(socket.IPPROTO_TCP, getattr(socket, name), value)
            return True
    return False


def _listens(opened: socket.socket) -> bool:
    return bool(opened.getsockopt(socket.SOL_SOCKET, socket.SO_ACCEPTCONN))
