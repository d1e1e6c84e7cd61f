"""Bodies that are no JSON, not the JSON that is wanted, too large, or too slow."""

from collections.abc import AsyncIterator

import httpx
import pytest

from tests.api.antiraid.callers import Holder, open_session, said
from tests.api.raw import connected
from tests.world import World

TOO_LARGE = (413, "BadRequest", "Request body too large.")
TOKEN = b'{"name": "x", "type": "api"}'


@pytest.fixture(scope="module")
async def holder(world: World) -> Holder:
    return await open_session(world)


async def sent(holder: Holder, content: bytes, **headers: str) -> tuple[int, str, str]:
    """Send a body and return the refusal."""
    return said(await holder.ask("POST", "/sessions", content=content, headers=headers))


@pytest.mark.parametrize(
    "media_type", [None, "", "application/json", "Application/JSON; charset=utf-8", "application/a+json"]
)
async def test_json_is_taken_as_such_and_when_nothing_is_said(holder: Holder, media_type: str | None) -> None:
    headers = {} if media_type is None else {"Content-Type": media_type}
    answer = await holder.ask("POST", "/sessions", content=TOKEN, headers=headers)
    assert answer.status_code == 200


@pytest.mark.parametrize("media_type", ["text/plain", "application/x-www-form-urlencoded", "application/jsonx", "json"])
async def test_whatever_says_that_it_is_not_json_is_refused(holder: Holder, media_type: str) -> None:
    answer = await holder.ask("POST", "/sessions", content=TOKEN, headers={"Content-Type": media_type})
    assert said(answer) == (400, "BadRequest", "body: the content type must be application/json")


@pytest.mark.parametrize("content", [b"", b"  \n"])
async def test_a_body_that_is_needed_must_come(holder: Holder, content: bytes) -> None:
    assert await sent(holder, content) == (400, "BadRequest", "body: required")


@pytest.mark.parametrize(
    "content",
    [b"{", b"nonsense", b'{"name": "x",}', b'{"name": NaN, "type": "api"}', b'{"name": Infinity}', b'{"name": "\xff"}',
     b'{"name": "\\ud800", "type": "api"}', b"[" * 5000, b"\xef\xbb\xbf{}", b"{} {}", b"{'name': 1}"],
)  # fmt: skip
async def test_what_is_no_json_is_refused(holder: Holder, content: bytes) -> None:
    status, code, message = await sent(holder, content)
    assert (status, code) == (400, "BadRequest")
    assert message.startswith("body: not JSON")


@pytest.mark.parametrize("content", [b"[]", b"1", b'"x"', b"null", b"true"])
async def test_a_body_must_be_an_object(holder: Holder, content: bytes) -> None:
    assert await sent(holder, content) == (400, "BadRequest", "body: must be an object")


@pytest.mark.parametrize(
    ("content", "field"),
    [
        (b"{}", "name"),
        (b'{"name": "x"}', "type"),
        (b'{"name": 1, "type": "api"}', "name"),
        (b'{"name": null, "type": "api"}', "name"),
        (b'{"name": "x", "type": true}', "type"),
        (b'{"name": "x", "type": "api", "expiry": "60"}', "expiry"),
        (b'{"name": "x", "type": "api", "expiry": true}', "expiry"),
        (b'{"name": "x", "type": "api", "expiry": 1.5}', "expiry"),
        (b'{"name": "x", "type": "api", "scopes": "sessions:read"}', "scopes"),
        (b'{"name": "x", "type": "api", "scopes": ["sessions:read", 1]}', "scopes[1]"),
        (b'{"name": "a\\u0000b", "type": "api"}', "name"),
        (b'{"name": "x", "type": "api", "scopes": ["\\u0000"]}', "scopes"),
        (b'{"name": "x", "type": "api", "more": {"deep": [{"\\u0000": 1}]}}', "more"),
    ],
)
async def test_the_field_that_is_wrong_is_named(holder: Holder, content: bytes, field: str) -> None:
    status, code, message = await sent(holder, content)
    assert (status, code, message.partition(": ")[0]) == (400, "BadRequest", field)


async def test_keys_that_nobody_knows_are_ignored(holder: Holder) -> None:
    answer = await holder.post("/sessions", {"name": "x", "type": "api", "more": [1, {"a": None}], "é": 1})
    assert answer.status_code == 200


async def test_who_calls_is_found_out_before_the_body_is_read(world: World) -> None:
    answer = await world.anyone.ask("POST", "/sessions", content=b"{")
    assert said(answer)[:2] == (401, "NoAuthToken")


async def test_a_body_may_be_as_large_as_the_setting_says(world: World, listing: httpx.AsyncClient) -> None:
    holder = (await open_session(world)).at(listing)
    fits, too_large = TOKEN + b" " * (1024 - len(TOKEN)), TOKEN + b" " * (1025 - len(TOKEN))
    assert (await holder.ask("POST", "/sessions", content=fits)).status_code == 200
    assert await sent(holder, too_large) == TOO_LARGE

    async def parts() -> AsyncIterator[bytes]:
        for _ in range(64):
            yield b" " * 64

    assert said(await holder.ask("POST", "/sessions", content=parts())) == (
        413,
        "BadRequest",
        "Request body too large.",
    )


async def test_two_megabytes_are_welcome_unless_the_setting_says_otherwise(holder: Holder) -> None:
    most = 2_097_152
    answer = await holder.ask("POST", "/sessions", content=TOKEN + b" " * (most - len(TOKEN)))
    assert answer.status_code == 200
    assert await sent(holder, TOKEN + b" " * most) == TOO_LARGE


async def test_a_body_that_does_not_come_is_not_waited_for(world: World, holder: Holder) -> None:
    async with connected(world.http) as connection:
        token = f"Authorization: {holder.token}".encode()
        answer = await connection.ask(b"POST /sessions", token, b"Content-Length: 9", body=b"{")
        assert (answer.status, answer.json()) == (408, {"message": "Request body too slow.", "code": "BadRequest"})
