"""The worked samples of the contract, byte for byte where they are not a matter of time or chance."""

import re
from typing import Any

import httpx

from tests.world import World, new_number

BRONZE = "https://img.example.org/b.png"


def said(answer: httpx.Response) -> tuple[int, str]:
    """Return an answer with moments and passwords put aside."""
    text = re.sub(r'("created_at"|"expires_at"):\d+(\.\d{1,6})?(?=[,}])', r"\1:0.5", answer.text)
    return answer.status_code, re.sub(r'"password":"[A-Za-z0-9+/]{43}="', '"password":"…"', text)


async def azores(world: World) -> dict[str, Any]:
    """Make a team with an award, and say what their ids are."""
    team = await world.team("Azores")
    body = {"title": "Bronze", "image_url": BRONZE, "team": team, "accounts": []}
    award = (await world.manager.post("/awards/new", body)).json()["id"]
    return {"ines": new_number(), "team": team, "award": award}


def filled(text: str, ids: dict[str, Any]) -> str:
    """Put the ids into a sample."""
    for name, value in ids.items():
        text = text.replace(f"<{name}>", str(value))
    return text


async def test_an_account_is_created(world: World) -> None:
    ids = await azores(world)
    body = {"id": ids["ines"], "name": "Ines", "discriminator": "0412", "team": ids["team"]}
    assert said(await world.manager.post("/accounts/new", body)) == (201, filled(
        '{"id":"<ines>","name":"Ines","discriminator":"0412","avatar_url":null,'
        '"team":{"id":<team>,"name":"Azores","created_at":0.5,"member_count":1,'
        '"awards":[{"id":<award>,"title":"Bronze","image_url":"https://img.example.org/b.png"}]},'
        '"permissions":0,"created_at":0.5,"awards":[]}', ids,
    ))  # fmt: skip


async def test_an_owner_promotes_somebody_who_then_leaves(world: World) -> None:
    team = await world.team("Azores")
    owner, ines = await world.member(team, 32), await world.member(team)
    path = f"/account/{ines.account}"
    promoted = await owner.patch(path, {"grant_permissions": 32})
    assert (promoted.status_code, promoted.json()["permissions"]) == (200, 32)
    left = await ines.patch(path, {"team": 0})
    assert (left.status_code, left.json()["team"], left.json()["permissions"]) == (200, None, 0)


async def test_a_search_says_the_page_that_it_used(world: World) -> None:
    name = f"x{new_number()}"
    await world.account(name=f"Ines {name}")
    page = (await world.anyone.get(f"/accounts/search?q={name.upper()}&per_page=500")).text
    assert page.startswith('{"page":0,"per_page":100,"pages":1,"results":1,"data":[{')


async def test_an_award_of_no_team_says_so(world: World) -> None:
    ids = await azores(world)
    await world.manager.delete(f"/team/{ids['team']}")
    assert said(await world.anyone.get(f"/award/{ids['award']}")) == (200, filled(
        '{"award":{"id":<award>,"title":"Bronze","image_url":"https://img.example.org/b.png"},"awardees":[],"team":null}',
        ids,
    ))  # fmt: skip


async def test_faults_are_said_as_lists_of_texts(world: World) -> None:
    team, account = await world.team(), await world.account()
    body = {"title": "Gold", "image_url": "g.png", "team": team, "accounts": [account, 5]}
    assert said(await world.manager.post("/awards/new", body)) == (
        422, '{"detail":[{"loc":["body","accounts","1"],"msg":"Account not found.","type":"value_error"}]}',
    )  # fmt: skip
    assert said(await world.anyone.patch(f"/account/{account}", {"discord_token": "expired"})) == (
        422, '{"detail":[{"loc":["body","discord_token"],"msg":"Bad Discord user token.","type":"value_error"}]}',
    )  # fmt: skip
    award = await world.award(team)
    assert said(await world.manager.delete(f"/account/{account}/award/{award}")) == (
        404, '{"detail":"Account does not have that award."}',
    )  # fmt: skip


async def test_a_user_resets_the_token(world: World) -> None:
    ines = await world.member()
    assert said(await ines.post("/auth/reset_token")) == (
        200, f'{{"username":"{ines.username}","password":"…","expires_at":0.5}}',
    )  # fmt: skip
