"""What was closed or replaced lets nobody in from then on, even while no query table shows it."""

from collections.abc import AsyncIterator, Iterator

import pytest

from domain.apps.commands import reset_token as reset_app
from domain.sessions.commands import close_session, reset_token
from tests.api.antiraid.callers import number_of, open_session
from tests.servers import free_port, spawn, stop, wait_until_ready
from tests.world import ORIGIN, World, open_world


class Book:
    """A server, and the projector behind it, which can be stopped."""

    def __init__(self, url: str) -> None:
        port = free_port()
        self.base_url = f"http://127.0.0.1:{port}"
        self.projector = spawn("work", "projector", url=url)
        self.server = spawn("serve", "--port", str(port), url=url)


@pytest.fixture
def book(database_url: str) -> Iterator[Book]:
    running = Book(database_url)
    wait_until_ready(running.base_url)
    yield running
    stop(running.server)
    stop(running.projector)


@pytest.fixture
async def own(book: Book, database_url: str) -> AsyncIterator[World]:
    async with open_world(book.base_url, database_url) as met:
        yield met


async def test_what_is_closed_or_replaced_is_dead_before_the_tables_show_it(book: Book, own: World) -> None:
    login, session, app = await open_session(own), await own.member(), await own.app()
    number = await number_of(own, login)
    assert [(await login.get("/sessions/@me")).status_code, (await session.get("/auth/me")).status_code] == [200, 200]
    stop(book.projector)

    await own.store.execute(ORIGIN, close_session, session=number, reason="revoked")
    assert (await login.get("/sessions/@me")).status_code == 401

    reset = {"token_hash": "0" * 64, "expires_at": None}
    await own.store.execute(ORIGIN, reset_token, session=int(session.username[1:]), **reset)
    assert (await session.get("/auth/me")).status_code == 401

    assert (await app.get("/auth/me")).status_code == 200
    await own.store.execute(ORIGIN, reset_app, app=int(app.username[1:]), token_hash="0" * 64)
    assert (await app.get("/auth/me")).status_code == 401
