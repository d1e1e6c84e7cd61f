"""Exports are whole, go on where they were cut off, and hold nothing that their proofs do not prove."""

import asyncio
import csv
import json
import shutil
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime, timedelta, timezone
from pathlib import Path

import pytest
from pyarrow import parquet

from domain.permissions import OPERATOR
from domain.processes.create_account import create_account
from store.appender import Append, Appender, NewEvent
from store.bundles import BundleError, manifest_in
from store.codec import Origin
from store.exporting import ExportError
from store.proofs import NotSignedError
from store.rows import FORMATS, Format
from store.selection import PIECE_BYTES_MAX, Selection, pieces
from tests.books import ask, opened, until
from tests.conftest import cloned
from tests.domain.samples import profile
from tests.store.exports import found, take_out, take_out_until
from tests.workers.notary.books import NAME, append, is_signed, notarize, notarizing

TEAMS, AWARDS = 5000, 4500
FAR = datetime.max.replace(tzinfo=timezone(-timedelta(hours=23)))  # later than UTC, and PostgreSQL, can tell
LONG_AGO = datetime.min.replace(tzinfo=timezone(timedelta(hours=23)))


@pytest.fixture(scope="module")
def book(server_url: str, template: str) -> Iterator[str]:
    """Return a book of some thousand events, all of them signed for."""
    with cloned(server_url, template) as url:
        asyncio.run(_fill(url))
        yield url


async def _fill(url: str) -> None:
    await append(url, [[f"teams-{i}" for i in range(TEAMS)], [f"awards-{i}" for i in range(AWARDS)]])
    await notarize(url)


def rows(folder: Path, kind: Format) -> Iterator[Mapping[str, object]]:
    for path in sorted(folder.glob(f"events-*.{kind}")):
        if kind == "parquet":
            yield from parquet.read_table(path).to_pylist()
            continue
        with path.open(newline="") as file:
            yield from map(json.loads, file) if kind == "ndjson" else csv.DictReader(file)


@pytest.mark.parametrize("kind", FORMATS)
def test_an_export_holds_every_event_once_and_in_order_whatever_its_format(
    book: str, tmp_path: Path, kind: Format
) -> None:
    manifest = take_out(book, tmp_path / "all", kind=kind)
    assert (manifest.origin, manifest.size) == (NAME, TEAMS + AWARDS)
    assert (manifest.count, manifest.first, manifest.last, len(manifest.parts)) == (9500, 1, 9500, 3)
    assert [int(str(row["position"])) for row in rows(tmp_path / "all", kind)] == list(range(1, 9501))
    one = next(row for row in rows(tmp_path / "all", kind) if row["stream"] == "awards-7")
    assert json.loads(str(one["data"])) == {"team": 1, "name": "Ünï awards-7 1"}
    assert one["meta"] == '{"actor":"operator"}'
    assert found(tmp_path / "all") == []


@pytest.mark.parametrize(
    ("selection", "count"),
    [
        (Selection(stream="teams-4999"), 1),
        (Selection(stream="teams-nobody"), 0),
        (Selection(context="teams", after=100, up_to=4103), 4003),
        (Selection(type="teams.TeamRenamed", actor="operator", after=9400), 100),
        (Selection(actor="apps-7"), 0),
        (Selection(guild=7), 0),
        (Selection(context="team"), 0),
        (Selection(after=9500), 0),
        (Selection(up_to=1), 1),
        (Selection(since=datetime(2026, 1, 1, tzinfo=UTC), until=FAR), 9500),
        (Selection(since=FAR), 0),
        (Selection(until=LONG_AGO), 0),
        (Selection(up_to=2**62, after=4095), 9500 - 4095),
    ],
)
def test_a_selection_is_proved_whatever_lies_between_its_events(
    book: str, tmp_path: Path, selection: Selection, count: int
) -> None:
    assert take_out(book, tmp_path / "some", selection).count == count
    assert found(tmp_path / "some") == []


def test_a_time_is_from_then_on_and_until_before(book: str, tmp_path: Path) -> None:
    [(moment,)] = ask(book, "SELECT recorded_at FROM book.log WHERE position = 9500")  # and that of all its append
    assert isinstance(moment, datetime)
    assert take_out(book, tmp_path / "since", Selection(since=moment)).count == AWARDS
    assert take_out(book, tmp_path / "until", Selection(until=moment)).count == TEAMS
    later = moment + timedelta(microseconds=1)
    assert take_out(book, tmp_path / "later", Selection(since=later)).count == 0


def test_an_export_that_was_cut_off_goes_on_and_is_what_it_would_have_been(book: str, tmp_path: Path) -> None:
    whole, cut = tmp_path / "whole", tmp_path / "cut"
    take_out(book, whole)
    take_out_until(book, cut, 5000)
    assert (cut / "events-000001.ndjson").exists()
    with pytest.raises(BundleError, match="no export that is finished"):
        found(cut)
    (cut / "events-000002.ndjson.new").write_text("torn")
    begun_at = manifest_in(cut, "draft.json").begun_at
    manifest = take_out(book, cut)
    assert manifest.begun_at == begun_at
    assert [(cut / path.name).read_bytes() == path.read_bytes() for path in whole.glob("*0*")] == [True] * 6
    assert found(cut) == []
    assert take_out(book, cut) == manifest  # asked again, it writes nothing


