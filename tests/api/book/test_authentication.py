"""Who gets in on `/book`: bots by their tokens, and what a token is good for."""

import base64
from datetime import UTC, datetime

import httpx
import pytest

from domain.accounts.commands import ban_account
from domain.apps.commands import reset_bot_token
from domain.processes.delete_app import delete_app
from tests.api.antiraid.callers import open_session
from tests.api.book.problems import refused
from tests.world import NOT_FOUND, ORIGIN, Bot, World

STATS = "/book/bots/@me/stats"
BODY = {"shard_conns": {}, "total_guilds": 0}
NOBODY = (401, "This token lets nobody in.")


async def put(world: World, authorization: str) -> httpx.Response:
    return await world.http.put(STATS, json=BODY, headers={"Authorization": authorization})


@pytest.mark.parametrize("word", ["", "Bot ", "bot ", "Bearer ", "BEARER  "])
async def test_a_bot_gets_in_with_and_without_a_word_before_its_token(world: World, word: str) -> None:
    bot = await world.bot()
    assert (await put(world, f"{word}{bot.token}")).status_code == 200


@pytest.mark.parametrize("authorization", [None, ""])
async def test_without_a_token_nobody_gets_in(world: World, authorization: str | None) -> None:
    headers = {} if authorization is None else {"Authorization": authorization}
    answer = await world.http.put(STATS, json=BODY, headers=headers)
    assert refused(answer) == (401, "This needs a token.")
    assert answer.headers["WWW-Authenticate"] == "Bearer"


async def test_a_token_that_is_wrong_in_any_part_lets_nobody_in(world: World) -> None:
    bot, other = await world.bot(), await world.bot()
    number, _, secret = bot.token.partition(".")
    wrong = [
        *(f"{other.id}.{secret}", f"{NOT_FOUND}.{secret}", f"{10**19 - 1}.{secret}", f"{number}.{secret[:-1]}"),
        *(f"{number}.", number, f".{secret}", secret, f"{number}.{'A' * 43}", f"{bot.token}.", "x" * 128, "Bot"),
        *(f"Basic {bot.token}", f"Bot Bot {bot.token}", f"{number}.{secret}é"),
    ]
    for token in wrong:
        assert refused(await world.http.put(STATS, json=BODY, headers=[(b"Authorization", token.encode())])) == NOBODY


async def test_an_app_without_a_token_of_a_bot_is_no_bot(world: World) -> None:
    app = await world.app()
    assert refused(await put(world, f"{app.username[1:]}.{'A' * 43}")) == NOBODY


@pytest.mark.parametrize("password", ["", "0", "None"])
async def test_a_bot_without_a_password_gets_in_nowhere_by_one(world: World, password: str) -> None:
    bot = await world.bot()
    text = base64.b64encode(f"A{bot.id}:{password}".encode()).decode()
    answer = await world.http.get("/auth/me", headers={"Authorization": f"Basic {text}"})
    assert (answer.status_code, answer.json()) == (401, {"detail": "A token was not used to authenticate."})


async def test_a_token_is_good_for_its_scopes_only(world: World) -> None:
    bot = await world.bot("guilds:write", "settings:define")
    assert refused(await bot.put(STATS, BODY)) == (403, "This token does not have the 'stats:write' scope.")


async def test_a_token_that_was_reset_is_dead_at_once(world: World) -> None:
    bot = await world.bot()
    old = await bot.put(STATS, BODY)
    await world.store.execute(ORIGIN, reset_bot_token, app=bot.id, token_hash="0" * 64)
    assert old.status_code == 200
    assert refused(await bot.put(STATS, BODY)) == NOBODY


async def test_a_token_that_is_limited_anew_is_good_for_that(world: World) -> None:
    bot = await world.bot()
    done = await world.store.execute(ORIGIN, reset_bot_token, app=bot.id, scopes=("guilds:write",))
    await world.anyone.get("/accounts/signups", headers={"Guildbook-After": str(done.position)})
    assert (await bot.put(STATS, BODY)).status_code == 403


async def test_a_bot_that_is_deleted_gets_in_no_more(world: World) -> None:
    bot = await world.bot()
    await world.store.execute(ORIGIN, delete_app, app=bot.id)
    assert refused(await bot.put(STATS, BODY)) == NOBODY


@pytest.mark.parametrize("word", ["", "User ", "Bearer "])
async def test_a_session_gets_in_but_does_not_what_bots_do(world: World, word: str) -> None:
    login = await open_session(world)
    assert refused(await put(world, f"{word}{login.token}")) == (403, "Only bots may do this.")


async def test_a_session_of_somebody_who_is_banned_gets_in_nowhere(world: World) -> None:
    login = await open_session(world)
    await world.do(ban_account, account=login.account, reason=None)
    assert refused(await put(world, login.token)) == (403, f"User {login.account} is banned from using the API.")


async def test_a_session_that_is_over_lets_nobody_in(world: World) -> None:
    login = await open_session(world, expires_at=datetime(2020, 1, 1, tzinfo=UTC))
    assert refused(await put(world, login.token)) == NOBODY


async def test_the_same_token_serves_another_server(world: World, curt: World) -> None:
    bot = (await world.bot()).at(curt.http)
    assert isinstance(bot, Bot)
    assert (await bot.put(STATS, BODY)).status_code == 200
