"""The story of an entity: what each event changed, how it was, what is sealed or erased, and whether it is proven."""

import re
from urllib.parse import quote

import pytest

from domain.permissions import OPERATOR
from domain.processes.delete_account import delete_account
from domain.processes.erase_subject import erase_subject
from store.connections import connect
from store.proofs import checked, read_proof
from store.signing_keys import trusted_keys
from tests.api.console.audits import AUDIT, auditor_of, badges, cards, state_on, story, text_of
from tests.api.console.homes import HOSTILE, Home, Visitor
from tests.books import KEY
from tests.servers import served
from tests.workers.notary.books import notarize
from tests.workers.notary.lies import execute
from tests.world import INSPECTOR, World, new_number, open_world


@pytest.fixture
async def auditor(world: World) -> Visitor:
    return await auditor_of(world)


async def bela(world: World) -> int:
    """Make an account that is renamed, put into a team, and deleted."""
    account, team = await world.account(name="Inês"), await world.team()
    for change in ({"name": HOSTILE}, {"team": team}):
        assert (await world.manager.patch(f"/account/{account}", change)).status_code == 200
    await world.do(delete_account, OPERATOR, account=account)
    return account


async def test_each_event_says_what_it_changed_and_who_did_it(world: World, auditor: Visitor) -> None:
    account = await bela(world)
    page = await auditor.get(story(f"accounts-{account}"))
    told = cards(page)
    assert list(told) == [4, 3, 2, 1]
    assert "accounts.TeamChanged" in told[3]
    assert re.search(r"team \d+", told[3]), told[3]
    assert "name sealed → sealed" in told[2]
    assert f"By apps-{world.manager.username[1:]}" in told[2]
    assert "Surface polympics" in told[2]
    assert "Address sealed" in told[2]
    assert all(secret not in page.text for secret in (HOSTILE, "Inês", "127.0.0.1"))


async def test_an_entity_is_shown_as_it_was_at_any_version(world: World, auditor: Visitor) -> None:
    account = await bela(world)
    first = await auditor.get(story(f"accounts-{account}", at=1))
    assert {"id": str(account), "name": "sealed", "state": "normal"}.items() <= state_on(first).items()
    third = state_on(await auditor.get(story(f"accounts-{account}", at=3)))
    assert third["team"].endswith("changed here")
    last = await auditor.get(story(f"accounts-{account}"))
    assert "After this there was nothing" in last.text
    for odd in ("0", "-1", "99", "x", "99999999999999999999"):
        assert (await auditor.get(story(f"accounts-{account}", at=odd))).status_code == 200


async def test_what_is_sealed_is_opened_for_who_asks_and_what_is_erased_for_nobody(
    world: World, auditor: Visitor
) -> None:
    account = await world.account(name="Inês")
    await world.manager.patch(f"/account/{account}", {"name": HOSTILE})
    page = await auditor.get(story(f"accounts-{account}", reveal=1, at=1))
    assert state_on(page)["name"] == "Inês"
    assert "name Inês → <script>alert(1)</script>" in cards(page)[2]
    assert "Address 127.0.0.1" in cards(page)[2]
    assert HOSTILE not in page.text
    await world.do(erase_subject, subject=f"accounts-{account}", has_key=True)
    gone = await auditor.get(story(f"accounts-{account}", reveal=1, at=1))
    assert state_on(gone)["name"] == "erased"
    assert "Inês" not in gone.text


async def test_a_proof_is_taken_along_and_holds_without_the_book(
    world: World, auditor: Visitor, shared_database_url: str
) -> None:
    account = await world.account()
    assert badges(await auditor.get(story(f"accounts-{account}"))) == ["unsigned", "unsigned"]
    await notarize(shared_database_url)
    page = await auditor.get(story(f"accounts-{account}"))
    assert badges(page) == ["proven", "proven"]
    [path] = set(re.findall(rf'href="({AUDIT}/proof\?position=\d+)"', page.text))
    file = await auditor.get(path)
    assert file.headers["content-disposition"].endswith('.tlog-proof"')
    async with await connect(shared_database_url) as connection:
        own, _ = await trusted_keys(connection, KEY)
    leaf, _ = checked(read_proof(file.text), own)
    assert (leaf.stream, leaf.type) == (f"accounts-{account}", "accounts.AccountCreated")


