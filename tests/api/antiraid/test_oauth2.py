"""Logging in with a code of the identity provider, over HTTP."""

import asyncio
import json
import re
from datetime import UTC, datetime, timedelta
from itertools import count

import pytest

from api.app import application
from api.parts import Parts
from schemas.settings import read_settings
from tests.api.antiraid.callers import Holder, come_back, log_in, said
from tests.fake_discord import CDN_URL, CLIENT_ID, CLIENT_SECRET, REDIRECT_URI, TOKEN, USER, FakeDiscord, settings_for
from tests.servers import NO_LIMITS
from tests.world import World, in_process, new_number

VERIFIER = "v" * 43
INVALID = (400, "BadRequest", "Invalid code specified")
USED = (400, "BadRequest", "Code has been clearly used before and is as such invalid")
NO_SCOPES = (403, "Restricted", "This endpoint requires the 'identify' and 'guilds' scope to be present")
_codes = map("code-of-nobody-{}".format, count(1))


async def test_who_comes_back_with_a_code_is_let_in(world: World, discord: FakeDiscord) -> None:
    number = new_number()
    answer = await come_back(world, discord.sends_back(number, "inês", global_name="Inês", avatar="a_bc"))
    assert (answer.status_code, answer.headers["Cache-Control"]) == (200, "no-store")
    body = answer.json()
    assert list(body) == ["user_id", "token", "session_id", "expiry", "user", "never_expires", "scopes"]
    assert re.fullmatch("[A-Za-z0-9]{128}", body["token"])
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}Z", body["expiry"])
    assert timedelta(minutes=59) < datetime.fromisoformat(body["expiry"]) - datetime.now(UTC) <= timedelta(hours=1)
    assert body["user"] == {"id": str(number), "username": "inês", "global_name": "Inês", "avatar": "a_bc"}
    assert (body["user_id"], body["never_expires"], body["scopes"]) == (str(number), False, None)
    me = await Holder(world.http, body["token"]).get("/sessions/@me")
    assert me.json() == {"user_id": str(number), "id": body["session_id"], "state": "normal", "type": "login"}


async def test_the_provider_is_asked_as_its_client(world: World, discord: FakeDiscord) -> None:
    code = discord.sends_back(new_number())
    await come_back(world, code, code_verifier=VERIFIER)
    client = {"client_id": str(CLIENT_ID), "client_secret": CLIENT_SECRET}
    assert discord.forms[-1] == {
        **client,
        "grant_type": "authorization_code",
        "code": code,
        "redirect_uri": REDIRECT_URI,
        "code_verifier": VERIFIER,
    }
    await come_back(world, discord.sends_back(new_number()))
    assert "code_verifier" not in discord.forms[-1]


async def test_who_is_new_gets_an_account_and_who_is_known_is_brought_up_to_date(
    world: World, discord: FakeDiscord
) -> None:
    account = await world.account(name="Ines")
    await log_in(world, discord, account, name="inês", avatar="abc")
    shown = await world.shown(account)
    assert (shown["name"], shown["avatar_url"]) == ("inês", f"{CDN_URL}/avatars/{account}/abc.png")
    stranger = await log_in(world, discord, name="rui")
    assert (await world.shown(stranger.account))["name"] == "rui"


async def test_two_logins_of_a_new_account_at_once_both_succeed(world: World, discord: FakeDiscord) -> None:
    number = new_number()
    first, second = await asyncio.gather(log_in(world, discord, number), log_in(world, discord, number))
    assert first.session != second.session
    assert len((await first.get("/sessions")).json()["sessions"]) == 2


async def test_a_redirect_that_is_not_allowed_is_refused_first(world: World, discord: FakeDiscord) -> None:
    code = discord.sends_back(new_number())
    for uri in (f"{REDIRECT_URI}/", REDIRECT_URI.upper(), "https://evil.example.org", ""):
        answer = await come_back(world, code, redirect_uri=uri)
        assert said(answer) == (403, "Restricted", "This redirect URI is not allowed")
    short = await come_back(world, "", redirect_uri="https://evil.example.org")
    assert said(short)[0] == 403
    assert (await come_back(world, code)).status_code == 200


