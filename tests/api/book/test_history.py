"""The history of entities and the search over HTTP: for auditors, and never without being recorded."""

import hashlib
from collections.abc import Sequence
from contextlib import suppress
from datetime import datetime, timedelta
from typing import Any
from urllib.parse import quote

import pytest

from api.app import application
from api.parts import Parts
from domain.accounts.aggregate import AccountAlreadyRegisteredError, Edit
from domain.apps.aggregate import AUDITOR_SCOPE, PRIVACY_SCOPE
from domain.apps.commands import create_bot
from domain.permissions import OPERATOR
from domain.processes.create_account import create_account
from domain.processes.edit_account import edit_account
from schemas.settings import Settings
from store.codec import Origin
from tests.api.antiraid.callers import Holder, open_session
from tests.api.book.problems import refused
from tests.books import KEY, ask, opened, projecting, shown
from tests.domain.samples import profile
from tests.guild_samples import member, new_guild, role, snapshot
from tests.world import INSPECTOR, ORIGIN, STEWARD, Bot, Caller, World, in_process, new_number

STREAMS, SEARCH = "/book/streams", "/book/search"
NOT_AUDITOR = (403, "Only auditors may read this.")
SEALED, ERASED, SECRET = ({"withheld": why} for why in ("sealed", "erased", "secret"))

Reader = Caller | Holder


@pytest.fixture
async def auditor(world: World) -> Bot:
    return await world.bot(AUDITOR_SCOPE)


@pytest.fixture
async def bot(world: World) -> Bot:
    return await world.bot()


async def read(caller: Reader, path: str, **query: object) -> dict[str, Any]:
    answer = await caller.get(path, params=query)
    assert answer.status_code == 200, answer.text
    return answer.json()


async def steps(caller: Reader, stream: str, **query: object) -> list[dict[str, Any]]:
    return (await read(caller, f"{STREAMS}/{stream}", **query))["items"]


async def looks(world: World, caller: Bot) -> list[tuple[str, bool]]:
    """Return what is recorded of somebody's reading: what was asked for, and whether personal fields were opened."""
    auditor = await world.bot(AUDITOR_SCOPE)
    items = (await read(auditor, "/book/events", stream=f"privacy-reader-apps-{caller.id}", limit=200))["items"]
    return [(item["data"]["query"], item["data"]["reveals"]) for item in items]


async def session_of(world: World, number: int, scopes: Sequence[str] | None = None) -> Holder:
    """Open a session of an account that the server knows by its number."""
    wishes = {"team": None, "permissions": 0, "signups_default": True}
    with suppress(AccountAlreadyRegisteredError):
        await world.do(create_account, OPERATOR, profile=profile(number), **wishes)
    return await open_session(world, account=number, scopes=scopes)


def changes(step: dict[str, Any]) -> dict[str, tuple[Any, Any]]:
    return {change["path"]: (change["before"], change["after"]) for change in step["changes"]}


async def renamed(world: World) -> int:
    """Make an account that is called Ines, then Rui, by an app that calls from somewhere."""
    number, origin = new_number(), Origin(actor="apps-77", surface="tests", address="192.0.2.7")
    wishes = {"team": None, "permissions": 0, "signups_default": True}
    await world.store.execute(origin, create_account, OPERATOR, profile=profile(number), **wishes)
    await world.store.execute(ORIGIN, edit_account, OPERATOR, account=number, edit=Edit(name="Rui"))
    return number


async def test_a_history_tells_who_did_what_and_what_it_changed(world: World, auditor: Bot, bot: Bot) -> None:
    guild = new_guild()
    await bot.put(f"/book/guilds/{guild}", snapshot(guild, roles=[role(guild, position=0), role(guild + 1)]))
    await bot.put(f"/book/guilds/{guild}", snapshot(guild, roles=[role(guild, position=0), role(guild + 1, 8)]))
    created, granted = await steps(auditor, f"guilds-role-{guild}-{guild + 1}")
    assert (created["type"], created["version"], created["actor"]) == ("guilds.RoleCreated", 1, f"apps-{bot.id}")
    assert created["surface"] == "book"
    assert created["request"]
    assert created["address"] == SEALED
    assert changes(created)["name"] == (None, f"role {guild + 1}")
    assert changes(granted) == {"permissions": (0, 8)}
    assert granted["data"]["permissions"] == 8


async def test_personal_fields_are_opened_for_who_asks_and_secrets_for_nobody(world: World, auditor: Bot) -> None:
    stream = f"accounts-{await renamed(world)}"
    created, named = await steps(auditor, stream)
    assert (created["data"]["name"], created["address"]) == (SEALED, SEALED)
    assert changes(named) == {"name": (SEALED, SEALED)}
    created, named = await steps(auditor, stream, reveal="true")
    assert (created["data"]["name"], created["address"]) == ("Ines", "192.0.2.7")
    assert changes(named) == {"name": ("Ines", "Rui")}
    bot = await world.bot()
    for reveal in ("false", "true"):
        made = await steps(auditor, f"apps-{bot.id}", reveal=reveal)
        assert [step["data"]["token_hash"] for step in made[1:]] == [SECRET]
        assert changes(made[1])["bot_token_hash"] == (None, SECRET)


