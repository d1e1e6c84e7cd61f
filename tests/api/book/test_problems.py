"""What cannot be read, or is too much, is answered as a problem."""

import pytest

from tests.api.book.problems import faults, refused
from tests.world import World

STATS, COMMANDS = "/book/bots/@me/stats", "/book/bots/@me/commands"


@pytest.mark.parametrize("body", [b"", b"  "])
async def test_an_empty_body_is_a_bad_request(world: World, body: bytes) -> None:
    bot = await world.bot()
    assert refused(await bot.ask("PUT", STATS, content=body)) == (400, "There is no body; this takes a JSON object.")


@pytest.mark.parametrize("body", [b"{", b"{'a': 1}", b'{"a": NaN}', b'{"a": "\\ud800"}', b'{"a": "\xff"}', b"nul"])
async def test_a_body_that_is_not_json_is_a_bad_request(world: World, body: bytes) -> None:
    bot = await world.bot()
    status, detail = refused(await bot.ask("PUT", STATS, content=body))
    assert status == 400
    assert detail.startswith("The body is not JSON: ")


async def test_a_nul_character_is_a_bad_request_anywhere(world: World) -> None:
    bot = await world.bot()
    body = rb'{"commands": [{"name": "a\\\u0000"}]}'
    assert refused(await bot.ask("PUT", COMMANDS, content=body)) == (400, "The body has a NUL character.")
    escaped = rb'{"commands": [{"name": "a\\u0000"}]}'
    assert (await bot.ask("PUT", COMMANDS, content=escaped)).status_code == 200


@pytest.mark.parametrize("body", [b"[]", b"null", b"7", b'"text"'])
async def test_a_body_that_is_no_object_is_wrong_as_a_whole(world: World, body: bytes) -> None:
    bot = await world.bot()
    assert faults(await bot.ask("PUT", STATS, content=body)) == {"": "must be an object"}


async def test_a_body_that_is_too_large_is_refused(curt: World) -> None:
    bot = await curt.bot()
    assert refused(await bot.ask("PUT", STATS, content=b" " * 1025)) == (413, "Request body too large.")


async def test_a_method_that_a_route_does_not_have_is_refused_with_those_it_has(world: World) -> None:
    bot = await world.bot()
    answer = await bot.post(STATS)
    assert refused(answer) == (405, "Method Not Allowed")
    assert answer.headers["Allow"] == "PUT"


@pytest.mark.parametrize("path", ["/book", "/book/", "/book/nothing", "/book/bots/@me/stats/more"])
async def test_a_path_that_is_none_is_not_found(world: World, path: str) -> None:
    assert refused(await world.anyone.get(path, follow_redirects=True)) == (404, "Not Found")
