"""Logging in with Discord, and taking the details of an account from it, over HTTP."""

import json

import pytest

from tests.fake_discord import CDN_URL, FakeDiscord
from tests.world import SCOPE, Caller, World, fault, new_number, refused

BAD_TOKEN = fault(["body", "discord_token"], "Bad Discord user token.")
UNREACHABLE = (502, "Discord could not be reached.")


async def log_in(world: World, token: str) -> Caller:
    """Log in successfully."""
    answer = await world.anyone.post("/auth/discord", {"token": token})
    assert answer.status_code == 200, answer.text
    assert answer.headers["Cache-Control"] == "no-store"
    assert list(answer.json()) == ["username", "password", "expires_at"]
    return Caller(world.http, answer.json()["username"], answer.json()["password"])


async def test_who_logs_in_first_gets_an_account(world: World, discord: FakeDiscord) -> None:
    number = new_number()
    session = await log_in(world, discord.knows(number, "Inês", "0412", "abc"))
    me = (await session.get("/auth/me")).json()
    assert (me["id"], me["name"], me["discriminator"]) == (str(number), "Inês", "0412")
    assert me["avatar_url"] == f"{CDN_URL}/avatars/{number}/abc.png"
    assert (me["team"], me["permissions"], me["awards"]) == (None, 0, [])


@pytest.mark.parametrize(
    ("discriminator", "index", "shown"), [("0412", 2, "0412"), ("0", 0, "0"), ("9", 4, "9"), (None, 0, "0")]
)
async def test_who_has_no_avatar_gets_a_default_one(
    world: World, discord: FakeDiscord, discriminator: str | None, index: int, shown: str
) -> None:
    me = await log_in(world, discord.knows(new_number(), "Rui", discriminator))
    account = (await me.get("/auth/me")).json()
    assert (account["discriminator"], account["avatar_url"]) == (shown, f"{CDN_URL}/embed/avatars/{index}.png")


async def test_an_account_is_not_synchronised_at_login(world: World, discord: FakeDiscord) -> None:
    account = await world.account(name="Ines")
    session = await log_in(world, discord.knows(account, "Somebody else"))
    assert (await session.get("/auth/me")).json()["name"] == "Ines"


async def test_an_answer_that_comes_in_parts_is_read_whole(world: World, discord: FakeDiscord) -> None:
    content = json.dumps({"user": {"id": new_number(), "username": "Ines"}, "padding": "x" * 20_000}).encode()
    token = discord.says("in-parts", 200, content[:10], content[10:3000], content[3000:])
    assert (await (await log_in(world, token)).get("/auth/me")).json()["name"] == "Ines"


async def test_a_name_longer_than_ours_is_cut(world: World, discord: FakeDiscord) -> None:
    session = await log_in(world, discord.knows(new_number(), "x" * 300))
    assert (await session.get("/auth/me")).json()["name"] == "x" * 255


@pytest.mark.parametrize("token", ["unknown", "", "Zeichen: ü", "a\nb", "\x7f"])
async def test_a_bad_token_does_not_log_in(world: World, token: str) -> None:
    assert refused(await world.anyone.post("/auth/discord", {"token": token})) == (401, "Bad Discord user token.")


@pytest.mark.parametrize("status", [401, 403])
async def test_a_token_that_is_refused_in_any_words_is_a_bad_one(
    world: World, discord: FakeDiscord, status: int
) -> None:
    token = discord.says("refused", status, b"<html>")
    assert refused(await world.anyone.post("/auth/discord", {"token": token})) == (401, "Bad Discord user token.")


async def test_a_token_without_the_scope_is_a_bad_one(world: World, discord: FakeDiscord) -> None:
    token = discord.says("no-scope", 200, b'{"scopes": ["guilds"]}')
    assert refused(await world.anyone.post("/auth/discord", {"token": token})) == (401, "Bad Discord user token.")


