"""What somebody may do to an export of the events 5 to 37 of a book of 40, and what is found then."""

import json
from collections.abc import Callable
from pathlib import Path

from store import bundles
from store.bundles import digest_of
from store.leaves import write_leaf
from store.merkle import leaf_hash
from store.rows import rows_in
from tests.workers.notary.books import NAME

Deed = Callable[[Path], object]
EVENTS = "events-000001.ndjson"


def lines(deed: Callable[[list[str]], object], name: str = EVENTS) -> Deed:
    """Do something to the lines of a file."""

    def change(folder: Path) -> None:
        found = (folder / name).read_text().splitlines(keepends=True)
        deed(found)
        (folder / name).write_text("".join(found))

    return change


def row(number: int, **values: object) -> Deed:
    """Write other values into a row."""

    def change(found: list[str]) -> None:
        found[number] = json.dumps({**json.loads(found[number]), **values}) + "\n"

    return lines(change)


def manifest(**values: object) -> Deed:
    """Write other values into the manifest."""

    def change(folder: Path) -> None:
        said = json.loads((folder / bundles.MANIFEST).read_text())
        (folder / bundles.MANIFEST).write_text(json.dumps({**said, **values}))

    return change


def proofs(deed: Callable[[bytearray], object]) -> Deed:
    """Do something to the bytes of the proofs."""

    def change(folder: Path) -> None:
        found = bytearray((folder / "proofs-000001").read_bytes())
        deed(found)
        (folder / "proofs-000001").write_bytes(found)

    return change


def in_step(*deeds: Deed) -> Deed:
    """Do something, and make the manifest fit it."""

    def change(folder: Path) -> None:
        for deed in deeds:
            deed(folder)
        said = json.loads((folder / bundles.MANIFEST).read_text())
        positions = [json.loads(line)["position"] for line in (folder / EVENTS).read_text().splitlines()]
        whole = {"rows": len(positions), "first": positions[0], "last": positions[-1]}
        digests = {
            "events_sha256": digest_of(folder / EVENTS),
            "proofs_sha256": digest_of(folder / "proofs-000001"),
        }
        part = {**said["parts"][0], **whole, **digests}
        manifest(parts=[part], count=len(positions), first=positions[0], last=positions[-1])(folder)

    return change


def swap(found: list[str]) -> None:
    found[2], found[3] = found[3], found[2]


def hide_a_row(found: bytearray) -> None:
    """Say of a row that it was never asked for."""
    found[_place_of_first_row(found)] = 0


def _place_of_first_row(found: bytearray) -> int:
    return next(at for at in range(0, len(found), bundles.ENTRY_BYTES) if found[at] == bundles.ROW)


def write(name: str, text: str) -> Deed:
    return lambda folder: (folder / name).write_text(text)


DIGEST = f"{EVENTS}: it is not the file that the manifest names"
PROOFS = "proofs-000001: it is not the file that the manifest names"
ROOT = f"the proofs do not lead to the root that {NAME} signed"
UNSIGNED = "the manifest is not as the book signed it: rows that it should name may be missing"
FORGED = f"No key that is trusted has signed this checkpoint of {NAME}."