async def test_the_state_is_as_it_was_at_a_position_or_a_time(world: World, auditor: Bot) -> None:
    path = f"{STREAMS}/accounts-{await renamed(world)}"
    first, second = (await read(auditor, path))["items"]
    at = datetime.fromisoformat(second["recorded_at"])
    for then, name in (
        (first["position"], "Ines"),
        (second["position"], "Rui"),
        ((at - timedelta(microseconds=1)).isoformat(), "Ines"),
        (at.isoformat(), "Rui"),
    ):
        found = await read(auditor, path, as_of=then, reveal="true")
        assert found["state"]["name"] == name, then
        assert found["step"]["version"] == (1 if name == "Ines" else 2)
    before = await read(auditor, path, as_of=first["position"] - 1)
    assert before == {"position": first["position"] - 1, "state": None, "step": None}


async def test_a_long_history_comes_in_pages(world: World, auditor: Bot) -> None:
    path = f"{STREAMS}/accounts-{await renamed(world)}"
    whole = (await read(auditor, path))["items"]
    page = await read(auditor, path, limit=1)
    assert (page["items"], page["next"]) == (whole[:1], 1)
    rest = await read(auditor, path, limit=1, after=page["next"])
    assert (rest["items"], rest["next"]) == (whole[1:], None)


async def test_it_tells_who_spoke_of_an_entity(world: World, auditor: Bot) -> None:
    account, team = await world.account(), await world.team()
    awards = [await world.award(team, [account], title) for title in ("Gold", "Silver")]
    path = f"{STREAMS}/accounts-{account}/related"
    page = await read(auditor, path, limit=1)
    rest = await read(auditor, path, after=page["next"])
    found = [item["stream"] for item in (*page["items"], *rest["items"])]
    assert found == [f"awards-{award}-{account}" for award in awards]
    assert rest["next"] is None


async def test_events_are_found_by_what_is_known_of_them(world: World, auditor: Bot, bot: Bot) -> None:
    guild = new_guild()
    sent = snapshot(guild, roles=[role(guild, position=0), role(guild + 1)])
    request = (await bot.put(f"/book/guilds/{guild}", sent)).headers["X-Request-ID"]
    both, actor = {"guild": str(guild)}, f"apps-{bot.id}"
    told = ["MemberJoined", "RoleCreated", "RoleCreated", "GuildCreated"]
    for query, types in (
        ({**both, "limit": 1}, ["MemberJoined"]),
        (both, told),
        ({**both, "type": "guilds.GuildCreated"}, ["GuildCreated"]),
        ({**both, "context": "awards"}, []),
        ({"actor": actor, "context": "guilds"}, told),
        ({"stream": f"guilds-guild-{guild}"}, ["GuildCreated"]),
        ({"request": request}, told),
        ({"q": f"{guild + 1} rolecr"}, ["RoleCreated"]),
        ({"q": f"created {str(guild)[:-3]}", "actor": actor}, told[1:]),
        ({**both, "until": "2020-01-01T00:00:00Z"}, []),
        ({**both, "since": "2020-01-01T00:00:00Z"}, told),
    ):
        items = (await read(auditor, SEARCH, **query))["items"]
        assert [item["type"].partition(".")[2] for item in items] == types, query


async def test_what_is_found_comes_in_pages_newest_first(world: World, auditor: Bot, bot: Bot) -> None:
    guild = new_guild()
    await bot.put(f"/book/guilds/{guild}", snapshot(guild, roles=[role(guild, position=0), role(guild + 1)]))
    found, before = list[int](), {}
    while before.get("before", 1):
        page = await read(auditor, SEARCH, guild=str(guild), limit=1, **before)
        found += [item["position"] for item in page["items"]]
        before = {"before": page["next"]}
    assert len(found) == 4
    assert found == sorted(found, reverse=True)


async def test_a_search_does_not_find_itself_but_those_before_it(auditor: Bot) -> None:
    number = new_number()
    assert (await read(auditor, SEARCH, q=number))["items"] == []
    assert [hit["type"] for hit in (await read(auditor, SEARCH, q=number))["items"]] == ["privacy.TrailRead"]


async def test_nobody_is_found_by_name(world: World, auditor: Bot, bot: Bot) -> None:
    guild = new_guild()
    await bot.put(f"/book/guilds/{guild}", snapshot(guild, members=[member(guild + 5, username="xaverius")]))
    assert (await read(auditor, SEARCH, guild=str(guild), q="memberjoined"))["items"] != []
    for name in (f"user{guild + 5}", "xaverius"):
        assert (await read(auditor, SEARCH, q=name))["items"] == []