@pytest.mark.parametrize("code", ["", "ab", "x" * 513])
async def test_a_code_that_can_be_none_is_refused(world: World, code: str) -> None:
    assert said(await come_back(world, code)) == INVALID


@pytest.mark.parametrize("verifier", ["", "v" * 42, "v" * 129, "v" * 42 + "+", "v" * 43 + "\n"])
async def test_a_verifier_that_can_be_none_is_refused_and_the_code_is_still_good(
    world: World, discord: FakeDiscord, verifier: str
) -> None:
    code = discord.sends_back(new_number())
    assert said(await come_back(world, code, code_verifier=verifier))[:2] == (400, "BadRequest")
    assert (await come_back(world, code, code_verifier=VERIFIER)).status_code == 200


async def test_a_code_is_used_once_even_if_the_provider_refused_it(world: World, discord: FakeDiscord) -> None:
    code = discord.sends_back(new_number())
    assert (await come_back(world, code)).status_code == 200
    assert said(await come_back(world, code)) == USED
    unknown = next(_codes)
    assert said(await come_back(world, unknown))[0] == 400
    assert said(await come_back(world, unknown)) == USED


async def test_of_two_servers_that_are_shown_a_code_at_once_one_lets_in(
    world: World, curt: World, discord: FakeDiscord
) -> None:
    known = await world.account()
    for _ in range(5):
        code = discord.sends_back(known)
        answers = await asyncio.gather(*(come_back(each, code) for each in (world, curt) * 2))
        refused = [answer for answer in answers if answer.status_code != 200]
        assert [said(answer) for answer in refused] == [USED] * 3


async def test_what_the_provider_says_against_a_code_is_told(world: World, discord: FakeDiscord) -> None:
    answer = await come_back(world, next(_codes))
    assert said(answer) == (400, "BadRequest", 'Failed to get access token: Invalid "code" in request.')
    for content, told in (
        (b'{"error": "invalid_grant"}', "invalid_grant"),
        (b'{"message": "nope\\u0007\\n"}', "nope"),
        (b"<html>", "status 400"),
        (b'{"error": 5}', "status 400"),
        (b"{}" + b" " * 60_000, "status 400"),
        (json.dumps({"error": "x" * 60_000}).encode(), "x" * 200),
    ):
        code = discord.says(next(_codes), 400, content, path=TOKEN)
        assert said(await come_back(world, code)) == (400, "BadRequest", f"Failed to get access token: {told}")


@pytest.mark.parametrize(
    ("status", "content"),
    [
        (500, b"{}"),
        (429, b"{}"),
        (302, b""),
        (200, b""),
        (200, b"<html>"),
        (200, b"[]"),
        (200, b'{"access_token": ""}'),
        (200, b'{"access_token": "a\\r\\nb"}'),
        (200, b'{"access_token": 5}'),
        (200, b"[" * 60_000),
        (200, b" " * 100_000),
    ],
)
async def test_a_provider_that_fails_at_the_token_is_told_with_a_reference(
    world: World, discord: FakeDiscord, status: int, content: bytes
) -> None:
    code = discord.says(next(_codes), status, content, path=TOKEN)
    answer = await come_back(world, code)
    reference = answer.headers["X-Request-Id"]
    assert said(answer) == (500, "InternalError", f"Failed to get access token: {reference}")


@pytest.mark.parametrize("scope", ["", "identify", "guilds", "identify guilds.join"])
async def test_a_login_needs_both_scopes(world: World, discord: FakeDiscord, scope: str) -> None:
    assert said(await come_back(world, discord.sends_back(new_number(), scope=scope))) == NO_SCOPES