@pytest.mark.parametrize(
    ("status", "content"),
    [
        (500, b'{"user": {"id": "1", "username": "x"}}'),
        (503, b"<html>"),
        (429, b'{"message": "You are being rate limited."}'),
        (200, b"<html>"),
        (200, b""),
        (200, b"[]"),
        (200, b"\xff"),
        (200, b'{"user": 1}'),
        (200, b'{"user": {"id": "x", "username": "x"}}'),
        (200, b'{"user": {"id": "9223372036854775808", "username": "x"}}'),
        (200, b'{"user": {"id": "0", "username": "x"}}'),
        (200, b'{"user": {"id": "1"}}'),
        (200, b'{"user": {"id": "1", "username": "\\u0000"}}'),
        (200, b'{"user": {"id": "1", "username": "\\ud800"}}'),
        (200, b'{"user": {"id": "1", "username": "x", "discriminator": "x"}}'),
        (200, b'{"x": "' + b"x" * 70_000 + b'"}'),
        (200, b'{"x":' + b"[" * 30_000),
        (302, b""),
    ],
)
async def test_a_discord_that_answers_nonsense_is_not_reached(
    world: World, discord: FakeDiscord, status: int, content: bytes
) -> None:
    token = discord.says("nonsense", status, content)
    assert refused(await world.anyone.post("/auth/discord", {"token": token})) == UNREACHABLE
    account = await world.account()
    assert refused(await world.anyone.patch(f"/account/{account}", {"discord_token": token})) == UNREACHABLE


async def test_a_discord_that_breaks_off_is_not_reached(world: World, discord: FakeDiscord) -> None:
    token = discord.breaks_off("lost")
    assert refused(await world.anyone.post("/auth/discord", {"token": token})) == UNREACHABLE


async def test_a_discord_that_is_too_slow_is_not_reached(world: World, discord: FakeDiscord) -> None:
    answered = discord.waits("slow")
    assert refused(await world.anyone.post("/auth/discord", {"token": "slow"})) == UNREACHABLE
    answered.set()


async def test_a_token_is_required_to_log_in(world: World) -> None:
    missing = fault(["body", "token"], "field required", "value_error.missing")
    assert refused(await world.anyone.post("/auth/discord", {})) == (422, [missing])


async def test_logging_in_does_not_look_at_credentials(world: World, discord: FakeDiscord) -> None:
    token = discord.knows(new_number())
    for garbage in ("Basic !!!", "Bearer x", "Basic"):
        answer = await world.anyone.post("/auth/discord", {"token": token}, headers={"Authorization": garbage})
        assert answer.status_code == 200


@pytest.mark.parametrize("headers", [{}, {"Authorization": "Bearer x"}])
async def test_anybody_refreshes_an_account_with_its_owners_token(
    world: World, discord: FakeDiscord, headers: dict[str, str]
) -> None:
    account = await world.account(name="Ines")
    token = discord.knows(account, "Inês", "0001", "abc")
    answer = await world.anyone.patch(f"/account/{account}", {"discord_token": token, "x": 1}, headers=headers)
    assert answer.status_code == 200
    shown = answer.json()
    assert (shown["name"], shown["discriminator"]) == ("Inês", "0001")
    assert shown["avatar_url"] == f"{CDN_URL}/avatars/{account}/abc.png"
    assert await world.shown(account) == shown


async def test_a_refresh_that_changes_nothing_says_nothing_new(world: World, discord: FakeDiscord) -> None:
    account = await world.account()
    token = discord.knows(account)
    first, second = [await world.anyone.patch(f"/account/{account}", {"discord_token": token}) for _ in range(2)]
    assert first.json() == second.json()
    assert first.headers["Guildbook-Position"] == second.headers["Guildbook-Position"]


async def test_wrong_credentials_do_not_hinder_a_refresh(world: World, discord: FakeDiscord) -> None:
    account = await world.account()
    stranger = Caller(world.http, "A999999", "wrong")
    answer = await stranger.patch(f"/account/{account}", {"discord_token": discord.knows(account, "Inês")})
    assert (answer.status_code, answer.json()["name"]) == (200, "Inês")


