"""Who is let in, and in which words the others are sent away."""

import hashlib

import pytest

from domain.apps.commands import reset_bot_token
from domain.processes.delete_app import delete_app
from tests.api.antiraid.callers import open_session
from tests.api.xenon.callers import Program, anybody, program, said
from tests.world import World

UNAUTHORIZED = (401, "Unauthorized")
INVALID = (401, "Invalid token")
PATHS = ("/mappers", "/api/mappers", "/templates/porch/bots", "/api/templates/porch/bots")


async def ask(caller: Program, path: str) -> tuple[int, str]:
    return said(await caller.ask("GET" if path.endswith("mappers") else "POST", path))


@pytest.mark.parametrize("path", PATHS)
@pytest.mark.parametrize("token", [None, ""])
async def test_nobody_without_a_token_is_let_in(world: World, path: str, token: str | None) -> None:
    assert await ask(anybody(world, token), path) == UNAUTHORIZED


@pytest.mark.parametrize("path", PATHS)
@pytest.mark.parametrize("prefix", ["Bot ", "Bearer ", "bot ", "User ", "Bot"])
async def test_a_word_before_the_token_makes_it_another_token(
    world: World, bot: Program, path: str, prefix: str
) -> None:
    assert await ask(anybody(world, f"{prefix}{bot.token}"), path) == INVALID


@pytest.mark.parametrize(
    "token", ["x", "1.x", f"1.{'x' * 43}", f"{2**63}.{'x' * 43}", "x" * 128, "ab\xff", "٣." + "x" * 43]
)
async def test_a_token_that_is_nobodys_lets_nobody_in(world: World, token: str) -> None:
    headers = {"Authorization": token.encode("utf-8" if "٣" in token else "latin-1")}
    assert said(await anybody(world).get("/mappers", headers=headers)) == INVALID


async def test_a_token_with_another_bots_secret_lets_nobody_in(world: World, bot: Program) -> None:
    assert bot.token is not None
    other = await world.bot()
    assert await ask(anybody(world, f"{other.id}.{bot.token.partition('.')[2]}"), "/mappers") == INVALID


async def test_the_token_of_a_person_is_told_apart(world: World) -> None:
    session = await open_session(world)
    assert await ask(anybody(world, session.token), "/mappers") == (401, "This endpoint requires a bot token")
    assert await ask(anybody(world, f"Bearer {session.token}"), "/mappers") == INVALID


async def test_a_token_that_was_replaced_lets_nobody_in_from_then_on(world: World) -> None:
    bot = program(await world.bot())
    assert (await bot.mapper()).status_code == 400
    await world.do(reset_bot_token, app=bot.id, token_hash=hashlib.sha256(b"other").hexdigest())
    assert await ask(bot, "/mappers") == INVALID


async def test_the_token_of_a_deleted_bot_lets_nobody_in(world: World) -> None:
    bot = program(await world.bot())
    await world.do(delete_app, app=bot.id)
    assert await ask(bot, "/mappers") == INVALID


async def test_who_asks_is_found_out_before_what_was_asked_is_looked_at(world: World) -> None:
    stranger = anybody(world, "x")
    assert said(await stranger.ask("POST", "/templates/!/bots", content=b"{")) == INVALID
    assert said(await stranger.ask("POST", "/templates/!/bots", content=b"x" * 100_000)) == INVALID
