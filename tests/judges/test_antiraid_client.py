"""A dashboard, and the scripts beside it, do everything that the AntiRaid surface offers, and get what they can use."""

import re
from collections.abc import Awaitable
from pathlib import Path

import pytest

from domain.accounts.commands import ban_account
from tests.fake_discord import REDIRECT_URI, TOKEN, FakeDiscord
from tests.judges.antiraid_client import Dashboard, OlderClient, Outcome, ScriptPusher, SettingsInspector
from tests.judges.antiraid_client import found_in as setting_in
from tests.judges.antiraid_town import AZORES, GREETER, INES, MADEIRA, STEWARDS, TEMPLATES, code_for, put
from tests.judges.fetching import RefusedError
from tests.judges.shapes import SAMPLES, Sample, is_like
from tests.world import NOT_FOUND, World, new_number

pytestmark = pytest.mark.judge

GUILDS_PER_WINDOW = 5
FIXED = {"NoAuthToken", "InvalidToken", "Restricted", "NotFound", "BadRequest"}
"""What is refused in the same words every time."""
GATE = {"name": "north", "material": "wood", "open": True, "plan": {"init.luau": "return nil"}, "wards": ["940"]}


async def refusal(call: Awaitable[object]) -> RefusedError:
    with pytest.raises(RefusedError) as caught:
        await call
    return caught.value


def test_every_method_of_the_dashboard_is_called_here_and_every_sample_is_compared() -> None:
    source = Path(__file__).read_text()
    methods = {name for name, value in vars(Dashboard).items() if callable(value) and not name.startswith("_")}
    assert {name for name in methods if f".{name}(" not in source} == set()
    assert {path.stem for path in SAMPLES.iterdir() if f'"{path.stem}"' not in source} == set()


async def test_before_anybody_has_logged_in_there_is_something_to_see(town: World) -> None:
    page = Dashboard(town.http)
    assert await page.me() is None
    assert is_like("config", await page.config())
    assert is_like("bot_stats", await page.bot_stats())
    assert is_like("bot_state", await page.bot_state())
    assert await page.bot_state() == Sample("bot_state").answer
    assert page.confirmed == ["/bot-state"]


async def test_who_comes_back_with_a_code_is_logged_in_until_the_session_is_closed(
    town: World, discord: FakeDiscord
) -> None:
    page = Dashboard(town.http)
    opened = await page.log_in(code_for(discord, INES), REDIRECT_URI, code_verifier="v" * 43)
    assert is_like("login", opened)
    me = await page.me()
    assert is_like("me", me)
    assert me == {"user_id": str(INES), "id": opened["session_id"], "state": "normal", "type": "login"}
    await page.revoke(opened["session_id"])
    assert await page.me() is None


async def test_the_guilds_of_somebody_are_listed_and_one_is_opened(ines: Dashboard) -> None:
    listed = await ines.guilds()
    assert is_like("guilds", listed)
    assert listed["bot_in_guilds"] == [str(AZORES)]
    assert await ines.guilds(refresh=True) == listed
    guild = await ines.guild(AZORES)
    assert is_like("guild", guild)
    assert (guild["user_roles"], guild["bot_roles"]) == (["941"], ["942"])
    room = next(each for each in guild["channels"] if each["channel"]["id"] == "921")
    assert (int(room["user"]) & 1 << 10, int(room["user"]) & STEWARDS) == (0, STEWARDS)


async def test_what_may_be_set_is_shown_as_it_was_registered(ines: Dashboard) -> None:
    settings = await ines.settings(AZORES)
    assert is_like("definitions", {"greeter": settings["greeter"]})
    assert settings["greeter"] == Sample("definitions").answer["greeter"]
    assert await ines.settings(AZORES) == settings
    assert ines.confirmed == [f"/guilds/{AZORES}/settings"]
    elsewhere = await ines.settings(MADEIRA)
    assert is_like("column_types", elsewhere)
    assert elsewhere["porter"] == Sample("column_types").answer["porter"]


