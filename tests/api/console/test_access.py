"""Who gets into the console, and who does what there."""

from urllib.parse import parse_qs, urlsplit

import pytest

from domain.processes.register_template import register_template
from tests.api.console.homes import HIDDEN, Home, Visitor, key_text


def target_of(location: str) -> str:
    return parse_qs(urlsplit(location).query)["next"][0]


async def test_whoever_is_not_logged_in_is_sent_to_the_login_and_back(home: Home) -> None:
    nobody = Visitor(home.world.http, 0, "x" * 128)
    away = await nobody.get(home.path(), params={"new": "1"})
    assert away.status_code == 303
    assert target_of(away.headers["location"]) == f"{home.path()}?new=1"
    page = await nobody.get(away.headers["location"])
    assert page.status_code == 200
    back = await nobody.post("/console/login", {"token": home.owner.token, "next": f"{home.path()}?new=1"})
    assert back.headers["location"] == f"{home.path()}?new=1"
    cookie = back.headers["set-cookie"]
    assert all(rule in cookie for rule in ("guildbook_console=", "HttpOnly", "Path=/console", "SameSite=lax"))


async def test_a_session_that_has_ended_lets_nobody_in(home: Home) -> None:
    late = await home.person("lena", minutes=-1)
    assert (await late.get("/console")).status_code == 303


@pytest.mark.parametrize(
    "target", ["https://evil.example", "//evil.example", "/console\\..", "/consoles", "", "/elsewhere"]
)
async def test_nobody_is_sent_away_from_the_console_after_logging_in(home: Home, target: str) -> None:
    back = await home.owner.post("/console/login", {"token": home.owner.token, "next": target})
    assert back.headers["location"] == "/console"


async def test_a_token_that_is_unknown_is_refused_without_saying_more(home: Home) -> None:
    refused = await home.owner.post("/console/login", {"token": "abc", "next": "/console"})
    assert refused.status_code == 403
    assert "not known" in refused.text
    assert "set-cookie" not in refused.headers


async def test_a_login_that_this_browser_did_not_begin_is_not_finished(home: Home) -> None:
    answer = await home.world.http.get("/console/login/done", params={"code": "abc", "state": ""})
    assert "not begun here" in answer.text
    assert "set-cookie" not in answer.headers


async def test_where_no_provider_is_set_up_for_the_console_one_logs_in_with_a_token(home: Home) -> None:
    page = await home.world.http.get("/console/login")
    assert "Log in with Discord" not in page.text
    assert (await home.world.http.get("/console/login/start")).headers["location"] == "/console/login"


async def test_logging_out_closes_the_login(home: Home) -> None:
    out = await home.manager.post("/console/logout", {})
    assert out.headers["location"] == "/console/login"
    assert "Max-Age=0" in out.headers["set-cookie"]
    assert (await home.manager.get("/console")).status_code == 303
    answer = await home.world.http.get("/sessions/@me", headers={"Authorization": home.manager.token})
    assert answer.status_code == 401


@pytest.mark.parametrize(
    "headers",
    [
        {"Sec-Fetch-Site": "cross-site"},
        {"Sec-Fetch-Site": "same-site"},
        {"Sec-Fetch-Site": "none"},
        {"Origin": "https://evil.example"},
        {"Origin": "null"},
    ],
)
@pytest.mark.parametrize("path", ["setting", "/console/logout", "/console/login"])
async def test_a_form_from_elsewhere_does_nothing(home: Home, headers: dict[str, str], path: str) -> None:
    where = home.path() if path == "setting" else path
    refused = await home.owner.post(where, home.greeting(token=home.owner.token), headers)
    assert refused.status_code == 403
    assert "Not from here" in refused.text
    assert await home.rows() == []
    assert (await home.owner.get("/console")).status_code == 200


async def test_a_form_that_does_not_say_where_it_is_from_does_nothing(home: Home) -> None:
    answer = await home.world.http.post(home.path(), content=b"", headers=home.owner.headers)
    assert answer.status_code == 403


async def test_people_see_the_guilds_that_they_are_in_and_no_others(home: Home) -> None:
    assert f"/console/guilds/{home.guild}/settings" in (await home.member.get("/console")).text
    assert f"/console/guilds/{home.guild}/settings" not in (await home.stranger.get("/console")).text
    for path in (f"/console/guilds/{home.guild}/settings", home.path(), f"/console/guilds/{home.guild}/members?q=o"):
        assert (await home.stranger.get(path)).status_code == 404
    assert (await home.stranger.post(home.path(), home.greeting())).status_code == 404


