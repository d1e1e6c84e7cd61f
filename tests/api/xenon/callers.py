"""Who calls the Xenon surface: a bot, with its bare token."""

from typing import Any

import httpx

from tests.world import Bot, World


class Program:
    """Whoever holds a token; it is sent as it is."""

    def __init__(self, http: httpx.AsyncClient, token: str | None, number: int = 0) -> None:
        self.http = http
        self.token = token
        self.id = number

    async def ask(self, method: str, path: str, **options: Any) -> httpx.Response:  # noqa: ANN401 - as httpx has them
        own = {} if self.token is None else {"Authorization": self.token}
        return await self.http.request(method, path, headers={**own, **options.pop("headers", {})}, **options)

    async def get(self, path: str, **options: Any) -> httpx.Response:  # noqa: ANN401 - likewise
        return await self.ask("GET", path, **options)

    async def mapper(self, **query: object) -> httpx.Response:
        return await self.get("/mappers", params=query)

    def at(self, http: httpx.AsyncClient) -> "Program":
        """Return the same program before another server."""
        return Program(http, self.token, self.id)


def program(bot: Bot) -> Program:
    """Return a bot that sends its token without a word before it."""
    return Program(bot.http, bot.token, bot.id)


def anybody(world: World, token: str | None = None) -> Program:
    """Return somebody with another token, or with none."""
    return Program(world.http, token)


def said(answer: httpx.Response) -> tuple[int, str]:
    """Return the status and the words of a refusal, which nobody may keep."""
    assert answer.headers["Content-Type"] == "application/json"
    assert answer.headers["Cache-Control"] == "no-store"
    assert list(answer.json()) == ["error"]
    return answer.status_code, answer.json()["error"]
