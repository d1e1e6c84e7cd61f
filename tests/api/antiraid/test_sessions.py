"""Sessions and API tokens of a user, over HTTP."""

import asyncio
import re
from datetime import UTC, datetime

import httpx
import pytest

from domain.accounts.commands import ban_account, unban_account
from domain.permissions import OPERATOR
from domain.processes.delete_account import delete_account
from domain.sessions.aggregate import TOKENS_MAX
from store.event_store import Outcome
from tests.api.antiraid.callers import Holder, log_in, said
from tests.books import until
from tests.fake_discord import FakeDiscord
from tests.world import ORIGIN, World

NEVER = "9999-12-31T23:59:59Z"
FOREVER = 9223372036854775
INVALID = (
    401,
    "InvalidToken",
    "The token provided is invalid. Check that it hasn't expired and try again?",
)
NO_SESSION = (404, "NotFound", "No session found to delete")
OUT_OF_RANGE = (400, "BadRequest", f"Expiry time must be between 0 and {FOREVER}")


def wish(**more: object) -> dict[str, object]:
    return {"name": "nightly export", "type": "api", **more}


@pytest.fixture
async def ines(world: World, discord: FakeDiscord) -> Holder:
    """Log somebody in."""
    return await log_in(world, discord)


async def test_a_token_is_issued_shown_once_and_opens(ines: Holder) -> None:
    answer = await ines.post("/sessions", wish(expiry=None, scopes=["settings:read"]))
    assert (answer.status_code, answer.headers["Cache-Control"]) == (200, "no-store")
    body = answer.json()
    assert list(body) == ["user_id", "token", "session_id", "expiry", "user", "never_expires", "scopes"]
    assert (body["user_id"], body["user"], body["expiry"]) == (str(ines.account), None, NEVER)
    assert (body["never_expires"], body["scopes"]) == (True, ["settings:read"])
    assert re.fullmatch("[A-Za-z0-9]{128}", body["token"])
    me = (await Holder(ines.http, body["token"]).get("/sessions/@me")).json()
    assert me == {"user_id": str(ines.account), "id": body["session_id"], "state": "normal", "type": "api"}
    assert body["token"] not in (await ines.get("/sessions")).text


async def test_the_live_sessions_are_listed_the_newest_first(ines: Holder) -> None:
    script = await ines.issue(name="script", expiry=3600, scopes=[])
    export = await ines.issue(name="export")
    answer = await ines.get("/sessions")
    assert (answer.status_code, answer.headers["Cache-Control"]) == (200, "no-store")
    [newest, middle, oldest] = answer.json()["sessions"]
    keys = ["id", "name", "user_id", "created_at", "type", "expiry", "never_expires", "scopes"]
    assert [list(each) for each in (newest, middle, oldest)] == [keys] * 3
    assert [each["id"] for each in (newest, middle, oldest)] == [export.session, script.session, ines.session]
    assert [each["name"] for each in (newest, middle, oldest)] == ["export", "script", None]
    assert [each["scopes"] for each in (newest, middle, oldest)] == [None, [], None]
    assert (oldest["type"], oldest["never_expires"], oldest["user_id"]) == ("login", False, str(ines.account))
    assert (newest["type"], newest["never_expires"], newest["expiry"]) == ("api", True, NEVER)
    for at in (middle["expiry"], middle["created_at"]):
        assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}Z", at)


async def test_a_token_ends_when_it_was_to_end(ines: Holder) -> None:
    script = await ines.issue(expiry=1)
    end = datetime.fromisoformat((await ines.get("/sessions")).json()["sessions"][0]["expiry"])
    assert (await script.get("/sessions/@me")).status_code == 200
    await until(lambda: datetime.now(UTC) > end)
    assert said(await script.get("/sessions/@me")) == INVALID
    assert [each["id"] for each in (await ines.get("/sessions")).json()["sessions"]] == [ines.session]


@pytest.mark.parametrize("seconds", [FOREVER, 300_000_000_000])
async def test_an_end_beyond_the_calendar_is_none(ines: Holder, seconds: int) -> None:
    body = (await ines.post("/sessions", wish(expiry=seconds))).json()
    assert (body["expiry"], body["never_expires"]) == (NEVER, True)


@pytest.mark.parametrize("seconds", [0, -1, FOREVER + 1, 2**63, 2**200, -(2**63)])
async def test_an_end_out_of_range_is_refused(ines: Holder, seconds: int) -> None:
    assert said(await ines.post("/sessions", wish(expiry=seconds))) == OUT_OF_RANGE


@pytest.mark.parametrize(
    ("more", "field"),
    [
        ({"name": ""}, "name"),
        ({"name": "x" * 129}, "name"),
        ({"name": None}, "name"),
        ({"name": "a\0b"}, "name"),
        ({"type": 5}, "type"),
        ({"expiry": 1.5}, "expiry"),
        ({"expiry": True}, "expiry"),
        ({"expiry": "60"}, "expiry"),
        ({"scopes": "settings:read"}, "scopes"),
        ({"scopes": ["settings:all"]}, "scopes"),
        ({"scopes": [None]}, "scopes"),
    ],
)
async def test_what_cannot_be_read_is_refused_by_the_name_of_the_field(
    ines: Holder, more: dict[str, object], field: str
) -> None:
    status, code, message = said(await ines.post("/sessions", wish(**more)))
    assert (status, code) == (400, "BadRequest")
    assert field in message


@pytest.mark.parametrize("kind", ["login", "", "API", "app_login"])
async def test_only_api_tokens_are_issued(ines: Holder, kind: str) -> None:
    answer = await ines.post("/sessions", wish(type=kind))
    assert said(answer) == (403, "Restricted", "Only 'api' session type is allowed")


