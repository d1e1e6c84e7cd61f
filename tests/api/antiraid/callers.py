"""Who calls the AntiRaid surface: somebody who has logged in, or a program with a token of theirs."""

import hashlib
from collections.abc import Sequence
from datetime import datetime
from typing import Any, Literal
from uuid import uuid4

import httpx

from api.tokens import new_token
from domain.kernel import Book
from domain.sessions.aggregate import SESSION, Opening, Session, open_with
from tests.fake_discord import REDIRECT_URI, FakeDiscord
from tests.world import World, new_number


class Holder:
    """Whoever holds a token; `session` is the UUID of what it opens."""

    def __init__(self, http: httpx.AsyncClient, token: str, account: int = 0, session: str = "") -> None:
        self.http = http
        self.token = token
        self.account = account
        self.session = session

    async def ask(self, method: str, path: str, **options: Any) -> httpx.Response:  # noqa: ANN401 - as httpx has them
        headers = {"Authorization": self.token, **options.pop("headers", {})}
        return await self.http.request(method, path, headers=headers, **options)

    async def get(self, path: str, **options: Any) -> httpx.Response:  # noqa: ANN401 - as httpx has them
        return await self.ask("GET", path, **options)

    async def post(self, path: str, body: object = None, **options: Any) -> httpx.Response:  # noqa: ANN401 - likewise
        return await self.ask("POST", path, json=body, **options)

    async def delete(self, path: str, **options: Any) -> httpx.Response:  # noqa: ANN401 - as httpx has them
        return await self.ask("DELETE", path, **options)

    async def issue(self, **wishes: Any) -> "Holder":  # noqa: ANN401 - as the body has them
        """Issue an API token."""
        answer = await self.post("/sessions", {"name": "script", "type": "api", **wishes})
        assert answer.status_code == 200, answer.text
        made = answer.json()
        return Holder(self.http, made["token"], self.account, made["session_id"])

    def at(self, http: httpx.AsyncClient) -> "Holder":
        """Return the same holder before another server."""
        return Holder(http, self.token, self.account, self.session)


async def come_back(world: World, code: str, **more: object) -> httpx.Response:
    """Come back from the identity provider with a code."""
    return await world.http.post("/oauth2", json={"code": code, "redirect_uri": REDIRECT_URI, **more})


async def log_in(world: World, discord: FakeDiscord, number: int = 0, **more: Any) -> Holder:  # noqa: ANN401 - as Discord's
    """Log in; as somebody new unless told as whom."""
    account = number or new_number()
    answer = await come_back(world, discord.sends_back(account, **more))
    assert answer.status_code == 200, answer.text
    return Holder(world.http, answer.json()["token"], account, answer.json()["session_id"])


async def open_session(
    world: World,
    kind: Literal["login", "api"] = "login",
    scopes: Sequence[str] | None = None,
    expires_at: datetime | None = None,
    account: int = 0,
) -> Holder:
    """Open a session, of a new account unless one is named, without asking the surface: it may refuse such a one."""
    token, account = new_token(), account or await world.account()
    token_hash = hashlib.sha256(token.encode()).hexdigest()
    opening = Opening(str(uuid4()), token_hash, expires_at, scopes=None if scopes is None else tuple(scopes))
    await world.do(_open, opening, kind, account)
    return Holder(world.http, token, account, opening.uuid)


async def _open(book: Book, opening: Opening, kind: Literal["login", "api"], account: int) -> int:
    session = await book.next_id(SESSION.context)
    book.append(SESSION.stream(session), open_with(opening, session, kind, account))
    return session


async def number_of(world: World, holder: Holder) -> int:
    """Return the number by which the log knows the one session of an account."""
    [session] = (await world.do(_sessions, holder.account)).values()
    return session.id


async def _sessions(book: Book, account: int) -> dict[str, Session]:
    return await book.load_about(SESSION, f"accounts-{account}")


def said(answer: httpx.Response) -> tuple[int, str, str]:
    """Return the status, the code and the message of a refusal."""
    assert answer.headers["Content-Type"] == "application/json"
    assert list(answer.json()) == ["message", "code"]
    return answer.status_code, answer.json()["code"], answer.json()["message"]