async def test_the_doorbell_is_set_as_in_the_samples(ines: Dashboard, rui: Dashboard) -> None:
    async def said(name: str, by: Dashboard = ines) -> Outcome:
        outcome = await by.operate(AZORES, Sample(name).asked)
        assert is_like(name, outcome.whole)
        return outcome

    assert re.fullmatch(r'"s\d+"', (await said("created")).tag)
    seen = await said("viewed")
    assert seen.whole == Sample("viewed").answer
    row = await ines.operate(AZORES, {"setting": "doorbell", "operation": "View", "fields": {"room": "921"}})
    assert (row.done, row.tag[:2]) == (seen.done, '"r')
    assert (await said("refused_update")).whole == Sample("refused_update").answer
    assert (await said("refused_delete", by=rui)).whole == Sample("refused_delete").answer
    assert (await said("unknown_setting")).whole == {}
    assert (await ines.operate(AZORES, Sample("stale").asked, If_Match=seen.tag)).done == {"greeter": {}}
    stale = await refusal(ines.operate(AZORES, Sample("stale").asked, If_Match=seen.tag))
    assert is_like("stale", stale.body)
    assert (stale.status, stale.body) == (412, Sample("stale").answer)
    assert (await said("deleted")).done == {"greeter": {"room": "921"}}


async def test_a_row_with_every_type_of_column_is_created_blank_and_changed_as_it_was_shown(ines: Dashboard) -> None:
    gate = setting_in(await ines.settings(MADEIRA), "gate")
    typed = {**GATE, "wards": ["950"]}
    assert (await ines.create(MADEIRA, gate, typed)).done == {"porter": {}}
    [row] = await ines.rows(MADEIRA, gate)
    assert {**row, **typed} == row
    blank = {"keeper": None, "height": 0, "width": 0, "locks": 0, "notes": {}, "hours": [], "created_by": str(INES)}
    assert {**row, **blank} == row
    changed = await ines.update(MADEIRA, gate, row, {"width": 1.5, "locks": 3})
    assert is_like("warned", changed.whole)
    [after] = await ines.rows(MADEIRA, gate)
    assert after == {**row, "width": 1.5, "locks": 3}
    assert (await ines.delete(MADEIRA, gate, after)).done == {"porter": {"name": "north"}}
    assert await ines.rows(MADEIRA, gate) == []


async def test_a_setting_that_is_there_once_is_changed_without_being_created(ines: Dashboard) -> None:
    house = setting_in(await ines.settings(MADEIRA), "house")
    assert await ines.rows(MADEIRA, house) == []
    assert (await ines.update(MADEIRA, house, {}, {"lit": True, "sign": ""})).refused == {}
    [row] = await ines.rows(MADEIRA, house)
    assert row == {"lit": True, "sign": ""}


async def test_buttons_do_what_the_bot_has_in_mind(ines: Dashboard) -> None:
    gate = setting_in(await ines.settings(MADEIRA), "gate")
    typed = {**GATE, "name": "south", "wards": [], "height": 2, "width": 1, "locks": 0}
    put_there = await ines.press(MADEIRA, gate, "Put", typed)
    assert is_like("upserted", put_there.whole)
    assert put_there.done["porter"]["type"] == "Create"
    assert is_like("emitted", (await ines.press(MADEIRA, gate, "Ring", {"name": "south"})).whole)
    assert (await ines.delete(MADEIRA, gate, {"name": "south"})).refused == {}


