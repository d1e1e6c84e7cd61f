"""Clients of the Xenon surface, made from its documented samples: they take what those take, no more."""

import asyncio
import json
from collections.abc import AsyncIterator
from typing import Any

import httpx
from websockets.asyncio.client import connect

from tests.judges.fetching import Json, require, text_of

TRIES_MAX = 5


class LimitedError(Exception):
    """The server does not let the client in, however long it waits."""


class RestoringBot:
    """A moderation bot: one command restores its settings after a load, with what its user typed as the argument.

    `base` is how the operator wrote the address of the API: with `/api`, or without.
    """

    def __init__(self, base: str, token: str) -> None:
        self.base = base.rstrip("/")
        self.token = token
        self.waited_ms: list[float] = []

    async def ids(self, guild: str, argument: str) -> dict[str, str] | None:
        """Return the mapping of a backup or of a guild, whichever the user meant; None for nothing known."""
        found = await self._mapper(target=guild, source=argument, backup=argument)
        return None if found is None else _texts(found["ids"])

    async def may_restore(self, guild: str, source: str, user: str) -> bool:
        """Tell whether a user has been an administrator of both guilds, as the loader has checked."""
        found = await self._mapper(target=guild, source=source)
        return found is not None and user in found.get("loaders", [])

    async def attach(self, template: str, user: str) -> None:
        answer = await self._ask("POST", f"/templates/{template}/bots", json={"user": user})
        require(answer.status_code == 200 and answer.json() == {}, f"not attached: {answer.text}")

    async def detach(self, template: str) -> None:
        answer = await self._ask("DELETE", f"/templates/{template}/bots", json={})
        require(answer.status_code == 200 and answer.json() == {}, f"not detached: {answer.text}")

    async def _mapper(self, **query: str) -> dict[str, Json] | None:
        answer = await self._ask("GET", "/mappers", params=query)
        if answer.status_code == 404:
            return None
        require(answer.status_code == 200, f"no mapper: {answer.text}")
        return answer.json()

    async def _ask(self, method: str, path: str, **options: Any) -> httpx.Response:  # noqa: ANN401 - as httpx has them
        async with httpx.AsyncClient(headers={"Authorization": self.token}, timeout=30) as http:
            for _ in range(TRIES_MAX):
                answer = await http.request(method, f"{self.base}{path}", **options)
                if answer.status_code != 429:
                    return answer
                self.waited_ms.append(answer.json()["retry_after"])
                await asyncio.sleep(self.waited_ms[-1] / 1000)
        raise LimitedError


class FollowingBot(RestoringBot):
    """A bot that listens, and restores its settings as soon as a load is done."""

    def __init__(self, base: str, token: str) -> None:
        super().__init__(base, token)
        self.listens = asyncio.Event()

    async def restored(self) -> AsyncIterator[tuple[dict[str, Json], dict[str, str] | None]]:
        """Listen for ever; yields what was done, and what the ids of its source are now."""
        url = f"{self.base.replace('http', 'ws', 1)}/loaders/ws"
        async with connect(url, additional_headers={"Authorization": self.token}, proxy=None) as socket:
            self.listens.set()
            await socket.send("{}")
            async for text in socket:
                message = json.loads(text)
                if message["event"] != "done":
                    continue
                data = message["data"]
                found = await self._mapper(target=text_of(data, "id"), source=text_of(data, "source_id"))
                yield data, None if found is None else _texts(found["ids"])


def _texts(ids: Json) -> dict[str, str]:
    require(isinstance(ids, dict), "ids: no object")
    require(all(isinstance(each, str) for pair in ids.items() for each in pair), "an id is no text")
    return ids
