"""The page of callbacks: operators see how each does, and put right what does not."""

import re
from collections.abc import Mapping
from typing import Any

import httpx
import pytest

from domain.callbacks.commands import disable_callback
from domain.processes.register_callback import register_callback
from tests.api.book.loading import done
from tests.api.book.subscribing import CALLBACKS, URL, deliver, path_of, subscribe
from tests.api.console.homes import HOSTILE, Home, Visitor
from tests.domain.samples import SOON
from tests.world import STEWARD, Bot, World

PAGE = "/console/callbacks"


@pytest.fixture
async def operator(world: World) -> Visitor:
    return await Home(world).person("otto", number=STEWARD)


@pytest.fixture
async def bot(world: World) -> Bot:
    return await world.bot()


async def card(operator: Visitor, callback: Mapping[str, Any], query: str = "") -> str:
    """Return what the page shows of a callback, nothing when it is not there."""
    after = int(callback["id"]) - 1
    page = (await operator.get(f"{PAGE}?after={after}{query}")).text
    found = re.search(rf'<section class="card" aria-label="Callback {callback["id"]}">.*?</section>', page, re.DOTALL)
    return found[0] if found else ""


def facts(text: str) -> dict[str, str]:
    """Return what a card says of a callback."""
    pairs = re.findall(r"<dt>(.*?)</dt><dd>(.*?)</dd>", text)
    return {name: re.sub("<.*?>", "", value) for name, value in pairs}


def said(answer: httpx.Response) -> str:
    found = re.search(r'class="say (?:done|fault)".*?<span>(.*?)</span>', answer.text, re.DOTALL)
    return found[1] if found else ""


async def test_a_callback_is_shown_with_how_it_does(operator: Visitor, bot: Bot, shared_database_url: str) -> None:
    added = await subscribe(bot, types=["loads.LoadStarted"], guilds=["920"], description=HOSTILE)
    name = deliver(shared_database_url, added, 70, "pending")
    text = await card(operator, added)
    assert URL in text
    shown = facts(text)
    assert {key: shown[key] for key in ("Bot", "Tells", "Pending", "Delivered", "Given up", "Failing since")} == {
        "Bot": str(bot.id),
        "Tells": "loads.LoadStarted in 920",
        "Pending": "1",
        "Delivered": "0",
        "Given up": "0",
        "Failing since": "–",  # noqa: RUF001 - the dash that stands for nothing
    }
    assert all(word in text for word in (name, "guilds.RoleCreated", "HTTP 503", "01 Jan 2027, 00:00 UTC"))
    assert HOSTILE not in text
    assert added["secret"] not in text


async def test_a_callback_that_was_disabled_says_why_and_is_resumed(world: World, operator: Visitor, bot: Bot) -> None:
    added = await subscribe(bot)
    await world.do(disable_callback, app=bot.id, event=added["id"], failing_since=SOON, reason=f"HTTP 500 {HOSTILE}")
    text = await card(operator, added, "&status=disabled")
    assert ("HTTP 500" in text, HOSTILE in text) == (True, False)
    assert facts(text)["Failing since"] == "01 Jan 2027, 00:00 UTC"
    assert await card(operator, added, "&status=active") == ""
    answer = await operator.post(PAGE, {"_do": "resume", "callback": added["id"]})
    assert answer.headers["location"] == f"{PAGE}?done=resume"
    assert said(await operator.get(answer.headers["location"])).startswith("It is sent to again")
    assert done(await bot.get(path_of(added)))["status"] == "active"


async def test_an_operator_pauses_and_tests_in_their_own_name(world: World, operator: Visitor, bot: Bot) -> None:
    added, auditor = await subscribe(bot), await world.bot("events:read")
    for deed in ("test", "pause"):
        assert (await operator.post(PAGE, {"_do": deed, "callback": added["id"]})).status_code == 303
    stream = f"callbacks-{bot.id}-{added['id']}"
    events = done(await auditor.get(f"/book/events?stream={stream}"))["items"]
    assert [(each["type"], each["actor"], each["surface"]) for each in events[1:]] == [
        ("callbacks.CallbackTested", f"accounts-{STEWARD}", "console"),
        ("callbacks.CallbackPaused", f"accounts-{STEWARD}", "console"),
    ]
    refused = await operator.post(PAGE, {"_do": "test", "callback": added["id"]})
    assert (refused.status_code, said(refused)) == (409, "The callback is not sent to at present: resume it first.")


async def test_a_delivery_is_sent_again_where_that_can_be(
    world: World, operator: Visitor, bot: Bot, shared_database_url: str
) -> None:
    await world.do(register_callback, app=bot.id, event="account_deleted", url=URL, secret="x")
    [theirs] = done(await bot.get(CALLBACKS))["items"]
    assert "account_deleted" in facts(await card(operator, theirs))["Tells"]
    arrived, dead = deliver(shared_database_url, theirs, 70), deliver(shared_database_url, theirs, 71, "dead")
    text = await card(operator, theirs)
    assert re.findall(r'name="delivery" value="(.*?)"', text) == [dead]
    answer = await operator.post(PAGE, {"_do": "resend", "delivery": dead})
    assert answer.headers["location"] == f"{PAGE}?done=resend"
    assert (await operator.post(PAGE, {"_do": "resend", "delivery": arrived})).status_code == 404


@pytest.mark.parametrize(
    "form",
    [
        {},
        {"_do": "delete", "callback": "1"},
        {"_do": "pause", "callback": "x"},
        {"_do": "pause", "callback": str(2**62)},
        {"_do": "resend", "delivery": "msg_1_1"},
        {"_do": "resend", "delivery": "\0"},
    ],
)
async def test_what_is_not_there_is_not_touched(operator: Visitor, form: dict[str, str]) -> None:
    assert (await operator.post(PAGE, form)).status_code == 404


async def test_only_operators_see_the_page_and_its_link(world: World, operator: Visitor, bot: Bot) -> None:
    added, other = await subscribe(bot), await Home(world).person("olga")
    page = await other.get(PAGE)
    assert (page.status_code, URL in page.text) == (403, False)
    assert (await other.post(PAGE, {"_do": "pause", "callback": added["id"]})).status_code == 403
    assert done(await bot.get(path_of(added)))["status"] == "active"
    assert PAGE not in (await other.get("/console")).text
    assert PAGE in (await operator.get("/console")).text
    nobody = Visitor(world.http, 0, "x" * 128)
    assert (await nobody.get(PAGE)).status_code == 303


async def test_a_form_from_elsewhere_does_nothing(operator: Visitor, bot: Bot) -> None:
    added = await subscribe(bot)
    away = {"Origin": "https://evil.example", "Sec-Fetch-Site": "cross-site"}
    assert (await operator.post(PAGE, {"_do": "pause", "callback": added["id"]}, away)).status_code == 403
    assert done(await bot.get(path_of(added)))["status"] == "active"


async def test_many_callbacks_are_shown_page_by_page(world: World, operator: Visitor) -> None:
    added = [await subscribe(await world.bot()) for _ in range(21)]
    page = (await operator.get(f"{PAGE}?after={int(added[0]['id']) - 1}")).text
    assert page.count('aria-label="Callback ') == 20
    [more] = re.findall(rf'href="({re.escape(PAGE)}\?after=\d+)"', page)
    assert f'aria-label="Callback {added[20]["id"]}"' in (await operator.get(more)).text
