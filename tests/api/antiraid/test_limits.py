"""How often one may ask, over HTTP: who is counted together, what answers say of it, and what is refused."""

import asyncio
import re
from itertools import count
from urllib.parse import parse_qs, urlsplit

import httpx
import pytest

from tests.api.antiraid.callers import Holder, open_session, said
from tests.api.antiraid.conftest import CONSOLE_HOST
from tests.fake_discord import REDIRECT_URI
from tests.world import World

NAMES = ("RateLimit-Policy", "RateLimit", "Bucket", "Req-Limit", "Req-Made")
_sites = count(1)


def new_address() -> str:
    """Return an address that no test has used."""
    number = next(_sites)
    return f"198.18.{number // 250}.{number % 250 + 1}"


def told(answer: httpx.Response) -> list[str | None]:
    """Return what an answer says of limits, without the seconds that are left."""
    return [re.sub(";t=.*", "", answer.headers[name]) if name in answer.headers else None for name in NAMES]


async def ask(limited: httpx.AsyncClient, forwarded: str, path: str = "/config") -> httpx.Response:
    return await limited.get(path, headers={"X-Forwarded-For": forwarded})


@pytest.fixture
async def holder(world: World, limited: httpx.AsyncClient) -> Holder:
    """Return somebody new before the server that limits."""
    return (await open_session(world)).at(limited)


async def test_an_answer_says_how_many_requests_are_left(limited: httpx.AsyncClient) -> None:
    address = new_address()
    for made in range(1, 7):
        answer = await ask(limited, address)
        policy, left = '"anonymous";q=6;w=60', f'"anonymous";r={6 - made}'
        assert (answer.status_code, told(answer)) == (200, [policy, left, "anonymous", "6", str(made)])
        assert 0 < int(answer.headers["RateLimit"].partition(";t=")[2]) <= 60


async def test_one_more_than_the_limit_is_refused(limited: httpx.AsyncClient) -> None:
    address = new_address()
    answers = [await ask(limited, address) for _ in range(8)]
    assert [answer.status_code for answer in answers] == [200] * 6 + [429] * 2
    for refused in answers[6:]:
        seconds = int(refused.headers["Retry-After"])
        assert 50 < seconds <= 60
        words = f"{seconds}s" if seconds < 60 else "1m0s"
        message = f"You are being ratelimited. Please try again in {words}"
        assert said(refused) == (429, "RateLimited", message)
        assert told(refused) == ['"anonymous";q=6;w=60', '"anonymous";r=0', "anonymous", "6", "6"]


async def test_of_many_at_once_exactly_as_many_are_admitted_as_fit(limited: httpx.AsyncClient) -> None:
    address = new_address()
    answers = await asyncio.gather(*(ask(limited, address) for _ in range(60)))
    assert sorted(answer.status_code for answer in answers) == [200] * 6 + [429] * 54


async def test_who_fails_to_say_who_calls_is_counted_by_address(limited: httpx.AsyncClient) -> None:
    headers = {"X-Forwarded-For": new_address(), "Authorization": "x"}
    answers = [await limited.get("/sessions/@me", headers=headers) for _ in range(7)]
    assert [answer.status_code for answer in answers] == [401] * 6 + [429]
    assert told(answers[0]) == ['"anonymous";q=6;w=60', '"anonymous";r=5', "anonymous", "6", "1"]


async def test_who_is_known_is_counted_as_a_user_wherever_they_are(holder: Holder) -> None:
    for made in (1, 2, 3):
        answer = await holder.get("/sessions/@me", headers={"X-Forwarded-For": new_address()})
        assert told(answer) == ['"user";q=300;w=60', f'"user";r={300 - made}', "user", "300", str(made)]


async def test_all_sessions_of_a_user_are_counted_together(holder: Holder) -> None:
    other = await holder.issue()
    answer = await other.get("/sessions/@me")
    assert answer.headers["Req-Made"] == "2"


async def test_a_refusal_of_any_kind_is_counted_and_says_so(world: World, limited: httpx.AsyncClient) -> None:
    token = (await open_session(world, "api", scopes=[])).at(limited)
    answers = [await token.get("/sessions"), await token.ask("POST", "/sessions", content=b"{")]
    assert [answer.status_code for answer in answers] == [403, 403]
    assert [answer.headers["Req-Made"] for answer in answers] == ["1", "2"]


async def test_the_tightest_bucket_is_told(holder: Holder) -> None:
    answers = [await holder.get("/users/@me/guilds") for _ in range(6)]
    assert [answer.status_code for answer in answers] == [400] * 5 + [429]  # nobody has logged in at the provider
    policy = '"get_user_guilds_norefresh";q=5;w=300'
    assert told(answers[0])[:2] == [policy, '"get_user_guilds_norefresh";r=4']
    assert told(answers[5]) == [policy, '"get_user_guilds_norefresh";r=0', "get_user_guilds_norefresh", "5", "5"]
    assert re.fullmatch(r".* in (5m0s|4m\d+s)", answers[5].json()["message"])
    assert int(answers[5].headers["Retry-After"]) > 280