async def test_rows_of_several_templates_are_one_list_that_can_be_sorted(town: World, ines: Dashboard) -> None:
    doorbell, bot = setting_in(await ines.settings(AZORES), "doorbell"), await town.primary()
    for room in ("921", "922"):
        assert (await ines.create(AZORES, doorbell, {"room": room})).done == {"greeter": {}}
    await bot.delete(f"{TEMPLATES}/greeter")
    await put(bot, f"{TEMPLATES}/porch", GREETER)
    assert (await ines.create(AZORES, doorbell, {"room": "923"})).done == {"porch": {}}
    await put(bot, f"{TEMPLATES}/greeter", GREETER)
    first, third, second = await ines.rows(AZORES, doorbell)
    assert [row["room"] for row in (first, second, third)] == ["921", "922", "923"]
    assert (await ines.reorder(AZORES, doorbell, [second, third, first])).done == {"greeter": {}, "porch": {}}
    assert [row["room"] for row in await ines.rows(AZORES, doorbell)] == ["922", "923", "921"]
    assert (await ines.update(AZORES, doorbell, third, {"style": 2})).done == {"porch": {}}
    halves = await ines.create(AZORES, doorbell, {"room": "921"})
    assert (halves.done, list(halves.refused)) == ({"porch": {}}, ["greeter"])
    for room in ("921", "922", "923"):
        assert (await ines.delete(AZORES, doorbell, {"room": room})).refused == {}
    assert await ines.rows(AZORES, doorbell) == []
    await bot.delete(f"{TEMPLATES}/porch")


async def test_stock_roles_are_set_and_answer_with_their_older_key(ines: Dashboard) -> None:
    roles = setting_in(await ines.settings(AZORES), "guildroles")
    assert (await ines.create(AZORES, roles, {"role_id": "940", "perms": ["moderation.kick"]})).refused == {}
    [row] = await ines.rows(AZORES, roles)
    assert (row["role_id"], row["perms"], row["index"]) == ("940", ["moderation.kick"], 1)
    assert (await ines.reorder(AZORES, roles, [row])).done == {"$builtins": {}}
    assert is_like("deleted_role", (await ines.operate(AZORES, Sample("deleted_role").asked)).whole)


async def test_every_refusal_of_a_setting_says_what_it_is(ines: Dashboard, rui: Dashboard) -> None:
    settings = await ines.settings(MADEIRA)
    gate, key, house = (setting_in(settings, name) for name in ("gate", "key", "house"))
    there, typed = {"name": "west"}, {**GATE, "name": "west", "wards": []}
    assert (await ines.create(MADEIRA, gate, typed)).refused == {}
    assert (await ines.create(MADEIRA, key, {"teeth": "five"})).refused == {}
    outcomes = [
        await ines.delete(MADEIRA, house, {}),
        await ines.update(MADEIRA, gate, there, {"height": "tall"}),
        await ines.update(MADEIRA, gate, there, {"height": None}),
        await ines.update(MADEIRA, gate, there, {"material": "glass"}),
        await ines.operate(MADEIRA, {"setting": "gate", "operation": "Update", "fields": {"height": 2}}),
        await ines.create(MADEIRA, gate, typed),
        await ines.delete(MADEIRA, gate, {"name": "east"}),
        await ines.create(MADEIRA, key, {"teeth": "six"}),
        await rui.delete(MADEIRA, gate, there),
    ]
    errors = [outcome.whole["porter"]["error"] for outcome in outcomes]
    assert is_like("typed_errors", {error["type"]: error for error in errors})
    assert len(await ines.rows(MADEIRA, gate)) == 1
    assert (await ines.delete(MADEIRA, gate, there)).refused == {}
    assert (await ines.delete(MADEIRA, key, {"teeth": "five"})).refused == {}


