"""Bots that say that they can restore their settings after loads of a template."""

import asyncio
from typing import Any

import httpx
import pytest

from store import log
from tests.api.raw import connected
from tests.api.xenon.callers import Program, anybody, program, said
from tests.api.xenon.loads import publish
from tests.world import World

UNKNOWN = (404, "Unknown template")
USER = (400, "Invalid snowflake: user")
OBJECT = (400, "JSON body required")
JSON = (400, "Invalid JSON body")


@pytest.fixture
async def porch(world: World) -> str:
    """Return a template that user 71 has published."""
    return await publish(world, creator=71)


async def attach(bot: Program, porch: str, body: object = None, method: str = "POST") -> httpx.Response:
    return await bot.ask(method, f"/templates/{porch}/bots", json={} if body is None else body)


async def bots_of(world: World, porch: str, prefix: str = "") -> list[str]:
    answer = await world.anyone.get(f"{prefix}/templates/{porch}/bots")
    assert answer.status_code == 200, answer.text
    assert list(answer.json()) == ["bots"]
    return answer.json()["bots"]


@pytest.mark.parametrize("prefix", ["", "/api"])
async def test_a_bot_attaches_and_detaches_itself(world: World, bot: Program, porch: str, prefix: str) -> None:
    path = f"{prefix}/templates/{porch}/bots"
    done = await bot.ask("POST", path, json={"user": "71"})
    assert (done.status_code, done.content, done.headers["Content-Type"]) == (200, b"{}", "application/json")
    assert int(done.headers["Guildbook-Position"]) > 0
    assert await bots_of(world, porch, prefix) == [str(bot.id)]
    gone = await bot.ask("DELETE", path, json={})
    assert (gone.status_code, gone.content) == (200, b"{}")
    assert await bots_of(world, porch, prefix) == []


async def test_asked_twice_it_says_nothing_new(world: World, bot: Program, porch: str) -> None:
    for method in ("POST", "POST", "DELETE", "DELETE"):
        await attach(bot, porch, method=method)
    assert [type(event).__name__ for event in await told(world, porch)] == [
        "TemplatePublished",
        "BotAttached",
        "BotDetached",
    ]


async def told(world: World, porch: str) -> list[Any]:
    async with world.store.pool.connection() as connection:
        streams = await log.read_streams(connection, world.store.keyring, [f"templates-{porch}"])
    return streams[f"templates-{porch}"].events


async def test_bots_are_listed_by_the_time_of_attaching(world: World, porch: str) -> None:
    bots = [program(await world.bot()) for _ in range(3)]
    for bot in reversed(bots):
        await attach(bot, porch)
    await attach(bots[1], porch, method="DELETE")
    await attach(bots[1], porch)
    assert await bots_of(world, porch) == [str(bots[number].id) for number in (2, 0, 1)]


async def test_many_at_once_are_all_attached(world: World, porch: str) -> None:
    bots = [program(await world.bot()) for _ in range(8)]
    answers = await asyncio.gather(*(attach(bot, porch) for bot in bots))
    assert {answer.status_code for answer in answers} == {200}
    assert sorted(await bots_of(world, porch)) == sorted(str(bot.id) for bot in bots)


async def test_every_template_has_its_own_bots(world: World, bot: Program, porch: str) -> None:
    other = await publish(world)
    await attach(bot, porch)
    assert (await bots_of(world, other), await bots_of(world, porch)) == ([], [str(bot.id)])


@pytest.mark.parametrize("method", ["POST", "DELETE"])
async def test_only_for_its_creator_when_a_user_is_named(bot: Program, porch: str, method: str) -> None:
    assert said(await attach(bot, porch, {"user": "64"}, method)) == (403, "User is not the creator")
    assert said(await attach(bot, porch, {"user": "9" * 20}, method)) == (403, "User is not the creator")
    for body in ({"user": "71"}, {"user": None}, {}, {"user": "00071", "colour": "red"}):
        assert (await attach(bot, porch, body, method)).status_code == 200


