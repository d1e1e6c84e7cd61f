"""How long a mapper may be kept, and by whom."""

from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime

import httpx
import msgspec

from api.xenon.mappers import keeping
from projections.mappers.queries import MapperFound
from tests.api.xenon.callers import Program
from tests.api.xenon.loads import Load
from tests.world import World

NOW = datetime(2026, 2, 3, 10, 20, 31, tzinfo=UTC)
FOUND = MapperFound(b"{}", 1, is_running=False, ended_at=NOW - timedelta(seconds=10))
A_MINUTE = {
    "Cache-Control": "private, max-age=60",
    "Expires": "Tue, 03 Feb 2026 10:21:31 GMT",
    "Expiration": "Tue, 03 Feb 2026 10:21:31 GMT",
}
NOT_AT_ALL = {
    "Cache-Control": "private, max-age=0, must-revalidate",
    "Expires": "Tue, 03 Feb 2026 10:20:31 GMT",
    "Expiration": "Tue, 03 Feb 2026 10:20:31 GMT",
}


def test_what_has_settled_is_kept_for_a_minute() -> None:
    assert keeping(FOUND, NOW) == A_MINUTE
    assert keeping(msgspec.structs.replace(FOUND, ended_at=None), NOW) == A_MINUTE


def test_while_a_load_runs_and_shortly_after_it_nothing_is_kept() -> None:
    assert keeping(msgspec.structs.replace(FOUND, is_running=True), NOW) == NOT_AT_ALL
    assert keeping(msgspec.structs.replace(FOUND, ended_at=NOW - timedelta(seconds=9.9)), NOW) == NOT_AT_ALL


async def ask(bot: Program, load: Load, **headers: str) -> httpx.Response:
    query = {"target": load.target, "source": load.source}
    return await bot.get("/mappers", params=query, headers={name.replace("_", "-"): it for name, it in headers.items()})


async def test_the_headers_are_those_of_an_answer_that_a_cache_understands(world: World, bot: Program) -> None:
    load = Load(world)
    position = await load.run({1: 2})
    answer = await ask(bot, load)
    assert answer.headers["ETag"] == f'"m{position}"'
    assert answer.headers["Vary"] == "Authorization"
    assert answer.headers["Cache-Control"] == "private, max-age=0, must-revalidate"
    assert answer.headers["Expires"] == answer.headers["Expiration"]
    assert abs(parsedate_to_datetime(answer.headers["Expires"]) - datetime.now(UTC)) < timedelta(seconds=5)
    assert answer.headers.get_list("Cache-Control", split_commas=False) == ["private, max-age=0, must-revalidate"]


async def test_who_has_it_already_is_told_so(world: World, bot: Program) -> None:
    load = Load(world)
    await load.run({1: 2})
    tag = (await ask(bot, load)).headers["ETag"]
    for known in (tag, f"W/{tag}", f'"x", {tag}', "*"):
        same = await ask(bot, load, If_None_Match=known)
        assert (same.status_code, same.content) == (304, b"")
        assert (same.headers["ETag"], same.headers["Vary"]) == (tag, "Authorization")
        assert {"cache-control", "expires", "expiration"} <= set(same.headers)
    for other in ("x", '"x"', '"m1"', ""):
        assert (await ask(bot, load, If_None_Match=other)).status_code == 200


async def test_a_load_makes_what_one_has_old_when_it_ends(world: World, bot: Program) -> None:
    load = Load(world)
    await load.run({1: 2})
    tag = (await ask(bot, load)).headers["ETag"]
    again = Load(world, load.source, load.target)
    await again.start()
    await again.begin()
    await again.map({1: 3})
    running = await ask(bot, load, If_None_Match=tag)
    assert (running.status_code, running.headers["Cache-Control"]) == (304, "private, max-age=0, must-revalidate")
    await again.end()
    assert (await ask(bot, load, If_None_Match=tag)).json()["ids"]["1"] == "3"
