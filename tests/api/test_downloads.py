"""A long answer ends as HTTP answers do only when all of it was sent, so nobody takes half of it for the whole."""

import asyncio
from collections.abc import AsyncIterator
from typing import Any

import pytest

from api.downloads import Download
from api.listeners import Ending, Listeners


async def pieces(*texts: str, then: Exception | None = None) -> AsyncIterator[str]:
    for text in texts:
        yield text
    if then:
        raise then


async def may() -> bool:
    return True


class Client:
    """Whoever asked: takes what is sent, and is there until told to go."""

    def __init__(self) -> None:
        self.sent: list[dict[str, Any]] = []
        self.gone = asyncio.Event()
        self.takes = asyncio.Event()
        self.takes.set()

    async def send(self, message: Any) -> None:  # noqa: ANN401 - of ASGI
        await self.takes.wait()
        self.sent.append(message)

    async def receive(self) -> Any:  # noqa: ANN401 - of ASGI
        await self.gone.wait()
        return {"type": "http.disconnect"}

    def got(self) -> bytes:
        return b"".join(message.get("body", b"") for message in self.sent)

    def has_all(self) -> bool:
        return self.sent[-1]["more_body"] is False


@pytest.fixture
def client() -> Client:
    return Client()


async def answered(client: Client, found: AsyncIterator[str], listeners: Listeners) -> None:
    listener = listeners.join("apps-1", may)
    answer: Any = Download(found, "text/csv", {"A-Header": "1"}, listener, listeners).to_asgi_response()
    await answer({}, client.receive, client.send)
    async with asyncio.timeout(30):
        await listeners.close()  # at once, since nobody is left


async def test_it_is_whole_when_all_was_sent(client: Client) -> None:
    await answered(client, pieces("a", "b", "c"), Listeners(60))
    assert client.sent[0]["headers"] == [(b"content-type", b"text/csv"), (b"a-header", b"1")]
    assert (client.got(), client.has_all()) == (b"abc", True)


async def test_it_is_whole_when_there_is_nothing(client: Client) -> None:
    await answered(client, pieces(), Listeners(60))
    assert (client.got(), client.has_all()) == (b"", True)


async def test_it_is_not_whole_when_something_breaks(client: Client) -> None:
    await answered(client, pieces("a", then=OSError()), Listeners(60))
    assert (client.got(), client.has_all()) == (b"a", False)


@pytest.mark.parametrize("why", ["the client goes", "the server stops"])
async def test_it_is_not_whole_when_it_is_cut_off(client: Client, why: str) -> None:
    listeners = Listeners(60)

    async def without_end() -> AsyncIterator[str]:
        yield "a"
        if why == "the client goes":
            client.gone.set()
        else:
            listener.end(Ending.SERVER_STOPS)
        await asyncio.Event().wait()

    listener = listeners.join("apps-1", may)
    answer: Any = Download(without_end(), "text/csv", {}, listener, listeners).to_asgi_response()
    async with asyncio.timeout(30):
        await answer({}, client.receive, client.send)
    assert (client.got(), client.has_all()) == (b"a", False)
