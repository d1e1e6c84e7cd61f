"""How programs and pages ask a server: a program as it likes, a page as its browser lets it."""

from collections.abc import Mapping, Sequence
from typing import Any

import httpx

Json = Any

ORIGIN = "https://dashboard.example.org"
SIMPLE_METHODS = {"GET", "HEAD", "POST"}
READABLE = {"cache-control", "content-length", "content-type"}  # headers that a page may always read


class UnusableError(Exception):
    """A client cannot work with this answer."""


class RefusedError(Exception):
    """The server refused a request, in words that the client shows."""

    def __init__(self, answer: httpx.Response, retry_after: str | None) -> None:
        self.status = answer.status_code
        self.body = answer.json()
        self.code, self.message = text_of(self.body, "code"), text_of(self.body, "message")
        self.retry_after_seconds = int(retry_after) if retry_after else None
        super().__init__(self.status, self.code, self.message)


class Client:
    """A program with a token, which it sends bare."""

    scheme = ""

    def __init__(self, http: httpx.AsyncClient, token: str = "") -> None:
        self.http = http
        self.origin = str(http.base_url).rstrip("/")
        self.token = token

    async def ask(self, method: str, path: str, body: Json = None, **headers: str) -> httpx.Response:
        """Ask for a path, which is put behind the bare origin as it is. Errors: RefusedError."""
        named = {name.replace("_", "-"): text for name, text in headers.items()}
        if self.token:
            named["Authorization"] = f"{self.scheme}{self.token}"
        answer = await self.send(method, path, body, named)
        if answer.is_success:
            return answer
        raise RefusedError(answer, self.header(answer, "Retry-After"))

    async def send(self, method: str, path: str, body: Json, headers: Mapping[str, str]) -> httpx.Response:
        content = {} if body is None else {"json": body}
        return await self.http.request(method, f"{self.origin}{path}", headers=dict(headers), **content)

    def header(self, answer: httpx.Response, name: str) -> str | None:
        return answer.headers.get(name)


class Page(Client):
    """A page of another origin: asks whether it may, reads what it may, and remembers what has a tag."""

    def __init__(self, http: httpx.AsyncClient, token: str = "") -> None:
        super().__init__(http, token)
        self.remembered: dict[str, httpx.Response] = {}
        self.confirmed: list[str] = []

    async def send(self, method: str, path: str, body: Json, headers: Mapping[str, str]) -> httpx.Response:
        wanted = sorted(map(str.lower, [*headers, *([] if body is None else ["content-type"])]))
        if wanted or method not in SIMPLE_METHODS:
            await self._preflight(method, path, wanted)
        known = self.remembered.get(path) if method == "GET" else None
        condition = {"If-None-Match": known.headers["ETag"]} if known else {}
        answer = await super().send(method, path, body, {**headers, **condition, "Origin": ORIGIN})
        require(_is_shared(answer), "the page may not read the answer")
        if known and answer.status_code == httpx.codes.NOT_MODIFIED:
            self.confirmed.append(path)
            return known
        if method == "GET" and "ETag" in answer.headers and "no-store" not in answer.headers["Cache-Control"]:
            self.remembered[path] = answer
        return answer

    def header(self, answer: httpx.Response, name: str) -> str | None:
        exposed = READABLE | _words(answer, "Access-Control-Expose-Headers")
        return answer.headers.get(name) if name.lower() in exposed else None

    async def _preflight(self, method: str, path: str, wanted: Sequence[str]) -> None:
        asked = {
            "Origin": ORIGIN,
            "Access-Control-Request-Method": method,
            "Access-Control-Request-Headers": ",".join(wanted),
        }
        answer = await super().send("OPTIONS", path, None, asked)
        require(answer.is_success and _is_shared(answer), "the page may not ask")
        require(method.lower() in _words(answer, "Access-Control-Allow-Methods"), f"the page may not {method}")
        allowed = _words(answer, "Access-Control-Allow-Headers")
        require(allowed >= set(wanted), f"the page may not send {wanted}")


def text_of(body: Json, name: str) -> str:
    """Return what a client shows or sends. Errors: UnusableError."""
    text = body.get(name)
    require(isinstance(text, str) and text, f"{name}: no text")
    return text


def require(condition: object, what: str) -> None:
    """Give up unless it is as the client needs it. Errors: UnusableError."""
    if not condition:
        raise UnusableError(what)


def _is_shared(answer: httpx.Response) -> bool:
    headers = answer.headers
    return headers.get("Access-Control-Allow-Origin") == ORIGIN and (
        headers.get("Access-Control-Allow-Credentials") == "true"
    )


def _words(answer: httpx.Response, name: str) -> set[str]:
    return {word.strip().lower() for word in answer.headers.get(name, "").split(",")}
