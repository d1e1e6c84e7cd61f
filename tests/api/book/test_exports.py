"""Auditors take events out of the book over HTTP: as they are stored, of what is signed, and never without a record."""

import base64
import csv
import io
import json
import socket
from typing import Any
from urllib.parse import urlsplit

import msgspec
import pytest

from domain.apps.aggregate import AUDITOR_SCOPE, PRIVACY_SCOPE
from store import merkle
from store.leaves import Leaf, write_leaf
from store.rows import Row
from tests.api.antiraid.callers import open_session
from tests.api.book.problems import refused
from tests.guild_samples import member, new_guild, snapshot
from tests.workers.notary.books import notarize
from tests.world import Bot, World

PATH = "/book/export"


@pytest.fixture
async def auditor(world: World) -> Bot:
    return await world.bot(AUDITOR_SCOPE)


@pytest.fixture
async def guild(world: World, auditor: Bot, shared_database_url: str) -> int:
    """Return a guild with one member, all of which is signed for."""
    bot, number = await world.bot(), new_guild()
    answer = await bot.put(f"/book/guilds/{number}", snapshot(number, members=[member(77)]))
    assert answer.status_code == 200, answer.text
    await notarize(shared_database_url)
    return number


async def lines(auditor: Bot, **query: object) -> list[dict[str, Any]]:
    answer = await auditor.get(PATH, params=query)
    assert (answer.status_code, answer.headers["Content-Type"]) == (200, "application/x-ndjson")
    return [json.loads(line) for line in answer.text.splitlines()]


async def test_rows_are_as_they_are_stored_so_their_hashes_are_those_of_the_tree(auditor: Bot, guild: int) -> None:
    rows = await lines(auditor, guild=guild)
    assert {row["stream"] for row in rows} >= {f"guilds-guild-{guild}", f"guilds-member-{guild}-77"}
    assert [row["position"] for row in rows] == sorted(row["position"] for row in rows)
    for row in rows:
        proof = (await auditor.get(f"/book/proofs/inclusion?position={row['position']}")).json()
        assert merkle.leaf_hash(write_leaf(_event(row))).hex() == _hex(proof["leaf_hash"])


def _event(row: dict[str, Any]) -> Leaf:
    return msgspec.convert(row, Row).leaf()


def _hex(text: str) -> str:
    return base64.b64decode(text).hex()


async def test_csv_has_the_same_rows(auditor: Bot, guild: int) -> None:
    answer = await auditor.get(PATH, params={"guild": guild, "format": "csv"})
    assert answer.headers["Content-Type"] == "text/csv; charset=utf-8"
    assert answer.headers["Content-Disposition"] == 'attachment; filename="events.csv"'
    found = list(csv.DictReader(io.StringIO(answer.text)))
    assert [int(row["position"]) for row in found] == [row["position"] for row in await lines(auditor, guild=guild)]


async def test_it_goes_on_where_it_ended(auditor: Bot, guild: int, world: World, shared_database_url: str) -> None:
    end = int((await auditor.get(PATH, params={"guild": guild})).headers["Guildbook-Export-End"])
    rows = await lines(auditor, guild=guild)
    assert await lines(auditor, guild=guild, after=rows[0]["position"]) == rows[1:]
    assert await lines(auditor, guild=guild, up_to=rows[0]["position"]) == rows[:1]
    assert await lines(auditor, after=end) == []
    bot = await world.bot()  # which is recorded, and not signed yet
    assert await lines(auditor, after=end, stream=f"apps-{bot.id}") == []
    await notarize(shared_database_url)
    assert (await lines(auditor, after=end, stream=f"apps-{bot.id}"))[0]["type"] == "apps.AppCreated"


async def test_each_export_is_recorded_before_anything_is_handed_out(auditor: Bot, guild: int, world: World) -> None:
    stream = f"privacy-reader-apps-{auditor.id}"
    asked = {"guild": guild, "reveal": "true", "after": 7}
    answer, _ = [await auditor.get(PATH, params=asked) for _ in range(2)]  # however often
    items = (await auditor.get("/book/events", params={"stream": stream})).json()["items"]
    assert [item["data"] for item in items] == [
        {
            "reader": f"apps-{auditor.id}",
            "query": f"after=7&guild={guild}",
            "format": "ndjson",
            "first": 8,
            "last": int(answer.headers["Guildbook-Export-End"]),
            "reveals": True,
        }
    ] * 2
    assert items[0]["surface"] == "book"


async def test_what_is_sealed_is_opened_beside_the_row_when_that_is_asked_for(auditor: Bot, guild: int) -> None:
    stream = f"guilds-member-{guild}-77"
    [closed] = await lines(auditor, stream=stream)
    [row] = await lines(auditor, stream=stream, reveal="true")
    assert "revealed" not in closed
    assert {name: value for name, value in row.items() if name != "revealed"} == closed
    assert json.loads(row["revealed"])["data"]["username"] == "user77"
    assert "user77" not in row["data"]


async def test_hashes_of_tokens_are_shown_to_nobody(auditor: Bot, guild: int) -> None:
    for reveal in ("false", "true"):
        rows = await lines(auditor, stream=f"apps-{auditor.id}", reveal=reveal)
        assert json.loads(rows[0]["data"])["token_hash"] == {"withheld": "secret"}


async def test_nobody_but_auditors_takes_events_out(world: World, guild: int) -> None:
    for caller in (await world.bot(PRIVACY_SCOPE), await world.bot(AUDITOR_SCOPE, guilds=[guild])):
        assert (await caller.get(PATH)).status_code == 403
    session = await open_session(world)
    assert refused(await session.get(PATH)) == (403, "Only auditors may read this.")
    assert (await world.anyone.get(PATH)).status_code == 401


@pytest.mark.parametrize(
    ("query", "reason"),
    [
        ("format=parquet", "format must be ndjson or csv"),
        ("reveal=maybe", "reveal"),
        ("after=-1", "after"),
        ("up_to=x", "up_to"),
        ("guild=x", "guild"),
        ("since=yesterday", "since"),
        ("stream=%00", "stream"),
    ],
)
async def test_what_is_asked_wrongly_is_said(auditor: Bot, query: str, reason: str) -> None:
    status, detail = refused(await auditor.get(f"{PATH}?{query}"))
    assert status == 400
    assert reason in detail


async def test_whoever_goes_away_leaves_room_for_the_next(auditor: Bot, guild: int, base_url: str) -> None:
    place = urlsplit(base_url)
    assert place.hostname
    for _ in range(15):  # more than one may have open at a time
        with socket.create_connection((place.hostname, place.port)) as connection:
            asked = f"GET {PATH} HTTP/1.1\r\nHost: x\r\nAuthorization: Bot {auditor.token}\r\n\r\n"
            connection.sendall(asked.encode())
            assert connection.recv(15) == b"HTTP/1.1 200 OK"
    assert (await auditor.get(PATH, params={"guild": guild})).status_code == 200
