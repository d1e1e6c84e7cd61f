"""Whatever somebody does to an export is found, by position where that can be; an honest one raises no alarm."""

import asyncio
import base64
import json
import shutil
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from hashlib import sha256
from pathlib import Path

import pyarrow as pa
import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from hypothesis import given
from hypothesis import strategies as st
from pyarrow import parquet

from store import bundles, merkle, notes
from store.bundle_verification import keys_in, verify_bundle
from store.bundles import BundleError
from store.merkle import Edge, Tree, leaf_hash
from store.rows import FORMATS
from store.selection import Selection
from store.signing_keys import SigningKey
from tests.conftest import cloned
from tests.store.exports import found, take_out
from tests.store.tampering import DEEDS, EVENTS, FORGED, UNSIGNED, hide_a_row, in_step, lines, proofs, write
from tests.workers.notary.books import NAME, append, notarize


@pytest.fixture(scope="module")
def honest(server_url: str, template: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """Return exports of a book of 40 events: all of it, some in each format, and a kept checkpoint of 20 events."""
    folder = tmp_path_factory.mktemp("honest")
    with cloned(server_url, template) as url:
        asyncio.run(_fill(url, folder))
        for kind in FORMATS:
            take_out(url, folder / kind, Selection(context="teams", after=4, up_to=37), kind)
        take_out(url, folder / "all")
        yield folder


async def _fill(url: str, folder: Path) -> None:
    await append(url, [[f"teams-{i}"] for i in range(20)])
    kept = await notarize(url)
    (folder / "kept").write_text(kept.note)
    await append(url, [[f"teams-{i}" for i in range(20, 40)]])
    await notarize(url)


@pytest.mark.parametrize("deed", DEEDS)
def test_what_is_done_to_an_export_is_found(honest: Path, tmp_path: Path, deed: str) -> None:
    shutil.copytree(honest / "ndjson", tmp_path / "export")
    do, expected = DEEDS[deed]
    do(tmp_path / "export")
    told = found(tmp_path / "export")
    assert len(told) == len(expected), told
    for text in expected:
        assert any(text in each for each in told), (text, told)


def test_an_export_with_a_forged_key_is_verified_by_its_own_word_only(honest: Path, tmp_path: Path) -> None:
    """Whoever writes everything anew can sign it, with a key that nobody trusts."""
    folder, trusted = tmp_path / "export", keys_in(honest / "ndjson")
    shutil.copytree(honest / "ndjson", folder)
    in_step(lines(lambda rows: rows.pop(0)), proofs(hide_a_row))(folder)
    private = Ed25519PrivateKey.generate()
    key = SigningKey(notes.VerifierKey(NAME, private.public_key().public_bytes_raw()), private)
    text = notes.split((folder / bundles.CHECKPOINT).read_text())[0]
    write(bundles.CHECKPOINT, f"{text}\n{notes.sign(text, NAME, private)}")(folder)
    write(bundles.KEYS, key.key.text())(folder)
    write(bundles.SIGNED, bundles.signed_manifest((folder / bundles.MANIFEST).read_bytes(), NAME, [key]))(folder)
    assert found(folder) == []
    told = [text for _, text in verify_bundle(folder, trusted).findings]
    assert told == [f"checkpoint: {FORGED}", UNSIGNED]


def test_rewritten_history_is_found_against_a_checkpoint_that_was_kept(honest: Path) -> None:
    kept = (honest / "kept").read_text()
    assert found(honest / "all", kept) == []
    keys = keys_in(honest / "all")
    other = notes.Checkpoint(NAME, 20, bytes(32))
    assert verify_bundle(honest / "all", keys, [other]).findings == (
        (20, "the log up to here is not the one that the checkpoint was kept of: it was rewritten"),
    )
    other = other._replace(size=41)
    told = [text for _, text in verify_bundle(honest / "all", keys, [other]).findings]
    assert told == ["it says nothing about the checkpoint of 41, whose last event is not in it"]


def test_a_changed_value_is_found_in_every_format(honest: Path, tmp_path: Path) -> None:
    shutil.copytree(honest / "csv", tmp_path / "csv")
    path = tmp_path / "csv" / "events-000001.csv"
    path.write_text(path.read_text().replace("teams-6 1", "teams-6 2"))
    assert found(tmp_path / "csv")[-1] == "7: it is not what was recorded"
    path.write_text(path.read_text().replace("position,", "place,"))
    assert "events-000001.csv: it cannot be read: " in found(tmp_path / "csv")
    shutil.copytree(honest / "parquet", tmp_path / "parquet")
    path = tmp_path / "parquet" / "events-000001.parquet"
    table = parquet.read_table(path).to_pydict()
    table["data"][2] = "{}"
    parquet.write_table(pa.table(table), path)
    assert found(tmp_path / "parquet")[-1] == "7: it is not what was recorded"
    for content in (b"", path.read_bytes()[:-9]):
        path.write_bytes(content)
        assert any("it cannot be read" in text for text in found(tmp_path / "parquet"))
    late = pa.array([2**62], pa.timestamp("us", tz="UTC"))
    parquet.write_table(pa.table({**pa.table(table).slice(0, 1).to_pydict(), "recorded_at": late}), path)
    assert any("it cannot be read" in text for text in found(tmp_path / "parquet"))
    parquet.write_table(pa.table({"position": ["5"]}), path)
    assert any("row 1 cannot be read" in text for text in found(tmp_path / "parquet"))


def test_what_is_no_export_is_refused(tmp_path: Path) -> None:
    said = {"version": "2", "origin": "x", "size": 1, "format": "csv", "selection": {}, "reveals": False}
    for content, reason in {
        None: "no export that is finished",
        "": "cannot be read",
        "{}": "cannot be read",
        json.dumps({**said, "begun_at": "2026-01-01T00:00:00Z"}): "another version",
        '{"x": %s}' % ("[" * 9000 + "]" * 9000): "cannot be read",
    }.items():
        if content is not None:
            (tmp_path / bundles.MANIFEST).write_text(content)
        with pytest.raises(BundleError, match=reason):
            verify_bundle(tmp_path, [])


@pytest.mark.parametrize("name", [bundles.MANIFEST, EVENTS, "proofs-000001", "more"])
def test_what_has_no_end_is_not_read(honest: Path, tmp_path: Path, name: str) -> None:
    folder = tmp_path / "export"
    shutil.copytree(honest / "ndjson", folder)
    (folder / name).unlink(missing_ok=True)
    (folder / name).symlink_to("/dev/zero")
    for look in (keys_in, lambda folder: verify_bundle(folder, [])):
        with pytest.raises(BundleError, match="is no file"):
            look(folder)


def test_a_third_party_needs_nothing_but_the_description_of_the_format(honest: Path) -> None:
    """Grow the root from rows and proofs by hand, as docs/export.md says it, with none of our code."""
    folder, stack = honest / "ndjson", list[tuple[int, bytes]]()
    rows = iter((folder / EVENTS).read_text().splitlines())
    proofs = (folder / "proofs-000001").read_bytes()
    for at in range(0, len(proofs), 33):
        height, node = proofs[at], proofs[at + 1 : at + 33]
        if height == 255:
            height, own = 0, sha256(b"\0" + _leaf(json.loads(next(rows)))).digest()
            assert own == node
        while stack and stack[-1][0] == height:
            height, node = height + 1, sha256(b"\1" + stack.pop()[1] + node).digest()
        stack.append((height, node))
    root = stack.pop()[1]
    while stack:
        root = sha256(b"\1" + stack.pop()[1] + root).digest()
    assert (folder / "checkpoint").read_text().splitlines()[2] == base64.b64encode(root).decode()
    assert next(rows, None) is None


def _leaf(row: dict[str, str | int]) -> bytes:
    since = datetime.fromisoformat(str(row["recorded_at"])) - datetime(2000, 1, 1, tzinfo=UTC)
    numbers = [row["position"], row["version"], row["append_end"], since // timedelta(microseconds=1)]
    texts = [str(row[name]).encode() for name in ("stream", "type", "data", "meta")]
    values = [int(number).to_bytes(8, "big", signed=True) for number in numbers] + texts
    return (8).to_bytes(2, "big") + b"".join(len(value).to_bytes(4, "big") + value for value in values)


@given(size=st.integers(1, 600), data=st.data())
def test_any_events_out_of_any_log_grow_the_root_that_the_whole_log_has(size: int, data: st.DataObject) -> None:
    hashes = [leaf_hash(str(index).encode()) for index in range(size)]
    chosen = sorted(data.draw(st.sets(st.integers(0, size - 1))))
    whole, edge, at = Tree(), Edge(), 0
    whole.append(b"".join(hashes))
    for index in (*chosen, size):
        for begin, end in merkle.subtrees_between(at, index):
            part = Tree()
            part.append(b"".join(hashes[begin:end]))
            edge.append((end - begin).bit_length() - 1, part.root())
        if index < size:
            edge.append(0, hashes[index])
        at = index + 1
    assert (edge.size, edge.root()) == (size, whole.root())