def test_a_folder_that_holds_something_else_is_left_alone(book: str, tmp_path: Path) -> None:
    take_out(book, tmp_path / "one", Selection(stream="teams-1"))
    with pytest.raises(BundleError, match="holds another export: stream=teams-1, as ndjson"):
        take_out(book, tmp_path / "one", Selection(stream="teams-2"))
    (tmp_path / "two").mkdir()
    (tmp_path / "two" / "letter").touch()
    with pytest.raises(BundleError, match="is not empty"):
        take_out(book, tmp_path / "two")


def test_what_is_not_signed_is_not_exported(database_url: str, tmp_path: Path) -> None:
    asyncio.run(append(database_url, [["teams-1"], ["teams-2"]]))
    with pytest.raises(NotSignedError):
        take_out(database_url, tmp_path / "early", Selection(up_to=1))
    asyncio.run(notarize(database_url))
    asyncio.run(append(database_url, [["teams-3"]]))
    assert take_out(database_url, tmp_path / "signed", Selection(up_to=2)).count == 2


def test_what_is_not_what_was_signed_is_not_handed_out_as_if_it_were(database_url: str, tmp_path: Path) -> None:
    asyncio.run(append(database_url, [["teams-1", "teams-2", "teams-3"]]))
    asyncio.run(notarize(database_url))
    ask(database_url, "SET session_replication_role = replica; UPDATE book.log SET data = '{}' WHERE position = 2")
    with pytest.raises(ExportError, match="guildbook verify"):
        take_out(database_url, tmp_path / "wrong")
    assert take_out(database_url, tmp_path / "other", Selection(stream="teams-1")).count == 1
    shutil.rmtree(tmp_path / "wrong")
    ask(database_url, "SET session_replication_role = replica; DELETE FROM book.tiles")
    with pytest.raises(ExportError, match="guildbook verify"):
        take_out(database_url, tmp_path / "wrong", Selection(stream="teams-1"))


async def test_what_a_notary_is_about_to_sign_is_waited_for(database_url: str, tmp_path: Path) -> None:
    await append(database_url, [["teams-1"], ["teams-2"]])
    async with notarizing(database_url):
        await until(lambda: is_signed(database_url))
        await append(database_url, [["teams-3"]])
        manifest = await asyncio.to_thread(take_out, database_url, tmp_path / "all")
    assert manifest.count == 3


@pytest.mark.parametrize("kind", FORMATS)
async def test_what_is_sealed_stands_beside_the_row_when_it_is_revealed(
    database_url: str, tmp_path: Path, kind: Format
) -> None:
    origin = Origin(actor="apps-7", surface="tests", address="192.0.2.7")
    made = {"team": None, "permissions": 0, "signups_default": True}
    async with opened(database_url) as store:
        for number in (1, 2):
            await store.execute(origin, create_account, OPERATOR, profile=profile(number), **made)
    ask(database_url, "SET session_replication_role = replica; DELETE FROM book.keys WHERE subject = 'accounts-2'")
    await notarize(database_url)
    folder = tmp_path / "revealed"
    await asyncio.to_thread(take_out, database_url, folder, kind=kind, reveals=True)
    assert found(folder) == []
    kept, erased = [json.loads(str(row["revealed"])) for row in rows(folder, kind)]
    assert (kept["data"]["name"], kept["address"]) == (profile(1).name, "192.0.2.7")
    assert (erased["data"]["name"], erased["address"]) == ({"withheld": "erased"}, "192.0.2.7")
    assert all(profile(1).name not in str(row["data"]) for row in rows(folder, kind))


async def test_large_events_are_read_a_few_at_a_time(database_url: str, tmp_path: Path) -> None:
    appender, data = Appender(database_url), b'{"team":1,"name":"%s"}' % (b"x" * (PIECE_BYTES_MAX // 4))
    for number in range(1, 10):
        event = NewEvent("teams-1", number, "teams.TeamRenamed", data, b'{"actor":"operator"}', "")
        await appender.append(Append(events=[event], reads={}))
    await appender.close()
    async with opened(database_url) as store:
        ends = [(piece.end, len(piece.leaves)) async for piece in pieces(store.pool, Selection(), 9)]
    assert ends == [(4, 4), (8, 4), (9, 1)]
    await notarize(database_url)
    await asyncio.to_thread(take_out, database_url, tmp_path / "large")
    assert found(tmp_path / "large") == []


def test_names_are_written_down_of_nothing_that_is_taken_out() -> None:
    wanted = Selection(after=7, actor="accounts-ines", stream="guilds-guild-920", context="guilds", type="Rui")
    assert wanted.recordable() == "after=7&stream=guilds-guild-920&context=guilds&type=%3F&actor=accounts-%3F"
