"""An auditor, whether a bot or a person, reads everything; nothing that either asks for changes anything."""

import re
from collections.abc import Iterator, Mapping
from typing import NamedTuple

import httpx
import pytest

from api.app import DESCRIBED
from api.documents import document
from domain.apps.aggregate import AUDITOR_SCOPE, BOT_SCOPES
from store.log import head
from tests.api.console.homes import Home
from tests.workers.notary.books import notarize
from tests.world import INSPECTOR, World

READABLE = (
    *("/book/events", "/book/search?q=accounts", "/book/streams/{stream}", "/book/streams/{stream}?reveal=true"),
    *("/book/streams/{stream}?as_of={position}", "/book/streams/{stream}/related", "/book/export?format=ndjson"),
    *("/book/keys", "/book/privacy/subjects/{stream}"),
)
PAGES = ("/console/audit", "/console/audit/stream?id={stream}", "/console/audit/state", "/console/audit/privacy")
OF_EVERYBODY = ("/book/events", "/book/keys")
VALUES = {"event": "account_created", "stream": "accounts-5", "subject": "accounts-5", "size": "1", "name": "main"}
RECORDS = {"privacy.TrailRead", "privacy.AuditExported"}


class Auditor(NamedTuple):
    """Who asks: the name in the log, and the token."""

    actor: str
    token: str

    async def ask(self, world: World, method: str, path: str) -> httpx.Response:
        return await world.http.request(method, path, headers=self.headers(), json={})

    def headers(self) -> Mapping[str, str]:
        """As all surfaces and the console take it."""
        return {
            "Authorization": f"Bearer {self.token}",
            "Cookie": f"guildbook_console={self.token}",
            "Sec-Fetch-Site": "same-origin",
        }


async def auditing(world: World, who: str) -> Auditor:
    """Log one in: a bot whose token is good for reading everything, or a person whom the settings name."""
    if who == "bot":
        bot = await world.bot(AUDITOR_SCOPE)
        return Auditor(f"apps-{bot.id}", bot.token)
    person = await Home(world).person("ada", number=INSPECTOR)
    return Auditor(f"accounts-{INSPECTOR}", person.token)


async def words_of(world: World) -> dict[str, object]:
    return {"stream": f"accounts-{await world.account()}", "position": await head_of(world)}


async def head_of(world: World) -> int:
    async with world.store.pool.connection() as connection:
        return await head(connection)


async def written_since(world: World, position: int, actor: str) -> set[str]:
    """Return the types of the events that somebody has caused after a position."""
    query = """
        SELECT DISTINCT type
        FROM book.log
        WHERE position > %s AND convert_from(meta, 'UTF8')::json ->> 'actor' = %s
    """
    async with world.store.pool.connection() as connection:
        return {row[0] for row in await (await connection.execute(query, (position, actor))).fetchall()}


def changes() -> Iterator[tuple[str, str]]:
    """Every route that may change something, as it is published, with something in the place of each parameter."""
    for path, operations in document(DESCRIBED)["paths"].items():
        asked = re.sub(r"\{(\w+)\}", lambda found: VALUES.get(found[1], "7"), path)
        yield from ((method.upper(), asked) for method in operations if method != "get")


@pytest.mark.parametrize("who", ["bot", "person"])
async def test_an_auditor_reads_everything(world: World, shared_database_url: str, who: str) -> None:
    await notarize(shared_database_url)
    auditor, words = await auditing(world, who), await words_of(world)
    answers = [(await auditor.ask(world, "GET", path.format(**words))).status_code for path in READABLE]
    assert dict(zip(READABLE, answers, strict=True)) == dict.fromkeys(READABLE, 200)


async def test_an_auditor_sees_every_page_of_the_audit(world: World) -> None:
    auditor, words = await auditing(world, "person"), await words_of(world)
    answers = [(await auditor.ask(world, "GET", path.format(**words))).status_code for path in PAGES]
    assert dict(zip(PAGES, answers, strict=True)) == dict.fromkeys(PAGES, 200)


@pytest.mark.parametrize("who", ["bot", "person"])
async def test_nothing_that_an_auditor_asks_for_changes_anything(world: World, who: str) -> None:
    auditor, before = await auditing(world, who), await head_of(world)
    answers = {(method, path): await auditor.ask(world, method, path) for method, path in changes()}
    assert len(answers) > 50
    assert [asked for asked, answer in answers.items() if not 400 <= answer.status_code < 500] == []
    if who == "bot":
        refusals = {asked: answer.status_code for asked, answer in answers.items() if asked[1].startswith("/book/")}
        assert {asked: status for asked, status in refusals.items() if status != 403} == {
            ("POST", "/book/loads"): 422,  # the rights that it needs depend on what is asked for
        }
    assert await written_since(world, before, auditor.actor) <= RECORDS


@pytest.mark.parametrize(("scopes", "guilds"), [(BOT_SCOPES, None), ((AUDITOR_SCOPE,), [920])])
async def test_who_is_no_auditor_reads_none_of_it(
    world: World, scopes: tuple[str, ...], guilds: list[int] | None
) -> None:
    bot = await world.bot(*scopes, guilds=guilds)
    other, words = Auditor(f"apps-{bot.id}", bot.token), await words_of(world)
    for path in (path for path in READABLE if path not in OF_EVERYBODY):
        answer = await other.ask(world, "GET", path.format(**words))
        assert (path, answer.status_code) == (path, 403)


async def test_an_account_like_any_other_sees_no_page_of_the_audit(world: World) -> None:
    person = await Home(world).person("bea")
    words = await words_of(world)
    for path in PAGES:
        answer = await Auditor("", person.token).ask(world, "GET", path.format(**words))
        assert (path, answer.status_code) == (path, 403)
