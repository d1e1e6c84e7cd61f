"""Who calls: which tokens are taken, in which form, and what is said of all others."""

from datetime import UTC, datetime, timedelta

import pytest

from domain.accounts.commands import ban_account, unban_account
from domain.permissions import OPERATOR
from domain.processes.delete_account import delete_account
from domain.sessions.commands import close_session
from tests.api.antiraid.callers import number_of, open_session, said
from tests.api.raw import connected
from tests.world import Caller, World

ME = "/sessions/@me"
NO_TOKEN = (401, "NoAuthToken", "Whoa there! This endpoint requires authentication to use!")
INVALID = (401, "InvalidToken", "The token provided is invalid. Check that it hasn't expired and try again?")


@pytest.mark.parametrize("before", ["", "Bearer ", "User ", "bearer ", "USER ", "Bearer   "])
async def test_a_token_is_taken_bare_or_after_a_word(world: World, before: str) -> None:
    login = await open_session(world)
    answer = await world.anyone.get(ME, headers={"Authorization": f"{before}{login.token}"})
    assert (answer.status_code, answer.json()["id"]) == (200, login.session)


async def test_blanks_around_a_token_do_not_matter(world: World) -> None:
    login = await open_session(world)
    async with connected(world.http) as connection:
        for sent in (f"  {login.token}", f"   User  {login.token}  ", f"{login.token}\t"):
            answer = await connection.ask(b"GET /sessions/@me", f"Authorization: {sent}".encode())
            assert answer.status == 200


async def test_who_sends_no_token_is_asked_for_one(world: World) -> None:
    assert said(await world.anyone.get(ME)) == NO_TOKEN
    async with connected(world.http) as connection:
        for sent in (b"", b"   ", "töken".encode(), b"Bearer \xff"):
            answer = await connection.ask(b"GET /sessions/@me", b"Authorization: " + sent)
            assert (answer.status, answer.json()["code"]) == NO_TOKEN[:2]


@pytest.mark.parametrize(
    "text", ["x", "Bearer", "Bearer x", "User Bearer x", "Basic QTE6eA==", "a" * 128, "a" * 10_000]
)
async def test_a_token_that_nobody_has_is_invalid(world: World, text: str) -> None:
    assert said(await world.anyone.get(ME, headers={"Authorization": text})) == INVALID


async def test_only_the_very_token_is_taken(world: World) -> None:
    login = await open_session(world)
    for text in (
        login.token[:-1],
        f"{login.token}x",
        login.token.swapcase(),
        f"Bot {login.token}",
        f"Token {login.token}",
    ):
        assert said(await world.anyone.get(ME, headers={"Authorization": text})) == INVALID


async def test_the_credentials_of_other_surfaces_are_invalid_here(world: World) -> None:
    bot, session = await world.bot(), await world.member()
    assert said(await world.anyone.get(ME, headers={"Authorization": bot.token})) == INVALID
    assert said(await bot.get(ME)) == INVALID
    assert said(await session.get(ME)) == INVALID
    assert said(await world.anyone.get(ME, headers={"Authorization": session.password})) == INVALID


async def test_the_token_of_a_login_is_no_password_on_the_polympics_surface(world: World) -> None:
    login = await open_session(world)
    row = await number_of(world, login)
    assert (await Caller(world.http, f"S{row}", login.token).get("/auth/me")).status_code == 401


async def test_a_session_ends_at_its_end_by_the_clock(world: World) -> None:
    now = datetime.now(UTC)
    over = await open_session(world, expires_at=now - timedelta(seconds=1))
    lives = await open_session(world, expires_at=now + timedelta(minutes=5))
    assert said(await over.get(ME)) == INVALID
    assert (await lives.get(ME)).status_code == 200


async def test_a_closed_session_lets_nobody_in(world: World) -> None:
    login = await open_session(world)
    session = await number_of(world, login)
    await world.do(close_session, session=session, reason="revoked")
    assert said(await login.get(ME)) == INVALID


async def test_the_sessions_of_a_deleted_account_let_nobody_in(world: World) -> None:
    login = await open_session(world)
    await world.do(delete_account, OPERATOR, account=login.account)
    assert said(await login.get(ME)) == INVALID


async def test_a_banned_user_may_do_nothing_until_the_ban_is_lifted(world: World) -> None:
    login, token = await open_session(world), await open_session(world, kind="api")
    await world.do(ban_account, account=login.account, reason=None)
    message = f"User {login.account} is banned from using the API"
    for path in (ME, "/sessions", "/users/@me/guilds"):
        assert said(await login.get(path)) == (403, "ApiBanned", message)
    assert (await token.get(ME)).status_code == 200
    await world.do(unban_account, account=login.account)
    assert (await login.get(ME)).status_code == 200


async def test_on_the_polympics_surface_the_session_of_a_banned_account_is_as_good_as_none(world: World) -> None:
    session = await world.member()
    await world.do(ban_account, account=session.account, reason=None)
    answer = await session.get("/auth/me")
    assert (answer.status_code, answer.json()["detail"]) == (401, "A token was not used to authenticate.")


@pytest.mark.parametrize(
    ("scopes", "status"),
    [(None, 200), (["sessions:read"], 200), (["sessions:write", "settings:read"], 403), ([], 403)],
)
async def test_a_token_may_do_what_its_scopes_say(world: World, scopes: list[str] | None, status: int) -> None:
    token = await open_session(world, kind="api", scopes=scopes)
    answer = await token.get("/sessions")
    assert answer.status_code == status
    if status == 403:
        message = "This token does not have the 'sessions:read' scope"
        assert said(answer) == (403, "Restricted", message)
    assert (await token.get(ME)).status_code == 200  # which needs none