async def test_asking_anew_has_a_bucket_of_its_own(holder: Holder) -> None:
    answers = [await holder.get("/users/@me/guilds?refresh=true") for _ in range(4)]
    assert [answer.status_code for answer in answers] == [400, 400, 400, 429]
    assert answers[0].headers["Bucket"] == "get_user_guilds_refresh"
    assert (await holder.get("/users/@me/guilds")).headers["Bucket"] == "get_user_guilds_norefresh"


async def test_logins_are_counted_twice_over(limited: httpx.AsyncClient) -> None:
    headers = {"X-Forwarded-For": new_address()}
    body = {"code": "abc", "redirect_uri": "https://nowhere.example"}
    answers = [await limited.post("/oauth2", json=body, headers=headers) for _ in range(7)]
    assert [answer.status_code for answer in answers] == [403] * 6 + [429]
    assert answers[0].headers["Bucket"] == "anonymous"  # the tighter one here: six a minute


async def test_logins_with_a_token_at_the_console_are_counted_with_them(limited: httpx.AsyncClient) -> None:
    headers = {"X-Forwarded-For": new_address()}
    await limited.post("/oauth2", json={"code": "abc", "redirect_uri": REDIRECT_URI}, headers=headers)
    own = {**headers, "Origin": str(limited.base_url).rstrip("/"), "Content-Type": "application/x-www-form-urlencoded"}
    answers = [await limited.post("/console/login", content=b"token=abc", headers=own) for _ in range(15)]
    assert [answer.status_code for answer in answers] == [403] * 14 + [429]
    assert "Try again in 5 minutes." in answers[14].text
    assert 280 < int(answers[14].headers["Retry-After"]) <= 300
    assert told(answers[14])[:2] == ['"oauth2_login";q=15;w=300', '"oauth2_login";r=0']


async def test_a_form_from_elsewhere_uses_up_nobodys_logins(limited: httpx.AsyncClient) -> None:
    headers = {"X-Forwarded-For": new_address(), "Origin": "https://evil.example"}
    answers = [await limited.post("/console/login", content=b"token=abc", headers=headers) for _ in range(16)]
    assert {(answer.status_code, *told(answer)) for answer in answers} == {(403, None, None, None, None, None)}


async def test_logins_at_the_console_by_way_of_the_provider_are_counted(limited: httpx.AsyncClient) -> None:
    host = {"Host": CONSOLE_HOST, "X-Forwarded-For": new_address()}
    start = await limited.get("/console/login/start", headers=host)
    [state] = parse_qs(urlsplit(start.headers["Location"]).query)["state"]
    host["Cookie"] = start.headers["Set-Cookie"].partition(";")[0]
    for wanted in [200] * 15 + [429]:
        back = await limited.get("/console/login/done", params={"state": state, "code": "abc"}, headers=host)
        assert (back.status_code, told(back)[2]) == (wanted, "oauth2_login")


async def test_a_limit_that_is_off_says_nothing(world: World) -> None:
    assert told(await world.anyone.get("/config")) == [None] * 5


async def test_other_surfaces_have_no_such_limits(limited: httpx.AsyncClient) -> None:
    address = new_address()
    for _ in range(8):
        answer = await ask(limited, address, "/accounts/signups")
        assert (answer.status_code, told(answer)) == (200, [None] * 5)


async def test_only_what_a_trusted_proxy_says_counts(limited: httpx.AsyncClient) -> None:
    address = new_address()
    for made, forwarded in enumerate(
        (
            address,
            f"198.51.100.7, {address}",  # what stands before it was said by the caller
            f"{address}, 10.1.2.3",  # a second proxy of ours
            f"junk, {address}:4711",
            f"::ffff:{address}",
            f"junk ,  {address}",
        ),
        start=1,
    ):
        assert (await ask(limited, forwarded)).headers["Req-Made"] == str(made)


async def test_several_lines_of_forwarding_are_one(limited: httpx.AsyncClient) -> None:
    address = new_address()
    headers = [("X-Forwarded-For", "198.51.100.9"), ("X-Forwarded-For", f"{address}, 10.0.0.1")]
    await limited.get("/config", headers=headers)
    assert (await ask(limited, address)).headers["Req-Made"] == "2"


async def test_neighbours_in_one_network_of_ipv6_are_one_caller(limited: httpx.AsyncClient) -> None:
    site = f"2001:db8:0:{next(_sites):x}"
    made = [(await ask(limited, f"{site}::{host}")).headers["Req-Made"] for host in ("1", "2", "ffff")]
    made.append((await ask(limited, f"[{site}:1:2:3:4]:443")).headers["Req-Made"])
    assert made == ["1", "2", "3", "4"]
    assert (await ask(limited, f"2001:db8:1:{next(_sites):x}::1")).headers["Req-Made"] == "1"


async def test_nobody_is_believed_without_a_trusted_proxy(world: World) -> None:
    answer = await world.http.get("/config", headers={"X-Forwarded-For": "junk"})
    assert answer.status_code == 200


async def test_limits_hold_across_processes(limited: httpx.AsyncClient, second_limited: httpx.AsyncClient) -> None:
    address = new_address()
    answers = await asyncio.gather(*(ask(http, address) for http in (limited, second_limited) for _ in range(20)))
    assert sorted(answer.status_code for answer in answers) == [200] * 6 + [429] * 34