async def test_the_hash_of_a_token_is_neither_shown_nor_handed_out(
    world: World, auditor: Visitor, shared_database_url: str
) -> None:
    bot = await world.bot()
    await notarize(shared_database_url)
    page = await auditor.get(story(f"apps-{bot.id}", reveal=1))
    assert badges(page) == ["proven"] * len(badges(page))
    assert "never shown" in text_of(page)
    assert f"{AUDIT}/proof" not in page.text
    async with await connect(shared_database_url) as connection:
        query = "SELECT position, data FROM book.log WHERE stream = %s"
        [(position, data), *_] = await (await connection.execute(query, (f"apps-{bot.id}",))).fetchall()
    assert (await auditor.get(f"{AUDIT}/proof?position={position}")).status_code == 404
    for digest in re.findall(r"[0-9a-f]{64}", data.decode()):
        assert digest not in page.text


@pytest.mark.parametrize(
    "path", ["proof", "proof?position=x", "proof?position=0", f"proof?position={2**62}", "nowhere"]
)
async def test_there_is_no_proof_of_what_there_is_not(auditor: Visitor, path: str) -> None:
    assert (await auditor.get(f"{AUDIT}/{path}")).status_code == 404


@pytest.mark.parametrize("name", ["", "x", "accounts-", "a" * 256, "a\0b", "a\nb", "../..", "%", HOSTILE])
async def test_there_is_no_story_of_what_there_is_not(auditor: Visitor, name: str) -> None:
    page = await auditor.get(story(quote(name)))
    assert (page.status_code, HOSTILE in page.text) == (404, False)


async def test_what_people_have_typed_is_text(auditor: Visitor, home: Home) -> None:
    page = await auditor.get(story(f"guilds-guild-{home.guild}", reveal=1))
    assert f"Home {HOSTILE}" in text_of(page)
    assert HOSTILE not in page.text


async def test_the_slider_asks_for_the_moment_alone(world: World, auditor: Visitor) -> None:
    account = await bela(world)
    headers = {**auditor.headers, "HX-Request": "true", "HX-Target": "moment"}
    piece = await world.http.get(story(f"accounts-{account}", at=2), headers=headers)
    assert piece.status_code == 200
    assert "<html" not in piece.text
    assert state_on(piece)["name"] == "sealed changed here"
    assert 'id="said" hx-swap-oob="innerHTML">Version 2 of 4' in piece.text


async def test_a_long_story_is_shown_page_by_page(world: World, auditor: Visitor) -> None:
    account = await world.account()
    for number in range(26):
        await world.manager.patch(f"/account/{account}", {"name": f"Name {number}"})
    page = await auditor.get(story(f"accounts-{account}"))
    assert list(cards(page)) == list(range(27, 2, -1))
    [older] = re.findall(r'href="([^"]*before=3[^"]*)"', page.text)
    assert list(cards(await auditor.get(older.replace("&amp;", "&")))) == [2, 1]


async def test_who_speaks_of_it_is_a_way_on(world: World, auditor: Visitor) -> None:
    account = await world.account()
    await world.session(account)
    page = await auditor.get(story(f"accounts-{account}"))
    [session] = set(re.findall(r'href="[^"]*id=(sessions-\d+)"', page.text))
    assert cards(await auditor.get(story(session)))


async def test_what_was_tampered_with_does_not_fit_and_is_no_mistake_of_ours(database_url: str) -> None:
    with served(database_url, {"GUILDBOOK_AUDITORS": str(INSPECTOR)}) as url:
        async with open_world(url, database_url) as world:
            auditor, account = await auditor_of(world), new_number()
            body = {"id": account, "name": "Ines", "discriminator": "0412", "team": None, "permissions": 0}
            await world.manager.post("/accounts/new", body)
            for name in ("Bela", "Belo", "Bel"):
                await world.manager.patch(f"/account/{account}", {"name": name})
            await notarize(database_url)
            where = f"WHERE stream = 'accounts-{account}' AND version"
            execute(database_url, f"DELETE FROM book.log {where} = 3")
            execute(database_url, f"UPDATE book.log SET data = '{{' {where} = 2")
            page = await auditor.get(story(f"accounts-{account}"))
            told = cards(page)
            assert list(told) == [4, 2, 1]
            assert "proven" in told[4]
            assert "does not fit" in told[2]
            assert "The event is not what was signed." in told[2]
            assert "This event cannot be read" in told[2]
            assert "taken events out of the log: version 3." in text_of(page)
            assert "There is no event of version 3" in text_of(await auditor.get(story(f"accounts-{account}", at=3)))