async def test_the_fetched_profile_overrides_the_details_of_the_request(world: World, discord: FakeDiscord) -> None:
    account = await world.account()
    team = await world.team()
    body = {"name": "Rui", "team": team, "discord_token": discord.knows(account, "Inês")}
    edited = (await world.manager.patch(f"/account/{account}", body)).json()
    assert (edited["name"], edited["team"]["id"]) == ("Inês", team)


async def test_a_bad_token_in_an_edit_is_a_fault_and_saves_nothing(world: World) -> None:
    account = await world.account()
    before = await world.shown(account)
    assert refused(await world.anyone.patch(f"/account/{account}", {"discord_token": "bad"})) == (422, [BAD_TOKEN])
    answer = await world.manager.patch(f"/account/{account}", {"discord_token": "bad", "name": "Rui"})
    assert refused(answer) == (422, [BAD_TOKEN])
    assert await world.shown(account) == before


async def test_a_token_of_somebody_else_is_refused(world: World, discord: FakeDiscord) -> None:
    account = await world.account()
    body = {"discord_token": discord.knows(new_number())}
    for caller in (world.anyone, world.manager):
        answer = await caller.patch(f"/account/{account}", body)
        assert refused(answer) == (403, "Discord token is for a different account.")


async def test_permissions_are_judged_before_discord_is_asked(world: World, discord: FakeDiscord) -> None:
    account = await world.account()
    token = discord.knows(account)
    stranger = await world.app(0)
    assert refused(await stranger.patch(f"/account/{account}", {"name": "Rui", "discord_token": token})) == SCOPE
    assert token not in discord.asked
    answer = await stranger.patch(f"/account/{account}", {"team": "x", "discord_token": token})
    assert answer.status_code == 422
    assert token not in discord.asked


@pytest.mark.parametrize(
    "more",
    [
        {"name": "Rui"},
        {"name": 0},
        {"avatar_url": False},
        {"name": []},
        {"discriminator": "0"},
        {"team": 0},
        {"team": ""},
        {"grant_permissions": 1},
        {"revoke_permissions": ""},
        {"discord_token": ""},
        {"discord_token": None},
    ],
)
async def test_an_anonymous_edit_of_anything_else_needs_credentials(
    world: World, discord: FakeDiscord, more: dict[str, object]
) -> None:
    account = await world.account()
    body = {"discord_token": discord.knows(account), **more}
    answer = await world.anyone.patch(f"/account/{account}", body)
    assert refused(answer) == (401, "Not authenticated")
    assert answer.headers["WWW-Authenticate"] == "Basic"


@pytest.mark.parametrize(
    "more",
    [
        {"name": ""},
        {"name": None, "discriminator": "", "avatar_url": None, "team": None},
        {"grant_permissions": 0, "revoke_permissions": "0"},
        {"grant_permissions": False, "unknown": True},
    ],
)
async def test_fields_without_effect_do_not_hinder_an_anonymous_refresh(
    world: World, discord: FakeDiscord, more: dict[str, object]
) -> None:
    account = await world.account()
    body = {"discord_token": discord.knows(account), **more}
    assert (await world.anyone.patch(f"/account/{account}", body)).status_code == 200


@pytest.mark.parametrize("content", [b"", b"[]", b"null", b"{", b'"x"', b"{}"])
async def test_an_anonymous_edit_without_a_token_needs_credentials(world: World, content: bytes) -> None:
    account = await world.account()
    answer = await world.anyone.ask("PATCH", f"/account/{account}", content=content)
    assert refused(answer) == (401, "Not authenticated")


async def test_an_anonymous_edit_names_an_account_that_exists(world: World) -> None:
    answer = await world.anyone.patch("/account/x", {"discord_token": []})
    assert refused(answer) == (422, [
        fault(["path", "account"], "Invalid Account ID: must be int."),
        fault(["body", "discord_token"], "str type expected", "type_error.str"),
    ])  # fmt: skip