async def test_a_token_issues_no_token_for_more_than_it_is_for(ines: Holder) -> None:
    script = await ines.issue(scopes=["sessions:write", "settings:read"])
    child = await script.issue(scopes=["settings:read"])
    assert child.account == ines.account
    for scopes, missing in (
        (["settings:read", "settings:write"], "settings:write"),
        (["guilds:list"], "guilds:list"),
        (None, "sessions:read"),
    ):
        answer = await script.post("/sessions", wish(scopes=scopes))
        assert said(answer) == (403, "Restricted", f"This token does not have the '{missing}' scope")
    unscoped = await ines.issue()
    answer = await unscoped.post("/sessions", wish(scopes=["guilds:list"]))
    assert said(answer) == (403, "Restricted", "This token does not have the 'guilds:list' scope")


@pytest.mark.parametrize(
    ("method", "path", "scope"),
    [
        ("GET", "/sessions", "sessions:read"),
        ("POST", "/sessions", "sessions:write"),
        ("DELETE", "/sessions/f6c24628-52cb-45cc-ad1b-50de59063138", "sessions:write"),
    ],
)
async def test_a_token_does_only_what_it_is_for(ines: Holder, method: str, path: str, scope: str) -> None:
    script = await ines.issue(scopes=["settings:read"])
    answer = await script.ask(method, path)
    assert said(answer) == (403, "Restricted", f"This token does not have the '{scope}' scope")
    assert (await script.get("/sessions/@me")).status_code == 200


async def test_a_user_has_a_hundred_live_tokens_at_most_also_when_two_are_wanted_at_once(
    ines: Holder, curt: World
) -> None:
    last = [await ines.issue() for _ in range(TOKENS_MAX - 1)][-1]
    other = ines.at(curt.http)
    answers = await asyncio.gather(ines.post("/sessions", wish()), other.post("/sessions", wish()))
    [refused] = [answer for answer in answers if answer.status_code != 200]
    assert said(refused) == (400, "BadRequest", "Too many API tokens")
    assert (await ines.delete(f"/sessions/{last.session}")).status_code == 204
    await ines.issue()
    assert said(await ines.post("/sessions", wish()))[2] == "Too many API tokens"


async def test_a_session_that_is_closed_is_dead_at_once_on_every_server(
    ines: Holder, world: World, curt: World
) -> None:
    script = await ines.issue()
    await asyncio.gather(*(script.at(each.http).get("/sessions/@me") for each in (world, curt)))
    answer = await ines.delete(f"/sessions/{script.session}", headers={"Prefer": "respond-async"})
    assert (answer.status_code, answer.content) == (204, b"")
    assert "Guildbook-Stale" not in answer.headers
    for each in (world, curt):
        assert said(await script.at(each.http).get("/sessions/@me")) == INVALID
    assert said(await ines.delete(f"/sessions/{script.session}")) == NO_SESSION
    assert [each["id"] for each in (await ines.get("/sessions")).json()["sessions"]] == [ines.session]


async def test_a_session_that_is_closed_by_one_server_opens_nothing_on_the_other(ines: Holder, curt: World) -> None:
    for _ in range(5):
        script = await ines.issue()
        closed = await ines.at(curt.http).delete(f"/sessions/{script.session}")
        assert (closed.status_code, said(await script.get("/sessions/@me"))) == (204, INVALID)


async def test_of_two_who_close_a_session_at_once_one_does(ines: Holder, curt: World) -> None:
    script = await ines.issue()
    path = f"/sessions/{script.session}"
    answers = await asyncio.gather(ines.delete(path), ines.at(curt.http).delete(path))
    assert sorted(answer.status_code for answer in answers) == [204, 404]


async def test_a_session_closes_itself(ines: Holder) -> None:
    assert (await ines.delete(f"/sessions/{ines.session}")).status_code == 204
    assert said(await ines.get("/sessions/@me")) == INVALID


@pytest.mark.parametrize("session", ["not-a-uuid", "@me", "f6c24628-52cb-45cc-ad1b-50de59063138", "1", "%00"])
async def test_a_session_that_there_is_not_is_not_closed(ines: Holder, session: str) -> None:
    assert said(await ines.delete(f"/sessions/{session}"))[:2] in ((404, "NotFound"), (405, "BadRequest"))


async def test_nobody_closes_the_session_of_somebody_else(ines: Holder, world: World, discord: FakeDiscord) -> None:
    rui = await log_in(world, discord)
    assert said(await rui.delete(f"/sessions/{ines.session}")) == NO_SESSION
    assert (await ines.get("/sessions/@me")).status_code == 200


async def test_who_is_banned_may_do_nothing_until_the_ban_is_lifted(ines: Holder, world: World, curt: World) -> None:
    await shown(world, await world.store.execute(ORIGIN, ban_account, account=ines.account, reason="spam"))
    for each in (world, curt):
        for path in ("/sessions/@me", "/sessions", "/users/@me/guilds"):
            answer = await ines.at(each.http).get(path)
            assert said(answer) == (403, "ApiBanned", f"User {ines.account} is banned from using the API")
    await shown(world, await world.store.execute(ORIGIN, unban_account, account=ines.account))
    assert (await ines.get("/sessions/@me")).json()["state"] == "normal"


async def test_an_account_that_is_deleted_leaves_no_token_that_opens(ines: Holder, world: World) -> None:
    script = await ines.issue()
    await shown(world, await world.store.execute(ORIGIN, delete_account, OPERATOR, account=ines.account))
    for holder in (ines, script):
        assert said(await holder.get("/sessions/@me")) == INVALID


async def shown(world: World, outcome: Outcome[None]) -> httpx.Response:
    """Wait until reads show what the operator did."""
    position = str(outcome.position)
    return await world.anyone.get("/accounts/signups", headers={"Guildbook-After": position})