@pytest.mark.parametrize("method", ["POST", "DELETE"])
@pytest.mark.parametrize(
    ("content", "refusal"),
    [
        (b"", OBJECT),
        (b" \n", OBJECT),
        (b"[]", OBJECT),
        (b"null", OBJECT),
        (b'"71"', OBJECT),
        (b"7", OBJECT),
        (b"{", JSON),
        (b"user=71", JSON),
        (b"\xff", JSON),
        (b"{}{}", JSON),
        (b"[" * 5000, JSON),
        (b'{"user": 71}', USER),
        (b'{"user": ""}', USER),
        (b'{"user": "x"}', USER),
        (b'{"user": "-1"}', USER),
        (b'{"user": " 71"}', USER),
        (b'{"user": "71\\u0000"}', USER),
        (b'{"user": true}', USER),
        (b'{"user": ["71"]}', USER),
        (b'{"user": "' + b"1" * 21 + b'"}', USER),
        ('{"user": "\u0663"}'.encode(), USER),
    ],
)
async def test_a_body_that_cannot_be_meant_is_refused(
    bot: Program, porch: str, method: str, content: bytes, refusal: tuple[int, str]
) -> None:
    for path in (porch, "nope"):  # what was sent is read before it is looked up
        assert said(await bot.ask(method, f"/templates/{path}/bots", content=content)) == refusal


async def test_the_content_type_plays_no_part(bot: Program, porch: str) -> None:
    for kind in ("text/plain", "application/x-www-form-urlencoded", "nonsense"):
        headers = {"Content-Type": kind}
        answer = await bot.ask("POST", f"/templates/{porch}/bots", content=b"{}", headers=headers)
        assert answer.status_code == 200


@pytest.mark.parametrize("word", ["nope", "x" * 64, "x" * 65, "a.b", "%00", "%2e%2e", "a%20b", "%C3%BC", "a%2Fb"])
async def test_a_template_that_nobody_knows_is_not_found(world: World, bot: Program, word: str) -> None:
    wanted = (404, "Not found") if "%2F" in word else UNKNOWN
    assert said(await world.anyone.get(f"/templates/{word}/bots")) == wanted
    for method in ("POST", "DELETE"):
        assert said(await bot.ask(method, f"/templates/{word}/bots", json={})) == wanted


async def test_a_template_is_known_by_its_exact_id(world: World, bot: Program) -> None:
    template = await publish(world, template="pQ7nB2xLm4Tz")
    assert said(await attach(bot, template.lower())) == UNKNOWN


async def test_who_is_not_let_in_learns_nothing(world: World, porch: str) -> None:
    for method in ("POST", "DELETE"):
        assert said(await attach(anybody(world, "x"), porch, method=method)) == (401, "Invalid token")
        assert said(await attach(anybody(world), "nope", method=method)) == (401, "Unauthorized")


async def test_everybody_may_look_whatever_token_is_sent(world: World, porch: str) -> None:
    assert (await anybody(world, "nonsense").get(f"/templates/{porch}/bots")).json() == {"bots": []}


async def test_a_body_that_is_too_large_is_refused(bot: Program, porch: str) -> None:
    large = b'{"user": "71", "x": "' + b"x" * 65_536 + b'"}'

    async def parts() -> Any:  # noqa: ANN401 - an iterator, which httpx sends without saying how long it is
        yield large

    for content in (large, parts()):
        assert said(await bot.ask("POST", f"/templates/{porch}/bots", content=content)) == (413, "Body too large")


async def test_a_body_that_does_not_come_is_not_waited_for_long(bot: Program, porch: str) -> None:
    headers = f"Authorization: {bot.token}".encode(), b"Content-Length: 10"
    async with connected(bot.http) as connection:
        answer = await connection.ask(f"POST /templates/{porch}/bots".encode(), *headers, body=b"{")
    assert (answer.status, answer.json()) == (408, {"error": "Request body too slow."})
