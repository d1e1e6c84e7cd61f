"""Who sees and touches whose callbacks: a bot its own, an auditor sees all, and nobody else anything."""

import pytest

from domain.callbacks.commands import pause_callback
from tests.api.antiraid.callers import open_session
from tests.api.book.loading import done, limited
from tests.api.book.problems import refused
from tests.api.book.subscribing import AUDITOR, CALLBACKS, URL, path_of, subscribe
from tests.world import Bot, World, new_number


@pytest.fixture
async def bot(world: World) -> Bot:
    return await world.bot()


async def test_a_token_for_some_guilds_filters_for_those_only(world: World) -> None:
    bot = await limited(world, 920)
    told = (403, "This token is not for guild 921.")
    assert refused(await bot.post(CALLBACKS, {"url": URL, "guilds": ["920", "921"]})) == told
    added = await subscribe(bot, guilds=["920"])
    assert refused(await bot.patch(path_of(added), {"guilds": ["921"]})) == told


async def test_an_auditor_reads_all_callbacks_and_touches_none(world: World, bot: Bot) -> None:
    added = await subscribe(bot)
    auditor = await world.bot(AUDITOR, "callbacks:write")
    assert done(await auditor.get(path_of(added)))["url"] == URL
    listed = done(await auditor.get(f"{CALLBACKS}?bot_id={bot.id}"))["items"]
    assert [each["id"] for each in listed] == [added["id"]]
    assert refused(await auditor.delete(path_of(added))) == (404, f"There is no callback {added['id']}.")


async def test_an_auditor_of_some_guilds_is_none_of_callbacks(world: World, bot: Bot) -> None:
    added = await subscribe(bot)
    auditor = await world.bot(AUDITOR, "callbacks:read", guilds=[920])
    assert (await auditor.get(path_of(added))).status_code == 404
    assert refused(await auditor.get(f"{CALLBACKS}?bot_id={bot.id}")) == (403, "These are another bot's callbacks.")
    assert done(await auditor.get(CALLBACKS))["items"] == []


DEEDS: list[tuple[str, str, object]] = [
    ("PATCH", "", {}),
    ("POST", "/rotate", {}),
    ("POST", "/pause", None),
    ("POST", "/resume", None),
    ("POST", "/replay", {"after": 0}),
    ("POST", "/test", None),
    ("POST", "/deliveries/msg_1_1/resend", None),
    ("DELETE", "", None),
]
LOOKS = ["", "/deliveries", "/deliveries/msg_1_1"]


async def test_others_neither_see_nor_touch_a_callback(world: World, bot: Bot) -> None:
    added, other = await subscribe(bot), await world.bot()
    unknown = (404, f"There is no callback {added['id']}.")
    for look in LOOKS:
        assert refused(await other.get(path_of(added) + look)) == unknown
    for method, deed, body in DEEDS:
        assert refused(await other.ask(method, path_of(added) + deed, json=body)) == unknown
    assert done(await other.get(CALLBACKS))["items"] == []
    assert done(await bot.get(path_of(added)))["status"] == "active"


async def test_each_scope_is_good_for_its_own(world: World) -> None:
    bot, number = await world.bot("callbacks:write"), new_number()
    added = await subscribe(bot)
    unable = "This token does not have the 'callbacks:{}' scope."
    for look in ("", *(f"/{added['id']}{look}" for look in LOOKS)):
        assert refused(await bot.get(CALLBACKS + look)) == (403, unable.format("read"))
    reader = await world.bot("callbacks:read", number=number)
    assert done(await reader.get(CALLBACKS))["items"] == []
    for method, deed, body in [("POST", "", {"url": URL}), *((m, f"/{added['id']}{d}", b) for m, d, b in DEEDS)]:
        assert refused(await reader.ask(method, CALLBACKS + deed, json=body)) == (403, unable.format("write"))


async def test_sessions_have_nothing_to_do_with_callbacks(world: World, bot: Bot) -> None:
    added, person = await subscribe(bot), await open_session(world)
    for path in (CALLBACKS, path_of(added), path_of(added, "deliveries")):
        assert refused(await person.get(path)) == (403, "Only bots may do this.")
    assert refused(await person.post(path_of(added, "pause"))) == (403, "Only bots may do this.")


@pytest.mark.parametrize("path", [CALLBACKS, f"{CALLBACKS}/1", f"{CALLBACKS}/1/deliveries"])
async def test_without_a_token_nobody_reads_callbacks(world: World, path: str) -> None:
    assert refused(await world.anyone.get(path))[0] == 401


async def test_a_bot_sees_in_the_log_what_others_did_with_its_callbacks_and_nobody_else_does(
    world: World, bot: Bot
) -> None:
    added, other = await subscribe(bot), await world.bot()
    await world.do(pause_callback, app=bot.id, event=added["id"])
    narrow = await limited(world, 920)
    mine = await subscribe(narrow)
    await world.do(pause_callback, app=narrow.id, event=mine["id"])
    for one, callback in ((bot, added), (narrow, mine)):
        stream = f"callbacks-{one.id}-{callback['id']}"
        seen = done(await one.get(f"/book/events?stream={stream}"))["items"]
        assert [each["type"] for each in seen] == ["callbacks.CallbackRegistered", "callbacks.CallbackPaused"]
        assert done(await other.get(f"/book/events?stream={stream}"))["items"] == []