# The first row is 5.
DEEDS: dict[str, tuple[Deed, list[str]]] = {
    "a field is changed": (row(2, data='{"team":2}'), [DIGEST, "7: it is not what was recorded"]),
    "a time is changed": (row(2, recorded_at="2026-01-01T00:00:00Z"), [DIGEST, "7: it is not what was recorded"]),
    "an actor is changed": (row(2, meta='{"actor":"apps-1"}'), [DIGEST, "7: it is not what was recorded"]),
    "a type is changed": (row(2, type="teams.TeamDeleted"), [DIGEST, "7: it is not what was recorded"]),
    "a stream is changed": (row(0, stream="teams-99"), [DIGEST, "5: it is not what was recorded"]),
    "a version is changed": (row(2, version=2), [DIGEST, "7: it is not what was recorded"]),
    "an append is torn": (row(30, append_end=35), [DIGEST, "35: it is not what was recorded"]),
    "a position is changed": (
        row(2, position=30),
        [DIGEST, "7: it is missing", "30: it is not what was recorded", "30: it is there twice"],
    ),
    "a change and the manifest": (
        in_step(row(2, data="{}")),
        [UNSIGNED, "7: it is not what was recorded"],
    ),
    "a row is dropped": (
        lines(lambda found: found.pop(2)),
        [DIGEST, "the manifest says 33 events from 5 to 37; there are 32 from 5 to 37", "7: it is missing"],
    ),
    "a row is dropped, and the manifest says so": (
        in_step(lines(lambda found: found.pop(2))),
        [UNSIGNED, "7: it is missing"],
    ),
    "a row is dropped from rows, proofs and manifest": (
        in_step(lines(lambda found: found.pop(0)), proofs(hide_a_row)),
        [UNSIGNED],
    ),
    "a row is added": (
        in_step(lines(lambda found: found.append(found[0].replace('"position":5', '"position":38')))),
        [UNSIGNED, "38: nothing proves it: it was added"],
    ),
    "a row is there twice": (
        in_step(lines(lambda found: found.insert(3, found[2]))),
        [UNSIGNED, "7: it is there twice"],
    ),
    "rows are out of order": (in_step(lines(swap)), [UNSIGNED, "7: it is not in its place"]),
    "a row is no row": (
        lines(lambda found: found.__setitem__(2, "trust me\n")),
        [DIGEST, f"{EVENTS}: row 3 cannot be read", "the manifest says 33", "7: it is missing"],
    ),
    "a row is a number too large": (
        row(2, position=2**70),
        [DIGEST, f"{EVENTS}: row 3 cannot be read", "the manifest says 33", "7: it is missing"],
    ),
    "a time has no zone": (
        row(2, recorded_at="2026-01-01T00:00:00"),
        [DIGEST, f"{EVENTS}: row 3 cannot be read", "the manifest says 33", "7: it is missing"],
    ),
    "a proof is changed": (
        proofs(lambda found: found.__setitem__(7, found[7] ^ 1)),
        [PROOFS, ROOT],
    ),
    "a proof of a row is changed": (
        proofs(lambda found: found.__setitem__(-2 * 33 - 1, found[-2 * 33 - 1] ^ 1)),
        [PROOFS, ROOT, "37: it is not what was recorded"],
    ),
    "a change in row, proof and manifest": (
        in_step(
            row(0, data="{}"),
            lambda folder: proofs(lambda found: _replace_first_row(found, folder))(folder),
        ),
        [UNSIGNED, ROOT],
    ),
    "a subtree that cannot be": (
        proofs(lambda found: found.__setitem__(33, 7)),
        [PROOFS, "proofs-000001: there is no subtree of height 7 after 4", "the proofs do not lead", "there are 0"],
    ),
    "proofs are cut": (proofs(lambda found: found.__delitem__(slice(-33, None))), [PROOFS, ROOT]),
    "the count is changed": (manifest(count=32), ["the manifest says 32 events", UNSIGNED]),
    "the query is changed": (manifest(selection={}), [UNSIGNED]),
    "the origin is changed": (
        manifest(origin="other.example"),
        [f"the checkpoint is that of 40 events of {NAME}", UNSIGNED],
    ),
    "the size is changed": (manifest(size=41), [f"the checkpoint is that of 40 events of {NAME}", UNSIGNED]),
    "the signature is gone": (
        lambda folder: (folder / bundles.SIGNED).unlink(),
        ["manifest.signed: it is missing", UNSIGNED],
    ),
    "the signature is none": (write(bundles.SIGNED, "yes\n"), [UNSIGNED]),
    "the checkpoint is none": (write(bundles.CHECKPOINT, "40"), ["checkpoint: This is not a signed note."]),
    "the checkpoint is gone": (
        lambda folder: (folder / bundles.CHECKPOINT).unlink(),
        ["checkpoint: This is not a signed note.", "checkpoint: it is missing"],
    ),
    "a file is gone": (
        lambda folder: (folder / EVENTS).unlink(),
        [f"{EVENTS}: it is missing", "No such file or directory", "the manifest says 33", ROOT],
    ),
    "a file is added": (write("events-000002.ndjson", ""), ["'events-000002.ndjson': the manifest names no such file"]),
}


def _replace_first_row(found: bytearray, folder: Path) -> None:
    first = next(rows_in(folder / EVENTS, "ndjson"))
    assert first
    at = _place_of_first_row(found)
    found[at + 1 : at + 33] = leaf_hash(write_leaf(first.leaf()))