async def test_every_look_is_recorded_once(world: World, auditor: Bot) -> None:
    stream = f"accounts-{await renamed(world)}"
    for _ in range(2):
        await steps(auditor, stream)
        await read(auditor, f"{STREAMS}/{stream}", as_of=1)
        await read(auditor, SEARCH, q="created Ines 310", type="guilds.RoleCreated")
    await steps(auditor, stream, reveal="true")
    await steps(auditor, stream, reveal="true", after=1)
    assert await looks(world, auditor) == [
        (f"stream {stream}", False),
        ("search q=created+%3F+310&type=guilds.RoleCreated", False),
        (f"stream {stream}", True),
    ]


async def test_auditors_may_read_and_nobody_else(world: World, auditor: Bot, bot: Bot) -> None:
    watchers = [await session_of(world, number) for number in (INSPECTOR, STEWARD)]
    paths = (f"{STREAMS}/accounts-signups/related", SEARCH)
    for reader in (auditor, *watchers):
        assert [(await reader.get(path)).status_code for path in paths] == [200, 200]
    others: Sequence[Reader] = (
        await open_session(world),
        await session_of(world, INSPECTOR, scopes=["settings:read"]),
        await world.bot(AUDITOR_SCOPE, guilds=[1]),
        await world.bot(PRIVACY_SCOPE),
        bot,
    )
    for other in others:
        assert [(await other.get(path)).status_code for path in paths] == [403, 403]
    assert refused(await others[0].get(SEARCH)) == NOT_AUDITOR
    assert await looks(world, bot) == []
    assert (await world.anyone.get(SEARCH)).status_code == 401


async def test_an_auditor_who_is_a_person_sees_all_events(world: World) -> None:
    watcher = await session_of(world, INSPECTOR)
    assert len((await read(watcher, "/book/events", limit=5))["items"]) == 5


@pytest.mark.parametrize(
    "stream",
    ["accounts-404404", "nothing", "guilds", "x" * 300, "accounts-\u0000", "accounts-\n", "accounts- 5", "%", "..%2f"],
)
async def test_there_is_no_history_of_what_there_is_not(auditor: Bot, stream: str) -> None:
    path = f"{STREAMS}/{quote(stream, safe='')}"
    assert refused(await auditor.get(path))[0] == 404
    then = await auditor.get(f"{path}?as_of=5000")
    assert then.status_code == 404 or then.json() == {"position": 5000, "state": None, "step": None}


@pytest.mark.parametrize(
    ("path", "query", "fault"),
    [
        (f"{STREAMS}/accounts-signups", "limit=0", "limit must be a number from 1 to 200."),
        (f"{STREAMS}/accounts-signups", "after=-1", "after must be a position of the log."),
        (f"{STREAMS}/accounts-signups", "reveal=yes", "reveal must be true or false."),
        *(
            (f"{STREAMS}/accounts-signups", f"as_of={then}", "as_of must be a position, or a time with an offset.")
            for then in ("", "x", "2026-01-01T00:00:00", "9999-12-31T23:59:59.999999Z", "9" * 19, "-1")
        ),
        (SEARCH, "q=" + "x" * 256, "q must be a text of at most 255 characters."),
        (SEARCH, "q=a%00", "q must be a text of at most 255 characters."),
        (SEARCH, "request=%0a", "request must be a text of at most 255 characters."),
        (SEARCH, "before=x", "before must be a position of the log."),
        (SEARCH, "guild=x", "guild must be an id: 1 to 20 digits."),
        (SEARCH, f"guild={2**64 - 1}", f"guild must be an id: 1 to 20 digits, at most {2**63 - 1}."),
        (SEARCH, "since=now", "since must be a time with an offset, as 2026-02-03T10:20:31Z."),
    ],
)
async def test_what_cannot_be_is_refused(auditor: Bot, path: str, query: str, fault: str) -> None:
    assert refused(await auditor.get(f"{path}?{query}")) == (400, fault)


@pytest.mark.parametrize("q", ["' \\ & | ! : * ()", "''", "\\", ":*", "a:*", "%27", "ünï 🏅", "x " * 100])
async def test_any_text_may_be_searched_for(auditor: Bot, q: str) -> None:
    assert (await read(auditor, SEARCH, q=q))["next"] is None


async def test_what_cannot_be_recorded_is_not_shown(database_url: str) -> None:
    secret = "s" * 43
    bot = {"app": 5, "name": "bot", "token_hash": hashlib.sha256(secret.encode()).hexdigest()}
    async with opened(database_url) as store, projecting(database_url):
        await store.execute(ORIGIN, create_bot, **bot, scopes=(AUDITOR_SCOPE,), guilds=None)
        await shown(database_url)
    ask(
        database_url,
        "DO $$ BEGIN EXECUTE format('ALTER DATABASE %I SET default_transaction_read_only = on', "
        "current_database()); END $$",
    )
    parts = Parts(Settings(), database_url, KEY)
    async with parts.pool, in_process(application(parts), {"Authorization": f"Bot 5.{secret}"}) as http:
        assert len((await http.get("/book/events")).json()["items"]) == 2
        for path in (f"{STREAMS}/apps-5", f"{STREAMS}/apps-5?as_of=1", f"{STREAMS}/apps-5/related", SEARCH):
            assert refused(await http.get(path))[0] == 503
        await parts.appender.close()
