"""What a dashboard asks for first, and asking only for what has changed."""

import pytest

from api.etags import tag_of
from tests.fake_discord import CLIENT_ID
from tests.world import World


async def test_anybody_may_know_where_they_are(world: World) -> None:
    answer = await world.anyone.get("/config")
    assert answer.status_code == 200
    assert list(answer.json().items()) == [
        ("main_server", "0"),
        ("support_server_invite", "https://discord.com"),
        ("client_id", str(CLIENT_ID)),
    ]
    assert answer.headers["Content-Type"] == "application/json"
    assert answer.headers["Cache-Control"] == "no-cache"
    assert answer.headers["ETag"] == tag_of(answer.content)


async def test_a_token_is_not_looked_at_where_none_is_needed(world: World) -> None:
    assert (await world.anyone.get("/config", headers={"Authorization": "x"})).status_code == 200


@pytest.mark.parametrize("wrap", ["{}", "W/{}", '"other", {}', '"a,b" , W/"x",{} ', "*"])
async def test_who_has_it_already_is_not_sent_it_again(world: World, wrap: str) -> None:
    tag = (await world.anyone.get("/config")).headers["ETag"]
    answer = await world.anyone.get("/config", headers={"If-None-Match": wrap.format(tag).strip()})
    assert (answer.status_code, answer.content) == (304, b"")
    assert (answer.headers["ETag"], answer.headers["Cache-Control"]) == (tag, "no-cache")


@pytest.mark.parametrize("given", ["", '"other"', "{}", 'W/"x"', "junk"])
async def test_who_has_something_else_is_sent_it(world: World, given: str) -> None:
    tag = (await world.anyone.get("/config")).headers["ETag"]
    answer = await world.anyone.get("/config", headers={"If-None-Match": given.format(tag.strip('"'))})
    assert answer.status_code == 200
