"""Clients that vanish without a word are noticed by the kernel, which is asked to look."""

import asyncio
import socket

import pytest

from cli.keepalive import OPEN_FILES, notice_the_vanished


async def test_connections_are_watched_as_soon_as_there_is_a_socket_that_listens(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    others = {file for file in OPEN_FILES.iterdir() if file.is_socket()}  # other tests' servers may listen already
    monkeypatch.setattr("cli.keepalive._open_files", lambda: [it for it in OPEN_FILES.iterdir() if it not in others])
    notice_the_vanished(asyncio.get_running_loop())
    with socket.create_server(("127.0.0.1", 0)) as listening:
        async with asyncio.timeout(40):
            while not listening.getsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE):  # noqa: ASYNC110 - nobody tells
                await asyncio.sleep(0.01)
        with socket.create_connection(listening.getsockname()) as client:
            accepted, _ = listening.accept()
            with accepted:
                assert accepted.getsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE) == 1
                assert accepted.getsockopt(socket.IPPROTO_TCP, socket.TCP_KEEPINTVL) == 10
                assert client.getsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE) == 0