async def test_tokens_are_issued_listed_and_revoked(town: World, ines: Dashboard) -> None:
    wish = Sample("issued_token").asked
    issued = await ines.issue(wish)
    assert is_like("issued_token", issued)
    assert len(issued["token"]) == 128
    assert "porter" not in await SettingsInspector(town.http, issued["token"]).settings(AZORES)
    listed = await ines.sessions()
    assert is_like("sessions", listed)
    assert [session["name"] for session in listed["sessions"] if session["id"] == issued["session_id"]] == [
        wish["name"]
    ]
    assert issued["token"] not in str(listed)
    await ines.revoke(issued["session_id"])
    assert await Dashboard(town.http, issued["token"]).me() is None
    for nobodys in (issued["session_id"], "not-a-uuid"):
        refused = await refusal(ines.revoke(nobodys))
        assert is_like("unknown_session", refused.body)
        assert (refused.status, refused.body) == (404, Sample("unknown_session").answer)


async def test_a_token_is_taken_in_every_form_and_lists_guilds_only_when_it_was_issued_for_that(
    town: World, ines: Dashboard
) -> None:
    plain, lister = [
        (await ines.issue({"name": "older", "type": "api", "scopes": scopes}))["token"]
        for scopes in (None, ["guilds:list"])
    ]
    for form in (plain, f"User {plain}", f"Bearer {plain}"):
        me = await Dashboard(town.http, form).me()
        assert me is not None
        assert (me["user_id"], me["type"]) == (str(INES), "api")
    assert (await refusal(Dashboard(town.http, plain).guilds())).status == 403
    assert is_like("guilds", await Dashboard(town.http, lister).guilds(refresh=True))


async def test_a_script_is_pushed_to_where_an_inspector_finds_it(town: World, ines: Dashboard) -> None:
    token = (await ines.issue({"name": "pusher", "type": "api"}))["token"]
    source = {"init.luau": "return 'welcome'"}
    await ScriptPusher(town.http, token).push(AZORES, "welcome", source)
    offered_there = await SettingsInspector(town.http, token).settings(AZORES)
    scripts = next(setting for setting in offered_there["$builtins"] if setting["id"] == "scripts")
    [row] = await ines.rows(AZORES, scripts)
    assert (row["name"], row["content"], row["events"]) == ("welcome", source, ["INTERACTION_CREATE"])
    assert (await ines.delete(AZORES, scripts, row)).refused == {}


async def test_every_refusal_has_the_status_of_its_code(town: World, discord: FakeDiscord, ines: Dashboard) -> None:
    page = Dashboard(town.http)
    reader = Dashboard(town.http, (await ines.issue(Sample("issued_token").asked))["token"])
    code, unlucky = code_for(discord, new_number()), discord.says("unlucky", 503, b"", path=TOKEN)
    opened = await page.log_in(code, REDIRECT_URI)
    older = OlderClient(town.http, opened["token"])
    for _ in range(GUILDS_PER_WINDOW):
        assert (await refusal(older.guild(AZORES))).message == "User not found in server"
    limited = await refusal(older.guild(AZORES))
    assert limited.retry_after_seconds in range(1, 301)
    write = {"setting": "doorbell", "operation": "Create", "fields": {}}
    refusals = [
        await refusal(Dashboard(town.http).sessions()),
        await refusal(Dashboard(town.http, "x" * 128).sessions()),
        await _of_the_banned(town, page, int(opened["user_id"])),
        await refusal(reader.operate(AZORES, write)),
        await refusal(ines.settings(NOT_FOUND)),
        await refusal(Dashboard(town.http).log_in(code, REDIRECT_URI)),
        limited,
        await refusal(Dashboard(town.http).log_in(unlucky, REDIRECT_URI)),
    ]
    assert is_like("refusals", {each.code: each.body for each in refusals})
    fixed = [each for each in refusals if each.code in FIXED]
    assert {each.code: each.message for each in fixed} == {
        code: body["message"] for code, body in Sample("refusals").answer.items() if code in FIXED
    }
    assert [each.status for each in refusals] == [401, 401, 403, 403, 404, 400, 429, 500]


async def _of_the_banned(world: World, page: Dashboard, account: int) -> RefusedError:
    await world.do(ban_account, account=account, reason=None)
    assert await page.me() is None
    return await refusal(page.sessions())
