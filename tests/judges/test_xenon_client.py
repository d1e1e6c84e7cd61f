"""Bots made from the documented samples, against a running server, with the very ids of the contract's samples."""

import asyncio
import json
from collections.abc import AsyncIterator, Iterator
from typing import Any

import pytest
from websockets.asyncio.client import connect

from domain.loads.events import LoadStatusReported
from tests.conftest import cloned
from tests.fake_discord import FakeDiscord, settings_for
from tests.judges.shapes import GOLDEN, Sample, is_like
from tests.judges.xenon_client import FollowingBot, RestoringBot
from tests.load_events import begun, deleted, finished, mapped, published, refused, started, taken, tell
from tests.servers import LIMITS, served
from tests.world import Bot, World, open_world

pytestmark = pytest.mark.judge

LIMIT = "GUILDBOOK_LIMIT_BOT"
FOLDER = GOLDEN / "xenon"
LOAD, OTHER, TEMPLATE, BACKUP = "ld_9r2m4c", "ld_9r2m77", "pQ7nB2xLm4Tz", "4k1vqx09zt"
IDS = {"7110": "7311", "7120": "7322", "7121": "7323"}
OF_TEMPLATE: dict[str, Any] = {
    "type": "template",
    "backup": None,
    "template": TEMPLATE,
    "source": 7500,
    "user": 71,
}
BASES = ("", "/api", "/api/")


@pytest.fixture(scope="module")
def urls(server_url: str, template: str, discord: FakeDiscord) -> Iterator[tuple[str, str]]:
    """Run a server that limits, on a database of its own, so that everything has the ids that it has in the samples."""
    settings = {**settings_for(discord), LIMIT: LIMITS[LIMIT]}
    with cloned(server_url, template) as url, served(url, settings) as base_url:
        yield base_url, url


@pytest.fixture
async def hall(urls: tuple[str, str]) -> AsyncIterator[World]:
    """Return a server that knows a backup and a template."""
    async with open_world(*urls) as world:
        if (await world.http.get(f"/templates/{TEMPLATE}/bots")).status_code == 404:
            await tell(world.store, taken(BACKUP), published(TEMPLATE, guild=7500, creator=71))
            await run(world)
        yield world


async def run(world: World, load: str = LOAD) -> int:
    """Load the backup, while somebody tries to load the template; return the position before it."""
    head = await tell(world.store, started(load)) - 1
    await tell(world.store, status("deleting roles", 0.05, load), deleted(load, "7301"), begun(load))
    await tell(world.store, mapped(load, {"7110": "7311"}, "role"), mapped(load, {"7120": "7322", "7121": "7323"}))
    await tell(world.store, status("loading channels", 0.6, load))
    end = {"outcome": "refused", "progress": 0.0, "has_begun": False}
    await tell(world.store, refused(OTHER, running=load, **OF_TEMPLATE), finished(OTHER, **OF_TEMPLATE, **end))
    await shown(world, await tell(world.store, finished(load)))
    return head


def status(text: str, progress: float, load: str) -> LoadStatusReported:
    return LoadStatusReported(load=load, source=7100, target=7300, status=text, progress=progress)


async def shown(world: World, position: int) -> None:
    await world.anyone.get("/accounts/signups", headers={"Guildbook-After": str(position)})


async def a_bot(world: World) -> Bot:
    return await world.bot()


@pytest.mark.parametrize("path", BASES)
async def test_a_bot_restores_by_whatever_its_user_types(hall: World, path: str) -> None:
    bot = RestoringBot(f"{hall.http.base_url}".rstrip("/") + path, (await a_bot(hall)).token)
    whole = {"7100": "7300", **IDS}
    for argument in (BACKUP, BACKUP.upper(), "7100"):
        assert await bot.ids("7300", argument) == whole
    for argument in ("7101", "nobodys", "7300"):
        assert await bot.ids("7300", argument) is None
    assert await bot.ids("7301", BACKUP) is None
    assert await bot.may_restore("7300", "7100", "64")
    assert not await bot.may_restore("7300", "7100", "71")


async def test_a_bot_that_is_too_fast_waits_as_long_as_it_is_told(hall: World) -> None:
    bot = RestoringBot(str(hall.http.base_url), (await a_bot(hall)).token)
    found = await asyncio.gather(*(bot.ids("7300", "7100") for _ in range(31)))
    assert all(found)
    assert len(bot.waited_ms) == 1
    assert 0 < bot.waited_ms[0] <= 10_000


async def test_a_bot_that_listens_finds_the_final_mapping_at_once(hall: World) -> None:
    bot = FollowingBot(f"{hall.http.base_url}".rstrip("/") + "/api", (await a_bot(hall)).token)
    listening = bot.restored()
    first = asyncio.ensure_future(anext(listening))
    await bot.listens.wait()
    for number in range(5):
        load, new = f"ld_more{number}", str(9000 + number)
        await tell(hall.store, started(load, backup=BACKUP), begun(load), mapped(load, {"7190": new}, "role"))
        await tell(hall.store, finished(load))
        data, ids = await (first if number == 0 else anext(listening))
        assert (data["load_id"], data["outcome"]) == (load, "success")
        assert ids is not None
        assert ids["7190"] == new


async def test_a_bot_says_that_it_restores_after_a_template(hall: World) -> None:
    bot = await hall.bot(number=8800)
    client = RestoringBot(str(hall.http.base_url), bot.token)
    await client.attach(TEMPLATE, "71")
    assert (await hall.http.get(f"/api/templates/{TEMPLATE}/bots")).json() == Sample("bots", FOLDER).answer
    await client.detach(TEMPLATE)
    assert (await hall.http.get(f"/api/templates/{TEMPLATE}/bots")).json() == {"bots": []}


async def test_the_samples_of_the_contract_are_what_is_answered(urls: tuple[str, str], hall: World) -> None:
    bot = await a_bot(hall)
    headers = {"Authorization": bot.token}
    sample = Sample("mapper", FOLDER)
    answer = await hall.http.get("/api/mappers", params=sample.asked, headers=headers)
    assert is_like("mapper", answer.json(), FOLDER)
    assert answer.headers["ETag"] == f'"m{answer.json()["position"]}"'
    for refusal in Sample("refusals", FOLDER).answer:
        method, path, body = refusal["asked"]
        answer = await hall.http.request(method, path, content=body, headers=headers)
        assert (answer.status_code, answer.json()) == (refusal["status"], refusal["body"])
    answers = [await hall.http.get("/mappers", headers=headers) for _ in range(30)]
    assert is_like("rate_limited", answers[-1].json(), FOLDER)


async def test_the_frames_of_the_contract_are_what_is_told(hall: World) -> None:
    bot = await a_bot(hall)
    url = f"{hall.http.base_url}".replace("http", "ws", 1).rstrip("/")
    wanted = Sample("frames", FOLDER).answer
    async with connect(
        f"{url}/loaders/ws?after=0", additional_headers={"Authorization": bot.token}, proxy=None
    ) as socket:
        frames = [json.loads(await socket.recv()) for _ in range(5)]
    for frame in frames:
        assert frame["data"].pop("position") > 0
    for frame in wanted:
        del frame["data"]["position"]
    del wanted[2]  # less than five seconds after the first status
    assert frames == wanted
    assert [list(frame["data"]) for frame in frames] == [list(frame["data"]) for frame in wanted]


def test_every_sample_is_used() -> None:
    source = (GOLDEN.parent / "judges" / "test_xenon_client.py").read_text()
    assert {path.stem for path in FOLDER.iterdir() if f'"{path.stem}"' not in source} == set()
