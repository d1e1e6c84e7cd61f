"""The identity provider for trying things out."""

import pytest

from tests.world import World

PATH = "/demo/discord/oauth2/@me"


async def test_a_demo_token_is_of_the_same_person_every_time(world: World) -> None:
    first, second = [(await world.anyone.get(PATH, headers={"Authorization": "Bearer demo-ines"})) for _ in range(2)]
    assert (first.status_code, first.json()["user"]) == (200, second.json()["user"])
    assert (first.json()["user"]["username"], first.json()["user"]["id"].isdigit()) == ("ines", True)
    other = await world.anyone.get(PATH, headers={"Authorization": "Bearer demo-rui"})
    assert other.json()["user"]["id"] != first.json()["user"]["id"]


@pytest.mark.parametrize("token", ["Bearer ines", "Bearer demo-", "Bearer demo-a b", "demo", ""])
async def test_any_other_token_is_nobodys(world: World, token: str) -> None:
    assert (await world.anyone.get(PATH, headers={"Authorization": token})).status_code == 401
