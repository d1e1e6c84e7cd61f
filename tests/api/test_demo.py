"""The identity provider for trying things out."""

import base64
import hashlib
from typing import Any
from urllib.parse import parse_qs, urlsplit

import httpx
import pytest

from api.demo_world import GUILD, MANAGER, OTHER_GUILD, PEOPLE
from tests.fake_discord import CLIENT_ID, CLIENT_SECRET, REDIRECT_URI
from tests.world import World

PROVIDER = "/demo/discord"
PATH = f"{PROVIDER}/oauth2/@me"
VERIFIER = "v" * 43
CHALLENGE = base64.urlsafe_b64encode(hashlib.sha256(VERIFIER.encode()).digest()).decode().rstrip("=")


async def authorize(world: World, **more: str) -> httpx.Response:
    asked = {"client_id": str(CLIENT_ID), "redirect_uri": REDIRECT_URI, "response_type": "code", **more}
    return await world.http.get(f"{PROVIDER}/oauth2/authorize", params=asked)


async def code_of(world: World, name: str, **more: str) -> str:
    """Say who one is, and return the code that one is sent back with."""
    answer = await authorize(world, name=name, state="a state", **more)
    assert answer.status_code == 302
    target = urlsplit(answer.headers["Location"])
    assert f"{target.scheme}://{target.netloc}{target.path}" == REDIRECT_URI
    query = parse_qs(target.query)
    assert query["state"] == ["a state"]
    return query["code"][0]


async def exchange(world: World, **form: str) -> httpx.Response:
    client = {"client_id": str(CLIENT_ID), "client_secret": CLIENT_SECRET, "redirect_uri": REDIRECT_URI}
    return await world.http.post(f"{PROVIDER}/oauth2/token", data={**client, **form})


async def ask(world: World, path: str, token: str) -> Any:  # noqa: ANN401 - any JSON
    return (await world.http.get(f"{PROVIDER}{path}", headers={"Authorization": f"Bearer {token}"})).json()


async def test_a_demo_token_is_of_the_same_person_every_time(world: World) -> None:
    first, second = [(await world.anyone.get(PATH, headers={"Authorization": "Bearer demo-ines"})) for _ in range(2)]
    assert (first.status_code, first.json()["user"]) == (200, second.json()["user"])
    assert (first.json()["user"]["username"], first.json()["user"]["id"].isdigit()) == ("ines", True)
    other = await world.anyone.get(PATH, headers={"Authorization": "Bearer demo-rui"})
    assert other.json()["user"]["id"] != first.json()["user"]["id"]


@pytest.mark.parametrize("token", ["Bearer ines", "Bearer demo-", "Bearer demo-a b", "demo", ""])
async def test_any_other_token_is_nobodys(world: World, token: str) -> None:
    assert (await world.anyone.get(PATH, headers={"Authorization": token})).status_code == 401


async def test_who_says_a_name_comes_back_with_a_code_for_tokens(world: World) -> None:
    code = await code_of(world, MANAGER.title(), code_challenge=CHALLENGE)
    answer = await exchange(world, grant_type="authorization_code", code=code, code_verifier=VERIFIER)
    tokens = answer.json()
    assert (answer.status_code, tokens["scope"]) == (200, "identify guilds")
    assert (await ask(world, "/users/@me", tokens["access_token"]))["username"] == MANAGER
    guilds = await ask(world, "/users/@me/guilds", tokens["access_token"])
    assert [guild["id"] for guild in guilds] == [str(GUILD), str(OTHER_GUILD.id)]
    again = await exchange(world, grant_type="refresh_token", refresh_token=tokens["refresh_token"])
    assert again.json()["access_token"] == tokens["access_token"]


async def test_who_is_not_in_the_guild_does_not_have_it_listed(world: World) -> None:
    assert "zoe" not in PEOPLE
    guilds = await ask(world, "/users/@me/guilds", "demo-zoe")
    assert [guild["id"] for guild in guilds] == [str(OTHER_GUILD.id)]


async def test_who_says_no_name_is_asked_for_it_on_a_page_that_runs_nothing(world: World) -> None:
    page = await authorize(world, state='"><script>alert(1)</script>')
    assert (page.status_code, page.headers["Content-Type"]) == (200, "text/html; charset=utf-8")
    assert "<script" not in page.text
    assert "&quot;&gt;&lt;script&gt;" in page.text
    assert "default-src 'none'" in page.headers["Content-Security-Policy"]


@pytest.mark.parametrize(
    "more",
    [
        {"redirect_uri": "https://evil.example.org"},
        {"client_id": "5"},
        {"name": "a b"},
        {"name": ""},
        {"name": "x" * 33},
        {"scope": "x" * 101},
    ],
)
async def test_nobody_is_sent_anywhere_else_or_as_nobody(world: World, more: dict[str, str]) -> None:
    answer = await authorize(world, **more)
    assert (answer.status_code, "Location" in answer.headers) == (400, False)


@pytest.mark.parametrize(
    "form",
    [
        {},
        {"code_verifier": "w" * 43},
        {"code_verifier": VERIFIER, "redirect_uri": "https://other.example.org"},
        {"code_verifier": VERIFIER, "code": "nonsense"},
        {"code_verifier": VERIFIER, "code": "é"},
    ],
)
async def test_a_code_is_only_for_whom_it_was_given(world: World, form: dict[str, str]) -> None:
    code = await code_of(world, "rui", code_challenge=CHALLENGE)
    answer = await exchange(world, **{"grant_type": "authorization_code", "code": code, **form})
    assert (answer.status_code, answer.json()["error"]) == (400, "invalid_grant")


async def test_tokens_are_only_for_the_client(world: World) -> None:
    code = await code_of(world, "rui")
    answer = await exchange(world, grant_type="authorization_code", code=code, client_secret="wrong")
    assert (answer.status_code, answer.json()["error"]) == (401, "invalid_client")