@pytest.mark.parametrize(
    ("status", "content", "told"),
    [
        (401, b"{}", "Failed to get user info"),
        (500, b"{}", "Failed to get user info"),
        (404, b"{}", "Failed to parse user info response"),
        (200, b"<html>", "Failed to parse user info response"),
        (200, b'{"id": "0", "username": "x"}', "Failed to parse user info response"),
        (200, b'{"id": "99999999999999999999", "username": "x"}', "Failed to parse user info response"),
        (200, b'{"id": "5", "username": "a\\u0000b"}', "Failed to parse user info response"),
        (200, b" " * 100_000, "Failed to parse user info response"),
    ],
)
async def test_a_provider_that_fails_at_the_user_is_told_with_a_reference(
    world: World, discord: FakeDiscord, status: int, content: bytes, told: str
) -> None:
    code = discord.sends_back(new_number())
    discord.says(discord.token_for(code), status, content, path=USER)
    answer = await come_back(world, code)
    assert said(answer) == (500, "InternalError", f"{told}: {answer.headers['X-Request-Id']}")


async def test_a_provider_that_is_too_slow_or_gone_is_told(world: World, discord: FakeDiscord) -> None:
    code = next(_codes)
    released = discord.waits(code, path=TOKEN)
    slow = await come_back(world, code)
    released.set()
    gone = await come_back(world, discord.breaks_off(next(_codes), path=TOKEN))
    for answer in (slow, gone):
        assert said(answer)[:2] == (500, "InternalError")
        assert said(answer)[2].startswith("Failed to get access token: ")


async def test_a_book_that_cannot_be_reached_is_told_before_the_provider_is_asked(discord: FakeDiscord) -> None:
    words = {name: value for name, value in (settings_for(discord) | NO_LIMITS).items() if "TIMEOUT" not in name}
    parts = Parts(read_settings(words), "postgresql://nobody@127.0.0.1:9/nothing", b"A" * 32)
    code = discord.sends_back(new_number())
    async with in_process(application(parts)) as http:
        answer = await http.post("/oauth2", json={"code": code, "redirect_uri": REDIRECT_URI})
    assert said(answer)[:2] == (500, "InternalError")
    assert said(answer)[2].startswith("Failed to get access token: ")
    assert code not in [form.get("code") for form in discord.forms]


async def test_who_is_new_stays_outside_while_signups_are_closed(curt: World, discord: FakeDiscord) -> None:
    answer = await come_back(curt, discord.sends_back(new_number()))
    assert said(answer) == (403, "Restricted", "Signups are closed.")


async def test_no_token_of_the_provider_is_in_the_log_or_in_clear(world: World, discord: FakeDiscord) -> None:
    number = new_number()
    code = discord.sends_back(number)
    await come_back(world, code)
    async with world.store.pool.connection() as connection:
        query = "SELECT sealed FROM operations.provider_grants WHERE account = %s"
        [sealed] = await (await connection.execute(query, (number,))).fetchone() or [None]
        query = "SELECT count(*) FROM book.log WHERE strpos(convert_from(data, 'UTF8'), %s) > 0"
        [found] = await (await connection.execute(query, (discord.token_for(code),))).fetchone() or [None]
    assert sealed
    assert discord.token_for(code) not in str(sealed)
    assert found == 0


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({"redirect_uri": REDIRECT_URI}, "code"),
        ({"code": "abc"}, "redirect_uri"),
        ({"code": 5, "redirect_uri": REDIRECT_URI}, "code"),
        ({"code": "abc", "redirect_uri": None}, "redirect_uri"),
        ({"code": "abc", "redirect_uri": REDIRECT_URI, "code_verifier": 5}, "code_verifier"),
        ({"code": "a\0c", "redirect_uri": REDIRECT_URI}, "code"),
    ],
)
async def test_a_body_that_lacks_something_is_refused_by_the_name_of_the_field(
    world: World, body: dict[str, object], field: str
) -> None:
    answer = await world.http.post("/oauth2", json=body)
    assert said(answer)[:2] == (400, "BadRequest")
    assert field in said(answer)[2]
