"""The timeline of the auditor: what happened, newest first, by what one looks for; for auditors alone, and recorded."""

import re
from html import unescape

import httpx
import pytest

from tests.api.book.loading import done
from tests.api.console.audits import AUDIT, auditor_of, badges, operator_of, story, text_of
from tests.api.console.homes import HOSTILE, Home, Visitor
from tests.workers.notary.books import notarize
from tests.world import INSPECTOR, Bot, World

PAGES = ("", "/state", "/privacy", "/stream?id=accounts-5", "/proof?position=1")


@pytest.fixture
async def auditor(world: World) -> Visitor:
    return await auditor_of(world)


async def renamed(world: World, *names: str) -> int:
    """Make an account, and rename it."""
    account = await world.account()
    for name in names:
        assert (await world.manager.patch(f"/account/{account}", {"name": name})).status_code == 200
    return account


def listed(page: httpx.Response) -> list[str]:
    """Return the types of the events on a timeline, from above."""
    return re.findall(r'<div class="what"><a [^>]*>(.*?)</a>', page.text)


async def looks(bot: Bot, after: int) -> list[tuple[str, bool]]:
    """Return what the auditor is said to have looked at after a position."""
    stream = f"privacy-reader-accounts-{INSPECTOR}"
    events = done(await bot.get(f"/book/events?stream={stream}&after={after}"))["items"]
    return [(each["data"]["query"], each["data"]["reveals"]) for each in events]


@pytest.mark.parametrize("page", PAGES)
async def test_only_auditors_and_operators_see_the_pages(world: World, home: Home, page: str) -> None:
    for other in (home.owner, home.stranger):
        refused = await other.get(f"{AUDIT}{page}")
        assert (refused.status_code, "GUILDBOOK_AUDITORS" in refused.text) == (403, True)
    nobody = Visitor(world.http, 0, "x" * 128)
    assert (await nobody.get(f"{AUDIT}{page}")).status_code == 303
    for somebody in (await auditor_of(world), await operator_of(world)):
        assert (await somebody.get(f"{AUDIT}{page}")).status_code in {200, 404}


async def test_who_may_audit_finds_the_way(world: World, auditor: Visitor, home: Home) -> None:
    assert f'href="{AUDIT}"' in (await auditor.get("/console")).text
    assert "/console/callbacks" not in (await auditor.get("/console")).text
    assert f'href="{AUDIT}"' not in (await home.owner.get("/console")).text


async def test_what_happened_is_listed_newest_first_with_its_proof(
    world: World, auditor: Visitor, shared_database_url: str
) -> None:
    account = await renamed(world, "Inês")
    await notarize(shared_database_url)
    await world.manager.patch(f"/account/{account}", {"name": HOSTILE})
    page = await auditor.get(f"{AUDIT}?stream=accounts-{account}")
    assert listed(page) == ["accounts.DetailsChanged", "accounts.DetailsChanged", "accounts.AccountCreated"]
    assert badges(page) == ["unsigned", "proven", "proven"]
    assert unescape(page.text).count(f'href="{story(f"accounts-{account}", at=2)}"') == 1
    assert all(secret not in page.text for secret in (HOSTILE, "Inês"))


async def test_one_looks_by_words_actor_type_context_guild_request_and_time(
    world: World, auditor: Visitor, home: Home
) -> None:
    account = await renamed(world, "Bela")
    changed = await world.manager.patch(f"/account/{account}", {"name": "Belo"})
    request = changed.headers["x-request-id"]
    assert listed(await auditor.get(f"{AUDIT}?request={request}")) == ["accounts.DetailsChanged"]
    assert listed(await auditor.get(f"{AUDIT}?q=details {account}")) == ["accounts.DetailsChanged"] * 2
    actor = f"actor=apps-{world.manager.username[1:]}"
    assert listed(await auditor.get(f"{AUDIT}?{actor}&type=accounts.DetailsChanged"))[0] == "accounts.DetailsChanged"
    in_guild = listed(await auditor.get(f"{AUDIT}?guild={home.guild}&context=guilds"))
    assert {"guilds.GuildCreated", "guilds.RoleCreated"} <= set(in_guild)
    assert listed(await auditor.get(f"{AUDIT}?stream=accounts-{account}&until=2020-01-01T00:00")) == []
    assert len(listed(await auditor.get(f"{AUDIT}?stream=accounts-{account}&since=2020-01-01T00:00"))) == 3


@pytest.mark.parametrize(
    ("field", "said"),
    [
        ("guild=x", "A guild is a number."),
        ("guild=99999999999999999999", "A guild is a number."),
        ("since=yesterday", "Write it as 2027-01-31T12:00"),
        ("until=0001-01-01T00:00%2B05:00", "Write it as 2027-01-31T12:00"),
        ("actor=a%00b", "none that cannot be seen"),
        ("type=" + "x" * 256, "255 characters at most"),
    ],
)
async def test_what_cannot_be_looked_for_is_said_beside_its_field(auditor: Visitor, field: str, said: str) -> None:
    page = await auditor.get(f"{AUDIT}?{field}")
    assert page.status_code == 422
    assert said in text_of(page)
    assert f'aria-describedby="fault-{field.partition("=")[0]}"' in page.text


@pytest.mark.parametrize(
    "q", ["", "%", "'", "\\", "a & b | !c:*", "<->", "(", HOSTILE, "\N{PILE OF POO}", "x" * 255, "%00"]
)
async def test_no_words_are_a_mistake_of_ours(auditor: Visitor, q: str) -> None:
    page = await auditor.get(AUDIT, params={"q": q})
    assert page.status_code == 200
    assert HOSTILE not in page.text


async def test_a_long_past_is_shown_page_by_page(world: World, auditor: Visitor) -> None:
    account = await renamed(world, *(f"Name {number}" for number in range(51)))
    page = await auditor.get(f"{AUDIT}?stream=accounts-{account}")
    assert len(listed(page)) == 50
    [older] = re.findall(r'href="([^"]*before=[^"]*)"', page.text)
    rest = await auditor.get(unescape(older))
    assert listed(rest) == ["accounts.DetailsChanged", "accounts.AccountCreated"]
    assert "before=" not in rest.text


async def test_a_look_is_written_down_once_and_again_when_it_opens_more(world: World, auditor: Visitor) -> None:
    bot, account = await world.bot("events:read"), await world.account()
    stream = f"accounts-{account}"
    begun = int((await world.manager.patch(f"/account/{account}", {"name": "Bela"})).headers["guildbook-position"])
    for at in (1, 2, 1):
        await auditor.get(story(stream, at=at))
    await auditor.get(f"{AUDIT}?stream={stream}")
    plain = [(f"stream {stream}", False), (f"search stream={stream}", False)]
    assert await looks(bot, begun) == plain
    await auditor.get(story(stream, reveal=1))
    await auditor.get(story(stream, at=1))
    assert await looks(bot, begun) == [*plain, (f"stream {stream}", True)]
