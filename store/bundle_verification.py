"""Verifies an export without the book it is from, and names what does not hold, by position where it can."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from pathlib import Path
from typing import NamedTuple

from store import bundles, merkle, notes
from store.bundles import ROW, BundleError, Manifest, Part
from store.leaves import LeafError, write_leaf
from store.merkle import Edge
from store.notes import Checkpoint, NoteError, VerifierKey
from store.rows import Row, RowError, rows_in
from store.verification import FINDINGS_MAX, Finding, place_of

TOLD_ROWS = 4096

Progress = Callable[[int, int], None]


class BundleVerdict(NamedTuple):
    """What the export says of itself, and what does not hold."""

    manifest: Manifest
    findings: tuple[Finding, ...]


def keys_in(folder: Path) -> list[VerifierKey]:
    """Return the keys that an export itself names. Errors: BundleError."""
    bundles.require_files(folder)
    bundles.manifest_in(folder)  # which says more plainly that there is none
    try:
        return [notes.read_key(line) for line in (folder / bundles.KEYS).read_text().splitlines()]
    except (OSError, ValueError) as error:  # a NoteError is one
        message = f"{folder / bundles.KEYS} cannot be read: {error}"
        raise BundleError(message) from error


def verify_bundle(
    folder: Path,
    keys: Sequence[VerifierKey],
    kept: Sequence[Checkpoint] = (),
    progress: Progress = lambda _done, _total: None,
) -> BundleVerdict:
    """Verify an export with the keys that are trusted, and with checkpoints that somebody kept elsewhere.

    Errors: BundleError, ArrowMissingError.
    """
    bundles.require_files(folder)
    manifest = bundles.manifest_in(folder)
    check = _Check(folder, manifest, kept, progress)
    check.look_at_files()
    for number, part in enumerate(manifest.parts, 1):
        check.look_at_part(number, part)
    check.look_at_counts()
    check.look_at_what_was_signed(list(keys))
    return BundleVerdict(manifest, tuple(sorted(check.findings, key=place_of)))


class _Check:
    def __init__(self, folder: Path, manifest: Manifest, kept: Sequence[Checkpoint], progress: Progress) -> None:
        self._folder = folder
        self._manifest = manifest
        self._progress = progress
        self._tree = Edge()
        self._kept = {each.size: each.root for each in kept}
        self._last = 0  # position of the row before
        self._ends = (0, 0)  # positions of the first and the last row
        self._rows = 0
        self.findings: dict[Finding, None] = {}

    def _find(self, position: int | None, text: str) -> None:
        if len(self.findings) < FINDINGS_MAX:
            self.findings[Finding(position, text)] = None

    # ---- the files

    def look_at_files(self) -> None:
        """Nothing may be missing, and nothing be there that the manifest does not name."""
        there = {path.name for path in self._folder.iterdir()} - {bundles.DRAFT}
        named = set(self._manifest.files())
        for name in sorted(there - named)[:FINDINGS_MAX]:
            self._find(None, f"{name!a}: the manifest names no such file")
        for name in sorted(named - there)[:FINDINGS_MAX]:
            self._find(None, f"{name}: it is missing")

    def look_at_part(self, number: int, part: Part) -> None:
        events = self._folder / bundles.events_file(number, self._manifest.format)
        proofs = self._folder / bundles.proofs_file(number)
        try:
            self._look_at_digest(events, part.events_sha256)
            self._look_at_digest(proofs, part.proofs_sha256)
            expected = dict(self._expected(proofs))
            self._match(events.name, rows_in(events, self._manifest.format), expected)
        except ValueError as error:  # the rows cannot be compared with anything
            self._find(None, f"{proofs.name}: there is no subtree of height {error} after {self._tree.size}")
        except OSError as error:
            self._find(None, f"{error.filename}: {error.strerror}")

    def _look_at_digest(self, path: Path, digest: str) -> None:
        if bundles.digest_of(path) != digest:
            self._find(None, f"{path.name}: it is not the file that the manifest names")

    # ---- the rows

    def _expected(self, proofs: Path) -> Iterator[tuple[int, bytes]]:
        """Let the tree grow, and yield the position of each row that should be there, and the hash of its leaf.

        Errors: ValueError, with the height of a subtree that cannot be.
        """
        for height, hashed in bundles.entries_in(proofs):
            self._tree.append(0 if height == ROW else height, hashed)
            if self._tree.size in self._kept:
                self._look_at_kept(self._kept.pop(self._tree.size))
            if height == ROW:
                yield self._tree.size, hashed

    def _look_at_kept(self, root: bytes) -> None:
        if self._tree.root() != root:
            text = "the log up to here is not the one that the checkpoint was kept of: it was rewritten"
            self._find(self._tree.size, text)

    def _match(self, name: str, rows: Iterable[Row | None], expected: dict[int, bytes]) -> None:
        """Compare rows with the hashes that should be theirs."""
        try:
            for number, row in enumerate(rows, 1):
                if row is None:
                    self._find(None, f"{name}: row {number} cannot be read")
                else:
                    self._compare(row, expected)
        except RowError as error:
            self._find(None, f"{name}: it cannot be read: {ascii(str(error))[1:-1]}")
        for position in [position for position, hashed in expected.items() if hashed][:FINDINGS_MAX]:
            self._find(position, "it is missing")

    def _compare(self, row: Row, expected: dict[int, bytes]) -> None:
        hashed = expected.get(row.position)
        if hashed is None:
            self._find(row.position, "nothing proves it: it was added")
        elif not hashed:
            self._find(row.position, "it is there twice")
        elif _leaf_hash(row) != hashed:
            self._find(row.position, "it is not what was recorded")
        elif row.position < self._last:
            self._find(row.position, "it is not in its place")
        else:
            self._last = row.position
        if hashed:
            expected[row.position] = b""
        self._ends = (self._ends[0] or row.position, row.position)
        self._rows += 1
        if self._rows % TOLD_ROWS == 0:
            self._progress(self._rows, self._manifest.count)

    def look_at_counts(self) -> None:
        """What the manifest says must be so."""
        manifest = self._manifest
        self._progress(self._rows, manifest.count)
        found = (self._rows, *self._ends)
        if found != (manifest.count, manifest.first, manifest.last):
            said = f"{manifest.count} events from {manifest.first} to {manifest.last}"
            self._find(None, f"the manifest says {said}; there are {found[0]} from {found[1]} to {found[2]}")

    # ---- what was signed

    def look_at_what_was_signed(self, keys: list[VerifierKey]) -> None:
        """The tree must be the one that was signed, and so must be the manifest."""
        manifest = self._manifest
        for size in self._kept:
            self._find(None, f"it says nothing about the checkpoint of {size}, whose last event is not in it")
        checkpoint = self._checkpoint(keys)
        if checkpoint and (checkpoint.origin, checkpoint.size) != (manifest.origin, manifest.size):
            self._find(None, f"the checkpoint is that of {checkpoint.size} events of {checkpoint.origin}")
        if checkpoint and (self._tree.size, self._tree.root()) != (checkpoint.size, checkpoint.root):
            self._find(None, f"the proofs do not lead to the root that {checkpoint.origin} signed")
        written = (self._folder / bundles.MANIFEST).read_bytes()
        if not bundles.is_signed(written, manifest.origin, self._text(bundles.SIGNED), keys):
            self._find(None, "the manifest is not as the book signed it: rows that it should name may be missing")

    def _checkpoint(self, keys: list[VerifierKey]) -> Checkpoint | None:
        try:
            return notes.opened(self._text(bundles.CHECKPOINT), keys)
        except NoteError as error:
            self._find(None, f"checkpoint: {error}")
            return None

    def _text(self, name: str) -> str:
        try:
            return (self._folder / name).read_text()
        except (OSError, UnicodeDecodeError):
            return ""


def _leaf_hash(row: Row) -> bytes | None:
    try:
        return merkle.leaf_hash(write_leaf(row.leaf()))
    except (LeafError, UnicodeEncodeError):
        return None