async def test_a_member_without_the_permission_sees_and_changes_nothing(home: Home) -> None:
    await home.owner.post(home.path(), home.greeting())
    page = await home.member.get(home.path())
    assert page.status_code == 200
    assert "Welcome!" in page.text
    assert "hunter2" not in page.text
    assert 'method="post" action="/console/guilds' not in page.text
    refused = await home.member.post(home.path(), home.greeting(**{"f:channel": str(home.rules)}))
    assert refused.status_code == 403
    assert "You do not have permission to create in greetings" in refused.text
    key = key_text(channel=str(home.hello))
    assert (await home.member.post(home.path(), {"_key": key, "_operation": "Delete"})).status_code == 403
    assert (await home.member.get(home.path(), params={"history": key})).status_code == 403
    assert len(await home.rows()) == 1


async def test_a_manager_may_not_give_a_role_above_his_own(home: Home) -> None:
    refused = await home.manager.post(home.path(), home.greeting(**{"f:role": str(home.staff)}))
    assert refused.status_code == 403
    assert (await home.owner.post(home.path(), home.greeting(**{"f:role": str(home.staff)}))).status_code == 303


async def test_a_setting_that_one_may_not_see_is_not_offered(home: Home) -> None:
    listed = f"/console/guilds/{home.guild}/settings"
    assert "For owners" in (await home.owner.get(listed)).text
    assert "For owners" not in (await home.manager.get(listed)).text
    assert "You do not have permission to view hidden" in (await home.manager.get(home.path("hidden"))).text


async def test_a_token_is_good_for_what_it_was_issued_for(home: Home) -> None:
    body = {"name": "reader", "type": "api", "scopes": ["settings:read"]}
    headers = {"Authorization": home.owner.token}
    token = (await home.world.http.post("/sessions", json=body, headers=headers)).json()["token"]
    reader = Visitor(home.world.http, home.owner.account, token)
    assert (await reader.get(home.path())).status_code == 200
    refused = await reader.post(home.path(), home.greeting())
    assert refused.status_code == 403
    assert "settings:write" in refused.text


@pytest.mark.parametrize(
    "path",
    ["/console/nowhere", "/console/guilds/0/settings", "/console/guilds/x/settings", "/console/guilds/9/settings"],
)
async def test_what_there_is_not_is_a_page_of_the_console_too(home: Home, path: str) -> None:
    lost = await home.owner.get(path)
    assert lost.status_code == 404
    assert "<h1>Not found</h1>" in lost.text
    assert "content-security-policy" in lost.headers


async def test_a_setting_that_was_withdrawn_is_not_there(home: Home) -> None:
    bot = await home.world.primary()
    again = {"settings": [HIDDEN], "guild_ids": None}
    await home.world.do(register_template, name=home.template, owner=bot.id, may_reserve=True, **again)
    assert (await home.owner.get(home.path())).status_code == 404


async def test_members_are_found_by_their_names(home: Home) -> None:
    found = await home.manager.get(f"/console/guilds/{home.guild}/members", params={"f:author": "OL"})
    assert f'<option value="{home.owner.account}">Olga</option>' in found.text
    assert found.text.count("<option") == 1


@pytest.mark.parametrize(
    "content", [b"\xff", b"a=%ff", b"_key=%7B&_operation=Delete", b"_operation=Update&_position=x"]
)
async def test_what_is_no_form_is_refused(home: Home, content: bytes) -> None:
    origin = str(home.world.http.base_url).rstrip("/")
    headers = {**home.owner.headers, "Origin": origin, "Sec-Fetch-Site": "same-origin"}
    answer = await home.world.http.post(home.path(), content=content, headers=headers)
    assert answer.status_code == 400
    assert "<h1>" in answer.text


async def test_the_files_of_the_pages_are_served_and_nothing_else(home: Home) -> None:
    assert (await home.world.http.get("/console/assets/htmx.js")).text.startswith("var htmx=")
    assert (await home.world.http.get("/console/assets/console.css")).headers["content-type"].startswith("text/css")
    assert (await home.world.http.get("/console/assets/..%2fpages.py")).status_code == 404
