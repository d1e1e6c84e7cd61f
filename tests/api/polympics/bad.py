"""Sends bodies that no client of ours would send, on every route that takes one."""

from typing import Any

from tests.world import World, new_number, refused

ROUTES = {
    "account": ("POST", "/accounts/new", {"id": 0, "name": "x", "discriminator": "x"}),
    "account edit": ("PATCH", "/account/{account}", {}),
    "team": ("POST", "/teams/new", {"name": "x"}),
    "team edit": ("PATCH", "/team/{team}", {"name": "x"}),
    "award": ("POST", "/awards/new", {"title": "x", "image_url": "x", "team": "{team}", "accounts": []}),
    "award edit": ("PATCH", "/award/{award}", {}),
    "callback": ("PUT", "/callback/team_deleted", {"url": "https://x.example", "secret": "x"}),
    "session": ("POST", "/auth/create_session", {"account": 0}),
    "login": ("POST", "/auth/discord", {"token": "x"}),
}


class Bad:
    """Sends what is wrong, with everything else as it should be."""

    def __init__(self, world: World, team: int, account: int, award: int) -> None:
        self.world = world
        self.ids = {"team": team, "account": account, "award": award}

    async def send(self, route: str, **changes: object) -> Any:  # noqa: ANN401 - JSON is anything
        method, path, body = ROUTES[route]
        body = {name: self.ids["team"] if value == "{team}" else value for name, value in body.items()}
        filled = {**body, **({"id": new_number()} if route == "account" else {}), **changes}
        return refused(await self.world.manager.ask(method, path.format(**self.ids), content=encode(filled)))

    async def send_raw(self, route: str, content: bytes, **headers: str) -> Any:  # noqa: ANN401 - JSON is anything
        method, path, _ = ROUTES[route]
        answer = await self.world.manager.ask(method, path.format(**self.ids), content=content, headers=headers)
        return refused(answer)


def encode(body: object) -> bytes:
    """Encode as JSON, lone surrogates included; bytes are JSON already."""
    match body:
        case dict():
            return b"{" + b",".join(encode(name) + b":" + encode(value) for name, value in body.items()) + b"}"
        case list():
            return b"[" + b",".join(map(encode, body)) + b"]"
        case str():
            return ascii_json(body)
        case bytes():
            return body
        case None:
            return b"null"
        case bool():
            return b"true" if body else b"false"
        case _:
            return {"nan": b"NaN", "inf": b"Infinity", "-inf": b"-Infinity"}.get(repr(body), repr(body).encode())


def ascii_json(text: str) -> bytes:
    """Encode a text with every character escaped that could be."""
    units = text.encode("utf-16-be", "surrogatepass")
    return b'"' + b"".join(b"\\u%02x%02x" % pair for pair in zip(units[::2], units[1::2], strict=True)) + b'"'
